import { condition, type Word } from '../conditions.ts'
import type { Condition, Instant } from '../model.ts'
import { type Context, type Draft, type Guard, recall } from '../rules.ts'
import { dueWindows, expectedRise } from '../scheduled.ts'
import { isProvenIn } from '../screen/attack.ts'
import { type Peak, usualPeak, withPeak } from '../screen/past-peaks.ts'

export interface SurgeSettings {
  /** Most that replicas beyond the usual may cost in one calendar day (UTC), in `currency`. */
  readonly perDay: number
  readonly currency?: string
  /** Price of a replica where the observation brings none. */
  readonly costPerReplicaHour?: number
  /** Replicas for so many times the usual peak are usual too: the margin that is ordered on any day. Default 1.15. */
  readonly headroom?: number
}

interface State {
  readonly at: Instant
  /** Of the day of `at`. */
  readonly spentToday: number
  /** What was usual at `at`, and the replicas beyond it are charged until the next tick. */
  readonly usual?: number
  /** Largest believed demands by the hour, each cut to 1.2 times what was usual then. */
  readonly peaks: readonly Peak[]
}

const NAME = 'surge'
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Of a load beyond the usual peak no more than so many times that peak is learnt. */
const LEARNT_FACTOR = 1.2
/** What is left may be spent in that time at the fastest, so that the cap closes step by step and not at once. */
const FASTEST_HOURS = 0.25

/**
 * A budget for what nobody could expect: replicas beyond 1.15 times what the highest believed loads of the last four weeks needed at this time
 * of day cost money from a purse that is filled at midnight (UTC). Within it a surge passes at once; as it empties, the part beyond the usual
 * is closed within half an hour, and what history calls usual, a known event, `minReplicas`, and users whose conversions keep up with the load never wait for it. Of a load
 * beyond the usual no more is learnt than 1.2 times the usual: a new level becomes usual in steps of 20 % of about two days each, and
 * nobody poisons the past in one night. Silent in the first day, when nothing is usual yet, and without a price.
 * Purse 12, price 1, usual 10, asked 90: 48 more than the usual now, 58 in all; with 3 left, 12 more.
 */
export function surge(settings: SurgeSettings): Guard {
  return {
    name: NAME,
    limit: (draft, context) => {
      const { observation } = context.situation
      const price = observation.costPerReplicaHour ?? settings.costPerReplicaHour
      const before = recall<State>(context.memory, NAME, { at: context.now, spentToday: 0, peaks: [] })
      const peak = usualPeak(before.peaks, context.now)
      const usual = peak === undefined ? undefined : usualReplicas(peak * (settings.headroom ?? 1.15), context)
      const isProven = isProvenIn(context.memory, context.now)
      const memory: State = {
        at: context.now,
        spentToday: spending(before, context, price ?? 0),
        peaks: learn(before.peaks, context, peak),
        ...(usual !== undefined && { usual: isProven ? Math.max(usual, draft.replicas) : usual }),
      }
      return { ...verdict(settings, { draft, context, price, usual, isProven, spentToday: memory.spentToday }), memory }
    },
  }
}

/** What history, a known event (from when its replicas are ordered on) and the object's own minimum call usual now. */
function usualReplicas(load: number, { now, target, situation }: Context): number {
  const due = dueWindows(target, now, situation.observation.scheduled ?? [])
  const factors = due.map(({ expectedLoadFactor = 1 }) => expectedLoadFactor)
  const needed = (load * Math.max(expectedRise(situation.observation), ...factors)) / target.capacityPerReplica
  return Math.max(target.minReplicas, Math.ceil(needed - 1e-9))
}

/** Billing is from the order of a replica: the interval since the last tick is charged at what was beyond the usual then. */
function spending({ at, usual, spentToday }: State, { now, situation }: Context, price: number): number {
  const startOfDay = Math.floor(now / DAY_MS) * DAY_MS
  const hours = Math.max(0, now - Math.max(at, startOfDay)) / HOUR_MS
  const beyond = usual === undefined ? 0 : Math.max(0, situation.observation.replicas.spec - usual)
  return (at >= startOfDay ? spentToday : 0) + beyond * price * hours
}

function learn(peaks: readonly Peak[], { now, situation }: Context, usual = Number.POSITIVE_INFINITY): readonly Peak[] {
  if (situation.demand === undefined) return peaks
  return withPeak(peaks, now, { demand: Math.min(situation.demand, LEARNT_FACTOR * usual) })
}

interface Found {
  readonly draft: Draft
  readonly context: Context
  readonly price: number | undefined
  readonly usual: number | undefined
  readonly isProven: boolean
  readonly spentToday: number
}

const RELEASE = 'a known event (a schedule with expectedLoadFactor) or a higher surgeBudgetPerDay lets them through'

function verdict({ perDay, currency = 'USD' }: SurgeSettings, { draft, context, price, usual, isProven, spentToday }: Found) {
  const asked = draft.replicas
  if (price === undefined || !(price >= 0))
    return say(asked, word('Unknown', 'PriceUnknown', 'the price of a replica is unknown, so the surge budget does not bind'))
  if (usual === undefined)
    return say(asked, word('Unknown', 'UsualUnknown', 'less than a day is known: nothing is usual yet, and nothing is held'))
  if (asked <= usual) return say(asked, word('False', 'AsUsual', `up to ${usual} replicas are usual at this time`))
  if (isProven) return say(asked, word('False', 'AsUsual', 'conversions keep up with the load: it is users, whatever it costs'))
  const left = Math.max(0, perDay - spentToday)
  const hoursLeft = (DAY_MS - (context.now % DAY_MS)) / HOUR_MS
  const allowed = price === 0 ? Number.POSITIVE_INFINITY : Math.floor(left / (price * Math.min(FASTEST_HOURS, hoursLeft)) + 1e-9)
  const spent = `${spentToday.toFixed(2)} of ${perDay.toFixed(2)} ${currency} spent today on more than the usual ${usual}`
  if (asked <= usual + allowed) return say(asked, word('False', 'Spending', spent))
  const withheld = `withheld ${asked - usual - allowed} of ${asked} replicas`
  return say(usual + allowed, word('True', 'BudgetSpent', `${withheld}: ${spent}; ${RELEASE}`))
}

const word = (status: Condition['status'], reason: Word<'SurgeLimited'>['reason'], message: string) => ({
  status,
  reason,
  message,
})

const say = (replicas: number, told: Word<'SurgeLimited'>) => ({
  replicas,
  why: told.message,
  conditions: [condition('SurgeLimited', told)],
})
