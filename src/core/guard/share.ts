import { condition } from '../conditions.ts'
import type { Allowance } from '../model.ts'
import type { Draft, Guard } from '../rules.ts'

export interface ShareSettings {
  /** The target has a budget of its own, which has told already whether that is reached. */
  readonly hasBudget: boolean
}

/**
 * Cuts to what the budgets of tier and fleet leave for the target (`Observation.allowance`, from `core/fleet/`), running replicas too,
 * and never below `minReplicas`. What the believed demand needs right now has a limit of its own, for it comes before what equals
 * only wish. Absent an allowance nothing is shared.
 */
export function share({ hasBudget }: ShareSettings): Guard {
  return {
    name: 'share',
    limit: (draft, { situation, target }) => {
      const { allowance } = situation.observation
      if (allowance === undefined) return { replicas: draft.replicas, why: 'nothing is shared' }
      const most = Math.max(allowance.replicas, Math.min(allowance.whenNeeded, draft.needed ?? 0), target.minReplicas)
      return draft.replicas > most ? cut(draft, most, allowance) : pass(draft, { allowance, hasBudget })
    },
  }
}

const NAMES = { Fleet: 'fleet budget', Tier: 'budget of the tier' }

function cut({ replicas }: Draft, most: number, { by, why: because }: Allowance) {
  const why = `${NAMES[by]}: ${most} of ${replicas} replicas, ${because}`
  const reason = by === 'Fleet' ? 'FleetCap' : 'TierCap'
  return { replicas: most, why, conditions: [condition('BudgetLimited', { status: 'True', reason, message: why })] }
}

function pass({ replicas }: Draft, { allowance, hasBudget }: { allowance: Allowance; hasBudget: boolean }) {
  const { warning } = allowance
  if (warning !== undefined) {
    const over = condition('BudgetLimited', { status: 'False', reason: 'OverBudget', message: warning })
    return { replicas, why: warning, conditions: hasBudget ? [] : [over] }
  }
  const why = 'within what is shared'
  const within = condition('BudgetLimited', { status: 'False', reason: 'WithinBudget', message: why })
  return { replicas, why, conditions: hasBudget ? [] : [within] }
}
