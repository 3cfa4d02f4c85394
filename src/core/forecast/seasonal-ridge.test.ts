import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Forecast, QUANTILES, WINDOW_LEVELS } from '../model.ts'
import { type SeasonalRidgeOptions, seasonalRidge } from './seasonal-ridge.ts'
import { seasonalLoad, seededUniform } from './seeded-load.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const PER_DAY = 1440

const options: SeasonalRidgeOptions = {
  stepMs: MINUTE,
  delayMs: 0,
  windows: [
    { fromMs: 5 * MINUTE, toMs: 5 * MINUTE },
    { fromMs: 0, toMs: 10 * MINUTE },
  ],
  pointsMs: [30 * MINUTE],
  unit: 20,
}

type Loads = readonly (number | undefined)[]

/** Feeds a load a tick, the first one ending at one step after the epoch, and forecasts at every tick. */
function forecasts(loads: Loads, change: Partial<SeasonalRidgeOptions> = {}): readonly (Forecast | { abstains: string })[] {
  const settings = { ...options, ...change }
  const forecaster = seasonalRidge(settings)
  return loads.map((load, tick) => {
    const at = (tick + 1) * settings.stepMs
    forecaster.absorb(at, load)
    return forecaster.predict(at)
  })
}

const isForecast = (said: Forecast | { abstains: string }): said is Forecast => 'windows' in said
const everyBound = (forecast: Forecast) => [...forecast.windows, ...forecast.points].map(one => one.quantiles)
const seasonal = (days: number, change: { seed?: number; noise?: number; swing?: number } = {}) =>
  seasonalLoad({ seed: 1, ticks: days * PER_DAY, stepMs: MINUTE, mean: 1000, swing: 0.5, noise: 0.05, ...change })

describe('before it has seen enough', () => {
  test('it abstains for six hours and says how many it has', () => {
    const said = forecasts(seasonal(1))
    const first = said.findIndex(isForecast)
    expect(first).toBe(6 * 60 - 1)
    expect(said[89]).toEqual({ abstains: '1.5 h of the 6 h of history that a forecast needs' })
  })

  test('it knows nothing at all before the first value', () => {
    expect(seasonalRidge(options).predict(0)).toEqual({ abstains: '0.0 h of the 6 h of history that a forecast needs' })
  })

  test('with a coarse step it abstains until past forecasts tell how wrong they are, so that a forecast always has a margin', () => {
    const stepMs = 15 * MINUTE
    const said = forecasts(seasonalLoad({ seed: 1, ticks: 200, stepMs, mean: 1000, swing: 0.5, noise: 0.05 }), { stepMs })
    expect(said[6 * 4]).toEqual({ abstains: 'too few values yet to tell how wrong a forecast would be' })
    const made = said.filter(isForecast)
    expect(made.length).toBeGreaterThan(100)
    for (const forecast of made) for (const bounds of everyBound(forecast)) expect(bounds.at(-1)).toBeGreaterThan(bounds[0]!)
  })

  test('six hours without a single value are no history', () => {
    expect(forecasts(Array(400).fill(undefined)).some(isForecast)).toBe(false)
  })
})

