import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { deploymentObject, eventually } from './bed/cluster-objects.ts'
import { QUICK } from './controller/scene.ts'
import { autoscaler, NAMESPACE, type Running, type Stage, startStage } from './controller/stage.ts'
import { type Condition, conditionIn, statusOf } from './controller/subject.ts'

/** Where a metric may come from, and the example objects, each on a real API server and Prometheus. */

const seeds = resolve(import.meta.dirname, '../../../shared/seed-examples')
const own = resolve(import.meta.dirname, '../../examples')

let stage: Stage
let crescendo: Running
const timers: NodeJS.Timeout[] = []

beforeAll(async () => {
  stage = await startStage({ metrics: { resolutionSeconds: 3 } })
  crescendo = await stage.crescendo({ configuration: { controller: { periodSeconds: 3 } } })
  await crescendo.ready()
})
afterAll(async () => {
  timers.forEach(clearInterval)
  await stage?.stop()
})

const isTrue = ({ status }: Condition) => status === 'True'
const every = (milliseconds: number, act: () => void) => timers.push(setInterval(act, milliseconds))
const podsOf = (name: string) => [...stage.load.pods()].filter(({ pod }) => pod.labels.app === name)
const active = (name: string) =>
  conditionIn(() => statusOf(stage, name), { type: 'ScalingActive', wanted: isTrue, timeoutMs: 40_000 })

