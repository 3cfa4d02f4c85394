import { type Kept, type Numbers, partsOf } from '../../state.ts'

/** Sums of the newest days, each in its own stretch of one array; a new day forgets the oldest, also when days were skipped. */
export interface Days extends Kept {
  /** Where the stretch of `day` begins; the day may not be older than those that are kept. */
  startOf(day: number): number
  /** Makes `day` (days since the epoch) the newest one. */
  reach(day: number): void
}

/** `numbers` holds `count` days. */
export function createDays(numbers: Numbers, count: number): Days {
  const width = numbers.length / count
  const newest = new Float64Array(1)
  const startOf = (day: number) => (((day % count) + count) % count) * width
  return {
    part: () => partsOf({ numbers, newest }),
    startOf,
    reach(day) {
      for (let next = Math.max(newest[0]! + 1, day - count + 1); next <= day; next++)
        numbers.fill(0, startOf(next), startOf(next) + width)
      newest[0] = Math.max(newest[0]!, day)
    },
  }
}