describe('a forecast', () => {
  const loads = seasonal(8)
  const said = forecasts(loads)
  const made = said.filter(isForecast)

  test('names its maker, its time, its windows and its points, with a quantile for each level', () => {
    const { by, madeAt, windows, points } = made.at(-1)!
    expect({ by, madeAt }).toEqual({ by: 'seasonal-ridge', madeAt: 8 * PER_DAY * MINUTE })
    expect(windows.map(({ fromMs, toMs, quantiles }) => [fromMs, toMs, quantiles.length])).toEqual([
      [5 * MINUTE, 5 * MINUTE, WINDOW_LEVELS.length],
      [0, 10 * MINUTE, WINDOW_LEVELS.length],
    ])
    expect(points.map(({ at, quantiles }) => [at, quantiles.length])).toEqual([[madeAt + 30 * MINUTE, QUANTILES.length]])
  })

  test('holds what it promises: the share of window maxima below a quantile is near its level', () => {
    const window = options.windows[1]!
    const ahead = { from: 1 + window.fromMs / MINUTE, to: 1 + window.toMs / MINUTE }
    const covered = (level: number, from: number) => {
      let [below, count] = [0, 0]
      for (let tick = from; tick + ahead.to < loads.length; tick++) {
        const forecast = said[tick]!
        if (!isForecast(forecast)) continue
        const maximum = Math.max(...loads.slice(tick + ahead.from, tick + ahead.to + 1))
        count++
        if (maximum <= forecast.windows[1]!.quantiles[WINDOW_LEVELS.indexOf(level as 0.9)]!) below++
      }
      return below / count
    }
    expect(covered(0.9, 3 * PER_DAY)).toBeGreaterThan(0.87)
    expect(covered(0.9, 3 * PER_DAY)).toBeLessThan(0.93)
    expect(covered(0.99, 3 * PER_DAY)).toBeGreaterThan(0.98)
    expect(covered(0.99, 3 * PER_DAY)).toBeLessThan(0.998)
    expect(covered(0.5, 3 * PER_DAY)).toBeGreaterThan(0.45)
    expect(covered(0.5, 3 * PER_DAY)).toBeLessThan(0.55)
  })

  test('uses the time of day: half an hour ahead it is far closer than the last value', () => {
    const calm = seasonal(5, { noise: 0.02 })
    let [ours, last] = [0, 0]
    for (const [tick, forecast] of forecasts(calm).entries()) {
      if (tick < 3 * PER_DAY || tick + 31 >= calm.length) continue
      const real = calm[tick + 31]!
      ours += Math.abs(real - (forecast as Forecast).points[0]!.quantiles[0]!)
      last += Math.abs(real - calm[tick]!)
    }
    expect(ours / last).toBeLessThan(0.5)
  })

  test('looks as far beyond a stale value as it is stale: with a delay of five minutes a window begins five ticks later', () => {
    // The load jumps at the same minute of every hour; a forecast at lead time must jump exactly lead and delay before it.
    const jumping = Array.from({ length: 4 * PER_DAY }, (_, tick) => (tick % 60 < 30 ? 100 : 1000))
    const jumpsAt = (delayMs: number) => {
      const medians = forecasts(jumping, { delayMs, pointsMs: [] }).map(one =>
        isForecast(one) ? one.windows[0]!.quantiles[0]! : 0,
      )
      const day = medians.slice(3 * PER_DAY, 3 * PER_DAY + 60)
      return day.findIndex(median => median > 550)
    }
    expect(jumpsAt(0)).toBe(30 - 6)
    expect(jumpsAt(5 * MINUTE)).toBe(30 - 11)
  })
})

test('remembers the day of the week: a peak of every seventh day is awaited on that day and on no other', () => {
  const loads = seasonal(22, { noise: 0.03 }).map((load, tick) => {
    const isPeak = Math.floor(tick / PER_DAY) % 7 === 6 && tick % PER_DAY >= 720 && tick % PER_DAY < 780
    return isPeak ? 2 * load : load
  })
  const said = forecasts(loads, { windows: [] })
  /** The median of half an hour later, relative to the load, twenty minutes before the peak would begin. */
  const rise = (day: number) => (said[day * PER_DAY + 700] as Forecast).points[0]!.quantiles[0]! / loads[day * PER_DAY + 700]!
  expect(rise(20)).toBeGreaterThan(rise(19) + 0.15)
})

