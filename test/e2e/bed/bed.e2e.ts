import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bed, startBed } from './bed.ts'
import { deploymentObject, eventually, namespaceObject, stockHpaObject } from './cluster-objects.ts'

interface Deployment {
  readonly spec: { readonly replicas: number }
  readonly status: { readonly readyReplicas?: number }
}

interface Hpa {
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  }
}

let bed: Bed
beforeAll(async () => {
  // A day of steady history that Prometheus holds before it ever scrapes.
  const now = Date.now()
  const samples = Array.from({ length: 288 }, (_, index) => ({ atMs: now - (288 - index) * 300_000, value: index }))
  const history = { name: 'bed_history', type: 'gauge', labels: { namespace: 'bed' }, samples } as const
  bed = await startBed({
    controlPlane: { hpaSyncSeconds: 1, controllerManagerFlags: ['--horizontal-pod-autoscaler-initial-readiness-delay=1s'] },
    metrics: { resolutionSeconds: 2 },
    prometheus: { backfill: [history] },
  })
  await bed.apply(namespaceObject('bed'))
})
afterAll(() => bed?.stop())

const deployment = (name: string) => bed.plane.api.call<Deployment>(`/apis/apps/v1/namespaces/bed/deployments/${name}`)
const untilReady = (name: string, replicas: number, timeoutMs = 30_000) =>
  eventually(`${replicas} ready replicas of ${name}`, timeoutMs, async () => {
    const { status } = await deployment(name)
    return status.readyReplicas === replicas ? status : undefined
  })

test('the scheduler binds the pods of a Deployment of 3, and they become Ready after their start-up time', async () => {
  await bed.apply(
    deploymentObject({ namespace: 'bed', name: 'web', replicas: 3, podAnnotations: { 'bed/startup-seconds': '2' } }),
  )
  await untilReady('web', 3)
  const pods = await eventually('three pods that their node calls Ready', 5_000, async () => {
    const ready = [...bed.kubelet.pods()].filter(({ labels, readyAtMs }) => labels.app === 'web' && readyAtMs !== undefined)
    return ready.length === 3 ? ready : undefined
  })
  for (const { startedAtMs, readyAtMs } of pods) expect(readyAtMs! - startedAtMs).toBeGreaterThanOrEqual(2_000)
  expect(await bed.plane.kubectl(['get', 'pods', '-n', 'bed', '-l', 'app=web', '--no-headers'])).toMatch(
    /^(\S+\s+1\/1\s+Running.*\n){3}$/,
  )
})

test('a pod that never becomes Ready stays Running and 0/1, and deleted pods are gone', async () => {
  const annotations = { 'bed/never-ready': 'true' }
  await bed.apply(deploymentObject({ namespace: 'bed', name: 'stuck', replicas: 1, podAnnotations: annotations }))
  const listed = () => bed.plane.kubectl(['get', 'pods', '-n', 'bed', '-l', 'app=stuck', '--no-headers', '--ignore-not-found'])
  await eventually('a running pod', 20_000, async () => (/0\/1\s+Running/.test(await listed()) ? true : undefined))
  await bed.plane.kubectl(['delete', 'deployment', 'stuck', '-n', 'bed', '--wait=false'])
  await eventually('no pod', 20_000, async () => ((await listed()) === '' ? true : undefined))
})

test('the stock HPA scales the Deployment by the CPU that metrics.k8s.io reports, and Prometheus sees the same load', async () => {
  // 3 pods at 0.5 cores requested; 12 requests/s of 0.25 core-seconds are 3 cores, 200 % of the request.
  const load = { namespace: 'bed', name: 'web', requestsPerSecond: () => 12, coreSecondsPerRequest: 0.25 }
  bed.load.serve(load)
  await bed.apply(stockHpaObject({ namespace: 'bed', name: 'web', minReplicas: 3, maxReplicas: 20, cpuPercent: 80 }))
  // 3 cores / (0.5 x 80 %) = 7.5 replicas.
  await untilReady('web', 8, 90_000)
  expect(bed.metrics.requests('metrics.k8s.io')).toBeGreaterThan(0)
  const rate = await eventually('the rate of requests in Prometheus', 30_000, async () => {
    const value = await bed.prometheus.query('sum(rate(http_requests_total{namespace="bed",code="200"}[10s]))')
    return value !== undefined && Math.abs(value - 12) < 1.5 ? value : undefined
  })
  expect(rate).toBeGreaterThan(10)
  const latency = 'histogram_quantile(0.5, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="bed"}[10s])))'
  expect(await bed.prometheus.query(latency)).toBeGreaterThan(0)
}, 180_000)

