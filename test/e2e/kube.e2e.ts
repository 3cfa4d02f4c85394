import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { KubeCall, KubeClient, KubeObject } from '../../src/kube/api.ts'
import { applyObject } from '../../src/kube/apply.ts'
import { type ConnectedKubeClient, type ConnectOptions, connect } from '../../src/kube/client.ts'
import { createDiscovery } from '../../src/kube/discovery.ts'
import { postEvent } from '../../src/kube/events.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { createReflector, type ReflectorOptions } from '../../src/kube/reflector.ts'
import { getScale, putScale, type Scale, type ScaleRef } from '../../src/kube/scale.ts'
import { type ControlPlane, startControlPlane } from './bed/control-plane.ts'
import { writeKubeconfig } from './bed/kubeconfig.ts'

const MAPS = '/api/v1/namespaces/default/configmaps'
const DEPLOYMENTS = { group: 'apps', version: 'v1', plural: 'deployments' }
const log = { info: () => {}, warn: () => {} }

let plane: ControlPlane
const open: (() => unknown)[] = []

beforeAll(async () => {
  // Compaction each 3 s, so that places in the past are forgotten while a test waits for it.
  plane = await startControlPlane({ apiServerFlags: ['--etcd-compaction-interval=3s'] })
})
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})
afterAll(() => plane?.stop())

async function client(options: Partial<ConnectOptions> = {}): Promise<ConnectedKubeClient> {
  const connected = await connect({
    kubeconfig: plane.kubeconfig,
    userAgent: 'crescendo/e2e',
    queriesPerSecond: 500,
    burst: 500,
    ...options,
  })
  open.push(connected.close)
  return connected
}

function reflect(kube: KubeClient, more: Partial<ReflectorOptions<KubeObject>> = {}) {
  const reflector = createReflector<KubeObject>({ client: kube, path: MAPS, read: raw => raw as KubeObject, log, ...more })
  const changes: string[] = []
  reflector.onChange(({ kind, key }) => void changes.push(`${kind} ${key}`))
  const ending = new AbortController()
  const running = reflector.run(ending.signal)
  open.push(async () => {
    ending.abort()
    await running
  })
  return { reflector, changes, names: () => new Set(reflector.list().map(({ metadata }) => metadata.name)) }
}

async function until(isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<number> {
  const startMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startMs > withinMs) throw new Error(`it was not so within ${withinMs} ms: ${isSo}`)
    await sleep(20)
  }
  return performance.now() - startMs
}

const map = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})
const make = (name: string) => plane.api.call(MAPS, { method: 'POST', body: map(name) })
const drop = (name: string) => plane.api.call(`${MAPS}/${name}`, { method: 'DELETE' })

async function deployment(name: string, replicas = 0) {
  const labels = { app: name }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } }
  const body = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: labels }, template },
  }
  await plane.api.call('/apis/apps/v1/namespaces/default/deployments', { method: 'POST', body })
  return { resource: DEPLOYMENTS, namespace: 'default', name }
}

test('lists, then sees what is added, changed and deleted', async () => {
  await make('first')
  const { reflector, changes, names } = reflect(await client())
  await reflector.synced()
  expect(names().has('first')).toBe(true)
  await make('second')
  await plane.api.call(`${MAPS}/first`, { method: 'PATCH', body: { data: { a: 'b' } } })
  await drop('second')
  await until(() => changes.includes('deleted default/second'))
  expect(changes).toEqual(expect.arrayContaining(['added default/second', 'modified default/first', 'deleted default/second']))
  expect(reflector.counts()).toMatchObject({ lists: 1, watches: 1 })
})

test('pages end where the list ends', async () => {
  await Promise.all(Array.from({ length: 7 }, (_, index) => make(`page-${index}`)))
  const kube = await client()
  const asked: KubeCall[] = []
  const small: KubeClient = {
    ...kube,
    request(call) {
      asked.push(call)
      return kube.request(inPagesOfTwo(call))
    },
  }
  const { reflector, names } = reflect(small)
  await reflector.synced()
  expect(asked.filter(({ query }) => query?.continue !== undefined).length).toBeGreaterThanOrEqual(3)
  expect([...names()].filter(name => name.startsWith('page-'))).toHaveLength(7)
})