describe('the order of time', () => {
  test('no look-ahead: whatever comes after a moment, every forecast up to it is the same to the last bit', () => {
    const uniform = seededUniform(9)
    const cut = 2 * PER_DAY + 77
    const [one, other] = [seasonal(3), seasonal(3).map((load, tick) => (tick <= cut ? load : 50_000 * uniform()))]
    const [ofOne, ofOther] = [forecasts(one), forecasts(other)]
    expect(JSON.stringify(ofOther.slice(0, cut + 1))).toBe(JSON.stringify(ofOne.slice(0, cut + 1)))
    expect(JSON.stringify(ofOther.slice(cut + 1))).not.toBe(JSON.stringify(ofOne.slice(cut + 1)))
  })

  test('the same series gives the same forecasts, however often one asks in between', () => {
    const loads = seasonal(2)
    const asked = forecasts(loads).at(-1)
    const silent = seasonalRidge(options)
    for (const [tick, load] of loads.entries()) silent.absorb((tick + 1) * MINUTE, load)
    const now = loads.length * MINUTE
    expect(silent.predict(now)).toEqual(asked)
    const [once, again] = [silent.predict(now), silent.predict(now)] as [Forecast, Forecast]
    expect(again.windows).toBe(once.windows) // worked out once
    expect(silent.predict(now + 1)).toMatchObject({ madeAt: now + 1, windows: (asked as Forecast).windows })
  })

  test('a value that is not newer than the last is not learnt twice', () => {
    const [once, twice] = [seasonalRidge(options), seasonalRidge(options)]
    for (const [tick, load] of seasonal(1).entries()) {
      const at = (tick + 1) * MINUTE
      once.absorb(at, load)
      twice.absorb(at, load)
      twice.absorb(at, 9e9)
      twice.absorb(at - MINUTE, 9e9)
    }
    expect(twice.predict(PER_DAY * MINUTE)).toEqual(once.predict(PER_DAY * MINUTE))
  })
})

test('a source that repeats its last sample as missing is a gap that grows, until the forecast abstains', () => {
  const forecaster = seasonalRidge(options)
  const loads = seasonal(1)
  for (const [tick, load] of loads.entries()) forecaster.absorb((tick + 1) * MINUTE, load)
  const last = loads.length * MINUTE
  for (let tick = 1; tick <= 31; tick++) forecaster.absorb(last, undefined)
  expect(forecaster.predict(last + 31 * MINUTE)).toEqual({ abstains: 'the newest value is 31 min old' })
})

describe('gaps', () => {
  const loads = seasonal(5, { noise: 0.01 })
  const gapped = (from: number, to: number): Loads => loads.map((load, tick) => (tick >= from && tick < to ? undefined : load))
  const median = (said: Forecast | { abstains: string }) => (said as Forecast).windows[0]!.quantiles[0]!

  test('are filled like yesterday: through half an hour of silence on the steepest slope the forecast keeps to the load', () => {
    const [from, to] = [4 * PER_DAY - 15, 4 * PER_DAY + 15]
    const said = forecasts(gapped(from, to))
    const worst = (guess: (tick: number) => number) => {
      let error = 0
      for (let tick = from; tick < to; tick++) error = Math.max(error, Math.abs(guess(tick) / loads[tick + 6]! - 1))
      return error
    }
    expect(worst(tick => median(said[tick]!))).toBeLessThan(0.06)
    expect(worst(() => loads[from - 1]!)).toBeGreaterThan(0.12)
  })

  test('of more than half an hour are no present to forecast from; it says how old the newest value is', () => {
    const said = forecasts(gapped(3 * PER_DAY, 3 * PER_DAY + 60))
    expect(said.slice(3 * PER_DAY - 1, 3 * PER_DAY + 30).every(isForecast)).toBe(true)
    expect(said[3 * PER_DAY + 30]).toEqual({ abstains: 'the newest value is 31 min old' })
    expect(said[3 * PER_DAY + 59]).toEqual({ abstains: 'the newest value is 60 min old' })
    expect(said[3 * PER_DAY + 60]).toHaveProperty('windows')
  })

  test('ticks that never came are the same as ticks without demand', () => {
    const [absent, undefinedOnes] = [seasonalRidge(options), seasonalRidge(options)]
    for (const [tick, load] of gapped(2 * PER_DAY, 2 * PER_DAY + 300)
      .slice(0, 3 * PER_DAY)
      .entries()) {
      const at = (tick + 1) * MINUTE
      undefinedOnes.absorb(at, load)
      if (load !== undefined) absent.absorb(at, load)
    }
    expect(absent.predict(3 * PER_DAY * MINUTE)).toEqual(undefinedOnes.predict(3 * PER_DAY * MINUTE))
  })

  /** Three days with a peak of half an hour each, then silence, then two more days; says how wrong medians are in the end. */
  const errorAfter = (silentHours: number) => {
    const forecaster = seasonalRidge(options)
    const rhythm = seasonal(9, { noise: 0.01 }).map((load, tick) =>
      tick % PER_DAY >= 600 && tick % PER_DAY < 630 ? 3 * load : load,
    )
    let [error, count] = [0, 0]
    for (const [tick, load] of rhythm.entries()) {
      if (tick >= 3 * PER_DAY && tick < 3 * PER_DAY + silentHours * 60) continue
      if (tick >= 5 * PER_DAY + silentHours * 60 || tick + 31 >= rhythm.length) break
      forecaster.absorb((tick + 1) * MINUTE, load)
      if (tick < 3 * PER_DAY + silentHours * 60 + 120) continue
      const said = forecaster.predict((tick + 1) * MINUTE) as Forecast
      error += Math.abs(said.points[0]!.quantiles[0]! / rhythm[tick + 31]! - 1)
      count++
    }
    return error / count
  }

  test('after three days of silence it goes on without a NaN, and after two and a half it still knows what time of day it is', () => {
    const undisturbed = errorAfter(0)
    expect(undisturbed).toBeLessThan(0.04)
    expect(errorAfter(72)).toBeLessThan(2 * undisturbed)
    expect(errorAfter(60)).toBeLessThan(2 * undisturbed)
  })
})

