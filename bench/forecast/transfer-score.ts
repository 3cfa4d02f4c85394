import { type Steps, toSteps, valueAt } from '../../src/cli/forecast/steps.ts'
import { decisionWindows } from '../../src/core/decide/block-rule.ts'
import { type SeasonalRidgeOptions, seasonalRidge } from '../../src/core/forecast/seasonal-ridge.ts'
import { type Forecast, QUANTILES, WINDOW_LEVELS, type WindowForecast } from '../../src/core/model.ts'
import type { Forecaster, Snapshot } from '../../src/core/rules.ts'
import type { BenchSeries, Half } from './splits.ts'

/** What is forecast of a series. */
export type Layout = Omit<SeasonalRidgeOptions, 'unit'>

const [MINUTE_MS, FAN_STEP_MS, HORIZON] = [60_000, 300_000, 6]
/** The fan, and the maximum over all of it: values every five minutes. */
export const FAN: Layout = {
  stepMs: FAN_STEP_MS,
  delayMs: -FAN_STEP_MS,
  pointsMs: Array.from({ length: HORIZON }, (_, i) => (i + 1) * FAN_STEP_MS),
  windows: [{ fromMs: FAN_STEP_MS, toMs: HORIZON * FAN_STEP_MS }],
}
/** What the decision asks for where replicas start in two minutes: values every minute. */
export const DECISION: Layout = { stepMs: MINUTE_MS, delayMs: 0, pointsMs: [], windows: decisionWindows(2 * MINUTE_MS) }

/** A series that is young again and again in the second half of its recording, and lends what it knew at the end of the first. */
export interface Pupil {
  readonly name: string
  readonly folder: string
  readonly half: Half
  readonly layout: Layout
  readonly steps: Steps
  /** Load of a replica. */
  readonly unit: number
}

/** Replicas for the median load: three to twenty-two, others for each series, so that nothing rests on loads being alike. */
const replicasOf = (name: string): number => 3 + ((name.length * 7) % 20)

export function pupilOf({ name, folder, half, samples }: BenchSeries, layout: Layout): Pupil {
  const steps = toSteps(samples, layout.stepMs)
  const positive = steps.value.filter((value, i) => steps.present[i] === 1 && value > 0).sort()
  return { name, folder, half, layout, steps, unit: positive[positive.length >> 1]! / replicasOf(name) }
}

/** What a series has learnt in the first half of its recording. */
export function priorOf({ name, layout, steps, unit }: Pupil): Snapshot {
  const forecaster = seasonalRidge({ ...layout, unit })
  for (let step = 0; step < steps.value.length >> 1; step++)
    forecaster.absorb(steps.startMs + step * steps.stepMs, valueAt(steps, step))
  const prior = forecaster.lend()
  if (prior === undefined) throw new Error(`${name} has learnt too little to lend`)
  return prior
}

/** Ends of the ages, in hours; each begins where the one before ends. */
export const AGES = [3, 6, 12, 24, 48] as const
const OLDEST_MS = AGES[AGES.length - 1]! * 60 * MINUTE_MS
/** Times at which a series begins, evenly over the second half of its recording. */
const STARTS = 8

/**
 * Of forecasts made between two ages. Points: where nothing was said, the last value stands in, because somebody has to scale. Windows:
 * pinball loss at 0.9, 0.95 and 0.99, in replicas, of what was said.
 */
export interface Tally {
  points: number
  error: number
  naive: number
  spoken: number
  covered: number
  windows: number
  coveredWindows: number
  loss: number
}

/** A tally for each of AGES, over all starts; every forecast comes from values since its start, and the prior. */
export function scoreYouth(pupil: Pupil, prior?: Snapshot): readonly Tally[] {
  const { steps, layout, unit } = pupil
  const tallies = AGES.map(emptyTally)
  const [first, oldest] = [steps.value.length >> 1, OLDEST_MS / steps.stepMs]
  const room = steps.value.length - oldest - first - reachOf(layout)
  for (let start = 0; start < STARTS; start++) {
    const from = first + Math.floor((start * room) / (STARTS - 1))
    const forecaster = seasonalRidge({ ...layout, unit })
    if (prior !== undefined && !forecaster.borrow(prior)) throw new Error('the prior is of another shape')
    for (let age = 0; age < oldest; age++) {
      const [origin, at] = [from + age, steps.startMs + (from + age) * steps.stepMs]
      forecaster.absorb(at, valueAt(steps, origin))
      if (valueAt(steps, origin) === undefined) continue
      const tally = tallies[AGES.findIndex(hours => age * steps.stepMs < hours * 60 * MINUTE_MS)]!
      addTo(tally, { pupil, origin, said: forecaster.predict(at) })
    }
  }
  return tallies
}

const emptyTally = (): Tally => ({
  points: 0,
  error: 0,
  naive: 0,
  spoken: 0,
  covered: 0,
  windows: 0,
  coveredWindows: 0,
  loss: 0,
})

/** Steps ahead that a forecast reaches. */
const reachOf = (layout: Layout): number =>
  Math.max(...[...layout.windows.map(({ toMs }) => toMs), ...layout.pointsMs]) / layout.stepMs + 2

interface Saying {
  readonly pupil: Pupil
  readonly origin: number
  readonly said: ReturnType<Forecaster['predict']>
}

function addTo(tally: Tally, saying: Saying): void {
  const { pupil, origin, said } = saying
  const forecast = 'abstains' in said ? undefined : said
  for (const [i, ms] of pupil.layout.pointsMs.entries()) addPoint(tally, saying, { forecast, i, ahead: ms / pupil.layout.stepMs })
  for (const window of forecast?.windows ?? []) addWindow(tally, { pupil, origin }, window)
}

const P95 = QUANTILES.indexOf(0.95)

interface Point {
  readonly forecast: Forecast | undefined
  readonly i: number
  readonly ahead: number
}

function addPoint(tally: Tally, { pupil: { steps }, origin }: Saying, { forecast, i, ahead }: Point): void {
  const actual = valueAt(steps, origin + ahead)
  if (actual === undefined) return
  const naive = Math.abs(actual - steps.value[origin]!)
  const said = forecast?.points[i]?.quantiles
  tally.points += 1
  tally.naive += naive
  tally.error += said === undefined ? naive : Math.abs(actual - said[0]!)
  if (said === undefined) return
  tally.spoken += 1
  if (actual <= said[P95]!) tally.covered += 1
}

const LEVELS = [0.9, 0.95, 0.99].map(level => ({ level, place: WINDOW_LEVELS.findIndex(one => one === level) }))

function addWindow(
  tally: Tally,
  { pupil, origin }: Pick<Saying, 'pupil' | 'origin'>,
  { fromMs, toMs, quantiles }: WindowForecast,
): void {
  const { steps, unit, layout } = pupil
  // "0 ms ahead" is the tick after the newest.
  const ticks = (ms: number) => origin + Math.round((ms + layout.delayMs) / steps.stepMs) + 1
  let highest = 0
  for (let step = ticks(fromMs); step <= ticks(toMs); step++) {
    const value = valueAt(steps, step)
    if (value === undefined) return
    highest = Math.max(highest, value)
  }
  tally.windows += 1
  for (const { level, place } of LEVELS) {
    const over = (quantiles[place]! - highest) / unit
    tally.loss += over >= 0 ? (1 - level) * over : -level * over
    if (level === 0.95 && over >= 0) tally.coveredWindows += 1
  }
}