test('a watch that nothing matches gets bookmarks, and their versions go on with the cluster', async () => {
  const kube = await client()
  const { metadata } = await kube.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path: MAPS })
  const query = {
    resourceVersion: metadata.resourceVersion,
    allowWatchBookmarks: 'true',
    fieldSelector: 'metadata.name=none',
    // The API server sends one each minute, and a last one 2 s before the end.
    timeoutSeconds: '6',
  }
  const versions: number[] = []
  const touching = (async () => {
    for (let turn = 0; turn < 5; turn++) {
      await plane.api.call(`${MAPS}/page-0`, { method: 'PATCH', body: { data: { bookmark: String(turn) } } })
      await sleep(1000)
    }
  })()
  for await (const event of kube.watch({ path: MAPS, query }, new AbortController().signal)) {
    expect(event.type).toBe('BOOKMARK')
    versions.push(Number((event.object as KubeObject).metadata.resourceVersion))
  }
  await touching
  expect(versions.at(-1)).toBeGreaterThan(Number(metadata.resourceVersion))
})

test('a place that was compacted away in the middle of a list (410) leads to a whole list', async () => {
  const kube = await client()
  let isFirst = true
  const slow: KubeClient = {
    ...kube,
    async request(call) {
      if (call.query?.continue !== undefined && isFirst) {
        isFirst = false
        for (let turn = 0; turn < 12; turn++) {
          await plane.api.call(`${MAPS}/page-0`, { method: 'PATCH', body: { data: { turn: String(turn) } } })
          await sleep(1000)
        }
      }
      return kube.request(inPagesOfTwo(call))
    },
  }
  const { reflector, names } = reflect(slow)
  await until(() => reflector.hasSynced(), 60_000)
  expect(reflector.counts()).toMatchObject({ expired: 1, lists: 2 })
  expect([...names()].filter(name => name.startsWith('page-'))).toHaveLength(7)
})

test('an API server that is killed and started again: nothing is missed, and it follows within 30 s', async () => {
  const { reflector, names } = reflect(await client())
  await reflector.synced()
  await make('before')
  await until(() => names().has('before'))
  await plane.stopApiServer('SIGKILL')
  await until(() => reflector.trouble() !== undefined)
  await plane.startApiServer()
  await make('meanwhile')
  await drop('before')
  const tookMs = await until(() => names().has('meanwhile') && !names().has('before'), 30_000)
  console.log(`followed again ${Math.round(tookMs)} ms after the API server was ready`, reflector.counts())
  expect(reflector.trouble()).toBeUndefined()
})

test('a place that the API server has forgotten while we were away (410) leads to one list', async () => {
  const kube = await client()
  let place: string | undefined
  const behind: KubeClient = {
    ...kube,
    watch: (call, signal) => {
      const query = place === undefined ? call.query : { ...call.query, resourceVersion: place }
      place = undefined
      return kube.watch({ ...call, ...(query && { query }) }, signal)
    },
  }
  place = '1'
  const { reflector, names } = reflect(behind)
  await reflector.synced()
  await until(() => reflector.counts().lists === 2)
  await make('after-410')
  await until(() => names().has('after-410'))
  expect(reflector.counts()).toMatchObject({ expired: 1, lists: 2 })
})

test('a connection that goes dead without an end is noticed by its silence, and nothing is missed', async () => {
  const proxy = await startProxy(Number(new URL(plane.server).port))
  open.push(proxy.close)
  const kubeconfig = writeKubeconfig(
    join(plane.folder, 'through-proxy.kubeconfig'),
    { server: `https://127.0.0.1:${proxy.port}`, caFile: plane.caFile },
    { certificate: plane.authority.issue({ name: 'half-open', subject: '/O=system:masters/CN=half-open' }) },
  )
  const { reflector, names } = reflect(await client({ kubeconfig }), { silenceMs: 4000 })
  await reflector.synced()
  await sleep(500)
  proxy.freeze()
  await make('unseen')
  const tookMs = await until(() => names().has('unseen'), 20_000)
  console.log(`half-open connection: seen after ${Math.round(tookMs)} ms with 4 s of silence`)
  expect(reflector.counts()).toMatchObject({ lists: 1, expired: 0 })
  expect(reflector.counts().silences).toBeGreaterThan(0)
})

test('a kind that is not installed is empty; a permission that is missing is named; neither stops the others', async () => {
  const { reflector: keda } = reflect(await client(), { path: '/apis/keda.sh/v1alpha1/scaledobjects' })
  await keda.synced()
  expect([keda.isInstalled(), keda.list(), keda.trouble()]).toEqual([false, [], undefined])
  const { reflector: nobody } = reflect(await client({ kubeconfig: plane.userKubeconfig('nobody') }))
  await until(() => nobody.trouble() !== undefined)
  expect(nobody.trouble()).toBe('not allowed to list configmaps: its role lacks the verb "list" on "configmaps"')
})

