import type { Guard } from '../rules.ts'

/**
 * Metrics that the pods report still carry an attack that the screens no longer believe. While a screen lowers the demand,
 * growth stops at what the believed demand needs; what runs is never cut here.
 */
export function envelope(): Guard {
  return {
    name: 'envelope',
    limit: (draft, { situation }) => {
      const { demand, replicas } = situation.observation
      const doubt = situation.doubts.find(({ believes }) => demand.kind === 'value' && believes < demand.value)
      if (doubt === undefined || draft.needed === undefined) return { replicas: draft.replicas, why: 'demand is believed' }
      const enough = Math.max(replicas.spec, draft.needed)
      const kept = Math.min(draft.replicas, enough)
      const why = kept < draft.replicas ? `withheld ${draft.replicas - kept} replicas: ${doubt.why}` : doubt.why
      return { replicas: kept, why, conditions: [{ type: 'AttackHold', status: 'True', reason: 'DemandDoubted', message: why }] }
    },
  }
}
