import type { Instant } from '../model.ts'

/** Means of the last two days by hour and of the hour that runs: what slow kinds are judged by. */
export interface HoursState {
  readonly hour: number
  readonly sum: number
  readonly count: number
  /** Oldest first, at most 48; without gaps. */
  readonly means: readonly number[]
}

const HOUR_MS = 3_600_000
export const HOURS_A_DAY = 24
const KEPT = 2 * HOURS_A_DAY
/** A longer gap is not bridged. */
const LONGEST_GAP = 6

/** Takes in one value. `ended`: an hour is over, and `state.means` has one more; the time when it ended. */
export function countHour(
  before: HoursState | undefined,
  { at, value }: { readonly at: Instant; readonly value: number },
): { readonly state: HoursState; readonly ended?: Instant } {
  const hour = Math.floor(at / HOUR_MS)
  if (before === undefined) return { state: { hour, sum: value, count: 1, means: [] } }
  if (hour <= before.hour) return { state: { ...before, sum: before.sum + value, count: before.count + 1 } }
  const missing = hour - before.hour - 1
  const means = missing > LONGEST_GAP ? [] : bridged([...before.means, before.sum / before.count], missing)
  return { state: { hour, sum: value, count: 1, means: means.slice(-KEPT) }, ended: hour * HOUR_MS }
}

/** A missing hour is as it was yesterday, or as the hour before where yesterday is unknown. */
function bridged(means: readonly number[], missing: number): readonly number[] {
  const all = [...means]
  for (let i = 0; i < missing; i++) all.push(all.at(-HOURS_A_DAY) ?? all.at(-1)!)
  return all
}
