import { performance } from 'node:perf_hooks'

/** Time and chance as the room's long-running parts see them; tests bring their own. */
export interface Timing {
  /** Monotonic milliseconds: for durations. Goes on while the process is stopped. */
  nowMs(): number
  /** Milliseconds since the epoch: for what others read. */
  wallMs(): number
  /** Resolves after `ms`, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** In [0, 1). */
  random(): number
}

export const systemTiming: Timing = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise(resolve => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, ms))
      signal?.addEventListener('abort', done, { once: true })
    }),
  random: Math.random,
}

/**
 * Milliseconds to wait before attempt `attempt + 1` (0 = after the first failure): doubles from 0.8 s to 10 s, the upper
 * half of it drawn by chance, never less than what Retry-After asked for. A server that comes back refuses once more while it
 * warms up: two waits in a row are to be over within half a minute.
 */
export function backoffMs(attempt: number, random: number, retryAfterMs = 0): number {
  const longest = Math.min(10_000, 800 * 2 ** Math.min(attempt, 10))
  return Math.max(longest * (0.5 + 0.5 * random), 800, retryAfterMs)
}
