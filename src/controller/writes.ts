import type { Instant } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import { applyObject } from '../kube/apply.ts'
import { postEvent } from '../kube/events.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { Regarding, Told } from '../record/events.ts'
import { RESOURCES } from './watches.ts'

/** Writes the status of one object of ours; an object made anew meanwhile is another one. */
export async function applyStatus(
  client: KubeClient,
  object: { namespace: string; name: string; uid: string },
  status: object,
): Promise<void> {
  const { namespace, name, uid } = object
  await applyObject(client, {
    resource: RESOURCES.autoscalers,
    subresource: 'status',
    object: {
      apiVersion: 'autoscaling.spotify.ai/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { namespace, name, uid },
      ...{ status },
    },
  })
}

/** Posts an Event under a name that says the same in the same minute again; one that is there was told. */
export async function post(
  client: KubeClient,
  event: { regarding: Regarding; told: Told; at: Instant; instance: string },
): Promise<void> {
  const { regarding, told, at, instance } = event
  const minute = Math.floor(at / 60_000).toString(36)
  const name = `${regarding.name.slice(0, 180).replace(/[-.]+$/, '')}.${told.reason.toLowerCase()}.${regarding.uid.slice(0, 8)}.${minute}`
  try {
    await postEvent(client, { regarding, ...told, action: 'Scale', at, instance, name })
  } catch (error) {
    // The process before us told it within the same minute.
    if (!(error instanceof KubeError) || error.status !== 409) throw error
  }
}