test('/scale is written once for what was read; anything older is a 409', async () => {
  const kube = await client()
  const ref = await deployment('scaled')
  const before = await settled(kube, ref)
  expect(before).toMatchObject({ replicas: 0, selector: 'app=scaled' })
  const written = await putScale(kube, ref, { ...before, replicas: 3 })
  expect(written.replicas).toBe(3)
  await expect(putScale(kube, ref, { ...before, replicas: 5 })).rejects.toMatchObject({ status: 409, reason: 'Conflict' })
  const now = await settled(kube, ref)
  expect(now.replicas).toBe(3)
  await expect(putScale(kube, ref, { ...now, uid: 'another-object', replicas: 5 })).rejects.toMatchObject({ status: 409 })
  expect((await getScale(kube, ref)).replicas).toBe(3)
  const managers = JSON.parse(await plane.kubectl(['get', 'deployment', 'scaled', '-o', 'json', '--show-managed-fields']))
    .metadata.managedFields
  expect(managers).toContainEqual(expect.objectContaining({ manager: 'crescendo', subresource: 'scale' }))
  await expect(getScale(kube, { ...ref, name: 'absent' })).rejects.toMatchObject({ status: 404, reason: 'NotFound' })
})

test('server-side apply sets the object and its status, owns its fields, and removes what it leaves out', async () => {
  const kube = await client()
  const resource = { group: '', version: 'v1', plural: 'configmaps' }
  const object = (data: Record<string, string>) => ({
    ...map('applied', data),
    metadata: { name: 'applied', namespace: 'default' },
  })
  await applyObject(kube, { resource, object: object({ a: '1', b: '2' }) })
  const again = await applyObject<KubeObject & { data: object }>(kube, { resource, object: object({ a: '1' }) })
  expect(again.data).toEqual({ a: '1' })
  const ref = await deployment('with-status')
  const condition = { type: 'Crescendo', status: 'True', reason: 'Test', message: 'by apply' }
  const status = await applyObject<KubeObject & { status: { conditions: readonly object[] } }>(kube, {
    resource: DEPLOYMENTS,
    subresource: 'status',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: ref.name, namespace: 'default' },
      status: { conditions: [condition] },
    } as KubeObject,
  })
  expect(status.status.conditions).toContainEqual(expect.objectContaining(condition))
})

test('an Event arrives and kubectl shows it', async () => {
  const kube = await client()
  const ref = await deployment('told')
  const { uid } = await getScale(kube, ref)
  const regarding = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'told', uid }
  const event = {
    type: 'Normal',
    reason: 'ScaledUp',
    action: 'Scale',
    at: Date.now(),
    instance: 'e2e',
    name: 'told.1',
  } as const
  await postEvent(kube, { ...event, regarding, note: `3 → 7: ${'音'.repeat(900)}` })
  await expect(postEvent(kube, { ...event, regarding, note: 'again' })).rejects.toMatchObject({
    status: 409,
    reason: 'AlreadyExists',
  })
  expect(await plane.kubectl(['events', '--for', 'deployment/told'])).toContain('3 → 7')
})

test('discovery finds built-in kinds and custom ones with a scale subresource', async () => {
  const kube = await client()
  const discovery = createDiscovery({ client: kube })
  expect(await discovery.resolve('apps/v1', 'StatefulSet')).toMatchObject({
    plural: 'statefulsets',
    hasScale: true,
    isNamespaced: true,
  })
  expect(await discovery.resolve('v1', 'Node')).toMatchObject({ plural: 'nodes', hasScale: false, isNamespaced: false })
  await expect(discovery.resolve('argoproj.io/v1alpha1', 'Rollout')).rejects.toMatchObject({ reason: 'UnknownKind' })
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(rolloutDefinition()))
  await plane.kubectl(['wait', '--for=condition=Established', 'crd/rollouts.argoproj.io'])
  const later = createDiscovery({ client: kube })
  await until(async () => (await later.resolve('argoproj.io/v1alpha1', 'Rollout').catch(() => undefined)) !== undefined, 60_000)
  const resource = await later.resolve('argoproj.io/v1alpha1', 'Rollout')
  expect(resource).toMatchObject({ plural: 'rollouts', hasScale: true, hasStatus: true })
  const body = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'r' }, spec: { replicas: 2 } }
  await plane.api.call(collectionPath(resource, 'default'), { method: 'POST', body })
  const ref = { resource, namespace: 'default', name: 'r' }
  const scale = await settled(kube, ref)
  expect((await putScale(kube, ref, { ...scale, replicas: 4 })).replicas).toBe(4)
  await expect(putScale(kube, ref, { ...scale, replicas: 5 })).rejects.toMatchObject({ status: 409 })
})

