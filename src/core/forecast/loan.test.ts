import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Forecast } from '../model.ts'
import type { Snapshot } from '../rules.ts'
import { withFan } from './fan.ts'
import { late } from './late.ts'
import { type SeasonalRidgeOptions, seasonalRidge } from './seasonal-ridge.ts'
import { seasonalLoad, seededUniform } from './seeded-load.ts'

const STEP_MS = 300_000
const [HOUR, DAY] = [12, 288]
const options: SeasonalRidgeOptions = {
  stepMs: STEP_MS,
  delayMs: -STEP_MS,
  windows: [{ fromMs: STEP_MS, toMs: 6 * STEP_MS }],
  pointsMs: [STEP_MS, 6 * STEP_MS],
  unit: 100,
}
type Ridge = ReturnType<typeof seasonalRidge>

const rhythm = (seed: number, days: number, mean = 1000) =>
  seasonalLoad({ seed, ticks: days * DAY, stepMs: STEP_MS, mean, swing: 0.6, noise: 0.05 })

function taught(loads: readonly number[], change: Partial<SeasonalRidgeOptions> = {}): Ridge {
  const ridge = seasonalRidge({ ...options, ...change })
  for (const [tick, load] of loads.entries()) ridge.absorb((tick + 1) * STEP_MS, load)
  return ridge
}

/** What it says after each further value; `from` of them came before. */
function forecasts(ridge: Ridge, loads: readonly number[], from = 0) {
  return loads.slice(from).map((load, i) => {
    const at = (from + i + 1) * STEP_MS
    ridge.absorb(at, load)
    return ridge.predict(at)
  })
}

const borrower = (prior: Snapshot, change: Partial<SeasonalRidgeOptions> = {}) => {
  const ridge = seasonalRidge({ ...options, ...change })
  expect(ridge.borrow(prior)).toBe(true)
  return ridge
}

const grown = taught(rhythm(1, 5))
const prior = grown.lend()!
const young = rhythm(2, 2)
const isForecast = (said: Forecast | { abstains: string }): said is Forecast => 'windows' in said
const median = (said: Forecast | { abstains: string } | undefined) => (said as Forecast).points[1]!.quantiles[0]!

