import type { Instant } from '../model.ts'

/** Where a logarithm usually is, learnt over a day: its mean, and the mean deviation from it. JSON-safe. */
export interface UsualLevel {
  readonly sinceAt: Instant
  readonly at: Instant
  readonly mean: number
  readonly deviation: number
}

const DAY_MS = 86_400_000
/** What never moved must still be able to drift. */
const SMALLEST_DEVIATION = 0.02

/** Who has watched for less than a day knows nothing yet. */
export const isLearnt = ({ sinceAt, at }: UsualLevel): boolean => at - sinceAt >= DAY_MS

/** Both means forget over a day, and a value further than three deviations counts as three: slow poison works slowly. */
export function learnLevel(before: UsualLevel | undefined, at: Instant, value: number): UsualLevel {
  if (before === undefined) return { sinceAt: at, at, mean: value, deviation: 0 }
  const elapsedMs = Math.max(0, at - before.at)
  const weight = Math.max(1 - Math.exp(-elapsedMs / DAY_MS), Math.min(1, elapsedMs / Math.max(1, at - before.sinceAt)))
  const away = value - before.mean
  const furthest = 3 * Math.max(before.deviation, SMALLEST_DEVIATION)
  const bounded = isLearnt({ ...before, at }) ? Math.max(-furthest, Math.min(furthest, away)) : away
  return {
    sinceAt: before.sinceAt,
    at,
    mean: before.mean + weight * bounded,
    deviation: before.deviation + weight * (Math.abs(bounded) - before.deviation),
  }
}