test('a new token in the file is used, after the old one stopped working', async () => {
  const folder = join(plane.folder, 'service-account')
  mkdirSync(folder)
  cpSync(plane.caFile, join(folder, 'ca.crt'))
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'rotated' } }
  const newToken = async () => {
    await plane.api.call(accounts, { method: 'POST', body: account })
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
    const { status } = await plane.api.call<{ status: { token: string } }>(`${accounts}/rotated/token`, {
      method: 'POST',
      body,
    })
    writeFileSync(join(folder, 'token'), `${status.token}\n`)
  }
  await newToken()
  const { hostname, port } = new URL(plane.server)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  const { kubeconfig: _, ...inCluster } = { kubeconfig: '', inCluster: true, env, serviceAccountFolder: folder }
  const kube = await connect({ ...inCluster, userAgent: 'crescendo/e2e', queriesPerSecond: 100, burst: 100 })
  open.push(kube.close)
  const version = () => kube.request<{ gitVersion: string }>({ method: 'GET', path: '/api' })
  await version()
  await plane.api.call(`${accounts}/rotated`, { method: 'DELETE' })
  // The API server itself believes a token for 10 s after it last saw it.
  const isRefused = () =>
    version().then(
      () => false,
      error => error.status === 401,
    )
  await until(isRefused, 30_000)
  await newToken()
  await until(
    () =>
      version().then(
        () => true,
        () => false,
      ),
    15_000,
  )
})

test('one killed: the other leads within 15 s; one stopped and continued: it never writes again as leader', async () => {
  await make('ledger')
  const [one, two] = [elector('one'), elector('two')]
  await until(() => one.isLeader() || two.isLeader())
  const [first, second] = one.isLeader() ? [one, two] : [two, one]
  await sleep(3000)
  expect(second.isLeader()).toBe(false)
  first.child.kill('SIGKILL')
  const tookMs = await until(() => second.isLeader(), 25_000)
  console.log(`leader killed: the other led after ${Math.round(tookMs)} ms`)
  expect(tookMs).toBeGreaterThan(12_000)
  expect(tookMs).toBeLessThan(15_500)

  const third = elector('three')
  await sleep(3000)
  second.child.kill('SIGSTOP')
  await until(() => third.isLeader(), 25_000)
  second.child.kill('SIGCONT')
  const late = new Set<string>()
  const endMs = performance.now() + 4000
  let last = ''
  while (performance.now() < endMs) {
    const { data } = await plane.api.call<KubeObject & { data: Record<string, string> }>(`${MAPS}/ledger`)
    last = data.writer ?? ''
    if (last !== 'three') late.add(data.at ?? '')
  }
  // One write may have been on its way when it was stopped. After that, nothing.
  expect(late.size).toBeLessThanOrEqual(1)
  expect(last).toBe('three')
  expect(third.isLeader()).toBe(true)
  third.child.kill('SIGTERM')
  const handedMs = await until(() => second.isLeader(), 10_000)
  console.log(`leader ended: the other led after ${Math.round(handedMs)} ms`)
  expect(handedMs).toBeLessThan(2_000)
})

function elector(identity: string) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(import.meta.dirname, 'elector-process.ts'), plane.kubeconfig, identity],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let isLeader = false
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const text of chunk.toString().trim().split('\n')) isLeader = JSON.parse(text).isLeader
  })
  open.push(() => child.kill('SIGKILL'))
  return { child, isLeader: () => isLeader }
}

function inPagesOfTwo(call: KubeCall): KubeCall {
  return call.query?.limit === undefined ? call : { ...call, query: { ...call.query, limit: '2' } }
}

/** Its scale, once the controllers have written what they write for something new. */
async function settled(kube: KubeClient, ref: ScaleRef): Promise<Scale> {
  let scale = await getScale(kube, ref)
  await until(async () => {
    const before = scale
    await sleep(500)
    scale = await getScale(kube, ref)
    return scale.resourceVersion === before.resourceVersion
  })
  return scale
}

/** A TCP proxy whose connections can be frozen: nothing comes any more, and nobody is told. */
async function startProxy(target: number) {
  const sockets = new Set<Socket>()
  let frozen = new Set<Socket>()
  const server = createServer(inner => {
    const outer = dial(target, '127.0.0.1')
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('error', () => {})
      from.on('data', data => frozen.has(from) || to.write(data))
      from.on('close', () => frozen.has(from) || to.destroy())
    }
  })
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      frozen = new Set(sockets)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise(done => server.close(done))
    },
  }
}

function rolloutDefinition() {
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
      status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
    },
  }
  const scale = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  }
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {}, scale },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'rollouts.argoproj.io' },
    spec: { group: 'argoproj.io', scope: 'Namespaced', names: { plural: 'rollouts', kind: 'Rollout' }, versions: [version] },
  }
}
