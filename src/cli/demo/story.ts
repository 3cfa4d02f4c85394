import type { Decision } from '../../core/model.ts'
import { explained } from './explained.ts'
import type { StageEvent } from './service.ts'
import type { Stage, Turn } from './stage.ts'
import { clockOf } from './stage-facts.ts'

/** What the viewer is told: the event of the moment, and the latest decision that changed something. */
export interface Story {
  hear(turns: readonly Turn[]): void
  caption(): string | undefined
  latest(): { readonly service: string; readonly at: number; readonly sentence: string } | undefined
}

/** A caption stays that long after its event. */
const AFTERGLOW_MS = 10 * 60_000

export function storyOf(stage: Stage): Story {
  let latest: { decision: Decision; service: string } | undefined
  return {
    hear(turns) {
      for (const { part, decision } of turns) if (decision.to !== decision.from) latest = { decision, service: part.service.name }
    },
    caption: () => captionAt(stage),
    latest: () => latest && { service: latest.service, at: latest.decision.at, sentence: explained(latest.decision).sentence },
  }
}

/** Of events that overlap, the one that began last. */
function captionAt(stage: Stage): string | undefined {
  const now = stage.now()
  const events = stage.parts.flatMap(part => part.service.events)
  const current = events
    .filter(event => event.from <= now && now < event.to + AFTERGLOW_MS)
    .toSorted((a, b) => b.from - a.from)[0]
  return current && told(current)
}

function told({ from, kind, text }: StageEvent): string {
  return `${clockOf(from)} ${kind}: ${text}`
}
