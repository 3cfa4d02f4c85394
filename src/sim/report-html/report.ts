import type { Instant } from '../../core/model.ts'
import type { PageOrigin } from '../../page/render-page.ts'
import type { Score } from '../score.ts'

/**
 * Everything the page of `crescendo backtest --html FILE` shows, as plain columns. Nothing in it is computed by the page
 * but sums of what stands here, so the figures agree with `--json` and `--decisions`.
 */
export interface BacktestReport {
  readonly origin: PageOrigin
  readonly traces: readonly TraceReport[]
}

export interface TraceReport {
  /** As the user gave it. */
  readonly file: string
  readonly world: WorldFacts
  /** From this time on scalers are scored; before it is history. */
  readonly scoredFrom: Instant
  /** Ascending tick times; every column below has one entry a tick. */
  readonly at: ArrayLike<number>
  /** Load units; `undefined` where the trace has a gap. */
  readonly load: ArrayLike<number | undefined>
  readonly scalers: readonly ScalerReport[]
  /** What crescendo forecast, where it did. */
  readonly band?: ForecastBand
}

/** The simulated world, as in the `world` object of `--json`. */
export interface WorldFacts {
  readonly capacityPerReplica: number
  readonly startupSeconds: number
  readonly metricsDelaySeconds: number
  readonly tickSeconds: number
  /** Currency units per replica-hour. */
  readonly price: number
  readonly minReplicas?: number
  readonly maxReplicas?: number
}

export interface ScalerReport {
  readonly name: string
  readonly ready: ArrayLike<number>
  readonly desired: ArrayLike<number>
  readonly score: ScoreFacts
}

/** The row of this scaler in `--json`; decision times are absent for the oracle, which decides nothing. */
export type ScoreFacts = Omit<Score, 'name'> & { readonly decisionMicros?: { readonly p50: number; readonly p99: number } }

/**
 * The forecast of the load at `at`, as it was made `leadSeconds` before (one figure a time, so that it can lie under the
 * load itself). `low` and `high` are the quantiles named in `levels`.
 */
export interface ForecastBand {
  readonly leadSeconds: number
  readonly levels: { readonly low: number; readonly high: number }
  readonly at: ArrayLike<number>
  readonly low: ArrayLike<number>
  readonly high: ArrayLike<number>
}
