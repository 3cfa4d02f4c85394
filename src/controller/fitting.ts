import type { Instant } from '../core/model.ts'
import type { Lessons } from '../core/rules.ts'
import type { Clock, Fits, Log } from '../ports.ts'

/** Sees to it that the models of every object are fitted each hour, away from the loop, and that no tick waits for it. */
export interface Fitting {
  /** After a tick: begins the fit that is due, if it is this object's turn, and returns at once. */
  begin(id: string, lessons: Lessons): void
  /** While the past is learnt: the fit that is due, at once. Resolves when it is adopted, or has failed; never rejects. */
  complete(id: string, lessons: Lessons): Promise<void>
  /** Why the last fit of this object failed; absent while fits succeed. */
  trouble(id: string): string | undefined
  forget(id: string): void
}

export interface FittingOptions {
  readonly fits: Fits
  readonly clock: Clock
  readonly log: Log
  readonly onFit?: (outcome: 'fitted' | 'failed', seconds: number) => void
}

interface Entry {
  notBefore: Instant
  /** Hours between its first fit and its second, one to two, so that those that came together part; absent after the first. */
  firstHours: number | undefined
  isRunning: boolean
  trouble?: string | undefined
}

const HOUR_MS = 3_600_000
/** After a failure: soon enough for a service, and seldom enough that a fit which hangs each time costs nobody else much. */
const AGAIN_MS = 600_000
const GOLDEN = (Math.sqrt(5) - 1) / 2

export function createFitting(options: FittingOptions): Fitting {
  const { clock } = options
  const entries = new Map<string, Entry>()
  let added = 0
  const entryOf = (id: string): Entry => {
    const known = entries.get(id)
    if (known !== undefined) return known
    // Multiples of the golden section lie evenly over the hour for any number of objects.
    const entry: Entry = { notBefore: 0, firstHours: 1 + ((added++ * GOLDEN) % 1), isRunning: false }
    entries.set(id, entry)
    return entry
  }
  const fitNow = async (id: string, lessons: Lessons) => {
    const entry = entryOf(id)
    const input = entry.isRunning ? undefined : lessons.pendingFit()
    if (input === undefined) return
    entry.isRunning = true
    entry.trouble = await attempt({ id, lessons, input }, options)
    entry.isRunning = false
    entry.notBefore = clock.now() + (entry.trouble === undefined ? HOUR_MS * (entry.firstHours ?? 1) : AGAIN_MS)
    if (entry.trouble === undefined) entry.firstHours = undefined
  }
  return {
    begin(id, lessons) {
      const { notBefore } = entryOf(id)
      const now = clock.now()
      // More than two hours away: the clock was set back.
      if (now >= notBefore || notBefore - now > 2 * HOUR_MS) void fitNow(id, lessons)
    },
    complete: fitNow,
    trouble: id => entries.get(id)?.trouble,
    forget: id => void entries.delete(id),
  }
}

interface Attempt {
  readonly id: string
  readonly lessons: Lessons
  readonly input: unknown
}

/** Why it failed; the fit of before is then kept. */
async function attempt({ id, lessons, input }: Attempt, { fits, log, onFit }: FittingOptions): Promise<string | undefined> {
  const began = performance.now()
  const seconds = () => (performance.now() - began) / 1000
  try {
    lessons.adoptFit(await fits.fit(input))
    onFit?.('fitted', seconds())
    return undefined
  } catch (cause) {
    onFit?.('failed', seconds())
    log.warn('a fit failed; the forecast goes on with the one before', { target: id, cause })
    return cause instanceof Error ? cause.message : String(cause)
  }
}
