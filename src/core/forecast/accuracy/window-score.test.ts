import { describe, expect, test } from 'vitest'
import { type Forecast, WINDOW_LEVELS } from '../../model.ts'
import { createWindowScore } from './window-score.ts'

const SECOND = 1000
const DAY_MS = 86_400_000
const P95 = WINDOW_LEVELS.indexOf(0.95)
const forecast = (madeAt: number, bound: number): Forecast => ({
  by: 'test',
  madeAt,
  points: [],
  windows: [
    { fromMs: 0, toMs: 30 * SECOND, quantiles: WINDOW_LEVELS.map(() => 1e9) },
    { fromMs: 15 * SECOND, toMs: 60 * SECOND, quantiles: WINDOW_LEVELS.map((_, i) => bound + i) },
  ],
})

/** Loads each 15 s, from 15 s after `from` on. */
function passed(loads: readonly (number | undefined)[], { from = 0, bound = 100 } = {}) {
  const score = createWindowScore()
  score.note(forecast(from, bound))
  for (const [i, load] of loads.entries()) score.absorb(from + (i + 1) * 15 * SECOND, load)
  return score
}

describe('the maximum of a window', () => {
  test('is that of the ticks inside the longest window, its ends included', () => {
    expect(passed([1, 103, 2, 3, 1e6]).accuracy(0)).toEqual({
      fromSeconds: 15,
      toSeconds: 60,
      count: 1,
      coverage: WINDOW_LEVELS.map((_, i) => (i >= P95 ? 1 : 0)),
    })
    expect(passed([200, 1, 1, 1]).accuracy(0)!.coverage[P95]).toBe(0)
    expect(passed([1, 1, 1, 200]).accuracy(0)!.coverage[P95]).toBe(0)
  })

  test('is not known until the window has passed, nor when a value of it is missing', () => {
    expect(passed([1, 2, 3]).accuracy(0)).toBeUndefined()
    expect(passed([1, undefined, 3, 4, 5]).accuracy(0)).toBeUndefined()
  })

  test('of many windows that wait at once the latest ones are not noted; a forecast without windows is none', () => {
    const score = createWindowScore()
    for (let i = 0; i < 20; i++) score.note(forecast(0, 100))
    score.note({ ...forecast(0, 1), windows: [] })
    for (let i = 1; i <= 4; i++) score.absorb(i * 15 * SECOND, 1)
    expect(score.accuracy(0)!.count).toBe(16)
  })

  test('is forgotten after seven days', () => {
    const score = passed([1, 1, 1, 1], { from: 100 * DAY_MS })
    expect(score.accuracy(106 * DAY_MS)!.count).toBe(1)
    expect(score.accuracy(107 * DAY_MS)).toBeUndefined()
  })
})
