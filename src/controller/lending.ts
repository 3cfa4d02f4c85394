import { type DailyShape, dailyShapeOf } from '../core/forecast/transfer.ts'
import type { Instant } from '../core/model.ts'
import type { Lessons } from '../core/rules.ts'
import type { Clock, DurableStore, Log } from '../ports.ts'
import type { Turn } from './agent.ts'

/** Lends services that have no history the daily shape of one of the same profile. */
export interface Lending {
  /** After a tick: looks for one, if the object could use it and nobody looked within the hour; returns at once. */
  offer(turn: Turn, lessons: Lessons): void
  forget(id: string): void
}

export interface LendingOptions {
  readonly store: Pick<DurableStore, 'history'>
  readonly clock: Clock
  readonly log: Log
  /** Among whom: nobody, the services of the same namespace, or all. */
  readonly within: 'Off' | 'Namespace' | 'Cluster'
  /** The newest turn of every object. */
  readonly turns: () => readonly Turn[]
}

interface Shape {
  readonly readAt: Instant
  readonly shape: Promise<DailyShape | undefined>
}

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** How long a shape, or that there is none, is taken for granted. */
const FRESH_MS = 6 * HOUR_MS
/** The oldest services have seen the most days; if none of so many has a rhythm, the profile has none. */
const MOST_ASKED = 5
const HISTORY_MS = 14 * DAY_MS

export function createLending(options: LendingOptions): Lending {
  const { clock, log, store, within } = options
  const shapes = new Map<string, Shape>()
  const lookedAt = new Map<string, Instant>()
  const shapeOf = (id: string): Promise<DailyShape | undefined> => {
    const now = clock.now()
    const known = shapes.get(id)
    if (known !== undefined && now - known.readAt < FRESH_MS) return known.shape
    const shape = store.history(id, now - HISTORY_MS).then(series => dailyShapeOf(id, series))
    shapes.set(id, { readAt: now, shape })
    shape.catch(() => shapes.delete(id)) // whoever asked tells why
    return shape
  }
  const look = async (turn: Turn, lessons: Lessons) => {
    for (const { object } of lendersFor(turn, options)) {
      const shape = await shapeOf(object.id)
      if (shape === undefined) continue
      lessons.takeShape(shape)
      return log.info('begins with the day of another service', { target: turn.object.id, from: shape.from })
    }
  }
  return {
    offer(turn, lessons) {
      const { id } = turn.object
      const now = clock.now()
      if (within === 'Off' || now - (lookedAt.get(id) ?? Number.NEGATIVE_INFINITY) < HOUR_MS || !lessons.wantsShape()) return
      lookedAt.set(id, now)
      look(turn, lessons).catch(cause => log.warn('no day was lent', { target: id, cause }))
    },
    forget(id) {
      shapes.delete(id)
      lookedAt.delete(id)
    },
  }
}

/** Services of its profile whose past is learnt, the oldest first; none where it states no profile, or one that says nothing. */
function lendersFor({ object, plan }: Turn, { turns, within }: LendingOptions): readonly Turn[] {
  const profile = plan?.settings.profile
  if (profile === undefined || profile === 'Generic') return []
  const isLender = (other: Turn) =>
    other.object.id !== object.id &&
    other.plan?.settings.profile === profile &&
    other.learning === undefined &&
    (within === 'Cluster' || other.object.namespace === object.namespace)
  const byAge = (a: Turn, b: Turn) => a.object.createdAt - b.object.createdAt || (a.object.id < b.object.id ? -1 : 1)
  return turns().filter(isLender).toSorted(byAge).slice(0, MOST_ASKED)
}