describe('a young series that was lent what another one has learnt', () => {
  test('speaks after three hours instead of six, and says until then how many it has', () => {
    const said = forecasts(borrower(prior), young)
    expect(said.findIndex(isForecast)).toBe(3 * HOUR - 1)
    expect(said[HOUR - 1]).toEqual({ abstains: '1.0 h of the 3 h of history that a forecast needs' })
    expect(said.slice(3 * HOUR - 1).every(isForecast)).toBe(true)
  })

  test('is nearer to what comes in its first day than the last value, and than without', () => {
    const error = (sayings: ReturnType<typeof forecasts>, from: number) => {
      let [sum, naive] = [0, 0]
      for (let tick = from; tick < DAY; tick++) {
        sum += Math.abs(median(sayings[tick]) - young[tick + 6]!)
        naive += Math.abs(young[tick]! - young[tick + 6]!)
      }
      return sum / naive
    }
    const [helped, alone] = [forecasts(borrower(prior), young), forecasts(seasonalRidge(options), young)]
    expect(error(helped, 3 * HOUR)).toBeLessThan(0.8)
    expect(error(helped, 9 * HOUR)).toBeLessThan(0.9 * error(alone, 9 * HOUR))
  })

  test('stands by it for a day, and no longer', () => {
    const ridge = seasonalRidge(options)
    expect(ridge.prior()).toBe('open')
    ridge.borrow(prior)
    expect(ridge.prior()).toBe('used')
    forecasts(ridge, young.slice(0, DAY - 1))
    expect(ridge.prior()).toBe('used')
    forecasts(ridge, young.slice(0, DAY), DAY - 1)
    expect(ridge.prior()).toBe('none')
  })

  test('is soon its own master: what two very different lenders leave behind fades as own values come', () => {
    const uniform = seededUniform(3)
    const wild = taught(Array.from({ length: 4 * DAY }, () => 1000 * (0.2 + 2 * uniform()))).lend()!
    const loads = rhythm(2, 10)
    const [one, other] = [forecasts(borrower(prior), loads), forecasts(borrower(wild), loads)]
    const apart = (day: number) => {
      let sum = 0
      for (let tick = day * DAY; tick < (day + 1) * DAY; tick++)
        sum += isForecast(one[tick]!) ? Math.abs(Math.log(median(one[tick]) / median(other[tick]))) : 0
      return sum / DAY
    }
    expect(apart(0)).toBeGreaterThan(0.02)
    expect(apart(9)).toBeLessThan(0.2 * apart(0))
  })

  test('takes relations over, not loads: in another unit, of another lender in another unit, it says the same in that unit', () => {
    const scaled = taught(
      rhythm(1, 5).map(load => 50 * load),
      { unit: 5000 },
    ).lend()!
    const ofScaled = forecasts(
      borrower(scaled, { unit: 1 }),
      young.map(load => load / 100),
    )
    forecasts(borrower(prior), young).forEach((said, tick) => {
      const other = ofScaled[tick]!
      expect(isForecast(other)).toBe(isForecast(said))
      if (!isForecast(said) || !isForecast(other)) return
      for (const [i, { quantiles }] of said.points.entries())
        for (const [level, quantile] of quantiles.entries())
          expect((100 * other.points[i]!.quantiles[level]!) / quantile).toBeCloseTo(1, 2)
    })
  })

  test('is told nearly the same by a lender of ten replicas and by one of five hundred', () => {
    const large = taught(rhythm(1, 5), { unit: 2 }).lend()!
    const [ofLarge, ofAlike] = [forecasts(borrower(large), young), forecasts(borrower(prior), young)]
    for (let tick = 3 * HOUR; tick < DAY; tick++)
      expect(Math.abs(median(ofLarge[tick]) / median(ofAlike[tick]) - 1)).toBeLessThan(0.01)
  })

  test('whatever comes after a moment, every forecast up to it is the same to the last bit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: DAY - 1 }), fc.integer(), (cut, seed) => {
        const uniform = seededUniform(seed)
        const other = young.slice(0, DAY).map((load, tick) => (tick < cut ? load : 5000 * uniform()))
        const [ofOne, ofOther] = [forecasts(borrower(prior), young.slice(0, cut)), forecasts(borrower(prior), other)]
        expect(ofOther.slice(0, cut)).toEqual(ofOne)
      }),
      { numRuns: 5 },
    )
  })

  test.each([0, 5, HOUR, 2 * HOUR, DAY])('goes on from what was written down after %i values', cut => {
    const before = borrower(prior)
    forecasts(before, young.slice(0, cut))
    const after = seasonalRidge(options)
    expect(after.restore(structuredClone(before.snapshot()))).toBe(true)
    expect(after.prior()).toBe(before.prior())
    expect(forecasts(after, young, cut)).toEqual(forecasts(before, young, cut))
  })

  test('a lender is left as it was, and lends nothing before its third day', () => {
    const [asked, silent] = [taught(rhythm(1, 5)), taught(rhythm(1, 5))]
    asked.lend()
    expect(asked.snapshot()).toEqual(silent.snapshot())
    expect(taught(rhythm(1, 3).slice(1)).lend()).toBeUndefined()
    expect(taught(rhythm(1, 3)).lend()).toBeDefined()
    expect(taught(Array(3 * DAY).fill(undefined)).lend()).toBeUndefined()
  })
})

describe('a prior is refused, and nothing changes,', () => {
  const refuses = (ridge: Ridge, offered: Snapshot) => {
    const before = ridge.snapshot()
    expect(ridge.borrow(offered)).toBe(false)
    expect(ridge.snapshot()).toEqual(before)
  }

  test('where step, windows, points or the model from outside are others', () => {
    const others: readonly Partial<SeasonalRidgeOptions>[] = [
      { stepMs: 60_000 },
      { windows: [] },
      { windows: [{ fromMs: STEP_MS, toMs: 5 * STEP_MS }] },
      { pointsMs: [STEP_MS] },
      { outside: { name: 'own', at: () => undefined } },
    ]
    for (const change of others) refuses(seasonalRidge({ ...options, ...change }), prior)
  })

  test('where a version or a name is another', () => {
    refuses(seasonalRidge(options), { ...prior, version: prior.version + 1 })
    refuses(seasonalRidge(options), { ...prior, kind: 'prior of another' })
    refuses(seasonalRidge(options), grown.snapshot())
  })

  test('where anything in it is missing, of another length, or no number', () => {
    const paths = arraysIn(prior.state)
    expect(paths.length).toBeGreaterThan(10)
    const ridge = seasonalRidge(options)
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.constantFrom('missing', 'shorter', 'NaN', 'text'), (path, damage) => {
        expect(ridge.borrow({ ...prior, state: damaged(prior.state, path, damage) })).toBe(false)
      }),
      { numRuns: 50 },
    )
    for (const state of [undefined, null, 'text', [], {}]) expect(ridge.borrow({ ...prior, state })).toBe(false)
    expect(ridge.snapshot()).toEqual(seasonalRidge(options).snapshot())
  })

  test('where one was taken already, or six hours of its own are there', () => {
    refuses(borrower(prior), prior)
    const taken = borrower(prior)
    forecasts(taken, young.slice(0, 2 * HOUR))
    refuses(taken, prior)
    const old = taught(young.slice(0, 6 * HOUR))
    expect(old.prior()).toBe('none')
    refuses(old, prior)
  })

  test('and where it is written down damaged, what was written down is refused as a whole', () => {
    const before = borrower(prior).snapshot()
    const fresh = seasonalRidge(options)
    const state = before.state as { loan: { waits: unknown[] } }
    for (const waits of [[{}], [prior.state, prior.state], 'text'])
      expect(fresh.restore({ ...before, state: { ...state, loan: { ...state.loan, waits } } })).toBe(false)
    expect(fresh.snapshot()).toEqual(seasonalRidge(options).snapshot())
  })

  test('and forecasts are those that it would have made had nobody offered one', () => {
    const offered = seasonalRidge(options)
    offered.borrow({ ...prior, version: 0 })
    expect(forecasts(offered, young)).toEqual(forecasts(seasonalRidge(options), young))
  })
})

