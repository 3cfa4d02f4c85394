import type { Clock } from './ports.ts'

/** In the words of circuit breakers: open means that nothing gets through. */
export type CircuitState = 'closed' | 'half-open' | 'open'

/** How a call ended. */
export type Ended<T> = { readonly value: T } | { readonly error: unknown }

/** What a call tells of the other side: a refusal is an answer, and what we gave up ourselves tells nothing. */
export type Sign = 'answer' | 'silence' | 'none'

export interface CircuitUse<T> {
  readonly signOf: (ended: Ended<T>) => Sign
  /** What a call is told that is not made: a value, or it throws. */
  readonly refuse: (told: string) => T
}

/** Keeps calls from a peer that does not answer, so that those who ask do not wait, and one that recovers is not run over. */
export interface Circuit {
  run<T>(call: () => Promise<T>, use: CircuitUse<T>): Promise<T>
  state(): CircuitState
}

/** So many calls in a row without an answer open it. */
const FAILURES = 5
/** After that long one call is let through. Shorter than the usual period, so that who comes back waits for no second one. */
const PAUSE_MS = 5000

/**
 * Opens after five calls in a row without an answer; while it is open, calls are refused at once. After five seconds it lets one through,
 * for which the others wait: with an answer it closes and they go too, without one it stays open for another five seconds.
 */
export function createCircuit(clock: Clock): Circuit {
  let failures = 0
  let openUntil = 0
  let probe: Promise<unknown> | undefined
  const isOpen = () => failures >= FAILURES
  const watched = async <T>(call: () => Promise<T>, signOf: CircuitUse<T>['signOf']): Promise<T> => {
    const count = (ended: Ended<T>) => {
      const sign = signOf(ended)
      if (sign === 'none') return
      failures = sign === 'silence' ? failures + 1 : 0
      if (sign === 'silence') openUntil = clock.now() + PAUSE_MS
    }
    try {
      const value = await call()
      count({ value })
      return value
    } catch (error) {
      count({ error })
      throw error
    }
  }
  return {
    state: () => (isOpen() ? (probe === undefined ? 'open' : 'half-open') : 'closed'),
    async run(call, { signOf, refuse }) {
      const refused = () => refuse(`it did not answer ${failures} times in a row, and is tried every ${PAUSE_MS / 1000} s`)
      if (!isOpen()) return watched(call, signOf)
      if (probe !== undefined) {
        await probe
        return isOpen() ? refused() : watched(call, signOf)
      }
      if (clock.now() < openUntil) return refused()
      const probing = watched(call, signOf)
      probe = probing.catch(() => undefined)
      try {
        return await probing
      } finally {
        probe = undefined
      }
    },
  }
}
