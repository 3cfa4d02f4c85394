import { describe, expect, test } from 'vitest'
import type { KubeCall, KubeClient } from '../kube/api.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { Autoscaler, Scaled } from './objects.ts'
import { createPodIndex } from './pod-index.ts'
import { createTargets } from './targets.ts'

const object = (kind = 'Deployment', apiVersion = 'apps/v1') =>
  ({
    id: 'shop/web',
    namespace: 'shop',
    checked: { document: { spec: { scaleTargetRef: { apiVersion, kind, name: 'web' } } } },
  }) as unknown as Autoscaler // the parts that name the target

const deployment = (replicas: number, resourceVersion: string): Scaled => ({
  namespace: 'shop',
  name: 'web',
  uid: 'u',
  kind: 'Deployment',
  apiVersion: 'apps/v1',
  resourceVersion,
  replicas: { spec: replicas, status: 3, ready: 3 },
  selector: 'app=web',
  isDeleted: false,
})

/** A cluster whose watch shows what the test says, and whose /scale answers with version 20. */
function cluster(unknownIn?: string) {
  const calls: string[] = []
  let shown: Scaled | undefined = deployment(3, '9')
  const client: KubeClient = {
    server: '',
    watch: () => {
      throw new Error('not watched here')
    },
    async request<T>({ method, path, body }: KubeCall) {
      calls.push(`${method} ${path}`)
      if (!path.endsWith('/scale')) {
        return {
          resources: [
            { name: 'rollouts', kind: 'Rollout', namespaced: true },
            { name: 'rollouts/scale', kind: 'Scale' },
          ],
        } as T
      }
      const { spec = { replicas: 4 } } = (body ?? {}) as { spec?: { replicas: number } }
      return { metadata: { uid: 'u', resourceVersion: '20' }, spec, status: { replicas: 4, selector: 'app=web' } } as T
    },
  }
  const show = (scaled: Scaled | undefined) => {
    shown = scaled
  }
  const list = { list: () => [], onChange: () => undefined }
  const watches = {
    deployments: { ...list, get: () => shown },
    statefulSets: { ...list, get: () => undefined },
    unknownIn: () => unknownIn,
  }
  const targets = createTargets({ client, watches, pods: createPodIndex() })
  return { targets, calls, show }
}

describe('targets', () => {
  test('a Deployment is known from the watch, without a call', async () => {
    const { targets, calls } = cluster()
    expect(await targets.of(object())).toMatchObject({ kind: 'Deployment', replicas: { spec: 3 }, resourceVersion: '9' })
    expect(calls).toEqual([])
  })

  test('after our own write, what the write answered holds until the watch has caught up', async () => {
    const { targets, show } = cluster()
    await targets.scale(object(), await targets.of(object()), 7)
    expect(await targets.of(object())).toMatchObject({ replicas: { spec: 7, ready: 3 }, resourceVersion: '20' })
    show(deployment(3, '11'))
    expect(await targets.of(object())).toMatchObject({ replicas: { spec: 7 }, resourceVersion: '20' })
    show(deployment(5, '21'))
    expect(await targets.of(object())).toMatchObject({ replicas: { spec: 5 }, resourceVersion: '21' })
    show(deployment(3, '11'))
    expect(await targets.of(object())).toMatchObject({ replicas: { spec: 3 }, resourceVersion: '11' })
  })

  test('any other kind with a scale subresource is asked for', async () => {
    const { targets, calls } = cluster()
    expect(await targets.of(object('Rollout', 'argoproj.io/v1alpha1'))).toMatchObject({
      replicas: { spec: 4 },
      selector: 'app=web',
    })
    expect(calls).toEqual(['GET /apis/argoproj.io/v1alpha1', 'GET /apis/argoproj.io/v1alpha1/namespaces/shop/rollouts/web/scale'])
  })

  test('a target that is not there, or being deleted, is told by name', async () => {
    const { targets, show } = cluster()
    show(undefined)
    await expect(targets.of(object())).rejects.toThrow('Deployment web is not in the namespace shop')
    show({ ...deployment(3, '9'), isDeleted: true })
    await expect(targets.of(object())).rejects.toThrow(KubeError)
  })

  test('a namespace whose pods cannot be read is no namespace without pods', async () => {
    const { targets } = cluster('pods in shop cannot be read: list is forbidden')
    await expect(targets.of(object())).rejects.toThrow('list is forbidden')
  })
})
