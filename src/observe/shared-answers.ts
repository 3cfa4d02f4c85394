import type { Clock } from '../ports.ts'

/** Answers for many names (namespaces) from few calls: whoever asks within a moment shares one call for the union. */
export interface SharedAnswers<T> {
  /**
   * The answer for `name`, at most `maxAgeMs` old when it is handed out; absent where the call brought none for it.
   * Rejects only as `load` does.
   */
  get(name: string, maxAgeMs: number): Promise<T | undefined>
  /** When somebody last asked. */
  readonly askedAt: number
}

export interface SharedOptions<T> {
  readonly clock: Clock
  /** How long the first who asks waits for others. */
  readonly gatherMs: number
  /** How long an answer is shared at least, where those who ask allow that age; default one second. */
  readonly sharedMs?: number
  readonly load: (names: readonly string[]) => Promise<ReadonlyMap<string, T>>
}

/** By default an answer is shared for a second, or ten times as long as it took to get: a slow source is asked less often. */
const SHARED_MS = 1000
const TIMES_ITS_COST = 10
/** A name that nobody asked for in this time leaves the union. */
const FORGET_MS = 120_000

interface Call<T> {
  readonly names: ReadonlySet<string>
  readonly answers: Promise<ReadonlyMap<string, T>>
}

interface Gathering<T> {
  readonly names: Set<string>
  readonly answers: Promise<ReadonlyMap<string, T>>
}

interface Done<T> {
  readonly at: number
  readonly costMs: number
  readonly names: ReadonlySet<string>
  readonly answers: ReadonlyMap<string, T>
}

export function createSharedAnswers<T>({ clock, gatherMs, sharedMs = SHARED_MS, load }: SharedOptions<T>): SharedAnswers<T> {
  const askedAt = new Map<string, number>()
  let [gathering, flying, done, lastAsked] = [
    undefined as Gathering<T> | undefined,
    undefined as Call<T> | undefined,
    undefined as Done<T> | undefined,
    clock.now(),
  ]

  const fire = async (names: Set<string>): Promise<ReadonlyMap<string, T>> => {
    await new Promise(resolve => setTimeout(resolve, gatherMs))
    gathering = undefined
    const at = clock.now()
    for (const [name, asked] of askedAt) {
      if (at - asked > FORGET_MS) askedAt.delete(name)
      else names.add(name)
    }
    const answers = load([...names].sort())
    const call = { names, answers }
    flying = call
    try {
      const arrived = await answers
      done = { at, costMs: clock.now() - at, names, answers: arrived }
      return arrived
    } finally {
      if (flying === call) flying = undefined
    }
  }

  return {
    get askedAt() {
      return lastAsked
    },
    async get(name, maxAgeMs) {
      const now = clock.now()
      lastAsked = now
      askedAt.set(name, now)
      if (done !== undefined && isFresh(done, { name, now, maxAgeMs, sharedMs })) return done.answers.get(name)
      if (flying?.names.has(name)) return (await flying.answers).get(name)
      if (gathering === undefined) {
        const names = new Set<string>()
        gathering = { names, answers: fire(names) }
      }
      gathering.names.add(name)
      return (await gathering.answers).get(name)
    },
  }
}

function isFresh<T>(done: Done<T>, asked: { name: string; now: number; maxAgeMs: number; sharedMs: number }): boolean {
  const age = asked.now - done.at
  return (
    done.names.has(asked.name) &&
    age >= 0 &&
    age <= Math.min(asked.maxAgeMs, Math.max(asked.sharedMs, done.costMs * TIMES_ITS_COST))
  )
}
