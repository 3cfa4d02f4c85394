import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { thinLine, thinSteps } from './thin.ts'

const START = Date.UTC(2026, 10, 2)

describe('thinning', () => {
  const columns = fc.array(fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined }), { minLength: 1, maxLength: 400 })

  test('never loses the highest or the lowest value, keeps the order of time and the limit', () => {
    fc.assert(
      fc.property(columns, fc.integer({ min: 1, max: 50 }), (value, buckets) => {
        const at = value.map((_, index) => START + index * 15_000)
        const { seconds, values } = thinLine({ at, value }, buckets)
        const known = (list: readonly (number | undefined)[]) => list.filter(one => one !== undefined)
        expect(Math.max(...known(values))).toBe(Math.max(...known(value)))
        expect(Math.min(...known(values))).toBe(Math.min(...known(value)))
        expect(seconds).toEqual(seconds.toSorted((a, b) => a - b))
        expect(seconds.length).toBeLessThanOrEqual(2 * buckets + 2)
      }),
    )
  })

  test('steps are exact while they are few, and the line reaches the last tick', () => {
    const at = [0, 15, 30, 45, 60].map(second => second * 1000)
    expect(thinSteps({ at, value: [3, 3, 5, 5, 5] }, 10)).toEqual({ seconds: [0, 30, 60], values: [3, 5, 5] })
    const noisy = Array.from({ length: 100 }, (_, index) => (index === 41 ? 99 : index % 2))
    const thin = thinSteps({ at: noisy.map((_, index) => index * 1000), value: noisy }, 10)
    expect(thin.values).toContain(99)
    expect(thin.values.length).toBeLessThanOrEqual(12)
  })
})
