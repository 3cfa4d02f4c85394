import { describe, expect, test } from 'vitest'
import { CrescendoError } from '../errors.ts'
import type { KubeCall, KubeClient } from './api.ts'
import { applyObject } from './apply.ts'
import { labelOf } from './call-label.ts'
import { createDiscovery } from './discovery.ts'
import { postEvent } from './events.ts'
import { KubeError } from './kube-error.ts'
import { collectionPath, groupVersion, objectPath } from './paths.ts'
import { retryAfterOf } from './refusal.ts'
import { getScale, putScale } from './scale.ts'
import { backoffMs, systemTiming } from './timing.ts'

const DEPLOYMENTS = { group: 'apps', version: 'v1', plural: 'deployments' }
const REF = { resource: DEPLOYMENTS, namespace: 'audio', name: 'gateway' }

function recorder(answer: (call: KubeCall) => unknown): { readonly client: KubeClient; readonly calls: KubeCall[] } {
  const calls: KubeCall[] = []
  const request = async <T>(call: KubeCall): Promise<T> => {
    calls.push(call)
    return answer(call) as T
  }
  const watch = () => {
    throw new Error('not asked for')
  }
  return { calls, client: { server: 'https://test', request, watch } }
}

describe('addresses', () => {
  test('every segment is escaped, and none can leave its place', () => {
    expect(collectionPath({ group: '', version: 'v1', plural: 'pods' })).toBe('/api/v1/pods')
    expect(objectPath(DEPLOYMENTS, { namespace: 'a/../b', name: 'c?d#e f', subresource: 'scale' })).toBe(
      '/apis/apps/v1/namespaces/a%2F..%2Fb/deployments/c%3Fd%23e%20f/scale',
    )
    for (const name of ['', '.', '..']) expect(() => objectPath(DEPLOYMENTS, { namespace: 'a', name })).toThrow(CrescendoError)
    expect([groupVersion('apps/v1'), groupVersion('v1')]).toEqual([
      { group: 'apps', version: 'v1' },
      { group: '', version: 'v1' },
    ])
  })

  test.each([
    ['GET', '/api/v1/pods', 'list pods'],
    ['GET', '/api/v1/namespaces/audio/pods/one', 'get pods'],
    ['GET', '/api/v1/namespaces/audio', 'get namespaces'],
    ['POST', '/apis/events.k8s.io/v1/namespaces/audio/events', 'create events'],
    ['PUT', '/apis/apps/v1/namespaces/audio/deployments/gateway/scale', 'update deployments/scale'],
    ['PATCH', '/apis/x.y/v2/chpas/one/status', 'patch chpas/status'],
    ['DELETE', '/apis/x.y/v2/chpas/one', 'delete chpas'],
    ['GET', '/apis/external.metrics.k8s.io/v1beta1/namespaces/audio/queue-of-customer-7', 'get external.metrics.k8s.io'],
    ['GET', '/apis/apps/v1', 'get discovery'],
    ['GET', '/version', 'get server'],
  ] as const)('%s %s counts as "%s"', (method, path, label) => {
    const { verb, resource } = labelOf({ method, path })
    expect(`${verb} ${resource}`).toBe(label)
  })
})

