import { describe, expect, test } from 'vitest'
import { seededRandom } from '../sim/random.ts'
import { bootstrapSum } from './bootstrap.ts'

describe('the interval of a sum of daily differences', () => {
  test('stays below zero where every day was better, and is the same for the same seed', () => {
    const interval = bootstrapSum([-3, -2, -4, -1], 7)
    expect(interval.sum).toBe(-10)
    expect(interval.high).toBeLessThan(0)
    expect(interval.low).toBeGreaterThanOrEqual(-16)
    expect(bootstrapSum([-3, -2, -4, -1], 7)).toEqual(interval)
  })

  test('reaches over zero where one day was the whole gain', () => {
    const { low, high } = bootstrapSum([-40, 1, 1, 1, 1], 7)
    expect(low).toBeLessThan(-40)
    expect(high).toBeGreaterThan(0)
  })

  test('calls a difference of nothing one in about one of twenty times, on either side', () => {
    const random = seededRandom(3, 1)
    const isFalseAlarm = (): boolean => {
      const { low, high } = bootstrapSum(
        Array.from({ length: 20 }, () => random.normal()),
        1,
      )
      return low > 0 || high < 0
    }
    const alarms = Array.from({ length: 200 }, isFalseAlarm).filter(Boolean).length
    expect(alarms).toBeGreaterThan(2)
    expect(alarms).toBeLessThan(24)
  })

  test('is zero where nothing differs', () => {
    expect(bootstrapSum([0, 0, 0], 1)).toEqual({ sum: 0, low: 0, high: 0 })
  })
})
