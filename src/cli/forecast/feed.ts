import { type OutsideForecasts, seasonalRidge } from '../../core/forecast/seasonal-ridge.ts'
import type { Forecast } from '../../core/model.ts'
import type { Forecaster } from '../../core/rules.ts'
import { type Steps, valueAt } from './steps.ts'

/** The forecaster on one series, step by step: nothing in it knows a step that was not absorbed. */
export interface Feed {
  /** Takes the next step in. */
  absorb(): void
  /** From the newest step; `undefined` while there is too little history. */
  forecast(): Forecast | undefined
  /** Steps with a value so far. */
  readonly seen: number
  /** Whether the next step completes an hour, after which the models are fitted again. */
  readonly fitsNext: boolean
}

/** What is asked of the forecaster, in steps of a series. */
export interface Reach {
  readonly horizonSteps: number
  /** Also the maximum over the horizon. */
  readonly withMaximum: boolean
  /** What a model of the user's own says of the same steps. */
  readonly outside?: OutsideForecasts
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** The regression has 22 coefficients and solves from 67 rows on; rows fade, so that coarse steps need up to 81. */
const ROWS = 90

const stepsPerHour = (stepMs: number): number => Math.max(1, Math.round(HOUR_MS / stepMs))
export const stepsPerDay = (stepMs: number): number => Math.max(1, Math.round(DAY_MS / stepMs))

/**
 * Values without which there is no forecast: six hours, rows enough for the first fit at every horizon, and an hour of errors
 * to tell the spread from.
 */
export function stepsNeeded(stepMs: number, horizonSteps: number): number {
  const perHour = stepsPerHour(stepMs)
  return Math.max(6 * perHour, ROWS) + horizonSteps + perHour
}

/**
 * The forecaster thinks in multiples of a unit (elsewhere the load of a replica): what is far below it is not modelled. A series
 * has no replicas, so the unit is its median positive value. It is taken from the newer half of the past whenever the
 * past has doubled, and where it moved by more than a factor of two the forecaster begins again and hears the past once more:
 * in this way no forecast depends on what comes after it. It knows no negative loads either: a series that has some is lifted, to
 * twice the depth of the lowest value so far, and begins again whenever a lower one comes.
 */
export function createFeed(steps: Steps, reach: Reach): Feed {
  const perHour = stepsPerHour(steps.stepMs)
  let next = 0
  let seen = 0
  let reviewAt = 6 * perHour
  let unit: number | undefined
  let lift = 0
  let forecaster: Forecaster | undefined

  const hear = (step: number) => {
    const value = valueAt(steps, step)
    forecaster?.absorb(steps.startMs + step * steps.stepMs, value === undefined ? undefined : value + lift)
  }
  const beginAgain = () => {
    if (unit === undefined) return
    forecaster = forecasterOf(steps.stepMs, lifted(reach, lift), unit)
    for (let step = 0; step < next; step++) hear(step)
  }
  const review = () => {
    const wanted = unitOf(steps, { from: reviewAt >> 1, to: reviewAt, lift })
    reviewAt *= 2
    if (wanted === undefined || (unit !== undefined && wanted <= 2 * unit && wanted >= unit / 2)) return
    unit = wanted
    beginAgain()
  }
  const liftFor = (value: number) => {
    if (value + lift >= 0) return
    lift = 2 ** Math.ceil(Math.log2(-2 * value)) // of whole numbers a whole number
    if (unit !== undefined) unit = unitOf(steps, { from: 0, to: next + 1, lift })
    beginAgain()
  }
  return {
    get seen() {
      return seen
    },
    get fitsNext() {
      return (next + 1) % perHour === 0
    },
    absorb() {
      liftFor(valueAt(steps, next) ?? 0)
      hear(next)
      if (steps.present[next] === 1) seen += 1
      next += 1
      if (next === reviewAt) review()
    },
    forecast() {
      if (seen < stepsNeeded(steps.stepMs, reach.horizonSteps)) return
      const made = forecaster?.predict(steps.startMs + (next - 1) * steps.stepMs)
      return made === undefined || 'abstains' in made ? undefined : lowered(made, lift)
    },
  }
}

/**
 * The forecaster's windows count in ticks after the newest one, and a tick that is under way counts as begun: `0 ms ahead` is the
 * tick after the newest. A delay of minus one step makes `h ms ahead` the value that ends `h` after the newest value.
 */
function forecasterOf(stepMs: number, { horizonSteps, withMaximum, outside }: Reach, unit: number): Forecaster {
  return seasonalRidge({
    stepMs,
    delayMs: -stepMs,
    unit,
    ...(outside && { outside }),
    pointsMs: Array.from({ length: horizonSteps }, (_, index) => (index + 1) * stepMs),
    windows: withMaximum ? [{ fromMs: stepMs, toMs: horizonSteps * stepMs }] : [],
  })
}

function lifted(reach: Reach, lift: number): Reach {
  const { outside } = reach
  if (outside === undefined || lift === 0) return reach
  const at = (time: number, steps: number) => {
    const said = outside.at(time, steps)
    return said === undefined ? undefined : said + lift
  }
  return { ...reach, outside: { name: outside.name, at } }
}

function lowered(forecast: Forecast, lift: number): Forecast {
  if (lift === 0) return forecast
  const lower = <T extends { readonly quantiles: readonly number[] }>(one: T): T => ({
    ...one,
    quantiles: one.quantiles.map(value => value - lift),
  })
  return { ...forecast, points: forecast.points.map(lower), windows: forecast.windows.map(lower) }
}

interface Part {
  readonly from: number
  readonly to: number
  readonly lift: number
}

/** Median positive value of [from, to); 1 where all is zero, `undefined` where there is no value at all. */
function unitOf({ value, present }: Steps, { from, to, lift }: Part): number | undefined {
  const known = value
    .subarray(from, to)
    .filter((_, index) => present[from + index] === 1)
    .map(one => one + lift)
  const positive = known.filter(one => one > 0).sort()
  if (positive.length > 0) return positive[positive.length >> 1]!
  return known.length > 0 ? 1 : undefined
}
