import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deploymentObject, eventually } from './bed/cluster-objects.ts'
import { type Fault, failureStatus, type Passed } from './bed/fault-proxy.ts'
import { conditionOf, type Directed, openScene, type Scene } from './controller/scene.ts'
import { autoscaler, type Played, type Stage, startStage } from './controller/stage.ts'

/** What a whole controller does while the API server, or the way to it, misbehaves. Each test has a namespace and a proxy of its own. */

let stage: Stage

beforeAll(async () => {
  stage = await startStage()
})
afterAll(async () => {
  await stage?.stop()
})

const isScalePut = ({ method, path }: Pick<Passed, 'method' | 'path'>) => method === 'PUT' && path.includes('/scale?')
const isLease = ({ path }: Pick<Passed, 'path'>) => path.includes('/leases')
const isWatch = ({ path }: Pick<Passed, 'path'>) => /[?&]watch=true/.test(path)
const callsTo = (part: string, { proxy }: Directed) =>
  proxy.passed.filter(({ method, path }) => method === 'GET' && path.includes(part))
const isAtLeast = (least: number) => (replicas: number) => replicas >= least
const httpStatus = async ({ url }: Directed, path: string) => (await fetch(url + path)).status
/** Names of the objects that it decides about. */
const known = async (crescendo: Directed) =>
  (await crescendo.get<{ workloads: readonly { name: string }[] }>('/api/v1/workloads')).workloads.map(({ name }) => name)
const journal = async (crescendo: Directed) =>
  (
    await crescendo.get<{ entries: readonly { target: string; from: number; to: number; outcome: string; why?: string }[] }>(
      '/api/v1/audit',
    )
  ).entries

async function open(namespace: string): Promise<{ readonly scene: Scene; readonly web: Played; readonly crescendo: Directed }> {
  const scene = await openScene(stage, namespace)
  const web = await scene.scaled('web', { replicas: 3, load: 250 })
  const crescendo = await scene.controller()
  await crescendo.line(({ msg }) => msg === 'leading', 60_000)
  return { scene, web, crescendo }
}