describe('scale', () => {
  const raw = { metadata: { resourceVersion: '7', uid: 'u' }, spec: {}, status: { replicas: 2, selector: 'app=x' } }

  test('reads what the API leaves out as zero', async () => {
    const { client, calls } = recorder(() => raw)
    expect(await getScale(client, REF)).toEqual({
      replicas: 0,
      observedReplicas: 2,
      selector: 'app=x',
      resourceVersion: '7',
      uid: 'u',
    })
    expect(calls).toEqual([{ method: 'GET', path: '/apis/apps/v1/namespaces/audio/deployments/gateway/scale' }])
  })

  test('writes with the version and the uid as preconditions, as field manager crescendo', async () => {
    const { client, calls } = recorder(() => raw)
    await putScale(client, REF, { replicas: 5, resourceVersion: '7', uid: 'u' })
    expect(calls).toEqual([
      {
        method: 'PUT',
        path: '/apis/apps/v1/namespaces/audio/deployments/gateway/scale',
        query: { fieldManager: 'crescendo' },
        body: {
          apiVersion: 'autoscaling/v1',
          kind: 'Scale',
          metadata: { namespace: 'audio', name: 'gateway', resourceVersion: '7', uid: 'u' },
          spec: { replicas: 5 },
        },
      },
    ])
  })

  test('numbers that are no replicas, and writes without a version, never leave', async () => {
    const { client, calls } = recorder(() => raw)
    for (const replicas of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31]) {
      await expect(putScale(client, REF, { replicas, resourceVersion: '7' })).rejects.toThrow(CrescendoError)
    }
    await expect(putScale(client, REF, { replicas: 1, resourceVersion: '' })).rejects.toThrow('resourceVersion')
    expect(calls).toEqual([])
  })

  test('an answer that is no scale is an error', async () => {
    await expect(getScale(recorder(() => ({})).client, REF)).rejects.toMatchObject({ reason: 'Malformed' })
  })
})

test('server-side apply goes to the object or its status, with force', async () => {
  const { client, calls } = recorder(() => ({}))
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace: 'audio', name: 'gateway' } }
  await applyObject(client, { resource: DEPLOYMENTS, object, subresource: 'status' })
  await applyObject(client, { resource: DEPLOYMENTS, object })
  expect(calls[0]).toEqual({
    method: 'PATCH',
    path: '/apis/apps/v1/namespaces/audio/deployments/gateway/status',
    query: { fieldManager: 'crescendo', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object,
  })
  expect(calls[1]?.path).toBe('/apis/apps/v1/namespaces/audio/deployments/gateway')
})

test('an event carries what events.k8s.io/v1 asks for, and its note is cut by bytes between characters', async () => {
  const { client, calls } = recorder(() => ({}))
  const event = {
    type: 'Normal',
    reason: 'ScaledUp',
    action: 'Scale',
    at: 1_760_000_000_000,
    instance: 'pod-1',
    name: 'gateway.1',
  } as const
  const regarding = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'audio', name: 'gateway' }
  await postEvent(client, { ...event, regarding, note: '3 → 7' })
  await postEvent(client, { ...event, regarding: { apiVersion: 'v1', kind: 'Node', name: 'n' }, note: `x${'音'.repeat(400)}` })
  expect(calls[0]).toMatchObject({
    method: 'POST',
    path: '/apis/events.k8s.io/v1/namespaces/audio/events',
    body: {
      metadata: { namespace: 'audio', name: 'gateway.1' },
      eventTime: '2025-10-09T08:53:20.000000Z',
      reportingController: 'autoscaling.spotify.ai/crescendo',
      reportingInstance: 'pod-1',
      note: '3 → 7',
    },
  })
  expect(calls[1]?.path).toBe('/apis/events.k8s.io/v1/namespaces/default/events')
  const { note } = (calls[1] as KubeCall).body as { note: string }
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024)
  expect(note).toBe(`x${'音'.repeat(340)}…`)
})

