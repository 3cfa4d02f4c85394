import type { Behavior, Instant } from '../model.ts'
import { filledBehavior } from './behavior.ts'
import { recorded } from './stabilisation.ts'

/** A change of replicas that happened; `change` is positive in both directions. */
export interface ScaleEvent {
  readonly change: number
  readonly at: Instant
  /** Older than every policy period when a later event was stored: its place may be reused. */
  readonly outdated: boolean
}

export interface ScaleEvents {
  readonly up: readonly ScaleEvent[]
  readonly down: readonly ScaleEvent[]
}

export const noEvents: ScaleEvents = { up: [], down: [] }

/** Replicas changed within the last `periodMs`; the period's oldest moment is no longer in it. */
export function changedWithin(events: readonly ScaleEvent[], periodMs: number, now: Instant): number {
  let changed = 0
  for (const event of events) if (event.at > now - periodMs) changed += event.change
  return changed
}

export interface Change {
  readonly from: number
  readonly to: number
  readonly at: Instant
}

/** Remembers a change for the rate policies. Without `behavior` there are none, and nothing is kept. */
export function eventsAfter(events: ScaleEvents, { from, to, at }: Change, behavior: Behavior | undefined): ScaleEvents {
  if (behavior === undefined || from === to) return events
  const { scaleUp, scaleDown } = filledBehavior(behavior)
  const store = (of: readonly ScaleEvent[], policies: readonly { readonly periodSeconds: number }[]) => {
    const longestMs = Math.max(0, ...policies.map(policy => policy.periodSeconds * 1000))
    const marked = of.map(event => (event.at < at - longestMs ? { ...event, outdated: true } : event))
    const place = marked.findLastIndex(event => event.outdated)
    return recorded(marked, place, { change: Math.abs(to - from), at, outdated: false })
  }
  return to > from
    ? { ...events, up: store(events.up, scaleUp.policies) }
    : { ...events, down: store(events.down, scaleDown.policies) }
}