describe('the API server refuses, or the way to it', () => {
  test.concurrent('F07: after 429 with Retry-After 7 nothing leaves for seven seconds but the Lease, then every object is scaled', async () => {
    const { scene, web, crescendo } = await open('too-many')
    const shop = await scene.scaled('shop', { replicas: 2, load: 150 })
    await eventually('both are known', 30_000, async () => (await known(crescendo)).length === 2 || undefined)
    let refusedAt = 0
    crescendo.proxy.setFault(call => {
      if (refusedAt !== 0 || !isScalePut(call)) return undefined
      refusedAt = Date.now()
      return { kind: 'answer', status: 429, headers: { 'retry-after': '7' }, body: failureStatus(429, 'TooManyRequests') }
    })
    web.load(800)
    shop.load(600)
    await web.until('carries 800', isAtLeast(8), 40_000)
    await shop.until('carries 600', isAtLeast(6), 40_000)
    expect(refusedAt).toBeGreaterThan(0)
    // What was on its way when the answer came had left before.
    const meanwhile = crescendo.proxy.passed.filter(({ atMs }) => atMs > refusedAt + 100 && atMs < refusedAt + 6900)
    expect(meanwhile.filter(call => !isLease(call) && !isWatch(call)).map(({ method, path }) => `${method} ${path}`)).toEqual([])
    expect(meanwhile.some(isLease)).toBe(true)
  })

  test.concurrent('F08: 500 to everything for 25 s: alive, not ready, and half a minute later all is as the load needs, new objects too', async () => {
    const { scene, web, crescendo } = await open('broken')
    crescendo.proxy.setFault(() => ({ kind: 'answer', status: 500, body: failureStatus(500, 'InternalError') }))
    crescendo.proxy.cut()
    const brokenAt = Date.now()
    const endsAt = brokenAt + 25_000
    web.load(900)
    const late = await scene.scaled('late', { replicas: 2, load: 500 })
    await eventually('not ready', 20_000, async () => (await httpStatus(crescendo, '/readyz')) === 503 || undefined)
    expect([await httpStatus(crescendo, '/livez'), await httpStatus(crescendo, '/api/v1/workloads')]).toEqual([200, 200])
    await sleep(endsAt - Date.now())
    const tries = callsTo('/deployments?', crescendo).filter(({ atMs }) => atMs > brokenAt).length
    expect(tries).toBeGreaterThanOrEqual(3)
    expect(tries).toBeLessThanOrEqual(10)
    expect([await web.replicas(), await late.replicas(), crescendo.running()]).toEqual([3, 2, true])
    crescendo.proxy.setFault()
    await Promise.all([web.until('carries 900', isAtLeast(9), 30_000), late.until('carries 500', isAtLeast(5), 30_000)])
    expect(await httpStatus(crescendo, '/readyz')).toBe(200)
  })

  test.concurrent('F09: 410 on every watch for a while is no hot loop; what came and went meanwhile is known after', async () => {
    const { scene, web, crescendo } = await open('forgotten')
    await scene.scaled('leaving', { replicas: 2, load: 100 })
    await eventually('both are known', 30_000, async () => (await known(crescendo)).length === 2 || undefined)
    const gone = { type: 'ERROR', object: failureStatus(410, 'Expired') }
    const fault: Fault = call => (isWatch(call) && !isLease(call) ? { kind: 'answer', status: 200, body: gone } : undefined)
    crescendo.proxy.setFault(fault)
    crescendo.proxy.cut()
    const since = Date.now()
    const late = await scene.scaled('late', { replicas: 2, load: 500 })
    await stage.plane.kubectl(['delete', 'chpa', 'leaving', '-n', scene.namespace])
    await sleep(Math.max(0, since + 12_000 - Date.now()))
    const lists = callsTo('/deployments?', crescendo).filter(call => call.atMs > since && !isWatch(call))
    expect(lists.length).toBeGreaterThanOrEqual(2)
    expect(lists.length).toBeLessThanOrEqual(8)
    crescendo.proxy.setFault()
    web.load(700)
    await Promise.all([web.until('carries 700', isAtLeast(7), 45_000), late.until('carries 500', isAtLeast(5), 45_000)])
    expect((await known(crescendo)).toSorted()).toEqual(['late', 'web'])
  })

  test.concurrent('F10: a scale that somebody was quicker than is read again, three tries at most, and the edit survives', async () => {
    const { scene, web, crescendo } = await open('edited')
    const path = `/apis/apps/v1/namespaces/${scene.namespace}/deployments/web`
    let [edits, quicker] = [0, 2]
    crescendo.proxy.setFault(async call => {
      if (!isScalePut(call) || edits >= quicker) return undefined
      edits += 1
      await stage.plane.api.call(path, { method: 'PATCH', body: { spec: { revisionHistoryLimit: edits } } })
      return undefined
    })
    const puts = () => crescendo.proxy.passed.filter(isScalePut).map(({ status }) => status)
    web.load(700)
    await web.until('carries 700', isAtLeast(6))
    expect(puts().slice(0, 3)).toEqual([409, 409, 200])
    const edited = await stage.plane.api.call<{ metadata: object; spec: { revisionHistoryLimit: number } }>(path)
    expect(edited.spec.revisionHistoryLimit).toBe(2)

    await sleep(4000)
    const before = puts().length
    ;[edits, quicker] = [0, 1000]
    web.load(1200)
    const told = await eventually('the failure is told', 20_000, async () => {
      const condition = conditionOf(await scene.status('web'), 'AbleToScale')
      return condition.status === 'False' ? condition : undefined
    })
    quicker = 0
    expect(told.reason).toBe('FailedUpdateScale')
    expect(puts().slice(before, before + 3)).toEqual([409, 409, 409])
    await web.until('carries 1,200', isAtLeast(11))
  })

  test.concurrent('a watch that goes dead without an end is noticed, and new objects are scaled again', async () => {
    const { scene, crescendo } = await open('half-open')
    await sleep(2000)
    expect(crescendo.proxy.silenceWatches()).toBeGreaterThan(4)
    const late = await scene.scaled('late', { replicas: 2, load: 600 })
    await late.until('carries 600', isAtLeast(6), 130_000)
  })
  test.concurrent('F11: what may not be read or scaled is told with the missing verb, and everything else goes on', async () => {
    const names = ['may-all', 'may-not-list', 'may-not-scale'] as const
    const scenes = await Promise.all(names.map(name => openScene(stage, name)))
    const played = await Promise.all(scenes.map(scene => scene.scaled('web', { replicas: 2, load: 600 })))
    await stage.apply(...accessOf(names))
    const crescendo = await stage.crescendo({
      kubeconfig: await stage.plane.serviceAccountKubeconfig({ namespace: 'may-all', name: 'limited' }),
      configuration: { controller: { namespaces: [...names], leaderElection: { leaseName: 'limited' } } },
    })
    await crescendo.line(({ msg }) => msg === 'leading', 60_000)
    await played[0]!.until('carries 600', isAtLeast(6))
    const [_, unlisted, unscaled] = scenes
    const told = (scene: Scene) =>
      eventually(`${scene.namespace} is told`, 20_000, async () => {
        const condition = conditionOf(await scene.status('web'), 'AbleToScale')
        return condition.status === 'False' ? condition.message : undefined
      })
    expect(await told(unlisted!)).toMatch(/"list" on "(pods|deployments)"/)
    expect(await told(unscaled!)).toMatch(/update.*deployments\/scale/)
    expect([await played[1]!.replicas(), await played[2]!.replicas()]).toEqual([2, 2])
    played[0]!.load(1000)
    await played[0]!.until('goes on', isAtLeast(9))
  })
})

