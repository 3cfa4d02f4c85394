import { describe, expect, test } from 'vitest'
import type { Samples } from '../../ports.ts'
import { evaluate, type Prediction } from './evaluate.ts'
import { stepsNeeded } from './feed.ts'
import { toSteps } from './steps.ts'

const STEP = 300_000
const START = 1_763_942_400_000
const PER_DAY = 288

function series(length: number, valueAtStep: (index: number) => number | undefined): Samples {
  const rows = Array.from({ length }, (_, index) => [START + index * STEP, valueAtStep(index)] as const).filter(
    (row): row is readonly [number, number] => row[1] !== undefined,
  )
  return { at: Float64Array.from(rows, ([at]) => at), value: Float64Array.from(rows, ([, value]) => value) }
}

function predictions(samples: Samples, horizonSteps = 6): readonly Prediction[] {
  const made: Prediction[] = []
  evaluate(toSteps(samples, STEP), { horizonSteps, onPrediction: one => made.push(one) })
  return made
}

/** Repeatable noise in -1..1. */
const noise = (index: number) => ((Math.sin(index * 12.9898) * 43_758.5453) % 1) as number
const wave = (index: number) => 100 + 60 * Math.sin((2 * Math.PI * index) / PER_DAY) + 8 * noise(index)

describe('alignment', () => {
  // Twice a day the load jumps from 10 to 100 and back, at the same minute: one step too early or too late is on the wrong side.
  const jumps = (index: number) => (index % 144 >= 60 && index % 144 < 100 ? 100 : 10)
  const made = predictions(series(8 * PER_DAY, jumps))

  test('a forecast is for the step that it is compared with, at every horizon and on both sides of a jump', () => {
    for (const edge of [60, 100]) {
      for (let horizon = 1; horizon <= 6; horizon++) {
        for (const index of [edge - 1, edge]) {
          const target = START + (7 * PER_DAY + 144 + index) * STEP
          const one = made.find(({ origin, target: own }) => own === target && origin === target - horizon * STEP)!
          expect(Math.abs(one.quantiles[0]! - jumps(index))).toBeLessThan(45)
        }
      }
    }
  })
})

describe('no look-ahead', () => {
  const length = 9 * PER_DAY
  // The level rises eightfold on the third day, so that the unit of the forecaster is reviewed on the way.
  const rising = (index: number) => wave(index) * (index > 3 * PER_DAY ? 8 : 1)
  const whole = predictions(series(length, rising))

  test('what comes after an origin changes nothing of its forecasts, bit for bit', () => {
    const cut = Math.floor(length * 0.9)
    const changed = predictions(series(length, index => (index > cut ? 5000 * Math.abs(noise(index)) : rising(index))))
    const untouched = (all: readonly Prediction[]) =>
      all
        .filter(({ origin }) => origin <= START + cut * STEP)
        .map(({ origin, target, quantiles }) => [origin, target, ...quantiles])
    expect(untouched(changed).length).toBeGreaterThan(3000)
    expect(untouched(changed)).toEqual(untouched(whole))
    expect(changed.at(-1)).not.toEqual(whole.at(-1))
  })

  test('a file that ends earlier gives the same forecasts from the origins that it shares', () => {
    const key = ({ origin, target }: Prediction) => `${origin} ${target}`
    const known = new Map(whole.map(one => [key(one), one.quantiles]))
    const shared = predictions(series(Math.floor(length * 0.85), rising)).filter(one => known.has(key(one)))
    expect(shared.length).toBeGreaterThan(1500)
    for (const one of shared) expect(one.quantiles).toEqual(known.get(key(one)))
  })
})

