import type { WatchedPod } from './objects.ts'

/** A pod that became ready later than that after its creation did not start: it failed and came back. */
const LONGEST_MS = 3_600_000
const FEWEST = 3
/** Rules are made for a start-up time; a change below that share is not worth making them anew. */
const WORTHWHILE = 0.25

/**
 * Nine of ten pods were ready after that time from their creation, rounded up to five seconds; absent while too few are known.
 * Stays what it was while it hardly moves.
 */
export function startupOf(pods: readonly WatchedPod[], before: number | undefined): number | undefined {
  const seen = pods
    .map(startupMs)
    .filter(ms => ms !== undefined)
    .toSorted((a, b) => a - b)
  if (seen.length < FEWEST) return before
  const p90 = seen[Math.min(seen.length - 1, Math.ceil(0.9 * seen.length) - 1)]!
  const rounded = Math.max(5000, Math.ceil(p90 / 5000) * 5000)
  if (before !== undefined && Math.abs(rounded - before) < WORTHWHILE * before) return before
  return rounded
}

function startupMs({ ready, createdAt }: WatchedPod): number | undefined {
  if (ready?.status !== 'True') return undefined
  const ms = ready.since - createdAt
  return ms >= 0 && ms <= LONGEST_MS ? ms : undefined
}