test('an empty answer and an unavailable metrics API reach the HPA as such, and end when the fault ends', async () => {
  const active = async () => {
    const { status } = await bed.plane.api.call<Hpa>('/apis/autoscaling/v2/namespaces/bed/horizontalpodautoscalers/web')
    return status.conditions?.find(({ type }) => type === 'ScalingActive')
  }
  for (const fault of [{ kind: 'empty' }, { kind: 'unavailable' }] as const) {
    bed.metrics.fault('metrics.k8s.io', fault)
    const condition = await eventually(`ScalingActive=False while ${fault.kind}`, 30_000, async () => {
      const current = await active()
      return current?.status === 'False' ? current : undefined
    })
    expect(condition.reason).toBe('FailedGetResourceMetric')
    bed.metrics.fault('metrics.k8s.io')
    await eventually('ScalingActive=True again', 30_000, async () => ((await active())?.status === 'True' ? true : undefined))
  }
}, 120_000)

test('custom and external metrics are served through the aggregation layer, by label selector', async () => {
  bed.metrics.set({ name: 'queue_depth', namespace: 'bed', value: '42', labels: { queue: 'a' } })
  bed.metrics.set({ name: 'queue_depth', namespace: 'bed', value: '7', labels: { queue: 'b' } })
  bed.metrics.set({ name: 'sessions', namespace: 'bed', value: '5', object: { resource: 'deployments.apps', name: 'web' } })
  const raw = async (path: string) =>
    JSON.parse(await bed.plane.kubectl(['get', '--raw', path])) as { items: { value: string }[] }
  const external = await raw('/apis/external.metrics.k8s.io/v1beta1/namespaces/bed/queue_depth?labelSelector=queue%3Da')
  expect(external.items.map(({ value }) => value)).toEqual(['42'])
  const custom = await raw('/apis/custom.metrics.k8s.io/v1beta2/namespaces/bed/deployments.apps/web/sessions')
  expect(custom.items.map(({ value }) => value)).toEqual(['5'])
})

test('Prometheus holds history from before it started, and keeps it over a restart', async () => {
  const hours = 'count_over_time(bed_history{namespace="bed"}[25h])'
  expect(await bed.prometheus.query(hours)).toBe(288)
  await bed.prometheus.stop('SIGKILL')
  await expect(bed.prometheus.query(hours)).rejects.toThrow()
  await bed.prometheus.start()
  expect(await bed.prometheus.query(hours)).toBe(288)
}, 60_000)

test('after the API server was killed and started again, pods still become Ready', async () => {
  await bed.plane.restartApiServer()
  await bed.apply(deploymentObject({ namespace: 'bed', name: 'later', replicas: 2 }))
  await untilReady('later', 2, 60_000)
}, 120_000)

test('a user without a role is refused, one with the token of a service account is known', async () => {
  const account = { namespace: 'bed', name: 'default' }
  const kubeconfig = await bed.plane.serviceAccountKubeconfig(account)
  const whoami = await bed.plane.kubectl([
    'auth',
    'whoami',
    '--kubeconfig',
    kubeconfig,
    '-o',
    'jsonpath={.status.userInfo.username}',
  ])
  expect(whoami).toBe('system:serviceaccount:bed:default')
  const stranger = bed.plane.kubectl(['get', 'pods', '-n', 'bed', '--kubeconfig', bed.plane.userKubeconfig('stranger')])
  await expect(stranger).rejects.toThrow(/forbidden/i)
})
