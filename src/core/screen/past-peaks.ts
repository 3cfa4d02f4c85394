import type { Instant } from '../model.ts'

/** The largest demand of one hour. */
export interface Peak {
  /** Hour since the epoch. */
  readonly hour: number
  readonly demand: number
  /** Logarithm of the load per client at that time, where clients are counted. */
  readonly perClient?: number
}

const HOUR_MS = 3_600_000
const KEPT_HOURS = 28 * 24

/** The peaks of the last 28 days with one more value, one an hour, oldest first; the last is the hour that runs. */
export function withPeak(peaks: readonly Peak[], at: Instant, seen: Omit<Peak, 'hour'>): readonly Peak[] {
  const hour = Math.floor(at / HOUR_MS)
  const last = peaks.at(-1)
  if (last === undefined || hour > last.hour) return [...peaks, { hour, ...seen }].slice(-KEPT_HOURS)
  return seen.demand > last.demand ? [...peaks.slice(0, -1), { hour: last.hour, ...seen }] : peaks
}

/**
 * A quantile of the peaks of this hour of the day and its neighbours, more than a day (`olderHours`) ago; `undefined` while there is no such past.
 * One poisoned day among 28 stays above the 0.95 quantile.
 */
export function usualPeak(
  peaks: readonly Peak[],
  at: Instant,
  { quantile = 0.95, olderHours = 24 }: { readonly quantile?: number; readonly olderHours?: number } = {},
): number | undefined {
  const hour = Math.floor(at / HOUR_MS)
  const alike = peaks.filter(peak => peak.hour <= hour - olderHours && [0, 1, 23].includes((hour - peak.hour) % 24))
  const sorted = alike.map(peak => peak.demand).sort((a, b) => a - b)
  return sorted[Math.ceil(quantile * sorted.length) - 1]
}

/**
 * Logarithm of the load per client over hours that are more than a day old: the median, and the median distance from it, which a
 * ramp of days hardly moves. `undefined` while there is less than a day of them.
 */
export function longPerClient(peaks: readonly Peak[], at: Instant): { mean: number; deviation: number } | undefined {
  const hour = Math.floor(at / HOUR_MS)
  const known = peaks.flatMap(peak => (peak.hour <= hour - 24 ? (peak.perClient ?? []) : []))
  if (known.length < 24) return undefined
  const mean = median(known)
  return { mean, deviation: median(known.map(value => Math.abs(value - mean))) }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!
