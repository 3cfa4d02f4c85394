import { QUANTILES } from '../core/model.ts'
import type { Samples, StoredForecast } from '../ports.ts'

/** How good the forecasts of one object were. */
export interface Accuracy {
  /** Share of the matured forecasts whose actual value stayed at or below the 95 % quantile; 0.95 is what it should be. */
  readonly coverage: number
  /** Mean absolute error of the medians over that of repeating the value of a day before; absent where that day is not known. */
  readonly scaledError?: number
}

/** Below so many matured forecasts a share says nothing: an hour of one each five minutes. */
const FEWEST = 12
const DAY_MS = 86_400_000
const P95 = QUANTILES.indexOf(0.95)
/** A sample stands for the time of the day before if it lies no further away. */
const NEAR_MS = 120_000

/**
 * Accuracy of forecasts that have matured, against the history of the same series; `undefined` while too few have. MASE with the
 * seasonal naive forecast of one day as its scale (Hyndman & Koehler 2006), on the same targets.
 */
export function accuracyOf(forecasts: readonly StoredForecast[], history: Samples): Accuracy | undefined {
  const matured = forecasts.flatMap(({ dueAt, quantiles, actual }) =>
    actual === undefined ? [] : [{ dueAt, quantiles, actual }],
  )
  if (matured.length < FEWEST) return undefined
  const covered = matured.filter(({ quantiles, actual }) => actual <= (quantiles[P95] ?? Number.POSITIVE_INFINITY)).length
  let [error, naive, pairs] = [0, 0, 0]
  for (const { dueAt, quantiles, actual } of matured) {
    const before = valueAt(history, dueAt - DAY_MS)
    if (before === undefined) continue
    error += Math.abs(actual - (quantiles[0] ?? 0))
    naive += Math.abs(actual - before)
    pairs += 1
  }
  const coverage = covered / matured.length
  return pairs < FEWEST || naive === 0 ? { coverage } : { coverage, scaledError: error / naive }
}

/** The sample nearest to `at`; times ascend. */
function valueAt({ at: times, value }: Samples, at: number): number | undefined {
  let [low, high] = [0, times.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < at) low = middle + 1
    else high = middle
  }
  const nearest = [low - 1, low].filter(index => index >= 0 && index < times.length)
  const best = nearest.toSorted((a, b) => Math.abs(times[a]! - at) - Math.abs(times[b]! - at))[0]
  return best !== undefined && Math.abs(times[best]! - at) <= NEAR_MS ? value[best] : undefined
}
