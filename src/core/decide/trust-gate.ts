import type { Instant } from '../model.ts'

/** Whether the forecast is obeyed: what the hourly looks at its trust have come to. */
export interface TrustState {
  readonly checkedAt: Instant
  /** Looks in a row that found it too low. */
  readonly low: number
  /** Not obeyed, and since when; with the first of the looks in a row that found it good again. */
  readonly distrusted?: { readonly since: Instant; readonly goodSince?: Instant }
}

const HOUR_MS = 3_600_000
/** Below that it is not obeyed, after so many looks in a row: one bad hour is no verdict. */
export const [TOO_LOW, LOOKS] = [0.5, 2] as const
/** Obeyed again after a day at that or more: a forecast that comes and goes would make replicas come and go. */
export const [GOOD, GOOD_MS] = [0.7, 24 * HOUR_MS] as const

/** The state after this tick; `trust` (0 to 1, `core/forecast/accuracy/trust.ts`) is absent while too little is known: nothing changes then. */
export function lookAtTrust(before: TrustState | undefined, now: Instant, trust: number | undefined): TrustState | undefined {
  if (trust === undefined || (before !== undefined && now - before.checkedAt < HOUR_MS)) return before
  const distrusted = before?.distrusted
  if (distrusted === undefined) {
    const low = trust < TOO_LOW ? (before?.low ?? 0) + 1 : 0
    return { checkedAt: now, low, ...(low >= LOOKS && { distrusted: { since: now } }) }
  }
  const goodSince = trust >= GOOD ? (distrusted.goodSince ?? now) : undefined
  if (goodSince !== undefined && now - goodSince >= GOOD_MS) return { checkedAt: now, low: 0 }
  return { checkedAt: now, low: 0, distrusted: { since: distrusted.since, ...(goodSince !== undefined && { goodSince }) } }
}
