import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { OwnModel } from './open-model.ts'
import { type Grid, outsideForecasts } from './outside-forecasts.ts'

const STEP = 300_000

/** Says that the next two steps are the last value and the sum of the history; says nothing finite after a history that begins with 0. */
const model: OwnModel = {
  name: 'fake',
  context: 3,
  horizon: 2,
  close: async () => undefined,
  forecast: async history =>
    Float32Array.from({ length: (history.length / 3) * 2 }, (_, i) => {
      const row = history.subarray(Math.floor(i / 2) * 3, Math.floor(i / 2) * 3 + 3)
      if (row[0] === 0) return Number.NaN
      return i % 2 === 0 ? row[2]! : row[0]! + row[1]! + row[2]!
    }),
}

const grid = (values: readonly (number | undefined)[]): Grid => ({
  stepMs: STEP,
  startMs: 1000 * STEP,
  value: Float64Array.from(values, value => value ?? 0),
  present: Uint8Array.from(values, value => (value === undefined ? 0 : 1)),
})
const said = async (values: readonly (number | undefined)[]) => {
  const outside = await outsideForecasts(model, grid(values))
  return values.map((_, step) => [1, 2].map(ahead => outside.at((1000 + step) * STEP, ahead)))
}

describe('what a model says along a series', () => {
  test('begins once its context is full, in the unit of the series, and ends with its horizon', async () => {
    const told = await said([10, 20, 30, 60])
    expect(told.slice(0, 2).flat()).toEqual([undefined, undefined, undefined, undefined])
    expect(told[2]).toEqual([expect.closeTo(30, 3), expect.closeTo(60, 3)])
    expect(told[3]).toEqual([expect.closeTo(60, 3), expect.closeTo(110, 3)])
    const outside = await outsideForecasts(model, grid([10, 20, 30]))
    expect(outside.at(1002 * STEP, 3)).toBeUndefined()
  })

  test('a gap holds the last value and has no forecast of its own; what is not finite is none', async () => {
    const told = await said([10, 20, undefined, 30, 0, 5, 5])
    expect(told[2]).toEqual([undefined, undefined])
    expect(told[3]).toEqual([expect.closeTo(30, 3), expect.closeTo(70, 3)])
    expect(told[6]).toEqual([undefined, undefined])
    expect(await said([0, 0, 0])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
      [undefined, undefined],
    ])
  })

  test('nothing later than its step changes what is said at it', async () => {
    const values = fc.array(fc.integer({ min: 1, max: 1e6 }), { minLength: 4, maxLength: 700 })
    await fc.assert(
      fc.asyncProperty(values, fc.nat(699), async (all, cut) => {
        expect(await said(all.slice(0, cut))).toEqual((await said(all)).slice(0, cut))
      }),
      { numRuns: 30 },
    )
  })
})
