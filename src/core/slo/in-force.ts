import type { SafeLoad, Target } from '../model.ts'

/** The target with the load per replica that is safe, where that is learnt. */
export function withCapacity(target: Target, safeLoad: SafeLoad | undefined): Target {
  return safeLoad === undefined ? target : { ...target, capacityPerReplica: safeLoad.perReplica }
}
