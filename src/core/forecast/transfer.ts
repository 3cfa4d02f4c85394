import type { Instant } from '../model.ts'

/** The day of a service, relative to its level: what a service of the same kind that has no day yet may begin with. */
export interface DailyShape {
  /** Whose it is. */
  readonly from: string
  /** Load over the mean of the day in equal parts of a day from midnight (UTC) on; their mean is about 1, none is 0. */
  readonly shape: Float32Array
}

/** Two equally long columns, times ascending. */
interface Series {
  readonly at: Float64Array
  readonly value: Float64Array
}

const DAY_MS = 86_400_000
/** Parts of five minutes. */
export const SHAPE_PARTS = 288
/** Older days may be of another service under the same name. */
const MOST_DAYS = 14
/** A day says something if three quarters of its parts were seen. */
const FEWEST_PARTS = 216
/** Two that make a shape, and one that judges it. */
const FEWEST_DAYS = 3
/** Nothing is divided by less: of a service that sleeps at night the level is not learnt at night. */
const LEAST = 0.02

/** The part of the day that a value belongs to which ends at `at`. */
export const partOfDay = (at: Instant): number => Math.floor((((at - 1) % DAY_MS) / DAY_MS) * SHAPE_PARTS)

/** Of the newest day's absolute distance from its mean, the shape of the days before must have explained as much. */
const LEAST_EXPLAINED = 0.25

/**
 * The shape of the newest three to fourteen days of a series: the median over the days, part by part, of the load over its day's
 * mean. `undefined` where fewer days are known, where there was no load, where some part of the day was never seen, and where
 * the shape of the days before would have told too little of the newest day: what has no rhythm has none to lend.
 */
export function dailyShapeOf(from: string, series: Series): DailyShape | undefined {
  const days = daysOf(series)
  if (days.length < FEWEST_DAYS) return undefined
  const before = middleOf(days.slice(1))
  const shape = middleOf(days)
  if (before === undefined || shape === undefined || explained(days[0]!, before) < LEAST_EXPLAINED) return undefined
  return { from, shape }
}

/** The median day, part by part; `undefined` where no day has some part. */
function middleOf(days: readonly Float64Array[]): Float32Array | undefined {
  const shape = new Float32Array(SHAPE_PARTS)
  for (let part = 0; part < SHAPE_PARTS; part++) {
    const seen = days.map(day => day[part]!).filter(ratio => ratio >= 0)
    if (seen.length === 0) return undefined
    shape[part] = Math.max(LEAST, medianOf(seen))
  }
  return shape
}

/** Share of a day's absolute distance from its mean that a shape accounts for; below 0 where it is worse than the mean. */
function explained(day: Float64Array, shape: Float32Array): number {
  let [left, whole] = [0, 0]
  for (let part = 0; part < SHAPE_PARTS; part++) {
    if (day[part]! < 0) continue
    left += Math.abs(day[part]! - shape[part]!)
    whole += Math.abs(day[part]! - 1)
  }
  return whole === 0 ? 0 : 1 - left / whole
}

/** Part means over the day's mean, newest day first; a part that was not seen is negative. */
function daysOf({ at, value }: Series): readonly Float64Array[] {
  const days: Float64Array[] = []
  const [sums, counts] = [new Float64Array(SHAPE_PARTS), new Int32Array(SHAPE_PARTS)]
  let day = dayOf(at.at(-1) ?? 0)
  for (let i = at.length - 1; i >= 0 && days.length < MOST_DAYS; i--) {
    if (dayOf(at[i]!) !== day) {
      addDay(days, sums, counts)
      day = dayOf(at[i]!)
    }
    sums[partOfDay(at[i]!)]! += value[i]!
    counts[partOfDay(at[i]!)]! += 1
  }
  addDay(days, sums, counts)
  return days
}

const dayOf = (at: Instant): number => Math.floor((at - 1) / DAY_MS)

/** Closes a day and clears what it was added up in; a day with holes, or without load, adds nothing. */
function addDay(days: Float64Array[], sums: Float64Array, counts: Int32Array): void {
  const parts = sums.map((sum, part) => (counts[part]! > 0 ? sum / counts[part]! : -1))
  const seen = parts.filter(mean => mean >= 0)
  const mean = seen.reduce((sum, one) => sum + one, 0) / seen.length
  if (seen.length >= FEWEST_PARTS && mean > 0 && days.length < MOST_DAYS)
    days.push(parts.map(part => (part < 0 ? -1 : part / mean)))
  sums.fill(0)
  counts.fill(0)
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}