describe('what is evaluated', () => {
  const run = (samples: Samples, horizonSteps = 6) => evaluate(toSteps(samples, STEP), { horizonSteps })

  test('the last 30 % of a long series, at least a day, at most half; what lies before is the history', () => {
    const daysAfter = (days: number) => {
      const { evaluatedFrom, evaluatedSteps } = run(series(days * PER_DAY, wave))
      expect((evaluatedFrom - START) / STEP).toBe(days * PER_DAY - evaluatedSteps - 1)
      return evaluatedSteps / PER_DAY
    }
    expect(daysAfter(10)).toBe(3)
    expect(daysAfter(2.5)).toBe(1)
    expect(daysAfter(1)).toBe(0.5)
  })

  test('every origin forecasts every horizon; targets in a gap and after the end are not scored', () => {
    const evaluated = 3 * PER_DAY
    expect(run(series(10 * PER_DAY, wave)).points).toBe(6 * evaluated - (1 + 2 + 3 + 4 + 5))
    const gap = (index: number) => (index >= 9 * PER_DAY && index < 9 * PER_DAY + 4 ? undefined : wave(index))
    const made = predictions(series(10 * PER_DAY, gap))
    const times = new Set(series(10 * PER_DAY, gap).at)
    expect(made.every(({ origin, target }) => times.has(origin) && times.has(target))).toBe(true)
    expect(made.some(({ target }) => target === START + (9 * PER_DAY + 4) * STEP)).toBe(true)
  })

  test('mase is measured by the day before where the history is longer than a day, else by the value before', () => {
    const long = run(series(4 * PER_DAY, index => index))
    expect(long).toMatchObject({ maseScale: PER_DAY, maseScaleBy: 'seasonalNaiveDay' })
    expect(run(series(PER_DAY, index => index))).toMatchObject({ maseScale: 1, maseScaleBy: 'naive' })
  })

  test('baselines: the last value, and those of a day and a week ago where the history has them', () => {
    const names = (days: number) => run(series(days * PER_DAY, wave)).baselines.map(({ name }) => name)
    expect(names(1)).toEqual(['naive'])
    expect(names(4)).toEqual(['naive', 'seasonalNaiveDay'])
    expect(names(11)).toEqual(['naive', 'seasonalNaiveDay', 'seasonalNaiveWeek'])
    const straight = run(series(11 * PER_DAY, index => index)).baselines
    expect(straight[0]?.mase).toBeCloseTo(3.5 / PER_DAY, 2) // 1 to 6 steps ahead of a slope of 1
    expect(straight[1]?.mase).toBeCloseTo(1, 12)
    expect(straight[2]?.mase).toBeCloseTo(7, 12)
  })

  test('a horizon beyond a day falls back on the last day that was known at the origin', () => {
    const stepMs = 3 * 3_600_000 // eight a day
    const at = Float64Array.from({ length: 480 }, (_, index) => START + index * stepMs)
    const value = Float64Array.from(at, (_, index) => index)
    const { baselines } = evaluate(toSteps({ at, value }, stepMs), { horizonSteps: 9 })
    expect(baselines[1]?.mase).toBeCloseTo((8 * 8 + 16) / 9 / 8, 2) // the ninth step is forecast by the value of two days before
  })

  test('origins with too little history are counted and not scored', () => {
    const needed = stepsNeeded(STEP, 6)
    const { originsWithoutForecast, points } = run(series(180, wave))
    expect(originsWithoutForecast).toBe(needed - 90)
    expect(points).toBe(6 * (180 - needed + 1) - (1 + 2 + 3 + 4 + 5 + 6))
    expect(run(series(60, wave))).toMatchObject({ points: 0, mase: undefined, wape: undefined, pinball: undefined })
  })

  test('a series that never changes has no scale, one of zeros no wape; both are forecast as they are', () => {
    const flat = run(series(3 * PER_DAY, () => 7))
    expect(flat).toMatchObject({ mase: undefined, maseScale: 0 })
    expect(flat.wape).toBeLessThan(0.01)
    expect(run(series(3 * PER_DAY, () => 0))).toMatchObject({ mase: undefined, wape: undefined })
  })

  test('load that begins after days of zeros is forecast', () => {
    const { wape } = run(series(12 * PER_DAY, index => (index < 5 * PER_DAY ? 0 : wave(index))))
    expect(wape).toBeLessThan(0.1)
  })

  test('fits and forecasts are timed apart', () => {
    let clock = 0
    const { msPerFit, msPerForecast } = evaluate(toSteps(series(2 * PER_DAY, wave), STEP), {
      horizonSteps: 1,
      now: () => clock++,
    })
    expect([msPerFit, msPerForecast]).toEqual([1, 2]) // a forecast takes a value in, and tells
  })
})
