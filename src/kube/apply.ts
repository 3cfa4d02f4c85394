import type { KubeClient, KubeObject } from './api.ts'
import { type ApiResource, objectPath } from './paths.ts'
import { FIELD_MANAGER } from './scale.ts'

export interface Applied {
  readonly resource: ApiResource
  /** The fields that we own, all of them: one left out since the last time is removed. apiVersion, kind and name are needed. */
  readonly object: KubeObject
  readonly subresource?: 'status'
}

/**
 * Server-side apply as field manager `crescendo`, with force: fields in `object` become ours, whoever set them. A
 * metadata.resourceVersion in it is a precondition, and so is a uid: with it, apply never makes an object anew.
 */
export function applyObject<T extends KubeObject>(client: KubeClient, { resource, object, subresource }: Applied): Promise<T> {
  const { namespace, name } = object.metadata
  return client.request<T>({
    method: 'PATCH',
    path: objectPath(resource, { namespace, name, ...(subresource === undefined ? {} : { subresource }) }),
    query: { fieldManager: FIELD_MANAGER, force: 'true' },
    // JSON is YAML.
    contentType: 'application/apply-patch+yaml',
    body: object,
  })
}
