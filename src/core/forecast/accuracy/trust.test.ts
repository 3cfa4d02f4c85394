import { describe, expect, test } from 'vitest'
import type { HorizonAccuracy } from './accuracy.ts'
import { trustIn } from './trust.ts'

const steady = { pageHinkley: 0, pageHinkleyThreshold: 50, populationStabilityThreshold: 0.25, isDrifting: false }
const good: HorizonAccuracy = {
  horizonSeconds: 1800,
  count: 600,
  mase: 0.6,
  overNaive: 0.7,
  wape: 0.1,
  bias: 0.01,
  pinball: [1, 1, 1, 1, 1],
  coverage: [0.5, 0.9, 0.95, 0.99, 1],
}

describe('trust in a forecast', () => {
  test('is whole where it is calibrated, better than naive ones, even-handed and steady', () => {
    expect(trustIn(good, steady)).toBe(1)
  })

  test('is not told by less than two days of forecasts', () => {
    expect(trustIn(undefined, steady)).toBeUndefined()
    expect(trustIn({ ...good, count: 575 }, steady)).toBeUndefined()
  })

  test.each([
    ['loads above the 95 % quantile', { coverage: [0.5, 0.8, 0.875, 0.9, 0.95] }, 0.5],
    ['twice the error of the day before', { mase: 2 }, 0],
    ['one and a half times the error of the last value', { overNaive: 1.5 }, 0.5],
    ['errors of one sign', { bias: -0.1 }, 0.5],
  ])('%s lessen it', (_, more, expected) => {
    expect(trustIn({ ...good, ...more }, steady)).toBeCloseTo(expected, 9)
  })

  test('drift lessens it: by a half while errors grow, by a fifth where loads look new', () => {
    expect(trustIn(good, { ...steady, since: 1, isDrifting: true })).toBe(0.5)
    expect(trustIn(good, { ...steady, populationStability: 0.4, isDrifting: true })).toBe(0.8)
  })

  test('a series of zeros, forecast as such, is trusted', () => {
    const { mase: _, overNaive: __, wape: ___, bias: ____, ...bare } = good
    expect(trustIn({ ...bare, coverage: [1, 1, 1, 1, 1] }, steady)).toBe(1)
  })
})
