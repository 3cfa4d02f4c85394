import type { Guard } from '../rules.ts'

export interface CeilingSettings {
  /** No decision ever exceeds it, whoever asked, but for an object whose own maximum is higher. Default 500. */
  readonly maxReplicas?: number
}

/**
 * The last word: a whole number between 0 and the ceiling. A count that is not finite becomes the present one (nothing can
 * be learnt from it), a fraction is rounded up, and a workload whose minimum is not 0 is never switched off; one that
 * somebody set to 0 by hand stays there (as with the HPA, that pauses it).
 */
export function ceiling({ maxReplicas: given = 500 }: CeilingSettings = {}): Guard {
  return {
    name: 'ceiling',
    limit: (draft, { target, situation }) => {
      const { spec } = situation.observation.replicas
      const maxReplicas = Math.max(given, target.maxReplicas)
      const asked = draft.replicas
      if (!Number.isFinite(asked)) return { replicas: within(spec, maxReplicas), why: `${asked} is no count: keeps ${spec}` }
      const whole = Math.ceil(asked - 1e-9)
      const lowest = target.minReplicas > 0 && spec > 0 ? 1 : Number.NEGATIVE_INFINITY
      if (whole < lowest) return { replicas: within(lowest, maxReplicas), why: 'never to zero while minReplicas is above 0' }
      if (whole > maxReplicas) return { replicas: maxReplicas, why: `never above ${maxReplicas}` }
      return { replicas: Math.max(0, whole), why: whole === asked ? `below ${maxReplicas}` : 'a whole number from 0' }
    },
  }
}

const within = (replicas: number, maxReplicas: number) => Math.min(Math.max(0, replicas), maxReplicas)
