import { type Forecast, QUANTILES, WINDOW_LEVELS } from '../../core/model.ts'
import { durationText } from '../durations.ts'
import { sparkline } from '../terminal/sparkline.ts'
import { tableLines } from '../terminal/table.ts'
import { figure, harmless } from '../terminal/text.ts'
import { type Steps, valueAt } from './steps.ts'

/** The forecast of one file, or why there is none. */
export interface Forecasted {
  /** As given on the command line. */
  readonly file: string
  readonly steps: Steps
  readonly horizonSteps: number
  readonly forecast?: Forecast
  readonly abstains?: string
}

const NAMES = ['q50', 'q90', 'q95', 'q99', 'q999'] as const
const MAXIMUM_INDICES = QUANTILES.map(level => WINDOW_LEVELS.indexOf(level))

/** The document of `--json`; step and horizon in seconds. */
export function forecastDocument(results: readonly Forecasted[]): object {
  return { forecasts: results.map(documentOf) }
}

function documentOf({ file, steps, horizonSteps, forecast, abstains }: Forecasted): object {
  const step = steps.stepMs / 1000
  if (forecast === undefined) return { file, step, horizon: horizonSteps * step, points: [], abstains }
  return {
    file,
    origin: isoOf(forecast.madeAt),
    step,
    horizon: horizonSteps * step,
    model: forecast.by,
    points: forecast.points.map(({ at, quantiles }) => ({ target: isoOf(at), ...named(quantiles) })),
    windowMaximum: named(maximumOf(forecast)),
  }
}

const named = (quantiles: readonly number[]) => Object.fromEntries(NAMES.map((name, index) => [name, quantiles[index]!]))

/** Quantiles (QUANTILES) of the largest value from the first to the last step of the horizon. */
export function maximumOf({ windows }: Forecast): readonly number[] {
  return MAXIMUM_INDICES.map(index => windows[0]!.quantiles[index]!)
}

/** For people: a picture, then one line a step. */
export function forecastLines(result: Forecasted, bold: (text: string) => string): readonly string[] {
  const { file, steps, horizonSteps, forecast } = result
  if (forecast === undefined) return []
  const horizon = durationText(horizonSteps * steps.stepMs)
  const shown = NAMES.slice(0, 4)
  const cells = (quantiles: readonly number[]) => shown.map((_, index) => figure(quantiles[index]!))
  return [
    bold(harmless(file)),
    `${steps.value.length.toLocaleString('en-US')} steps of ${durationText(steps.stepMs)} until ${isoOf(forecast.madeAt)}; ${forecast.by} for the next ${horizon}`,
    '',
    ...chart(result, forecast),
    '',
    ...tableLines(
      [{ title: 'time' }, ...shown.map(title => ({ title, align: 'right' as const }))],
      [
        ...forecast.points.map(({ at, quantiles }) => [isoOf(at), ...cells(quantiles)]),
        [`highest of ${horizon}`, ...cells(maximumOf(forecast))],
      ],
      { paintTitle: bold },
    ),
  ]
}

const PAST = 48
const AHEAD = 24

/** Past, median and 99 % quantile on one scale; a long horizon is shown by its highest values. */
function chart({ steps }: Forecasted, { points }: Forecast): readonly string[] {
  const end = steps.value.length
  const past = Array.from({ length: Math.min(PAST, end) }, (_, index) => valueAt(steps, end - Math.min(PAST, end) + index))
  const share = Math.max(1, points.length / AHEAD)
  const ahead = (level: number) =>
    Array.from({ length: Math.min(AHEAD, points.length) }, (_, index) =>
      Math.max(
        ...points.slice(Math.floor(index * share), Math.floor((index + 1) * share)).map(({ quantiles }) => quantiles[level]!),
      ),
    )
  const [median, high] = [ahead(QUANTILES.indexOf(0.5)), ahead(QUANTILES.indexOf(0.99))]
  const all = [...past, ...median, ...high]
  const bars = sparkline(all, all.length)
  const [pastBars, medianBars] = [bars.slice(0, past.length), bars.slice(past.length, past.length + median.length)]
  const space = ' '.repeat(past.length)
  return [`q99  ${space} ${bars.slice(past.length + median.length)}`, `q50  ${pastBars}|${medianBars}`]
}

const isoOf = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
