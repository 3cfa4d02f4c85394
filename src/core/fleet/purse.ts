import type { Instant } from '../model.ts'

/** Most that may be spent, in one currency, by the clock of UTC. An absent limit does not bind. */
export interface Limits {
  /** In any hour. */
  readonly perHour?: number
  /** In one calendar day. */
  readonly perDay?: number
  /** In one calendar month. */
  readonly perMonth?: number
}

/** What was spent since the day and the month of `at` began. JSON-safe, so that it outlives a restart. */
export interface Spending {
  readonly at: Instant
  readonly spentToday: number
  /** Absent in what was kept before months were counted. */
  readonly spentThisMonth?: number
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

interface Span {
  readonly from: Instant
  /** The first moment after it. */
  readonly to: Instant
}

export function dayOf(at: Instant): Span {
  const from = Math.floor(at / DAY_MS) * DAY_MS
  return { from, to: from + DAY_MS }
}

/**
 * The calendar month (UTC) of a time. Days are counted from a 1 March, so that the leap day is the last of its year and the months
 * of 31 and 30 days follow one rule (153 days in five months). 29 February 2028 is day 11 of 28 before 1 March.
 */
export function monthOf(at: Instant): Span {
  const daysSinceMarch0 = Math.floor(at / DAY_MS) + 719_468 // 1970-01-01 is that many days after 0000-03-01
  const dayOfEra = ((daysSinceMarch0 % 146_097) + 146_097) % 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const firstDayOfYear = 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  const dayOfYear = dayOfEra - firstDayOfYear
  const month = Math.floor((5 * dayOfYear + 2) / 153) // 0 is March, 11 February
  const firstDay = Math.floor((153 * month + 2) / 5)
  const isLeap = (yearOfEra + 1) % 4 === 0 && ((yearOfEra + 1) % 100 !== 0 || yearOfEra + 1 === 400)
  const nextFirstDay = month === 11 ? (isLeap ? 366 : 365) : Math.floor((153 * (month + 1) + 2) / 5)
  const from = dayOf(at).from - (dayOfYear - firstDay) * DAY_MS
  return { from, to: from + (nextFirstDay - firstDay) * DAY_MS }
}

/**
 * Spending up to `now`, when since the last time `costPerHour` was on order. Nothing is charged twice: what lies before the last time
 * is in it already, what lies before this day or month is not theirs.
 */
export function charge(before: Spending | undefined, bill: { readonly now: Instant; readonly costPerHour: number }): Spending {
  const { now, costPerHour } = bill
  if (before === undefined) return { at: now, spentToday: 0, spentThisMonth: 0 }
  const since = ({ from }: Span, spent: number) => {
    const hours = Math.max(0, now - Math.max(before.at, from)) / HOUR_MS
    return (before.at >= from ? spent : 0) + costPerHour * hours
  }
  return {
    at: now,
    spentToday: since(dayOf(now), before.spentToday),
    spentThisMonth: since(monthOf(now), before.spentThisMonth ?? before.spentToday),
  }
}

/** Of what a day has left, at most as much as one hour of it is burned per hour; of a month, a day's worth per day. */
const PACE_HOURS = { day: 1, month: 24 }

/**
 * How much may be on order, per hour, under the limits; infinite without any, and never below 0. What the floor needs until the end of
 * day and month is put aside, and the rest is spent down, so that a cap closes gradually instead of at once: 700 a day, 400 spent, 6 h
 * left, a floor of 10 an hour: 60 are put aside, 240 are free, so 250 an hour now. A month is spent down over days likewise.
 */
export function affordableCostPerHour(
  { perHour = Number.POSITIVE_INFINITY, perDay, perMonth }: Limits,
  { spending, floorCostPerHour }: { readonly spending: Spending; readonly floorCostPerHour: number },
): number {
  const { at, spentToday, spentThisMonth = spentToday } = spending
  const within = (limit: number | undefined, { spent, to, paceHours }: { spent: number; to: Instant; paceHours: number }) => {
    if (limit === undefined) return Number.POSITIVE_INFINITY
    const hoursLeft = (to - at) / HOUR_MS
    return floorCostPerHour + (limit - spent - floorCostPerHour * hoursLeft) / Math.min(paceHours, hoursLeft)
  }
  const byDay = within(perDay, { spent: spentToday, to: dayOf(at).to, paceHours: PACE_HOURS.day })
  const byMonth = within(perMonth, { spent: spentThisMonth, to: monthOf(at).to, paceHours: PACE_HOURS.month })
  return Math.max(0, Math.min(perHour, byDay, byMonth))
}

/** So many whole replicas at that price; infinitely many where they cost nothing. */
export function replicasFor(costPerHour: number, price: number): number {
  return price === 0 ? Number.POSITIVE_INFINITY : Math.floor(costPerHour / price + 1e-9)
}

/** "31.10 of 40.00 USD an hour, 402.75 of 700.00 USD spent today", for what is asked. */
export function positionOf(
  { perHour, perDay, perMonth }: Limits,
  told: { readonly spending: Spending; readonly askedCostPerHour: number; readonly currency: string },
): string {
  const { spending, askedCostPerHour, currency } = told
  const part = (spent: number, limit: number | undefined, when: string) =>
    limit === undefined ? [] : [`${spent.toFixed(2)} of ${limit.toFixed(2)} ${currency} ${when}`]
  return [
    ...part(askedCostPerHour, perHour, 'an hour'),
    ...part(spending.spentToday, perDay, 'spent today'),
    ...part(spending.spentThisMonth ?? spending.spentToday, perMonth, 'spent this month'),
  ].join(', ')
}
