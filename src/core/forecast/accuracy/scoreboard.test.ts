import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QUANTILES } from '../../model.ts'
import { createScoreboard, pinballLoss } from './scoreboard.ts'

const flat = (median: number) => [median, median + 10, median + 20, median + 30, median + 40]

describe('the scores of forecasts that came due', () => {
  test('are told by horizon, against the last value and the day before', () => {
    const board = createScoreboard([300, 1800])
    board.score({ day: 100, horizon: 1 }, flat(110), { actual: 100, lastValue: 80, dayBefore: 60 })
    board.score({ day: 100, horizon: 1 }, flat(90), { actual: 100, lastValue: 100, dayBefore: 100 })
    expect(board.accuracy(100)).toEqual([
      {
        horizonSeconds: 1800,
        count: 2,
        mase: 0.5,
        overNaive: 1,
        wape: 0.1,
        bias: 0,
        pinball: QUANTILES.map((level, i) => (pinballLoss(level, 110 + 10 * i, 100) + pinballLoss(level, 90 + 10 * i, 100)) / 2),
        coverage: [0.5, 1, 1, 1, 1],
      },
    ])
  })

  test('have no scale where the day before is unknown or the series stood still, and no share of a load of nothing', () => {
    const board = createScoreboard([300])
    board.score({ day: 1, horizon: 0 }, flat(0), { actual: 0, lastValue: 0 })
    expect(board.accuracy(1)).toEqual([
      {
        horizonSeconds: 300,
        count: 1,
        pinball: QUANTILES.map((level, i) => pinballLoss(level, 10 * i, 0)),
        coverage: [1, 1, 1, 1, 1],
      },
    ])
  })

  test('are forgotten after seven days, also where nobody scored meanwhile', () => {
    const board = createScoreboard([300])
    board.score({ day: 20_000, horizon: 0 }, flat(1), { actual: 1, lastValue: 1 })
    board.score({ day: 20_003, horizon: 0 }, flat(1), { actual: 1, lastValue: 1 })
    expect(board.accuracy(20_006)[0]!.count).toBe(2)
    expect(board.accuracy(20_007)[0]!.count).toBe(1)
    expect(board.accuracy(20_030)).toEqual([])
  })

  test('the pinball loss of all levels together is least at the quantiles of what came', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 0, max: 100 }),
        (loads, other) => {
          const lossOf = (level: number, quantile: number) =>
            loads.reduce((sum, load) => sum + pinballLoss(level, quantile, load), 0)
          const sorted = loads.toSorted((a, b) => a - b)
          for (const level of QUANTILES) {
            const empirical = sorted[Math.min(sorted.length - 1, Math.ceil(level * sorted.length) - 1)]!
            expect(lossOf(level, empirical)).toBeLessThanOrEqual(lossOf(level, other) + 1e-9)
          }
        },
      ),
    )
  })
})