/** A ServiceAccount that may do everything in the first namespace, list nothing of apps in the second, write no scale in the third. */
function accessOf([all, notList, notScale]: readonly [string, string, string]): readonly object[] {
  const read = ['get', 'list', 'watch']
  const ours = [
    { apiGroups: ['autoscaling.spotify.ai'], resources: ['*'], verbs: [...read, 'patch', 'update'] },
    { apiGroups: ['autoscaling', 'keda.sh'], resources: ['*'], verbs: read },
    { apiGroups: ['', 'events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'list', 'watch', 'create', 'update'] },
  ]
  const apps = { apiGroups: ['apps', ''], resources: ['deployments', 'statefulsets', 'replicasets', 'pods'], verbs: read }
  const scale = { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['get', 'update', 'patch'] }
  const account = { kind: 'ServiceAccount', name: 'limited', namespace: all }
  const granted = (namespace: string, rules: readonly object[]) => [
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { name: 'limited', namespace }, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'limited', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'limited' },
      subjects: [account],
    },
  ]
  const ofCluster = { apiGroups: ['autoscaling.spotify.ai'], resources: ['metricsources', 'scalingpolicies'], verbs: read }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'limited', namespace: all } },
    ...granted(all, [...ours, apps, scale]),
    ...granted(notList, ours),
    ...granted(notScale, [...ours, apps]),
    ...granted('crescendo-system', ours),
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'limited' }, rules: [ofCluster] },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'limited' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'limited' },
      subjects: [account],
    },
  ]
}

describe('no API server at all', () => {
  test('F08: stopped for 20 s while the load grows: alive, not ready, and within 30 s after the start all is right, new objects too', async () => {
    const { web, crescendo } = await open('stopped')
    await stage.plane.stopApiServer()
    web.load(900)
    const endsAt = Date.now() + 20_000
    await eventually('not ready', 20_000, async () => (await httpStatus(crescendo, '/readyz')) === 503 || undefined)
    await sleep(Math.max(0, endsAt - Date.now()))
    expect([await httpStatus(crescendo, '/livez'), crescendo.running()]).toEqual([200, true])
    await stage.plane.startApiServer()
    await web.until('carries 900', isAtLeast(9), 30_000)
    await stage.apply(
      deploymentObject({ namespace: 'stopped', name: 'after', replicas: 2 }),
      autoscaler('after', { minReplicas: 4 }, 'stopped'),
    )
    await eventually('what is new is seen', 30_000, async () => {
      const { spec } = await stage.plane.api.call<{ metadata: object; spec: { replicas: number } }>(
        '/apis/apps/v1/namespaces/stopped/deployments/after',
      )
      return spec.replicas === 4 || undefined
    })
    expect((await journal(crescendo)).filter(({ outcome }) => outcome === 'open')).toEqual([])
  })
})