async function replicasUntil(name: string, wanted: (replicas: number) => boolean): Promise<number> {
  const path = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments/${name}/scale`
  return eventually(`replicas of ${name}`, 60_000, async () => {
    const { spec } = await stage.plane.api.call<{ readonly spec: { readonly replicas: number } }>(path)
    return wanted(spec.replicas) ? spec.replicas : undefined
  })
}

describe.each([
  ['../shared/seed-examples, unchanged (a clone does not have them)', seeds],
  ['examples/', own],
])('the example objects of %s', (_, folder) => {
  const isThere = existsSync(folder)

  test.skipIf(!isThere || (folder === own && existsSync(seeds)))(
    'api-gateway: CPU and requests, and the load scales it',
    async () => {
      let load = 10_000
      await stage.apply(deploymentObject({ namespace: NAMESPACE, name: 'api-gateway', replicas: 5, requests: { cpu: '1' } }))
      stage.load.serve({
        namespace: NAMESPACE,
        name: 'api-gateway',
        requestsPerSecond: () => load,
        coreSecondsPerRequest: 0.0001,
      })
      const object = await applied('api-gateway-hpa.yaml')
      await active('api-gateway-hpa')
      expect(object.metadata.name).toBe('api-gateway-hpa')
      await eventually('both metrics in the status', 40_000, async () => {
        const { currentMetrics = [] } = (await statusOf(stage, 'api-gateway-hpa')) as { currentMetrics?: { type: string }[] }
        return currentMetrics.map(({ type }) => type).join() === 'Resource,Pods' ? true : undefined
      })
      expect(await replicasUntil('api-gateway', () => true)).toBe(5)
      load = 45_000
      const grown = await replicasUntil('api-gateway', replicas => replicas >= 9)
      expect(grown).toBeLessThanOrEqual(10)
    },
  )

  test.skipIf(!isThere || (folder === own && existsSync(seeds)))(
    'ml-inference: GPUs and latency, and either scales it',
    async () => {
      let [load, latencyMs] = [160, 60]
      const gpu = { 'nvidia.com/gpu': '1' }
      const requests = { cpu: '1', ...gpu }
      await stage.apply(deploymentObject({ namespace: NAMESPACE, name: 'ml-inference', replicas: 2, requests, limits: gpu }))
      stage.load.serve({
        namespace: NAMESPACE,
        name: 'ml-inference',
        requestsPerSecond: () => load,
        coreSecondsPerRequest: 0.01,
        gpuPercentAtLimit: 100,
      })
      every(500, () => {
        for (const { pod } of podsOf('ml-inference')) {
          const labels = { namespace: pod.namespace, pod: pod.name }
          stage.exporter.set({ name: 'inference_latency_ms', labels, value: latencyMs })
        }
      })
      await applied('ml-inference-hpa.yaml')
      await active('ml-inference-hpa')
      load = 380
      const byGpu = await replicasUntil('ml-inference', replicas => replicas >= 3)
      expect(byGpu).toBeLessThanOrEqual(4)
      latencyMs = 200
      const byLatency = await replicasUntil('ml-inference', replicas => replicas >= 2 * byGpu - 1)
      expect(byLatency).toBeGreaterThan(byGpu)
      latencyMs = 60
    },
  )

  async function applied(file: string): Promise<{ readonly metadata: { readonly name: string } }> {
    const text = readFileSync(join(folder, file), 'utf8')
    await stage.plane.kubectl(['apply', '-n', NAMESPACE, '-f', '-'], text)
    return parse(text)
  }
})

describe('where a metric comes from', () => {
  const scaled = async (name: string, metric: object) => {
    await stage.apply(deploymentObject({ namespace: NAMESPACE, name, replicas: 2 }))
    stage.load.serve({ namespace: NAMESPACE, name, requestsPerSecond: () => 1, coreSecondsPerRequest: 0.001 })
    await stage.apply(autoscaler(name, { behavior: QUICK, metrics: [metric] }))
  }
  const average = (value: string) => ({ type: 'AverageValue', averageValue: value })
  const ofPods = (name: string) => ({ type: 'Pods', pods: { metric: { name }, target: average('10') } })

  test('POST /api/v1/metrics alone scales a workload, up and down', async () => {
    let pushed = 20
    await scaled('pushed', ofPods('pushed_requests'))
    const push = () =>
      fetch(`${crescendo.url}/api/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          metrics: [{ namespace: NAMESPACE, workload: 'pushed', name: 'pushed_requests', value: pushed }],
        }),
      })
    expect((await push()).status).toBe(202)
    every(1000, () => void push().catch(() => undefined))
    await active('pushed')
    pushed = 68
    await replicasUntil('pushed', replicas => replicas === 7)
    pushed = 30
    await replicasUntil('pushed', replicas => replicas === 3)
  })

  test('external.metrics.k8s.io, with a selector', async () => {
    const set = (value: string, queue: string) =>
      stage.metrics.set({ name: 'queue_messages', namespace: NAMESPACE, value, labels: { queue } })
    set('900', 'other')
    set('55', 'mine')
    const metric = { name: 'queue_messages', selector: { matchLabels: { queue: 'mine' } } }
    await scaled('queued', { type: 'External', external: { metric, target: average('10') } })
    await replicasUntil('queued', replicas => replicas === 6)
  })

  test('custom.metrics.k8s.io, of pods and of an object', async () => {
    every(500, () => {
      for (const { pod } of podsOf('custom'))
        stage.metrics.set({
          name: 'sessions_requests',
          namespace: NAMESPACE,
          value: '20',
          object: { resource: 'pods', name: pod.name },
        })
    })
    const object = { resource: 'services', name: 'front' }
    stage.metrics.set({ name: 'front_requests', namespace: NAMESPACE, value: '20', object })
    const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'front' }
    const front = { type: 'Object', object: { describedObject, metric: { name: 'front_requests' }, target: average('10') } }
    await scaled('fronted', front)
    await active('fronted')
    stage.metrics.set({ name: 'front_requests', namespace: NAMESPACE, value: '77', object })
    await replicasUntil('fronted', replicas => replicas === 8)
    await stage.apply(deploymentObject({ namespace: NAMESPACE, name: 'custom', replicas: 2 }))
    stage.load.serve({ namespace: NAMESPACE, name: 'custom', requestsPerSecond: () => 1, coreSecondsPerRequest: 0.001 })
    await stage.apply(autoscaler('custom', { behavior: QUICK, metrics: [ofPods('sessions_requests')], maxReplicas: 6 }))
    await replicasUntil('custom', replicas => replicas > 2)
  })
})
