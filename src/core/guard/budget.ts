import { condition, type Word } from '../conditions.ts'
import { affordableCostPerHour, charge, type Limits, positionOf, replicasFor, type Spending } from '../fleet/purse.ts'
import type { Condition } from '../model.ts'
import { type Context, type Draft, type Guard, recall } from '../rules.ts'

/** Limits of cost for one workload, all in `currency`. */
export interface BudgetSettings extends Limits {
  readonly currency?: string
  /** Warn: says so and lets it pass. Cap: cuts. */
  readonly enforcement?: 'Warn' | 'Cap'
  /** Price of a replica where the observation brings none. */
  readonly costPerReplicaHour?: number
}

/**
 * A hard cap of cost: above the SLO, below the safety floor, so it never cuts under `minReplicas`.
 * The hour is a limit of the rate (replicas × price), so that no sixty minutes can exceed it. Day and month are spent down: what
 * `minReplicas` needs until their end is put aside, and of the rest at most an hour's worth (of the month: a day's) may be burned
 * per hour, so the cap closes gradually instead of at once. 700 a day, 400 spent, 6 h left, 2 replicas at 5: 60 put aside, 240 free,
 * so 48 more.
 */
export function budget(settings: BudgetSettings): Guard {
  return {
    name: 'budget',
    limit: (draft, context) => {
      const { observation } = context.situation
      const price = observation.costPerReplicaHour ?? settings.costPerReplicaHour
      if (price === undefined || !(price >= 0)) return unpriced(draft)
      // Billing is from the order of a replica: the interval since the last tick is charged at what was ordered then.
      const bill = { now: context.now, costPerHour: observation.replicas.spec * price }
      const memory = charge(recall<Spending | undefined>(context.memory, 'budget', undefined), bill)
      const floorCostPerHour = context.target.minReplicas * price
      const affordable = replicasFor(affordableCostPerHour(settings, { spending: memory, floorCostPerHour }), price)
      return { ...verdict(settings, { draft, context, price, affordable, spending: memory }), memory }
    },
  }
}

function unpriced(draft: Draft) {
  const message = 'the price of a replica is unknown, so the budget does not bind'
  return { replicas: draft.replicas, why: 'price unknown', conditions: [limited('Unknown', 'PriceUnknown', message)] }
}

const limited = (status: Condition['status'], reason: Word<'BudgetLimited'>['reason'], message: string): Condition =>
  condition('BudgetLimited', { status, reason, message })

function verdict(
  settings: BudgetSettings,
  found: { draft: Draft; context: Context; price: number; affordable: number; spending: Spending },
) {
  const { draft, affordable, price, spending } = found
  const told = { spending, askedCostPerHour: draft.replicas * price, currency: settings.currency ?? 'USD' }
  const position = positionOf(settings, told) || 'no limit set'
  const floor = Math.min(draft.replicas, found.context.target.minReplicas)
  const capped = Math.max(floor, Math.min(draft.replicas, affordable))
  const over = draft.replicas > affordable
  if (!over) {
    return { replicas: draft.replicas, why: position, conditions: [limited('False', 'WithinBudget', position)] }
  }
  if (settings.enforcement === 'Warn') {
    const message = `${draft.replicas} replicas exceed the budget, which only warns: ${position}`
    return { replicas: draft.replicas, why: message, conditions: [limited('False', 'OverBudget', message)] }
  }
  const withheld = draft.replicas - capped
  const atFloor = capped > affordable ? `, kept at the minimum of ${capped}` : ''
  const message = `withheld ${withheld} of ${draft.replicas} replicas${atFloor}: ${position}`
  return { replicas: capped, why: message, conditions: [limited('True', 'BudgetCap', message)] }
}