describe('the forecaster with a fan that is made late', () => {
  const fan = (everyMs = STEP_MS) =>
    late(() => seasonalRidge({ ...options, stepMs: everyMs, delayMs: 0, windows: [] }), { name: 'fan', afterMs: 5 * 3_600_000 })
  const whole = (everyMs = STEP_MS) => withFan(seasonalRidge({ ...options, pointsMs: [] }), { fan: fan(everyMs), everyMs })
  const teach = (one: ReturnType<typeof whole>, loads: readonly number[]) => {
    for (const [tick, load] of loads.entries()) one.absorb((tick + 1) * STEP_MS, load)
    return one
  }
  const lent = teach(whole(), rhythm(1, 5)).lend?.()

  test('lends both and borrows both: after three hours it shows its windows and its fan', () => {
    for (const age of [0, HOUR, 5.5 * HOUR]) {
      const one = teach(whole(), young.slice(0, age))
      expect(one.prior?.()).toBe('open')
      expect(one.borrow?.(lent!)).toBe(true)
      expect(one.prior?.()).toBe('used')
      for (let tick = age; tick < 7 * HOUR; tick++) one.absorb((tick + 1) * STEP_MS, young[tick])
      expect((one.predict(7 * HOUR * STEP_MS) as Forecast).points).toHaveLength(2)
    }
  })

  test('borrows nothing where either refuses, and lends nothing while either has too little', () => {
    const [windows, points] = (lent?.state ?? []) as Snapshot[]
    const offers: readonly unknown[] = [
      [windows, { ...points, version: 0 }],
      [{ ...windows, version: 0 }, points],
      [windows],
      [],
      'text',
      [1, 2],
    ]
    for (const state of offers) {
      const one = whole()
      const before = one.snapshot?.()
      expect(one.borrow?.({ ...lent!, state })).toBe(false)
      expect(one.snapshot?.()).toEqual(before)
    }
    expect(whole(2 * STEP_MS).borrow?.(lent!)).toBe(false)
    expect(whole().borrow?.({ ...lent!, version: 0 })).toBe(false)
    expect(whole().lend?.()).toBeUndefined()
    expect(fan().lend()).toBeUndefined()
  })
})

type Path = readonly (string | number)[]

function arraysIn(state: unknown, path: Path = []): readonly Path[] {
  if (ArrayBuffer.isView(state)) return (state as Float64Array).length > 0 ? [path] : []
  return Object.entries(state as object).flatMap(([name, one]) => arraysIn(one, [...path, name]))
}

/** A copy in which the array at `path` is damaged. */
function damaged(state: unknown, path: Path, how: string): unknown {
  const copy = structuredClone(state) as Record<string, unknown>
  let holder = copy
  for (const name of path.slice(0, -1)) holder = holder[name] as Record<string, unknown>
  const name = path.at(-1)!
  const array = holder[name] as Float64Array
  if (how === 'missing') holder[name] = undefined
  else if (how === 'shorter') holder[name] = array.slice(1)
  else if (how === 'text') holder[name] = 'text'
  else array[0] = Number.NaN
  return copy
}
