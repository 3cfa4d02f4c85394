import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seasonalLoad } from './seeded-load.ts'
import { dailyShapeOf, partOfDay, SHAPE_PARTS } from './transfer.ts'

const DAY_MS = 86_400_000
const STEP_MS = 300_000
const START = 20_000 * DAY_MS

/** A series from midnight on, each value at the end of its step; `undefined` is left out. */
function seriesOf(values: readonly (number | undefined)[], stepMs = STEP_MS) {
  const kept = values.flatMap((value, i) => (value === undefined ? [] : [{ at: START + (i + 1) * stepMs, value }]))
  return { at: Float64Array.from(kept, ({ at }) => at), value: Float64Array.from(kept, ({ value }) => value) }
}

const load = (days: number, mean = 1000) =>
  seasonalLoad({ seed: 3, ticks: days * 288, stepMs: STEP_MS, mean, swing: 0.6, noise: 0.05 })

describe('the daily shape of a service', () => {
  test('is its load over the mean of the day, the same at every level', () => {
    const small = dailyShapeOf('shop/a', seriesOf(load(5)))
    const large = dailyShapeOf('shop/b', seriesOf(load(5).map(value => 1000 * value)))
    expect(small?.from).toBe('shop/a')
    const mean = small!.shape.reduce((sum, one) => sum + one, 0) / SHAPE_PARTS
    expect(mean).toBeCloseTo(1, 1)
    small!.shape.forEach((one, part) => void expect(large!.shape[part]).toBeCloseTo(one, 4))
    const highest = small!.shape.indexOf(Math.max(...small!.shape))
    expect(small!.shape[highest]! / Math.min(...small!.shape)).toBeGreaterThan(2)
  })

  test('is the middle of the days, so that one wild day leaves no trace', () => {
    const quiet = load(5)
    const wild = quiet.map((value, i) => (i >= 288 && i < 576 && i % 288 > 100 && i % 288 < 130 ? 20 * value : value))
    const [expected, found] = [quiet, wild].map(values => dailyShapeOf('a', seriesOf(values))!.shape)
    for (let part = 0; part < SHAPE_PARTS; part++) expect(Math.abs(found![part]! / expected![part]! - 1)).toBeLessThan(0.25)
  })

  test('needs three days, load, and every part of the day at least once', () => {
    expect(dailyShapeOf('a', seriesOf([]))).toBeUndefined()
    expect(dailyShapeOf('a', seriesOf(load(2)))).toBeUndefined()
    expect(dailyShapeOf('a', seriesOf(load(3)))).toBeDefined()
    expect(dailyShapeOf('a', seriesOf(load(5).map(() => 0)))).toBeUndefined()
    expect(dailyShapeOf('a', seriesOf(load(5).map((value, i) => (i % 288 < 20 ? undefined : value))))).toBeUndefined()
    expect(dailyShapeOf('a', seriesOf(load(5).map((value, i) => (i % 288 < 20 && i > 288 ? undefined : value))))).toBeDefined()
  })

  test('of a load whose days are not alike there is none', () => {
    const random = seasonalLoad({ seed: 5, ticks: 5 * 288, stepMs: STEP_MS, mean: 1000, swing: 0, noise: 0.5 })
    expect(dailyShapeOf('a', seriesOf(random))).toBeUndefined()
    expect(dailyShapeOf('a', seriesOf(random.map(() => 70)))).toBeUndefined()
    const turned = [...load(4), ...load(1).map(value => 2000 - value)]
    expect(dailyShapeOf('a', seriesOf(turned))).toBeUndefined()
  })

  test('leaves days with holes of more than a quarter out', () => {
    const holed = load(4).map((value, i) => (i >= 288 && i < 576 && i % 288 < 100 ? undefined : value))
    expect(dailyShapeOf('a', seriesOf(holed))).toBeDefined()
    expect(dailyShapeOf('a', seriesOf(holed.slice(0, 3 * 288)))).toBeUndefined()
  })

  test('forgets what is older than fourteen days', () => {
    const turned = [...load(10).toReversed(), ...load(14)]
    expect(dailyShapeOf('a', seriesOf(turned))!.shape).toEqual(dailyShapeOf('a', seriesOf(turned.slice(10 * 288)))!.shape)
  })

  test('never has a part near 0, whatever the loads', () => {
    const loads = fc.array(fc.double({ min: 0, max: 1e12, noNaN: true }), { minLength: 288 * 3, maxLength: 288 * 4 })
    fc.assert(
      fc.property(loads, values => {
        const found = dailyShapeOf('a', seriesOf(values))
        expect(found === undefined || found.shape.every(one => one >= 0.0199 && Number.isFinite(one))).toBe(true)
      }),
      { numRuns: 30 },
    )
  })

  test('a value belongs to the part that ends with it', () => {
    expect([1, STEP_MS, STEP_MS + 1, DAY_MS].map(ms => partOfDay(START + ms))).toEqual([0, 0, 1, 287])
  })
})
