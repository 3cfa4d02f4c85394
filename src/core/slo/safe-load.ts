import type { Instant, SafeLoad, Situation, Target } from '../model.ts'
import type { SafeLoadLearner } from '../rules.ts'
import { listOf, numbersPart, partsOf, restorable } from '../state.ts'
import { promisesOf, promiseText } from './promise.ts'
import { createPromiseBook, LEAST_SHARE, type PromiseBook } from './promise-book.ts'

const DAY_MS = 86_400_000
/** By how much the load in force may move in a day, and what is too little to move for. */
const [DAILY_STEP, LEAST_STEP] = [0.2, 0.02]

/** A reading and a demand that are further apart are not of the same load. */
const APART_MS = 60_000

/** Who set the load in force, in the order in which it is written down. */
const AUTHORS = ['written', 'observed', 'model'] as const

/**
 * Learns the greatest load per ready replica at which the target's latency and error objectives hold (`prediction.md` 4.1): from what
 * was read at each load (`promise-book.ts`), once a day, by at most 20 %. It begins with the capacity that the target has. Ticks with doubts,
 * with replicas that just changed, and without a reading teach nothing. An accumulator.
 */
export function createSafeLoad(target: Target): SafeLoadLearner {
  const written = target.capacityPerReplica
  const promises = promisesOf(target).map(({ index, promise }) => ({ index, text: promiseText(promise), promise }))
  const books = promises.map(({ promise }) => createPromiseBook(promise, written))
  const steady = createSteady()
  const state = { perReplica: written, author: 0, since: 0, binding: 0, dayEndsAt: 0, unreachable: books.map(() => 0) }
  const facts = () =>
    numbersPart(
      () => [state.perReplica, state.author, state.since, state.binding, state.dayEndsAt, ...state.unreachable],
      ([perReplica = written, author = 0, since = 0, binding = 0, dayEndsAt = 0, ...unreachable]) => {
        Object.assign(state, { perReplica, author, since, binding, dayEndsAt, unreachable })
      },
    )
  const closeDay = (at: Instant) => {
    const days = Math.max(1, Math.round((at - state.dayEndsAt) / DAY_MS + 1))
    for (const book of books) book.closeDay(days)
    state.dayEndsAt = at + DAY_MS
    state.unreachable = books.map(book => (book.isOutOfReach() ? 1 : 0))
    const found = wantedOf(books, state.perReplica)
    if (found === undefined) return
    const perReplica = stepTowards(found.perReplica, state.perReplica, written)
    if (Math.abs(perReplica - state.perReplica) < LEAST_STEP * state.perReplica) return
    Object.assign(state, { perReplica, since: at, binding: found.binding, author: AUTHORS.indexOf(found.by) })
  }
  return {
    ...restorable(() => ({ kind: `safe load ${JSON.stringify([written, promises.map(({ text }) => text)])}`, version: 1 }), {
      part: () => partsOf({ facts: facts(), steady: steady.part(), books: listOf(books) }),
    }),
    absorb(situation, periodMs) {
      const { at, demand, objectives = [] } = situation.observation
      const load = steady.loadOf(situation, periodMs)
      if (load === undefined) return
      for (const [i, { index }] of promises.entries()) {
        const reading = objectives[index]
        const isOfThen = reading !== undefined && Math.abs(reading.at - demand.at) <= APART_MS + 2 * periodMs
        if (isOfThen) books[i]!.note(reading, { load, minutes: periodMs / 60_000 })
      }
      if (state.dayEndsAt === 0) state.dayEndsAt = at + DAY_MS
      else if (at >= state.dayEndsAt) closeDay(at)
    },
    inForce: () => ({
      perReplica: state.perReplica,
      by: AUTHORS[state.author]!,
      written,
      ...(state.author > 0 && { since: state.since, objective: promises[state.binding]!.text }),
      unreachable: promises.filter((_, i) => state.unreachable[i] === 1).map(({ text }) => text),
    }),
  }
}

/** The least that one of the promises allows; `undefined` where none of them says anything, and for one that no load keeps. */
function wantedOf(books: readonly PromiseBook[], inForce: number) {
  let wanted: { perReplica: number; by: SafeLoad['by']; binding: number } | undefined
  for (const [binding, book] of books.entries()) {
    const safe = book.safe(inForce)
    if (safe !== undefined && safe.load < (wanted?.perReplica ?? Number.POSITIVE_INFINITY))
      wanted = { perReplica: safe.load, by: safe.by, binding }
  }
  return wanted
}

function stepTowards(wanted: number, inForce: number, written: number): number {
  const bounded = Math.min(inForce * (1 + DAILY_STEP), Math.max(inForce * (1 - DAILY_STEP), wanted))
  return Math.max(LEAST_SHARE * written, bounded)
}

/** The load per replica of a tick that was served from its begin to its end by replicas that did not change. */
function createSteady() {
  const state = { ready: 0, since: 0 }
  return {
    part: () =>
      numbersPart(
        () => [state.ready, state.since],
        ([ready = 0, since = 0]) => {
          Object.assign(state, { ready, since })
        },
      ),
    loadOf({ observation, demand, doubts }: Situation, periodMs: number): number | undefined {
      const { ready } = observation.replicas
      if (ready !== state.ready) Object.assign(state, { ready, since: observation.at })
      const isSteady = observation.demand.at - periodMs >= state.since
      if (!isSteady || ready === 0 || doubts.length > 0 || demand === undefined || demand <= 0) return undefined
      return demand / ready
    },
  }
}
