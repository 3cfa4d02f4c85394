import { seededRandom } from '../sim/random.ts'

/** A sum of daily differences and the 95 % interval in which it lies. */
export interface Interval {
  readonly sum: number
  readonly low: number
  readonly high: number
}

const RESAMPLES = 2000
const [LOW, HIGH] = [0.025, 0.975]
const STREAM = 41

/**
 * Paired block bootstrap by day (Künsch 1989, with days as blocks): how far the sum of daily differences might be from what it was,
 * had other days of that kind come. Days are drawn whole, since what happens within one hangs together. Seeded: same input, same interval.
 * Example: differences of -3, -2, -4 and -1 have the sum -10, and an interval that stays below zero.
 */
export function bootstrapSum(differences: readonly number[], seed: number): Interval {
  const random = seededRandom(seed, STREAM)
  const days = differences.length
  const sums = Float64Array.from({ length: RESAMPLES }, () => {
    let sum = 0
    for (let day = 0; day < days; day++) sum += differences[Math.floor(random.uniform() * days)]!
    return sum
  }).sort()
  return {
    sum: differences.reduce((total, one) => total + one, 0),
    low: sums[Math.floor(LOW * RESAMPLES)]!,
    high: sums[Math.ceil(HIGH * RESAMPLES) - 1]!,
  }
}
