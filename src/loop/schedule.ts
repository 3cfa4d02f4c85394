import type { Instant } from '../core/model.ts'
import type { Clock } from '../ports.ts'

export interface ScheduleOptions {
  readonly clock: Clock
  /** At most that many ticks run at once; what waits on the network costs no core. */
  readonly workers: number
  /** One tick of one object. Must not reject. */
  readonly run: (id: string) => Promise<void>
  /** A tick was due while the one before still ran: it is left out, never queued behind it. */
  readonly onSkip?: (id: string) => void
}

export interface ScheduleState {
  readonly objects: number
  readonly running: number
  /** Due, and waiting for a worker. */
  readonly waiting: number
  readonly oldestWaitingMs: number
}

/** Ticks each object by its own period, the objects spread evenly over it, none waiting for another's slow source. */
export interface Schedule {
  /** Adds an object, or changes its period. Its first tick comes at once, its second within a period. */
  set(id: string, periodMs: number): void
  remove(id: string): void
  /** Ticks it now, out of turn, or right after the tick that is running, which may not have seen the reason; the next one follows a period later. */
  trigger(id: string): void
  state(): ScheduleState
  /** No tick begins any more; resolves when those that run have ended. */
  stop(): Promise<void>
}

interface Entry {
  periodMs: number
  dueAt: Instant
  /** Share of a period between its first tick and its second, so that those that came together part; absent after the first. */
  firstShare?: number | undefined
  running: boolean
  /** Triggered while it ran. */
  again: boolean
}

interface Plan {
  readonly options: ScheduleOptions
  readonly entries: Map<string, Entry>
  /** Due objects in the order in which they fell due. */
  readonly waiting: Map<string, Instant>
  readonly running: Set<Promise<void>>
  /** How many objects were ever added. */
  added: number
  isStopped: boolean
}

const RESOLUTION_MS = 50
const GOLDEN = (Math.sqrt(5) - 1) / 2

/** Shares of 0 to 1 that lie evenly for any number of objects: multiples of the golden section, the first a whole one. */
const shareOf = (index: number) => 1 - ((index * GOLDEN) % 1)

export function createSchedule(options: ScheduleOptions): Schedule {
  const plan: Plan = { options, entries: new Map(), waiting: new Map(), running: new Set(), added: 0, isStopped: false }
  const timer = setInterval(() => turn(plan), RESOLUTION_MS)
  return {
    set(id, periodMs) {
      const entry = plan.entries.get(id)
      if (entry !== undefined) entry.periodMs = periodMs
      else
        plan.entries.set(id, {
          periodMs,
          dueAt: options.clock.now(),
          firstShare: shareOf(plan.added++),
          running: false,
          again: false,
        })
    },
    remove(id) {
      plan.entries.delete(id)
      plan.waiting.delete(id)
    },
    trigger(id) {
      const entry = plan.entries.get(id)
      if (entry?.running) entry.again = true
      else if (entry !== undefined) entry.dueAt = Math.min(entry.dueAt, options.clock.now())
    },
    state: () => stateOf(plan),
    async stop() {
      plan.isStopped = true
      clearInterval(timer)
      await Promise.all(plan.running)
    },
  }
}

function turn(plan: Plan): void {
  if (plan.isStopped) return
  const now = plan.options.clock.now()
  for (const [id, entry] of plan.entries) if (isDue(entry, now)) fallDue(plan, id, now)
  for (const id of plan.waiting.keys()) {
    if (plan.running.size >= plan.options.workers) break
    begin(plan, id)
  }
}

/** More than a period away is due too: the clock was set back, or the period became shorter. */
function isDue({ dueAt, periodMs }: Entry, now: Instant): boolean {
  return now >= dueAt || dueAt - now > periodMs
}

/** The next turn is a whole number of periods later, so that a late tick does not shift all that follow. */
function fallDue(plan: Plan, id: string, now: Instant): void {
  const entry = plan.entries.get(id)!
  const late = Math.floor((now - entry.dueAt) / entry.periodMs)
  entry.dueAt += (late + (entry.firstShare ?? 1)) * entry.periodMs
  entry.firstShare = undefined
  if (entry.running) plan.options.onSkip?.(id)
  else if (!plan.waiting.has(id)) plan.waiting.set(id, now)
}

function begin(plan: Plan, id: string): void {
  plan.waiting.delete(id)
  const entry = plan.entries.get(id)
  if (entry === undefined) return
  entry.running = true
  entry.again = false
  const run: Promise<void> = plan.options.run(id).finally(() => {
    entry.running = false
    if (entry.again && plan.entries.get(id) === entry) plan.waiting.set(id, plan.options.clock.now())
    plan.running.delete(run)
    turn(plan)
  })
  plan.running.add(run)
}

function stateOf({ entries, running, waiting, options }: Plan): ScheduleState {
  const oldest = waiting.values().next().value
  return {
    objects: entries.size,
    running: running.size,
    waiting: waiting.size,
    oldestWaitingMs: oldest === undefined ? 0 : Math.max(0, options.clock.now() - oldest),
  }
}
