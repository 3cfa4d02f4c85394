import { describe, expect, test } from 'vitest'
import type { StoredForecast } from '../ports.ts'
import { accuracyOf } from './accuracy.ts'

const DAY_MS = 86_400_000
const forecast = (index: number, more: Partial<StoredForecast> = {}): StoredForecast => ({
  target: 'shop/web',
  by: 'seasonal-ridge',
  madeAt: index * 300_000,
  dueAt: DAY_MS + index * 300_000,
  quantiles: [100, 110, 120, 130, 140],
  actual: 105,
  ...more,
})
const many = (more: (index: number) => Partial<StoredForecast> = () => ({})) =>
  Array.from({ length: 20 }, (_, index) => forecast(index, more(index)))
const yesterday = (value: number) => ({
  at: Float64Array.from({ length: 20 }, (_, index) => index * 300_000 + 60_000),
  value: Float64Array.from({ length: 20 }, () => value),
})
const nothing = { at: new Float64Array(0), value: new Float64Array(0) }

describe('how good forecasts were', () => {
  test('is not told by an hour of them', () => {
    expect(accuracyOf(many().slice(0, 11), nothing)).toBeUndefined()
    expect(
      accuracyOf(
        many().map(({ actual: _, ...open }) => open),
        nothing,
      ),
    ).toBeUndefined()
  })

  test('coverage is the share at or below the 95 % quantile', () => {
    expect(
      accuracyOf(
        many(index => ({ actual: index < 5 ? 121 : 120 })),
        nothing,
      ),
    ).toEqual({ coverage: 0.75 })
  })

  test('the error is scaled by that of repeating the day before', () => {
    expect(accuracyOf(many(), yesterday(85))).toEqual({ coverage: 1, scaledError: 0.25 })
  })

  test('a day before that is not known, or that repeats exactly, is no scale', () => {
    expect(accuracyOf(many(), yesterday(105))).toEqual({ coverage: 1 })
    const { at, value } = yesterday(85)
    expect(accuracyOf(many(), { at: at.map(time => time + 300_000 * 40), value })).toEqual({ coverage: 1 })
  })
})
