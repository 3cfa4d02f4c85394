import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { KubeCall, KubeClient, KubeObject } from '../../src/kube/api.ts'
import { writeKubeconfig } from './bed/kubeconfig.ts'
import { kubeStage, MAPS, until } from './kube-stage.ts'

const stage = kubeStage()

test('lists, then sees what is added, changed and deleted', async () => {
  await stage.make('first')
  const { reflector, changes, names } = stage.reflect(await stage.client())
  await reflector.synced()
  expect(names().has('first')).toBe(true)
  await stage.make('second')
  await stage.plane.api.call(`${MAPS}/first`, { method: 'PATCH', body: { data: { a: 'b' } } })
  await stage.drop('second')
  await until(() => changes.includes('deleted default/second'))
  expect(changes).toEqual(expect.arrayContaining(['added default/second', 'modified default/first', 'deleted default/second']))
  expect(reflector.counts()).toMatchObject({ lists: 1, watches: 1 })
})

test('pages end where the list ends', async () => {
  await Promise.all(Array.from({ length: 7 }, (_, index) => stage.make(`page-${index}`)))
  const kube = await stage.client()
  const asked: KubeCall[] = []
  const small: KubeClient = {
    ...kube,
    request(call) {
      asked.push(call)
      return kube.request(inPagesOfTwo(call))
    },
  }
  const { reflector, names } = stage.reflect(small)
  await reflector.synced()
  expect(asked.filter(({ query }) => query?.continue !== undefined).length).toBeGreaterThanOrEqual(3)
  expect([...names()].filter(name => name.startsWith('page-'))).toHaveLength(7)
})

test('a watch that nothing matches gets bookmarks, and their versions go on with the cluster', async () => {
  const kube = await stage.client()
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
      await stage.plane.api.call(`${MAPS}/page-0`, { method: 'PATCH', body: { data: { bookmark: String(turn) } } })
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
  const kube = await stage.client()
  const slow: KubeClient = {
    ...kube,
    async request(call) {
      if (call.query?.continue !== undefined) {
        for (let turn = 0; turn < 12; turn++) {
          await stage.plane.api.call(`${MAPS}/page-0`, { method: 'PATCH', body: { data: { turn: String(turn) } } })
          await sleep(1000)
        }
      }
      return kube.request(inPagesOfTwo(call))
    },
  }
  const { reflector, names } = stage.reflect(slow)
  await until(() => reflector.hasSynced(), 60_000)
  expect(reflector.counts()).toMatchObject({ expired: 1, lists: 2 })
  expect([...names()].filter(name => name.startsWith('page-'))).toHaveLength(7)
})

test('an API server that is killed and started again: nothing is missed, and it follows within 30 s', async () => {
  const { reflector, names } = stage.reflect(await stage.client())
  await reflector.synced()
  await stage.make('before')
  await until(() => names().has('before'))
  await stage.plane.stopApiServer('SIGKILL')
  await until(() => reflector.trouble() !== undefined)
  await stage.plane.startApiServer()
  await stage.make('meanwhile')
  await stage.drop('before')
  const tookMs = await until(() => names().has('meanwhile') && !names().has('before'), 30_000)
  console.log(`followed again ${Math.round(tookMs)} ms after the API server was ready`, reflector.counts())
  expect(reflector.trouble()).toBeUndefined()
})

test('a place that the API server has forgotten while we were away (410) leads to one list', async () => {
  const kube = await stage.client()
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
  const { reflector, names } = stage.reflect(behind)
  await reflector.synced()
  await until(() => reflector.counts().lists === 2)
  await stage.make('after-410')
  await until(() => names().has('after-410'))
  expect(reflector.counts()).toMatchObject({ expired: 1, lists: 2 })
})

test('a connection that goes dead without an end is noticed by its silence, and nothing is missed', async () => {
  const proxy = await startProxy(Number(new URL(stage.plane.server).port))
  stage.atEnd(proxy.close)
  const kubeconfig = writeKubeconfig(
    join(stage.plane.folder, 'through-proxy.kubeconfig'),
    { server: `https://127.0.0.1:${proxy.port}`, caFile: stage.plane.caFile },
    { certificate: stage.plane.authority.issue({ name: 'half-open', subject: '/O=system:masters/CN=half-open' }) },
  )
  const { reflector, names } = stage.reflect(await stage.client({ kubeconfig }), { silenceMs: 4000 })
  await reflector.synced()
  await sleep(500)
  proxy.freeze()
  await stage.make('unseen')
  const tookMs = await until(() => names().has('unseen'), 20_000)
  console.log(`half-open connection: seen after ${Math.round(tookMs)} ms with 4 s of silence`)
  expect(reflector.counts()).toMatchObject({ lists: 1, expired: 0 })
  expect(reflector.counts().silences).toBeGreaterThan(0)
})

test('a kind that is not installed is empty; a permission that is missing is named; neither stops the others', async () => {
  const { reflector: keda } = stage.reflect(await stage.client(), { path: '/apis/keda.sh/v1alpha1/scaledobjects' })
  await keda.synced()
  expect([keda.isInstalled(), keda.list(), keda.trouble()]).toEqual([false, [], undefined])
  const { reflector: nobody } = stage.reflect(await stage.client({ kubeconfig: stage.plane.userKubeconfig('nobody') }))
  await until(() => nobody.trouble() !== undefined)
  expect(nobody.trouble()).toBe('not allowed to list configmaps: its role lacks the verb "list" on "configmaps"')
})

function inPagesOfTwo(call: KubeCall): KubeCall {
  return call.query?.limit === undefined ? call : { ...call, query: { ...call.query, limit: '2' } }
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
