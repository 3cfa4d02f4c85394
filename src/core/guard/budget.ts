import { condition, type Word } from '../conditions.ts'
import type { Condition, Instant } from '../model.ts'
import { type Context, type Draft, type Guard, recall } from '../rules.ts'

export interface BudgetSettings {
  readonly currency?: string
  /** Most that the workload may cost in any hour, in `currency`. */
  readonly perHour?: number
  /** Most that it may cost in one calendar day (UTC), in `currency`. */
  readonly perDay?: number
  /** Warn: says so and lets it pass. Cap: cuts. */
  readonly enforcement?: 'Warn' | 'Cap'
  /** Price of a replica where the observation brings none. */
  readonly costPerReplicaHour?: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** What was spent since the start of the day of `at`. */
interface Spending {
  readonly at: Instant
  readonly spentToday: number
}

/**
 * A hard cap of cost: above the SLO, below the safety floor, so it never cuts under `minReplicas`.
 * The hour is a limit of the rate (replicas × price), so that no sixty minutes can exceed it. The day is spent down: what
 * `minReplicas` needs until midnight is put aside, and of the rest at most one hour's worth may be burned per hour, so the
 * cap closes gradually instead of at once. 700 a day, 400 spent, 6 h left, 2 replicas at 5: 60 put aside, 240 free, so 48 more.
 */
export function budget(settings: BudgetSettings): Guard {
  return {
    name: 'budget',
    limit: (draft, context) => {
      const { observation } = context.situation
      const price = observation.costPerReplicaHour ?? settings.costPerReplicaHour
      if (price === undefined || !(price >= 0)) return unpriced(draft)
      const memory = charge(recall<Spending | undefined>(context.memory, 'budget', undefined), context, price)
      const affordable = affordableReplicas(settings, { price, spentToday: memory.spentToday, context })
      return { ...verdict(settings, { draft, context, price, affordable, spentToday: memory.spentToday }), memory }
    },
  }
}

function unpriced(draft: Draft) {
  const message = 'the price of a replica is unknown, so the budget does not bind'
  return { replicas: draft.replicas, why: 'price unknown', conditions: [limited('Unknown', 'PriceUnknown', message)] }
}

const limited = (status: Condition['status'], reason: Word<'BudgetLimited'>['reason'], message: string): Condition =>
  condition('BudgetLimited', { status, reason, message })

/** Billing is from the order of a replica: the interval since the last tick is charged at what was ordered then. */
function charge(before: Spending | undefined, { now, situation }: Context, price: number): Spending {
  const startOfDay = Math.floor(now / DAY_MS) * DAY_MS
  if (before === undefined) return { at: now, spentToday: 0 }
  const hours = Math.max(0, now - Math.max(before.at, startOfDay)) / HOUR_MS
  const carried = before.at >= startOfDay ? before.spentToday : 0
  return { at: now, spentToday: carried + situation.observation.replicas.spec * price * hours }
}

function affordableReplicas(
  { perHour, perDay }: BudgetSettings,
  { price, spentToday, context }: { price: number; spentToday: number; context: Context },
): number {
  if (price === 0) return Number.POSITIVE_INFINITY
  const byHour = perHour === undefined ? Number.POSITIVE_INFINITY : Math.floor(perHour / price + 1e-9)
  if (perDay === undefined) return byHour
  const hoursLeft = (DAY_MS - (context.now % DAY_MS)) / HOUR_MS
  const { minReplicas } = context.target
  const free = perDay - spentToday - minReplicas * price * hoursLeft
  const byDay = minReplicas + Math.floor(free / (price * Math.min(1, hoursLeft)) + 1e-9)
  return Math.max(0, Math.min(byHour, byDay))
}

function verdict(
  settings: BudgetSettings,
  found: { draft: Draft; context: Context; price: number; affordable: number; spentToday: number },
) {
  const { draft, affordable } = found
  const position = positionOf(settings, found)
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

/** "31.10 of 40.00 USD an hour, 402.75 of 700.00 USD today", for the replicas that were asked of this guard. */
function positionOf(
  { perHour, perDay, currency = 'USD' }: BudgetSettings,
  { draft, price, spentToday }: { draft: Draft; price: number; spentToday: number },
): string {
  const parts = []
  if (perHour !== undefined) {
    parts.push(`${(draft.replicas * price).toFixed(2)} of ${perHour.toFixed(2)} ${currency} an hour`)
  }
  if (perDay !== undefined) parts.push(`${spentToday.toFixed(2)} of ${perDay.toFixed(2)} ${currency} spent today`)
  return parts.length === 0 ? 'no limit set' : parts.join(', ')
}
