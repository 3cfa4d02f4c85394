/** Module `metrics` of the package: series of measurements, what they will be, and what in them is unusual. */
import { createFeed, stepsNeeded } from './cli/forecast/feed.ts'
import { toSteps } from './cli/forecast/steps.ts'
import { type Forecast, QUANTILES } from './core/model.ts'
import { type AnomalyKind, DISPLAY_SIGMA, freshDetector, observe } from './core/screen/detector.ts'
import { CrescendoError } from './errors.ts'
import { readSeries as readSeriesFile, requireSamples } from './observe/series-file.ts'
import type { Samples } from './ports.ts'

/**
 * Reads CSV `timestamp,value` (seconds since the epoch or ISO 8601; plain or gzip, "-" is standard input) into two columns: milliseconds
 * and values. Throws CrescendoError with file, line, and what was expected.
 */
export async function readSeries(path: string, options: { readonly skipBadRows?: boolean } = {}): Promise<Samples> {
  return (await readSeriesFile(path, options)).samples
}

/** What a series will be at one time ahead. */
export interface PredictedPoint {
  readonly atMs: number
  /** Quantile level ("0.5", "0.9", "0.95", "0.99", "0.999") to value. */
  readonly quantiles: Readonly<Record<string, number>>
}

export type Prediction =
  | { readonly kind: 'forecast'; readonly by: string; readonly madeAtMs: number; readonly points: readonly PredictedPoint[] }
  | { readonly kind: 'none'; readonly why: string }

export interface ForecastReach {
  /** How far ahead; 30 minutes by default. */
  readonly horizonMs?: number
  /** Distance of two points; 5 minutes by default, and never less than the usual distance of two samples. */
  readonly stepMs?: number
}

const MINUTE_MS = 60_000

/**
 * The forecast from the end of a series, by the forecaster that the autoscaler itself uses, or why there is none: it wants six hours and
 * as many values as its regression has rows. Times of `samples` ascend. Takes time in proportion to the length of the series.
 */
export function forecastSeries(
  samples: Samples,
  { horizonMs = 30 * MINUTE_MS, stepMs = 5 * MINUTE_MS }: ForecastReach = {},
): Prediction {
  requireSamples({ file: 'samples', samples, skipped: 0 }, 2, 'a forecast')
  const steps = toSteps(samples, stepMs)
  const horizonSteps = Math.max(1, Math.floor(horizonMs / steps.stepMs + 1e-9))
  const feed = createFeed(steps, { horizonSteps, withMaximum: false })
  for (let step = 0; step < steps.value.length; step++) feed.absorb()
  const forecast = feed.forecast()
  if (forecast !== undefined) return predictionOf(forecast)
  const needed = stepsNeeded(steps.stepMs, horizonSteps)
  return { kind: 'none', why: `${feed.seen} values every ${steps.stepMs / 1000} s are too few, ${needed} are needed` }
}

function predictionOf({ by, madeAt, points }: Forecast): Prediction {
  return {
    kind: 'forecast',
    by,
    madeAtMs: madeAt,
    points: points.map(({ at, quantiles }) => ({
      atMs: at,
      quantiles: Object.fromEntries(QUANTILES.map((level, index) => [String(level), quantiles[index] ?? 0])),
    })),
  }
}

/** A value that differs from what was expected of it by more than the threshold. */
export interface Anomaly {
  readonly atMs: number
  readonly value: number
  /** What was expected instead, from the values before. */
  readonly expected: number
  readonly kind: AnomalyKind
  /** Standard deviations away from what was expected. */
  readonly sigma: number
}

/** Unusual values of a series, each judged by what came before it alone. `thresholdSigma` is 2.5 where nothing is said. */
export function findAnomalies({ at, value }: Samples, thresholdSigma: number = DISPLAY_SIGMA): readonly Anomaly[] {
  if (!(thresholdSigma > 0))
    throw new CrescendoError('CRS_USAGE', `found a threshold of ${thresholdSigma}, expected a number above 0`)
  const found: Anomaly[] = []
  let state = freshDetector
  at.forEach((atMs, index) => {
    const measured = value[index]
    if (measured === undefined) return
    const seen = observe(state, { at: atMs, value: measured }, thresholdSigma)
    state = seen.state
    const { isAnomaly, kind, sigma, expected } = seen.finding
    if (isAnomaly) found.push({ atMs, value: measured, expected, kind, sigma })
  })
  return found
}