describe('bounds', () => {
  test('ascend, are finite, never negative, and at most twice the largest load of the week, for any series', () => {
    const load = fc.oneof(
      { weight: 6, arbitrary: fc.double({ min: 0, max: 1000, noNaN: true }) },
      { weight: 1, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1e9, noNaN: true }) },
      { weight: 1, arbitrary: fc.double({ min: 0, max: 1e-6, noNaN: true }) },
    )
    const steps = fc.array(fc.record({ load, skipped: fc.integer({ min: -30, max: 3 }) }), {
      minLength: 90,
      maxLength: 250,
      size: 'max',
    })
    let checked = 0
    fc.assert(
      fc.property(steps, fc.constantFrom(0.01, 1, 500), (series, unit) => {
        const stepMs = 15 * MINUTE
        const forecaster = seasonalRidge({ ...options, stepMs, unit })
        let [at, largest] = [0, 0]
        for (const one of series) {
          at += stepMs * (1 + Math.max(0, one.skipped))
          forecaster.absorb(at, one.load)
          largest = Math.max(largest, one.load ?? 0)
          const said = forecaster.predict(at)
          if (!isForecast(said)) continue
          checked++
          for (const bounds of everyBound(said)) {
            expect(bounds.every(Number.isFinite)).toBe(true)
            expect(bounds[0]).toBeGreaterThanOrEqual(0)
            expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
            expect(bounds.at(-1)).toBeLessThanOrEqual(2 * largest)
          }
        }
      }),
      { numRuns: 40 },
    )
    expect(checked).toBeGreaterThan(1000)
  })

  test('reach exactly twice the largest load where nothing is certain, and forget a peak after a week', () => {
    const uniform = seededUniform(4)
    const wild = Array.from({ length: 9 * PER_DAY }, (_, tick) => (tick === 10 ? 5e6 : uniform() < 0.02 ? 10_000 * uniform() : 1))
    const tops = forecasts(wild, { pointsMs: [] }).map(one => (isForecast(one) ? one.windows[1]!.quantiles.at(-1)! : 0))
    const late = Math.max(...wild.slice(-7 * PER_DAY))
    expect(Math.max(...tops.slice(0, 7 * PER_DAY))).toBe(1e7)
    expect(Math.max(...tops.slice(-PER_DAY + 1))).toBeLessThanOrEqual(2 * late)
  })

  test('a constant load is forecast as that load', () => {
    const last = forecasts(Array(2 * PER_DAY).fill(700)).at(-1) as Forecast
    for (const bounds of everyBound(last)) for (const bound of bounds) expect(Math.abs(bound / 700 - 1)).toBeLessThan(0.05)
  })

  test('no load at all is forecast as none', () => {
    const last = forecasts(Array(2 * PER_DAY).fill(0)).at(-1) as Forecast
    expect(
      everyBound(last)
        .flat()
        .every(bound => bound === 0),
    ).toBe(true)
  })

  test('a load that comes every third hour is awaited before it comes and not in between', () => {
    const burst = (tick: number) => (tick % 180 < 10 ? 400 : 0)
    const said = forecasts(Array.from({ length: 4 * PER_DAY }, (_, tick) => burst(tick)))
    const at = (minute: number) => (said[3 * PER_DAY + 180 + minute] as Forecast).windows[1]!.quantiles
    expect(at(174)[0]).toBeGreaterThan(200)
    expect(at(90)[0]).toBeLessThan(20)
    expect(at(90).at(-1)).toBeLessThanOrEqual(800)
  })

  test('a load far below one replica gives small numbers, not wrong ones', () => {
    const tiny = seasonal(2).map(load => load * 1e-9)
    const last = forecasts(tiny).at(-1) as Forecast
    for (const bound of everyBound(last).flat()) {
      expect(bound).toBeGreaterThanOrEqual(0)
      expect(bound).toBeLessThanOrEqual(2 * Math.max(...tiny))
    }
  })

  test('one monstrous hour does not bend the forecasts of the days after it', () => {
    const loads = seasonal(6)
    const struck = loads.map((load, tick) => (tick >= 3 * PER_DAY + 300 && tick < 3 * PER_DAY + 360 ? 30 * load : load))
    const errorOf = (series: Loads) => {
      const said = forecasts(series)
      let error = 0
      for (let tick = 5 * PER_DAY; tick + 6 < loads.length; tick++)
        error += Math.abs((said[tick] as Forecast).windows[0]!.quantiles[0]! / loads[tick + 6]! - 1)
      return error
    }
    expect(errorOf(struck)).toBeLessThan(1.5 * errorOf(loads))
  })

  test('the margin is wider at the hours that were always rough', () => {
    const uniform = seededUniform(6)
    const rough = (tick: number) => tick % PER_DAY >= 600 && tick % PER_DAY < 840
    const loads = Array.from({ length: 4 * PER_DAY }, (_, tick) => 1000 * (1 + (rough(tick) ? 0.4 : 0.01) * (uniform() - 0.5)))
    const said = forecasts(loads)
    const margin = (minute: number) => {
      const bounds = (said[3 * PER_DAY + minute] as Forecast).windows[0]!.quantiles
      return bounds[WINDOW_LEVELS.indexOf(0.99)]! / bounds[0]! - 1
    }
    expect(margin(720)).toBeGreaterThan(5 * margin(300))
  })
})

