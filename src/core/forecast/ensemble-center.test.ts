import { describe, expect, test } from 'vitest'
import type { Forecast } from '../model.ts'
import { type OutsideForecasts, seasonalRidge } from './seasonal-ridge.ts'
import { seasonalLoad, seededUniform } from './seeded-load.ts'

const STEP_MS = 300_000
const PER_DAY = 288
const DAYS = 5
const seasonal = seasonalLoad({ seed: 11, ticks: DAYS * PER_DAY, stepMs: STEP_MS, mean: 900.5, swing: 0.5, noise: 0.1 })

/** Points five and thirty minutes ahead of every tick of the last day. */
function forecasts(loads: ArrayLike<number>, unit = 100, outside?: OutsideForecasts): readonly Forecast[] {
  const reach = { stepMs: STEP_MS, delayMs: -STEP_MS, windows: [], pointsMs: [STEP_MS, 6 * STEP_MS] }
  const forecaster = seasonalRidge({ ...reach, unit, ...(outside && { outside }) })
  const made: Forecast[] = []
  for (let tick = 0; tick < loads.length; tick++) {
    forecaster.absorb((tick + 1) * STEP_MS, loads[tick])
    const said = forecaster.predict((tick + 1) * STEP_MS)
    if (tick >= loads.length - PER_DAY) made.push(said as Forecast)
  }
  return made
}

const errorOf = (loads: ArrayLike<number>, outside?: OutsideForecasts) =>
  forecasts(loads, 100, outside).reduce((sum, { points }, i) => {
    const actual = loads[loads.length - PER_DAY + i + 6]
    return actual === undefined ? sum : sum + Math.abs(points[1]!.quantiles[0]! - actual)
  }, 0)

describe('points by the ensemble', () => {
  test('in another unit of load, all quantiles are the same in that unit', () => {
    const scaled = forecasts(
      Float64Array.from(seasonal, load => 1e4 * load),
      1e6,
    )
    forecasts(seasonal).forEach(({ points }, i) => {
      for (const [place, { quantiles }] of points.entries())
        for (const [level, quantile] of quantiles.entries())
          expect(scaled[i]!.points[place]!.quantiles[level]! / (1e4 * quantile)).toBeCloseTo(1, 3)
    })
  })

  test('a jump of every hour at the same minute is told before it comes, though the last value is right most of the time', () => {
    const loads = Array.from(seasonal, (_, tick) => (tick % 24 >= 12 ? 500.5 : 100.5))
    const last = loads
      .slice(-PER_DAY)
      .reduce((sum, load, i) => sum + Math.abs(load - (loads[loads.length - PER_DAY + i + 6] ?? load)), 0)
    expect(errorOf(loads)).toBeLessThan(0.1 * last)
  })

  test('three monstrous hours a day before bend the median little: errors count by their size, not by its square', () => {
    const struck = seasonal.map((load, tick) => (Math.floor(tick / 36) === 24 ? 30 * load : load))
    expect(errorOf(struck)).toBeLessThan(1.6 * errorOf(seasonal))
  })

  test('of whole numbers the median is one; of others it need not be', () => {
    const counts = forecasts(Float64Array.from(seasonal, Math.round))
    expect(counts.every(({ points }) => points.every(({ quantiles }) => Number.isInteger(quantiles[0])))).toBe(true)
    expect(forecasts(seasonal).some(({ points }) => !Number.isInteger(points[0]!.quantiles[0]))).toBe(true)
  })

  test('who begins to speak after a day is not believed before it was right', () => {
    let [error, naive] = [0, 0]
    for (const seed of [1, 2, 3, 4]) {
      const uniform = seededUniform(seed)
      let load = 1000
      const wandering = Array.from({ length: 2 * PER_DAY }, () => {
        load *= Math.exp(0.03 * (uniform() - 0.5))
        return load
      })
      const forecaster = seasonalRidge({ stepMs: STEP_MS, delayMs: -STEP_MS, windows: [], pointsMs: [6 * STEP_MS], unit: 100 })
      for (const [tick, value] of wandering.slice(0, PER_DAY + 36).entries()) {
        forecaster.absorb((tick + 1) * STEP_MS, value)
        if (tick < PER_DAY - 6) continue
        const said = forecaster.predict((tick + 1) * STEP_MS) as Forecast
        error += Math.abs(said.points[0]!.quantiles[0]! - wandering[tick + 6]!)
        naive += Math.abs(value - wandering[tick + 6]!)
      }
    }
    expect(error).toBeLessThan(1.15 * naive)
  })

  test('a model from outside counts for as much as it is right: one that knows everything helps, one that knows nothing does no harm', () => {
    const future = (at: number, steps: number) => seasonal[Math.round(at / STEP_MS) - 1 + steps]
    const alone = errorOf(seasonal)
    expect(errorOf(seasonal, { name: 'oracle', at: future })).toBeLessThan(0.1 * alone)
    expect(errorOf(seasonal, { name: 'nonsense', at: at => (at % 7) * 1e4 })).toBeLessThan(1.02 * alone)
    expect(errorOf(seasonal, { name: 'silent', at: () => undefined })).toBe(alone)
  })
})

describe('days that are not like the one before', () => {
  /** Office hours: steep at eight and five, a dip at noon, a third of it at the weekend. */
  const office = (hour: number) =>
    200 +
    800 / (1 + Math.exp(3 * (8 - hour))) -
    800 / (1 + Math.exp(3 * (17 - hour))) -
    300 * Math.exp(-((2 * (hour - 12.5)) ** 2))
  const weekend = (day: number) => (day % 7 >= 5 ? 0.3 : 1)
  const uniform = seededUniform(5)
  const noise = Array.from({ length: 26 * PER_DAY }, () => 1 + 0.1 * (uniform() - 0.5))
  const series = (loadOf: (day: number, hour: number) => number, days: number) =>
    noise.slice(0, days * PER_DAY).map((one, tick) => one * loadOf(Math.floor(tick / PER_DAY), (tick % PER_DAY) / 12))
  /** Error of the last day, half an hour ahead, over that of the last value. */
  const overNaive = (loads: readonly number[]) => {
    const naive = loads
      .slice(-PER_DAY, -6)
      .reduce((sum, load, i) => sum + Math.abs(load - loads[loads.length - PER_DAY + i + 6]!), 0)
    return errorOf(loads) / naive
  }
  const usual = overNaive(series((day, hour) => weekend(day) * office(hour), 23))

  test.each([1, -1])(
    'after clocks moved by %d h the next working day is told nearly as well as any, without a calendar',
    hours => {
      const moved = (day: number, hour: number) => weekend(day) * office(day >= 20 ? (((hour - hours) % 24) + 24) % 24 : hour)
      expect(overNaive(series(moved, 22))).toBeLessThan(0.45)
    },
  )

  test('a holiday on a Wednesday is told better than by the last value though nobody said that it is one, and spoils no Thursday', () => {
    const holiday = (day: number, hour: number) => (day === 23 ? 0.3 : weekend(day)) * office(hour)
    expect(overNaive(series(holiday, 24))).toBeLessThan(0.75)
    expect(overNaive(series(holiday, 25))).toBeLessThan(1.25 * usual)
  })
})
