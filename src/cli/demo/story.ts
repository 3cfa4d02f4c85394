import type { Decision, Instant } from '../../core/model.ts'
import { explained } from './explained.ts'
import type { StageEvent } from './service.ts'
import type { Part, Stage, Turn } from './stage.ts'
import { clockOf } from './stage-facts.ts'

/** What the viewer is told: the event of the moment, and the decision that matters most. */
export interface Story {
  hear(turns: readonly Turn[]): void
  caption(): string | undefined
  /** While something happens to a service, the decision in force there; else the latest that changed something anywhere. */
  latest(): { readonly service: string; readonly at: Instant; readonly sentence: string } | undefined
}

/** A caption stays that long after its event. */
const AFTERGLOW_MS = 10 * 60_000

interface Told {
  readonly part: Part
  readonly decision: Decision
}

export function storyOf(stage: Stage): Story {
  let changed: Told | undefined
  return {
    hear(turns) {
      changed = turns.findLast(({ decision }) => decision.to !== decision.from) ?? changed
    },
    caption() {
      const current = eventNow(stage)
      return current && `${clockOf(current.event.from)} ${current.event.kind}: ${current.event.text}`
    },
    latest() {
      const part = eventNow(stage)?.part
      const decision = part?.actors[0]?.last
      const told = part && decision ? { part, decision } : changed
      return told && sentenceOf(told)
    },
  }
}

function sentenceOf({ part, decision }: Told) {
  return { service: part.service.name, at: decision.at, sentence: explained(decision).sentence }
}

/** Of events that overlap, the one that began last. */
function eventNow(stage: Stage): { readonly part: Part; readonly event: StageEvent } | undefined {
  const now = stage.now()
  return stage.parts
    .flatMap(part => part.service.events.map(event => ({ part, event })))
    .filter(({ event }) => event.from <= now && now < event.to + AFTERGLOW_MS)
    .toSorted((a, b) => b.event.from - a.event.from)[0]
}