test('hours and days are told by the clock, not by the count of ticks: six hours of five-second ticks are six hours', () => {
  const stepMs = 5000
  const forecaster = seasonalRidge({ ...options, stepMs, windows: [{ fromMs: stepMs, toMs: stepMs }], pointsMs: [] })
  for (let tick = 1; tick * stepMs < 6 * HOUR; tick++) forecaster.absorb(tick * stepMs, 100)
  expect(forecaster.predict(6 * HOUR - stepMs)).toHaveProperty('abstains')
  forecaster.absorb(6 * HOUR, 100)
  expect(forecaster.predict(6 * HOUR)).toHaveProperty('windows')
})

test('the maximum over a window is never below one of its points', () => {
  const windows = [
    { fromMs: 0, toMs: 30 * MINUTE },
    { fromMs: 0, toMs: 5 * MINUTE },
  ]
  const made = forecasts(seasonal(3, { noise: 0.3 }), { windows, pointsMs: [10 * MINUTE, 20 * MINUTE, 30 * MINUTE] }).filter(
    isForecast,
  )
  for (const {
    windows: [wide, narrow],
    points,
  } of made) {
    for (const [level, quantile] of QUANTILES.entries()) {
      const bound = wide!.quantiles[WINDOW_LEVELS.findIndex(one => one === quantile)]!
      for (const point of points) expect(bound).toBeGreaterThanOrEqual(point.quantiles[level]!)
    }
    expect(wide!.quantiles).toEqual([...wide!.quantiles].sort((a, b) => a - b))
    expect(narrow!.quantiles).toHaveLength(WINDOW_LEVELS.length)
  }
  expect(made.length).toBeGreaterThan(1000)
})
