import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createResidualQuantiles } from './residual-quantiles.ts'
import { seededUniform } from './seeded-load.ts'

/** Width of a bin: as exact as quantiles can be. */
const BIN = 0.02
/** What floating point may add to that. */
const DUST = 1e-9

function fed(capacity: number, values: readonly number[]) {
  const residuals = createResidualQuantiles(capacity)
  for (const value of values) residuals.add(value)
  return residuals
}

/** The largest value that at least a share of 1 - level lies at or above. */
const exact = (values: readonly number[], level: number) =>
  values.toSorted((a, b) => b - a)[Math.ceil((1 - level) * values.length) - 1]!

describe('quantiles of residuals', () => {
  test('are those of the sorted values, rounded up within one bin, where thirty values lie above', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 400, max: 2000 }), (seed, count) => {
        const uniform = seededUniform(seed)
        const values = Array.from({ length: count }, () => 20 * uniform() ** 2 - 10 * uniform())
        const levels = [0.05, 0.5, 0.7, 0.8, 0.9]
        const found = fed(count, values).quantiles(levels)
        for (const [i, level] of levels.entries()) {
          expect(found[i]).toBeGreaterThanOrEqual(exact(values, level) - DUST)
          expect(found[i]).toBeLessThanOrEqual(exact(values, level) + BIN + DUST)
        }
      }),
      { numRuns: 30 },
    )
  })

  test('follow an exponential beyond the data: 30 values above 2 that are 1.01 higher on average put 0.9999 of 1000 at 7.76', () => {
    const values = [...Array(970).fill(0.01), ...Array(15).fill(2.01), ...Array(15).fill(4.01)]
    const [q999, q9999] = fed(1000, values).quantiles([0.999, 0.9999])
    expect(q999).toBeCloseTo(2 + 1.01 * Math.log(30 / 1), 6)
    expect(q9999).toBeCloseTo(2 + 1.01 * Math.log(30 / 0.1), 6)
  })

  test('find the far quantile of exponential values, which half of them never reached', () => {
    const uniform = seededUniform(5)
    const values = Array.from({ length: 20_000 }, () => -Math.log(1 - uniform()))
    const [q9999, q99999] = fed(20_000, values).quantiles([0.9999, 0.99999])
    expect(q9999).toBeGreaterThan(8)
    expect(q9999).toBeLessThan(10.4)
    expect(q99999).toBeGreaterThan(q9999!)
    expect(q99999).toBeLessThan(14)
  })

  test('rise beyond the data even where all values are equal', () => {
    const [median, far] = fed(100, Array(100).fill(1.01)).quantiles([0.5, 0.9999])
    expect(median).toBeCloseTo(1, 1)
    expect(far).toBeGreaterThan(1.02)
    expect(far).toBeLessThan(1.2)
  })

  test('ascend with the level, but for one bin where the exponential begins', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -15, max: 40, noNaN: true }), { minLength: 1, maxLength: 300 }), values => {
        const found = fed(300, values).quantiles([0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99995])
        for (let i = 1; i < found.length; i++) expect(found[i]).toBeGreaterThanOrEqual(found[i - 1]! - BIN - DUST)
        expect(found.every(Number.isFinite)).toBe(true)
      }),
    )
  })

  test('values off the scale count at its ends', () => {
    expect(fed(100, Array(100).fill(-1e9)).quantiles([0.5])[0]).toBeCloseTo(-12, 1)
    expect(fed(100, Array(100).fill(1e9)).quantiles([0.5])[0]).toBeCloseTo(36, 1)
  })
})

describe('the memory of residuals', () => {
  test('counts up to its capacity', () => {
    const residuals = fed(10, [1, 2, 3])
    expect(residuals.count).toBe(3)
    for (let i = 0; i < 20; i++) residuals.add(i)
    expect(residuals.count).toBe(10)
  })

  test('forgets in order: only the newest are left, as if there had never been others', () => {
    const value = fc.double({ min: -11, max: 30, noNaN: true })
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 150 }), fc.integer({ min: 1, max: 40 }), (values, capacity) => {
        const levels = [0.1, 0.5, 0.9, 0.99, 0.9999]
        expect(fed(capacity, values).quantiles(levels)).toEqual(fed(capacity, values.slice(-capacity)).quantiles(levels))
      }),
    )
  })
})