describe('discovery', () => {
  const argo = {
    resources: [
      { name: 'rollouts', kind: 'Rollout', namespaced: true },
      { name: 'rollouts/scale', kind: 'Scale', namespaced: true },
      { name: 'rollouts/status', kind: 'Rollout', namespaced: true },
      { name: 'clustertemplates', kind: 'ClusterTemplate', namespaced: false },
    ],
  }

  function clock() {
    let now = 0
    const turn = (ms: number) => {
      now += ms
    }
    return { timing: { ...systemTiming, nowMs: () => now }, turn }
  }

  test('finds the plural, the scope and the subresources of a kind, with one call for all of its group', async () => {
    const { client, calls } = recorder(() => argo)
    const discovery = createDiscovery({ client })
    const [rollout, template] = await Promise.all([
      discovery.resolve('argoproj.io/v1alpha1', 'Rollout'),
      discovery.resolve('argoproj.io/v1alpha1', 'ClusterTemplate'),
    ])
    expect(rollout).toEqual({
      group: 'argoproj.io',
      version: 'v1alpha1',
      plural: 'rollouts',
      kind: 'Rollout',
      isNamespaced: true,
      hasScale: true,
      hasStatus: true,
    })
    expect(template).toMatchObject({ isNamespaced: false, hasScale: false })
    expect(calls.map(({ path }) => path)).toEqual(['/apis/argoproj.io/v1alpha1'])
  })

  test('an unknown kind is told with those that there are, and asked for again after half a minute', async () => {
    const { timing, turn } = clock()
    const { client, calls } = recorder(() => (calls.length === 1 ? { resources: [] } : argo))
    const discovery = createDiscovery({ client, timing })
    await expect(discovery.resolve('argoproj.io/v1alpha1', 'Rollout')).rejects.toThrow('does not know the kind "Rollout"')
    await expect(discovery.resolve('argoproj.io/v1alpha1', 'Rollout')).rejects.toMatchObject({
      status: 404,
      reason: 'UnknownKind',
    })
    expect(calls).toHaveLength(1)
    turn(31_000)
    expect(await discovery.resolve('argoproj.io/v1alpha1', 'Rollout')).toMatchObject({ plural: 'rollouts' })
    await expect(discovery.resolve('argoproj.io/v1alpha1', 'Rolout')).rejects.toThrow('it has Rollout, ClusterTemplate')
    expect(calls).toHaveLength(2)
    turn(601_000)
    await discovery.resolve('argoproj.io/v1alpha1', 'Rollout')
    expect(calls).toHaveLength(3)
  })

  test('an unknown apiVersion is clear; a server in trouble is not kept', async () => {
    const absent = recorder(() => {
      throw new KubeError('no', { status: 404, reason: 'NotFound' })
    })
    const discovery = createDiscovery({ client: absent.client })
    await expect(discovery.resolve('keda.sh/v1', 'X')).rejects.toThrow('does not know the apiVersion "keda.sh/v1"')
    await expect(discovery.resolve('keda.sh/v1', 'X')).rejects.toMatchObject({ reason: 'UnknownKind' })
    expect(absent.calls).toHaveLength(1)
    const down = recorder(() => {
      if (down.calls.length === 1) throw new KubeError('no', { status: 500, reason: 'Down' })
      return argo
    })
    const later = createDiscovery({ client: down.client })
    await expect(later.resolve('a/v1', 'Rollout')).rejects.toMatchObject({ status: 500 })
    expect(await later.resolve('a/v1', 'Rollout')).toMatchObject({ plural: 'rollouts' })
  })
})

test('the back-off doubles from 0.8 s to 10 s within its jitter, and Retry-After is its least', () => {
  expect([0, 1, 2, 3, 9, 900].map(attempt => backoffMs(attempt, 0.999_999)).map(Math.round)).toEqual([
    800, 1600, 3200, 6400, 10_000, 10_000,
  ])
  expect(backoffMs(9, 0)).toBe(5000)
  expect(backoffMs(0, 0)).toBe(800)
  expect(backoffMs(0, 0, 7000)).toBe(7000)
})

test('Retry-After is read as seconds or as a date, and nothing else', () => {
  const now = Date.parse('2026-11-25T02:00:00Z')
  expect(retryAfterOf('7', now)).toBe(7000)
  expect(retryAfterOf('Wed, 25 Nov 2026 02:00:10 GMT', now)).toBe(10_000)
  expect(retryAfterOf('Wed, 25 Nov 2026 01:00:00 GMT', now)).toBe(0)
  expect([retryAfterOf('soon', now), retryAfterOf(undefined, now), retryAfterOf('99999999999', now)]).toEqual([
    undefined,
    undefined,
    undefined,
  ])
})
