import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { KubeClient, KubeObject } from '../../src/kube/api.ts'
import { type ConnectedKubeClient, type ConnectOptions, connect } from '../../src/kube/client.ts'
import { createReflector, type ReflectorOptions } from '../../src/kube/reflector.ts'
import { getScale, type Scale, type ScaleRef } from '../../src/kube/scale.ts'
import { type ControlPlane, startControlPlane } from './bed/control-plane.ts'

export const MAPS = '/api/v1/namespaces/default/configmaps'
export const DEPLOYMENTS = { group: 'apps', version: 'v1', plural: 'deployments' }
const log = { info: () => {}, warn: () => {} }

export const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
})

/** A control plane for the tests of one file, and what they need of it; clients and watches end with the test that made them. */
export function kubeStage() {
  let plane: ControlPlane
  const endings: (() => unknown)[] = []
  const atEnd = (end: () => unknown) => void endings.push(end)
  beforeAll(async () => {
    // Compaction each 3 s, so that places in the past are forgotten while a test waits for it.
    plane = await startControlPlane({ apiServerFlags: ['--etcd-compaction-interval=3s'] })
  })
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  afterAll(() => plane?.stop())
  return {
    /** Known once the tests run. */
    get plane() {
      return plane
    },
    atEnd,
    async client(options: Partial<ConnectOptions> = {}): Promise<ConnectedKubeClient> {
      const settings = { kubeconfig: plane.kubeconfig, userAgent: 'crescendo/e2e', queriesPerSecond: 500, burst: 500 }
      const connected = await connect({ ...settings, ...options })
      atEnd(connected.close)
      return connected
    },
    /** A running reflector of the ConfigMaps of the namespace default. */
    reflect(client: KubeClient, more: Partial<ReflectorOptions<KubeObject>> = {}) {
      const reflector = createReflector<KubeObject>({ client, path: MAPS, read: raw => raw as KubeObject, log, ...more })
      const changes: string[] = []
      reflector.onChange(({ kind, key }) => void changes.push(`${kind} ${key}`))
      const ending = new AbortController()
      const running = reflector.run(ending.signal)
      atEnd(async () => {
        ending.abort()
        await running
      })
      return { reflector, changes, names: () => new Set(reflector.list().map(({ metadata }) => metadata.name)) }
    },
    make: (name: string) => plane.api.call(MAPS, { method: 'POST', body: configMap(name) }),
    drop: (name: string) => plane.api.call(`${MAPS}/${name}`, { method: 'DELETE' }),
    async deployment(name: string, replicas = 0) {
      const labels = { app: name }
      const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'none' }] } }
      const spec = { replicas, selector: { matchLabels: labels }, template }
      const body = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec }
      await plane.api.call('/apis/apps/v1/namespaces/default/deployments', { method: 'POST', body })
      return { resource: DEPLOYMENTS, namespace: 'default', name }
    },
  }
}

export async function until(isSo: () => boolean | Promise<boolean>, withinMs = 30_000): Promise<number> {
  const startMs = performance.now()
  while (!(await isSo())) {
    if (performance.now() - startMs > withinMs) throw new Error(`it was not so within ${withinMs} ms: ${isSo}`)
    await sleep(20)
  }
  return performance.now() - startMs
}

/** Its scale, once the controllers have written what they write for something new. */
export async function settledScale(client: KubeClient, ref: ScaleRef): Promise<Scale> {
  let scale = await getScale(client, ref)
  await until(async () => {
    const before = scale
    await sleep(500)
    scale = await getScale(client, ref)
    return scale.resourceVersion === before.resourceVersion
  })
  return scale
}
