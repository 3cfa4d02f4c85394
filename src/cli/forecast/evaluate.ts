import type { OutsideForecasts } from '../../core/forecast/seasonal-ridge.ts'
import { type Accuracy, type PointAccuracy, pointScore, quantileScore, scoredOf } from './accuracy.ts'
import { type Baseline, baselinesFor, ownModel, scaleOf } from './baselines.ts'
import { createFeed, type Feed, stepsNeeded, stepsPerDay } from './feed.ts'
import { type Steps, valueAt } from './steps.ts'

/** One forecast with what came: times in milliseconds since the epoch, the quantiles of SCORED. */
export interface Prediction {
  readonly origin: number
  readonly target: number
  /** Steps from the origin to the target, from 1. */
  readonly stepsAhead: number
  readonly quantiles: readonly number[]
}

export interface Evaluation extends Accuracy {
  /** Time of the first origin: what lies up to it is history, what lies after it is forecast. */
  readonly evaluatedFrom: number
  /** Steps with a value after the history. */
  readonly evaluatedSteps: number
  /** Origins of the evaluated part that had too little history for a forecast. */
  readonly originsWithoutForecast: number
  readonly maseScale: number
  readonly maseScaleBy: 'seasonalNaiveDay' | 'naive'
  /** Mean time of an hourly fit of all horizons. */
  readonly msPerFit: number
  /** Mean time to take one value in and forecast all horizons. */
  readonly msPerForecast: number
  readonly baselines: readonly (Pick<Baseline, 'name' | 'title'> & PointAccuracy)[]
}

export interface EvaluateOptions {
  readonly horizonSteps: number
  /** A model of the user's own: a member of the forecaster, and a row beside the baselines. */
  readonly outside?: OutsideForecasts
  readonly onPrediction?: (prediction: Prediction) => void
  /** Called now and then with the steps done. */
  readonly onProgress?: (done: number, total: number) => void
  /** Milliseconds; only differences count. */
  readonly now?: () => number
}

const EVALUATED_SHARE = 0.3

/**
 * Rolling origin: from each step of the evaluated part that has a value, all horizons are forecast by a forecaster that has heard
 * the steps up to it and nothing else. Targets in a gap or after the end are not scored.
 */
export function evaluate(steps: Steps, options: EvaluateOptions): Evaluation {
  const { horizonSteps, outside, onProgress, now = () => performance.now() } = options
  const total = steps.value.length
  const first = firstOrigin(steps)
  const history = first + 1
  const { scale, by } = scaleOf(steps, history)
  const score = quantileScore()
  const baselines = [...baselinesFor(steps, history), ...(outside ? [ownModel(steps, outside)] : [])]
  const rivals = baselines.map(baseline => ({ ...baseline, score: pointScore() }))
  const feed = timed(createFeed(steps, { horizonSteps, withMaximum: false, ...(outside && { outside }) }), now)
  let originsWithoutForecast = 0

  for (let origin = 0; origin < total - 1; origin++) {
    if (origin % 1000 === 0) onProgress?.(origin, total)
    feed.absorb()
    if (origin < first || steps.present[origin] === 0) continue
    const points = feed.forecast()?.points
    if (points === undefined) originsWithoutForecast += 1
    points?.forEach((point, index) => {
      const target = origin + index + 1
      const actual = valueAt(steps, target)
      if (actual === undefined) return
      const quantiles = scoredOf(point.quantiles)
      score.add(quantiles, actual)
      for (const rival of rivals) rival.score.add(rival.forecast(origin, target), actual)
      options.onPrediction?.({ origin: steps.at[origin]!, target: steps.at[target]!, stepsAhead: index + 1, quantiles })
    })
  }
  return {
    ...score.accuracy(scale),
    evaluatedFrom: steps.at[first]!,
    evaluatedSteps: steps.present.subarray(history).reduce((sum, one) => sum + one, 0),
    originsWithoutForecast,
    maseScale: scale,
    maseScaleBy: by,
    ...feed.times(),
    baselines: rivals.map(({ name, title, score: own }) => ({ name, title, ...own.accuracy(scale) })),
  }
}

/** Why nothing could be scored, and what would help. */
export function tooShortToEvaluate({ stepMs, present }: Steps, horizonSteps: number): string {
  const values = present.reduce((sum, one) => sum + one, 0)
  const needed = stepsNeeded(stepMs, horizonSteps)
  return `${values} values are too few for an evaluation: a forecast needs ${needed} before it, and its targets come after that`
}

/**
 * The newest step of the history: the evaluated part is the last 30 % of the values, at least a day's worth of steps, at most half
 * of the values.
 */
function firstOrigin({ stepMs, present }: Steps): number {
  const values = present.reduce((sum, one) => sum + one, 0)
  const day = Math.min(stepsPerDay(stepMs), Math.floor(values / 2))
  let left = Math.max(Math.floor(values * EVALUATED_SHARE), day)
  let step = present.length - 1
  for (; step > 0 && (left > 0 || present[step] === 0); step--) left -= present[step]!
  return step
}

/** A feed that knows what it costs. */
function timed(feed: Feed, now: () => number) {
  const spent = { fits: 0, fitMs: 0, values: 0, valueMs: 0, forecasts: 0, forecastMs: 0 }
  const mean = (sum: number, count: number) => (count === 0 ? 0 : sum / count)
  return {
    absorb() {
      const fits = feed.fitsNext
      const since = now()
      feed.absorb()
      spent[fits ? 'fitMs' : 'valueMs'] += now() - since
      spent[fits ? 'fits' : 'values'] += 1
    },
    forecast() {
      const since = now()
      const forecast = feed.forecast()
      if (forecast === undefined) return
      spent.forecastMs += now() - since
      spent.forecasts += 1
      return forecast
    },
    times: () => ({
      msPerFit: mean(spent.fitMs, spent.fits),
      msPerForecast: mean(spent.valueMs, spent.values) + mean(spent.forecastMs, spent.forecasts),
    }),
  }
}
