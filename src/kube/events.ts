import type { KubeClient } from './api.ts'
import { collectionPath } from './paths.ts'

/** What an Event is about. */
export interface Regarding {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace?: string
  readonly name: string
  readonly uid?: string
}

export interface PostedEvent {
  readonly regarding: Regarding
  readonly type: 'Normal' | 'Warning'
  /** CamelCase, stable, documented: "ScaledUp". */
  readonly reason: string
  /** What was being done: "Scale". */
  readonly action: string
  /** For people; cut at 1024 bytes, the limit of the API. */
  readonly note: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Which of our processes: the pod's name. */
  readonly instance: string
  /** Unique in the namespace, a DNS name: the caller makes it, so that the same event sent twice is one. */
  readonly name: string
}

const EVENTS = { group: 'events.k8s.io', version: 'v1', plural: 'events' }
const REPORTING_CONTROLLER = 'autoscaling.spotify.ai/crescendo'
const NOTE_BYTES = 1024

/** Writes one Event into the namespace of its object, `default` for objects outside namespaces. */
export async function postEvent(client: KubeClient, event: PostedEvent): Promise<void> {
  const namespace = event.regarding.namespace ?? 'default'
  await client.request({
    method: 'POST',
    path: collectionPath(EVENTS, namespace),
    body: {
      apiVersion: 'events.k8s.io/v1',
      kind: 'Event',
      metadata: { namespace, name: event.name },
      eventTime: new Date(event.at).toISOString().replace('Z', '000Z'),
      reportingController: REPORTING_CONTROLLER,
      reportingInstance: event.instance.slice(0, 128),
      regarding: event.regarding,
      type: event.type,
      reason: event.reason,
      action: event.action,
      note: cutAt(event.note, NOTE_BYTES),
    },
  })
}

/** At most so many bytes of UTF-8, never half a character, and "…" where something was cut. */
function cutAt(text: string, bytes: number): string {
  const encoded = Buffer.from(text, 'utf8')
  if (encoded.length <= bytes) return text
  const kept = new TextDecoder('utf-8').decode(encoded.subarray(0, bytes - 3), { stream: true })
  return `${kept}…`
}
