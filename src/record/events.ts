import type { Instant } from '../core/model.ts'
import type { Clock, Log } from '../ports.ts'

/** What an event is about; the object of ours. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface Told {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** from, to, why, next: "3 → 7: ..." */
  readonly note: string
}

export interface EventRecorder {
  /** Tells it unless this object was told the same reason within the last minute. Never waits, never throws. */
  tell(regarding: Regarding, told: Told): void
  forget(regarding: Pick<Regarding, 'uid'>): void
}

export interface EventRecorderOptions {
  readonly clock: Clock
  readonly log: Log
  readonly post: (regarding: Regarding, told: Told) => Promise<void>
  /** Waiting posts beyond that are dropped: events are a courtesy, the status holds the truth. Default 200. */
  readonly mostWaiting?: number
  readonly onOutcome?: (outcome: 'posted' | 'failed' | 'dropped' | 'repeated') => void
}

const QUIET_MS = 60_000

/** At most one event for each object, reason and minute. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { clock, log, post, mostWaiting = 200, onOutcome = () => undefined } = options
  const lastTold = new Map<string, Map<string, Instant>>()
  let waiting = 0
  return {
    tell(regarding, told) {
      const now = clock.now()
      const reasons = lastTold.get(regarding.uid) ?? new Map<string, Instant>()
      lastTold.set(regarding.uid, reasons)
      const before = reasons.get(told.reason)
      if (before !== undefined && Math.abs(now - before) < QUIET_MS) return onOutcome('repeated')
      if (waiting >= mostWaiting) return onOutcome('dropped')
      reasons.set(told.reason, now)
      waiting++
      post(regarding, told)
        .then(() => onOutcome('posted'))
        .catch(cause => {
          onOutcome('failed')
          log.warn('event not posted', { object: `${regarding.namespace}/${regarding.name}`, reason: told.reason, cause })
        })
        .finally(() => waiting--)
    },
    forget: ({ uid }) => void lastTold.delete(uid),
  }
}
