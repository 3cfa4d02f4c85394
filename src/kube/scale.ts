import { CrescendoError } from '../errors.ts'
import type { KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'
import { type ApiResource, objectPath } from './paths.ts'

/** The field manager of everything that this program writes. */
export const FIELD_MANAGER = 'crescendo'

export interface ScaleRef {
  readonly resource: ApiResource
  readonly namespace: string
  readonly name: string
}

/** The scale subresource, of whatever kind. */
export interface Scale {
  /** spec.replicas: what is asked for. */
  readonly replicas: number
  /** status.replicas: pods that exist. */
  readonly observedReplicas: number
  /** Label selector as text; '' where the kind tells none. */
  readonly selector: string
  readonly resourceVersion: string
  readonly uid: string
}

interface RawScale {
  readonly metadata?: { readonly resourceVersion?: string; readonly uid?: string }
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number; readonly selector?: string }
}

export async function getScale(client: KubeClient, ref: ScaleRef): Promise<Scale> {
  return scaleOf(await client.request<RawScale>({ method: 'GET', path: scalePath(ref) }), ref)
}

/**
 * Sets spec.replicas of what was read as `resourceVersion`; anything that changed since makes it a 409, and so does another
 * object of the same name where `uid` is given. The caller reads again and decides anew.
 */
export async function putScale(
  client: KubeClient,
  ref: ScaleRef,
  to: { readonly replicas: number; readonly resourceVersion: string; readonly uid?: string },
): Promise<Scale> {
  if (!Number.isInteger(to.replicas) || to.replicas < 0 || to.replicas > 2_147_483_647) {
    throw new CrescendoError(
      'CRS_DOCUMENT_INVALID',
      `${to.replicas} replicas cannot be asked for: a whole number from 0 is expected`,
    )
  }
  if (to.resourceVersion === '') {
    throw new CrescendoError('CRS_DOCUMENT_INVALID', `${ref.name}: a scale is never written without a resourceVersion`)
  }
  const { namespace, name } = ref
  const body = {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { namespace, name, resourceVersion: to.resourceVersion, ...(to.uid === undefined ? {} : { uid: to.uid }) },
    spec: { replicas: to.replicas },
  }
  const query = { fieldManager: FIELD_MANAGER }
  return scaleOf(await client.request<RawScale>({ method: 'PUT', path: scalePath(ref), query, body }), ref)
}

function scalePath({ resource, namespace, name }: ScaleRef): string {
  return objectPath(resource, { namespace, name, subresource: 'scale' })
}

/** The API leaves out a zero. */
function scaleOf(raw: RawScale, { resource, name }: ScaleRef): Scale {
  const { resourceVersion, uid } = raw.metadata ?? {}
  if (!resourceVersion || !uid) {
    throw new KubeError(`the scale of ${resource.plural} ${name} has no resourceVersion`, { status: 0, reason: 'Malformed' })
  }
  return {
    replicas: raw.spec?.replicas ?? 0,
    observedReplicas: raw.status?.replicas ?? 0,
    selector: raw.status?.selector ?? '',
    resourceVersion,
    uid,
  }
}
