import type { Instant } from '../model.ts'

/** How often something as unusual as that came lately: decayed counts by height. Constant size, JSON-safe. */
export interface Habit {
  /** Of the newest count. */
  readonly at: Instant
  /** Counts as of then; the first is of the lowest height. */
  readonly counts: readonly number[]
}

/** Heights a quarter apart, from an eighth of a sigma to thirty-two; what lies beyond counts as the last. */
const [HEIGHTS_AN_OCTAVE, LOWEST_OCTAVE, HEIGHTS] = [3, -3, 25]
const HALF_LIFE_MS = 3 * 86_400_000
/** Of a series that began just now nobody knows how often such a thing comes: as if two had come of any height. */
const UNKNOWN = 2

export const freshHabit: Habit = { at: 0, counts: Array(HEIGHTS).fill(0).with(-1, UNKNOWN) }

const heightOf = (sigma: number) =>
  Math.max(0, Math.min(HEIGHTS - 1, Math.floor(HEIGHTS_AN_OCTAVE * (Math.log2(sigma) - LOWEST_OCTAVE))))

const fadeOf = (habit: Habit, at: Instant) => 0.5 ** (Math.max(0, at - habit.at) / HALF_LIFE_MS)

/**
 * Less of it, the more often something as high was news in the last days: divided by the square root of one more than their number.
 * What comes every day is this series' habit, however rare it would be elsewhere. Grows with `sigma` as long as nothing else changes.
 */
export function dulled(habit: Habit, { at, sigma }: { readonly at: Instant; readonly sigma: number }): number {
  let known = 0
  for (let height = heightOf(sigma); height < HEIGHTS; height++) known += habit.counts[height]!
  return sigma / Math.sqrt(1 + known * fadeOf(habit, at))
}

/** The habit with one more piece of news. */
export function withNews(habit: Habit, { at, sigma }: { readonly at: Instant; readonly sigma: number }): Habit {
  const fade = fadeOf(habit, at)
  const height = heightOf(sigma)
  return { at: Math.max(at, habit.at), counts: habit.counts.map((count, i) => count * fade + (i === height ? 1 : 0)) }
}
