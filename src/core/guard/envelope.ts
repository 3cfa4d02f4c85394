import { condition } from '../conditions.ts'
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
      if (doubt === undefined || draft.needed === undefined) {
        const message = 'demand is believed'
        const believed = condition('AttackHold', { status: 'False', reason: 'DemandBelieved', message })
        return { replicas: draft.replicas, why: message, conditions: [believed] }
      }
      const enough = Math.max(replicas.spec, draft.needed)
      const kept = Math.min(draft.replicas, enough)
      const why = kept < draft.replicas ? `withheld ${draft.replicas - kept} replicas: ${doubt.why}` : doubt.why
      const reason = doubt.by === 'jump' ? 'JumpUnconfirmed' : 'DemandDoubted'
      return { replicas: kept, why, conditions: [condition('AttackHold', { status: 'True', reason, message: why })] }
    },
  }
}
