import type { Guard } from '../../core/rules.ts'

/**
 * The utilisation that reactive scalers aim at: 70 % of the safe load of a replica. Upstream has no default for load metrics;
 * 70 % is Knative's default, and in the range that people choose. `hpa@0.5` asks for another.
 */
export const TARGET_SHARE = 0.7

export const clampToBounds: Guard = {
  name: 'bounds',
  limit: ({ replicas }, { target }) => ({
    replicas: Math.max(target.minReplicas, Math.min(target.maxReplicas, replicas)),
    why: `${target.minReplicas} to ${target.maxReplicas}`,
  }),
}
