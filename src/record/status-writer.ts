import { isDeepStrictEqual } from 'node:util'
import type { Instant } from '../core/model.ts'
import type { HorizontalPodAutoscalerStatus } from '../resources/status.ts'
import type { Before, StatusFacts } from './status.ts'
import { statusOf } from './status.ts'

export interface StatusWriter {
  /** Writes the status if it says something new. Rejects where the API server refuses; the next turn then tries again. */
  write(object: StatusOwner, facts: StatusFacts): Promise<'written' | 'unchanged'>
  /** Conditions as they were last written, with their times. */
  last(uid: string): HorizontalPodAutoscalerStatus | undefined
  forget(uid: string): void
  /** Another process has written since: the next status of each object is written, whatever it says. */
  forgetAll(): void
}

export interface StatusOwner {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** The status that the API server had when this process first saw the object. */
  readonly found: unknown
}

/** Figures that move all the time are refreshed no more often than that; what an operator acts on is written at once. */
const REFRESH_MS = 60_000

interface Written {
  readonly at: Instant
  readonly body: HorizontalPodAutoscalerStatus
}

export function createStatusWriter(
  apply: (object: StatusOwner, status: HorizontalPodAutoscalerStatus) => Promise<void>,
): StatusWriter {
  const written = new Map<string, Written>()
  return {
    last: uid => written.get(uid)?.body,
    forget: uid => void written.delete(uid),
    forgetAll: () => written.clear(),
    async write(object, facts) {
      const before = written.get(object.uid)
      const body = statusOf(facts, before?.body ?? readBefore(object.found))
      if (before !== undefined && !isDue(before, body, facts.now)) return 'unchanged'
      await apply(object, body)
      written.set(object.uid, { at: facts.now, body })
      return 'written'
    },
  }
}

function isDue({ at, body: before }: Written, body: HorizontalPodAutoscalerStatus, now: Instant): boolean {
  if (!isDeepStrictEqual(essence(before), essence(body))) return true
  return Math.abs(now - at) >= REFRESH_MS && !isDeepStrictEqual(before, body)
}

/** What is new when it changes: replicas, the state of conditions, the generation. Messages carry figures and are not. */
function essence({
  observedGeneration,
  currentReplicas,
  desiredReplicas,
  lastScaleTime,
  conditions,
}: HorizontalPodAutoscalerStatus) {
  const states = (conditions ?? []).map(({ type, status, reason }) => [type, status, reason])
  return { observedGeneration, currentReplicas, desiredReplicas, lastScaleTime, states }
}

/** The status of the process before us, as far as it is one: transition times go on through a restart. */
function readBefore(found: unknown): Before | undefined {
  if (typeof found !== 'object' || found === null || !('conditions' in found) || !Array.isArray(found.conditions))
    return undefined
  return found as Before // our own field manager wrote it, and the CRD's schema has checked it
}
