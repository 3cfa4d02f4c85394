import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Target } from '../../model.ts'
import { crescendoRules } from '../../policy/crescendo-rules.ts'
import type { Forecaster } from '../../rules.ts'
import { seasonalLoad } from '../seeded-load.ts'
import { measured } from './measured.ts'

const MINUTE = 60_000
const STEP = 5 * MINUTE
const options = { stepMs: STEP, horizonsMs: [STEP, 30 * MINUTE], unit: 10 }

/** Says that every step will be `factor` times the newest mean of five minutes. */
function lastValue(factor = 1): Forecaster {
  let [open, sum, count, mean] = [0, 0, 0, 0]
  return {
    name: 'last value',
    absorb(at, demand) {
      const now = Math.ceil(at / STEP)
      if (now > open) {
        mean = count > 0 ? sum / count : mean
        ;[open, sum, count] = [now, 0, 0]
      }
      if (demand === undefined) return
      sum += demand
      count += 1
    },
    predict(now) {
      if (mean === 0) return { abstains: 'nothing yet' }
      const end = (open - 1) * STEP
      const points = [1, 2, 6].map(steps => ({
        at: end + steps * STEP,
        quantiles: [1, 1.1, 1.2, 1.3, 1.4].map(by => by * factor * mean),
      }))
      return { by: 'last value', madeAt: now, points, windows: [] }
    },
  }
}

function live(forecaster: Forecaster, loads: readonly (number | undefined)[], from = 0) {
  loads.forEach((load, i) => {
    forecaster.absorb((from + i + 1) * MINUTE, load)
    forecaster.predict((from + i + 1) * MINUTE)
  })
  return forecaster
}
const steps = (count: number, load: (step: number) => number) =>
  Array.from({ length: count * 5 }, (_, i) => load(Math.floor(i / 5)))

describe('a forecaster that is measured', () => {
  test('says what it would say otherwise, under its own name', () => {
    const [plain, watched] = [lastValue(), measured(lastValue(), options)]
    const loads = steps(20, step => 100 + step)
    live(plain, loads)
    live(watched, loads)
    expect(watched.name).toBe('last value')
    expect(watched.predict(101 * MINUTE)).toEqual(plain.predict(101 * MINUTE))
    expect(measured(lastValue(), options).predict(0)).toEqual({ abstains: 'nothing yet' })
    expect(measured(lastValue(), options).accuracy!().horizons).toEqual([])
  })

  test('each step is compared with what was said of it, once, at each horizon', () => {
    const accuracy = live(
      measured(lastValue(), options),
      steps(41, step => 100 + step),
    ).accuracy!()
    // Steps 1..40 are over; the first forecast was made after step 1.
    expect(accuracy.horizons.map(({ horizonSeconds, count }) => [horizonSeconds, count])).toEqual([
      [300, 39],
      [1800, 34],
    ])
    // The last value lags by the horizon, which is what the naive forecast does too.
    expect(accuracy.horizons.map(({ overNaive, mase }) => [overNaive, mase])).toEqual([
      [1, undefined],
      [1, undefined],
    ])
    expect(accuracy.horizons[1]!.bias).toBeLessThan(0)
    expect(accuracy.horizons[1]!.wape).toBeCloseTo(-accuracy.horizons[1]!.bias!, 9)
    expect(accuracy.trust).toBeUndefined() // before two days of them
  })

  test('against the day before, once there is one', () => {
    const day = 288
    const saw = (step: number) => 100 + (step % 4) * 10
    const accuracy = live(
      measured(lastValue(1.1), options),
      steps(day + 40, step => saw(step) * (step < day ? 1 : 1.05)),
    ).accuracy!()
    expect(accuracy.horizons[1]!.mase).toBeGreaterThan(1)
  })

  test('steps without a value, and forecasts made across a gap, are not compared', () => {
    const loads = steps(60, () => 100)
    const gap = loads.map((load, i) => (i >= 100 && i < 200 ? undefined : load))
    const [whole, torn] = [loads, gap].map(one => live(measured(lastValue(), options), one).accuracy!().horizons[0]!.count)
    expect([whole, torn]).toEqual([58, 37])
    // Nobody looked for two hours: the first step after it is not compared with what was said before.
    const slept = live(live(measured(lastValue(), options), loads.slice(0, 100)), loads.slice(0, 100), 240)
    expect(slept.accuracy!().horizons[0]!.count).toBe(37)
  })

  test('what came later does not change what was said of how good it was before', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 60, maxLength: 200 }),
        fc.integer({ min: 30, max: 59 }),
        (loads, cut) => {
          const early = live(measured(lastValue(), options), loads.slice(0, cut)).accuracy!()
          const [one, other] = [measured(lastValue(), options), measured(lastValue(), options)]
          live(one, loads.slice(0, cut))
          live(other, [...loads.slice(0, cut)])
          expect(one.accuracy!()).toEqual(early)
          live(one, loads.slice(cut), cut)
          live(
            other,
            loads.slice(cut).map(load => load * 7),
            cut,
          )
          expect(early).toEqual(live(measured(lastValue(), options), loads.slice(0, cut)).accuracy!())
        },
      ),
      { numRuns: 20 },
    )
  })

  test('the scale of the loads does not matter to shares and ratios', () => {
    const loads = seasonalLoad({ seed: 5, ticks: 3000, stepMs: MINUTE, mean: 50, swing: 0.4, noise: 0.2 })
    const [small, large] = [1, 1024].map(by =>
      live(
        measured(lastValue(), { ...options, unit: 10 * by }),
        loads.map(load => load * by),
      ).accuracy!(),
    )
    expect(large!.horizons.map(({ pinball: _, ...rest }) => rest)).toEqual(small!.horizons.map(({ pinball: _, ...rest }) => rest))
    expect(large!.drift).toEqual(small!.drift)
  })
})

describe('the forecaster of our rules', () => {
  const target: Target = {
    id: 'shop/web',
    minReplicas: 1,
    maxReplicas: 100,
    capacityPerReplica: 10,
    startupMs: MINUTE,
    periodMs: MINUTE,
    workloadKind: 'Deployment',
  } as unknown as Target
  const rules = () => crescendoRules({ mode: 'Slo', target, delayMs: 0 })
  const loads = seasonalLoad({ seed: 3, ticks: 5 * 1440, stepMs: MINUTE, mean: 50, swing: 0.5, noise: 0.05 })

  test('knows its accuracy at 5, 15 and 30 minutes and of the window, and resumes with it', () => {
    const first = live(rules().forecaster!, loads.slice(0, 4000))
    const second = rules().forecaster!
    expect(second.restore!(first.snapshot!())).toBe(true)
    live(first, loads.slice(4000), 4000)
    live(second, loads.slice(4000), 4000)
    const accuracy = first.accuracy!()
    expect(second.accuracy!()).toEqual(accuracy)
    expect(accuracy.horizons.map(({ horizonSeconds }) => horizonSeconds)).toEqual([300, 900, 1800])
    expect(accuracy.horizons[2]!.overNaive).toBeLessThan(0.7)
    expect(accuracy.window!.count).toBeGreaterThan(100)
    expect(accuracy.trust).toBeGreaterThan(0.5)
    expect(accuracy.champion!.name).toBe('ensemble')
    const errorOf = (name: string) => accuracy.champion!.candidates.find(one => one.name === name)!.meanAbsoluteError
    expect(errorOf('ensemble')).toBeLessThan(errorOf('a day ago'))
    expect(errorOf('ensemble')).toBeLessThan(0.1 * 50)
  })
})
