import { KubeError } from './kube-error.ts'
import type { Timing } from './timing.ts'

/** A Retry-After is obeyed up to this; a server that asks for hours is asked again after it. */
const LONGEST_PAUSE_MS = 120_000

/** The one door that calls pass on their way out: a token bucket, and the pause that Retry-After asks for. */
export interface Gate {
  /** Resolves when the call may leave; rejects with KubeError "Aborted" when the signal ends the waiting. */
  pass(signal?: AbortSignal): Promise<void>
  /** Takes a token without waiting for it: those behind wait longer. */
  take(): void
  /** Nobody passes for so long. */
  pause(ms: number): void
}

/**
 * `burst` calls at once, then `queriesPerSecond`, in the order in which they came (the generic cell rate algorithm: one
 * number says when the next call is due). A pause leaves the bucket empty, so its end is no stampede.
 */
export function createGate(limits: { readonly queriesPerSecond: number; readonly burst: number }, timing: Timing): Gate {
  const intervalMs = 1000 / limits.queriesPerSecond
  const creditMs = (Math.max(1, limits.burst) - 1) * intervalMs
  let nextMs = Number.NEGATIVE_INFINITY
  let pausedUntilMs = Number.NEGATIVE_INFINITY

  const reserve = (earliestMs: number) => {
    const slotMs = Math.max(nextMs, earliestMs)
    nextMs = slotMs + intervalMs
    return slotMs
  }
  return {
    async pass(signal) {
      for (;;) {
        const slotMs = reserve(Math.max(timing.nowMs() - creditMs, pausedUntilMs))
        for (let left = slotMs - timing.nowMs(); left > 0 && !signal?.aborted; left = slotMs - timing.nowMs()) {
          await timing.sleep(left, signal)
        }
        if (signal?.aborted) throw new KubeError('the call was given up while it waited', { status: 0, reason: 'Aborted' })
        if (timing.nowMs() >= pausedUntilMs) return
      }
    },
    take() {
      reserve(timing.nowMs() - creditMs)
    },
    pause(ms) {
      pausedUntilMs = Math.max(pausedUntilMs, timing.nowMs() + Math.min(ms, LONGEST_PAUSE_MS))
    },
  }
}
