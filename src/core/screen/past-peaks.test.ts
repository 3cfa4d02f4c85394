import { expect, test } from 'vitest'
import { longPerClient, type Peak, usualPeak, withPeak } from './past-peaks.ts'

const HOUR = 3_600_000

/** Days whose hour h has the peak 100 + h, or what `demand` says. */
const days = (count: number, demand = (_day: number, hour: number) => 100 + hour): readonly Peak[] => {
  let peaks: readonly Peak[] = []
  for (let hour = 0; hour < count * 24; hour++) {
    const value = demand(Math.floor(hour / 24), hour % 24)
    peaks = withPeak(peaks, hour * HOUR, { demand: value, perClient: Math.log(value / 50) })
  }
  return peaks
}

test('of an hour the largest value is kept, and of hours the last 28 days', () => {
  const once = withPeak(withPeak(withPeak([], 0, { demand: 5 }), 60_000, { demand: 9 }), 120_000, { demand: 7 })
  expect(once).toEqual([{ hour: 0, demand: 9 }])
  expect(days(40)).toHaveLength(672)
})

test('what is usual at noon is what eleven, noon and one had, a day ago and longer', () => {
  const noon = (10 * 24 + 12) * HOUR
  expect(usualPeak(days(10), noon)).toBe(113)
  expect(usualPeak(days(10), noon, { quantile: 0.5 })).toBe(112)
  expect(usualPeak(days(10), 12 * HOUR)).toBeUndefined()
})

test('one poisoned day of four weeks is above the quantile; within a week it is not', () => {
  const poisoned = (count: number) => days(count, (day, hour) => (day === count - 3 ? 5000 : 100 + hour))
  expect(usualPeak(poisoned(28), (28 * 24 + 12) * HOUR)).toBe(113)
  expect(usualPeak(poisoned(7), (7 * 24 + 12) * HOUR)).toBe(5000)
  expect(usualPeak(poisoned(12), (12 * 24 + 12) * HOUR, { olderHours: 168 })).toBe(113)
})

test('the load per client of weeks is their median, which a ramp of three days leaves where it was', () => {
  const steady = longPerClient(
    days(20, () => 100),
    20 * 24 * HOUR,
  )!
  const ramp = longPerClient(
    days(20, day => (day < 17 ? 100 : 100 * (day - 15))),
    20 * 24 * HOUR,
  )!
  expect(ramp).toEqual(steady)
  expect(ramp).toEqual({ mean: Math.log(2), deviation: 0 })
})

test('less than a day of counted clients tells nothing', () => {
  expect(longPerClient(days(1), 40 * HOUR)).toBeUndefined()
  const uncounted = days(5).map(({ hour, demand }) => ({ hour, demand }))
  expect(longPerClient(uncounted, 5 * 24 * HOUR)).toBeUndefined()
})
