import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MetricSpec } from '../../src/core/model.ts'
import type { KubeClient } from '../../src/kube/api.ts'
import { KubeError } from '../../src/kube/kube-error.ts'
import { createPushBuffer } from '../../src/observe/push.ts'
import type { SourceSpec } from '../../src/observe/source-document.ts'
import { createSources } from '../../src/observe/sources.ts'
import type { Sources, Workload } from '../../src/observe/workload.ts'
import { type Prometheus, startPrometheus } from './bed/prometheus.ts'

export const clock = { now: () => Date.now() }
export const HOUR = 3_600_000
export const STEP = 15_000
export const startedAt = Math.floor(Date.now() / STEP) * STEP

/** Series of the exporter by line; what a test takes away is gone from the next scrape on. */
export const exposed = new Map<string, () => number>()
let exporter: Server
let proxy: Server
export let prometheus: Prometheus
/** Bodies of the queries that went through the proxy. */
export const asked: string[] = []

export const counterOf = (perSecond: number) => () => (perSecond * (Date.now() - startedAt + 600_000)) / 1000

/** What a Deployment's pod was called: hash and suffix in the letters that Kubernetes draws from. */
export const podName = (workload: string, index: number) =>
  `${workload}-6bd7f9c8d4-x2k${'bcdfghjklmnpqrstvwxz'[index % 20]}${Math.floor(index / 20) + 2}`

export const pastLoad = (at: number) => 500 + 300 * Math.sin((2 * Math.PI * at) / (24 * HOUR))

function* past(from: number, share: number) {
  for (let at = from; at < startedAt - HOUR; at += STEP)
    if (at < from + HOUR || at >= from + 2 * HOUR) yield { atMs: at, value: pastLoad(at) * share }
}

/** Hands everything on to Prometheus and writes down what was asked. */
export const forward: RequestListener = (incoming, response) => {
  const chunks: Buffer[] = []
  incoming.on('data', chunk => chunks.push(chunk))
  incoming.on('end', () => {
    const body = Buffer.concat(chunks)
    asked.push(new URLSearchParams(body.toString()).get('query') ?? '')
    const { pathname } = new URL(incoming.url ?? '/', 'http://proxy')
    const outgoing = request(
      `${prometheus.url}${pathname}`,
      { method: incoming.method ?? 'GET', headers: { ...incoming.headers, connection: 'close' } },
      answer => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    outgoing.on('error', () => response.destroy())
    outgoing.end(body)
  })
}

/** Exporter, Prometheus with a past, and the proxy before it that writes down the queries. */
export async function startMetricsBed(): Promise<void> {
  for (const namespace of ['shop', 'bank'])
    for (let index = 0; index < 40; index++)
      exposed.set(
        `http_requests_total{namespace="${namespace}",pod="${podName('web', index)}",code="200"}`,
        counterOf(namespace === 'shop' ? 10 : 1000),
      )
  exposed.set('DCGM_FI_DEV_GPU_UTIL{namespace="shop",pod="gpu-0",container="model",gpu="0"}', () => 80)
  exposed.set('DCGM_FI_DEV_GPU_UTIL{namespace="shop",pod="gpu-0",container="model",gpu="1"}', () => 90)
  exposed.set('queue_depth{namespace="shop",queue="orders"}', () => 42)
  exposed.set('queue_depth{namespace="bank",queue="orders"}', () => 7000)
  exposed.set('bad_gauge{namespace="shop",pod="gpu-0"}', () => Number.NaN)
  exporter = await serve((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end([...exposed].map(([series, value]) => `${series} ${value()}\n`).join(''))
  })
  const labels = (pod: string) => ({ namespace: 'shop', pod, job: 'past' })
  prometheus = await startPrometheus({
    targets: [`127.0.0.1:${portOf(exporter)}`],
    backfill: [
      { name: 'work_rate', type: 'gauge', labels: labels(podName('web', 0)), samples: past(startedAt - 72 * HOUR, 0.25) },
      { name: 'work_rate', type: 'gauge', labels: labels(podName('web', 1)), samples: past(startedAt - 72 * HOUR, 0.75) },
      {
        name: 'work_rate',
        type: 'gauge',
        labels: labels('web-admin-6bd7f9c8d4-x2kbb'),
        samples: past(startedAt - 72 * HOUR, 10),
      },
    ],
  })
  proxy = await serve(forward)
  await until(async () => (await prometheus.query('count(count_over_time(http_requests_total[10s]) >= 5)')) === 80)
}

export async function stopMetricsBed(): Promise<void> {
  await prometheus?.remove()
  for (const server of [exporter, proxy]) {
    server?.closeAllConnections()
    server?.close()
  }
}

function serve(handler: Parameters<typeof createServer>[1]): Promise<Server> {
  const server = createServer(handler)
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

const portOf = (server: Server) => (server.address() as AddressInfo).port

export async function until(holds: () => Promise<boolean>): Promise<void> {
  const endsAt = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > endsAt) throw new Error('it did not come about within 60 s')
    await new Promise(resolve => setTimeout(resolve, 250))
  }
}

/** A cluster without any metrics API. */
const noApis: KubeClient = {
  server: 'https://cluster.test',
  request: async () => {
    throw new KubeError('not found', { status: 404, reason: 'NotFound' })
  },
  watch: () => {
    throw new KubeError('not found', { status: 404, reason: 'NotFound' })
  },
}

export function sourcesWith(spec: Partial<SourceSpec> = {}, secrets: Readonly<Record<string, string>> = {}): Sources {
  return createSources({
    client: noApis,
    metricSources: () => [
      { metadata: { name: 'main' }, spec: { type: 'Prometheus', url: `http://127.0.0.1:${portOf(proxy)}`, ...spec } },
    ],
    readSecret: async ({ name, key }) => secrets[`${name}/${key}`],
    pushed: createPushBuffer({ clock }),
    clock,
    log: { info: () => undefined, warn: () => undefined },
    settings: { windowSeconds: 5, periodMs: 2000 },
  })
}

interface Asked {
  readonly namespace?: string
  readonly name?: string
  readonly pods?: readonly string[]
  readonly metrics?: readonly MetricSpec[]
  readonly drivers?: readonly string[]
}

export const perPod = (metric: string, selector?: string): MetricSpec => ({
  type: 'Pods',
  metric,
  target: { type: 'AverageValue', averageValue: 1000 },
  ...(selector !== undefined && { selector }),
})

export function workload({
  namespace = 'shop',
  name = 'web',
  pods = [0, 1, 2].map(index => podName('web', index)),
  ...rest
}: Asked = {}): Workload {
  const metrics = rest.metrics ?? [perPod('requests_per_second')]
  const longAgo = startedAt - HOUR
  return {
    target: {
      id: `${namespace}/${name}`,
      minReplicas: 1,
      maxReplicas: 10,
      metrics,
      capacityPerReplica: 10,
      startupMs: 60_000,
      periodMs: 2000,
    },
    namespace,
    kind: 'Deployment',
    name,
    selector: `app=${name}`,
    pods: pods.map(pod => ({
      name: pod,
      phase: 'Running',
      deleted: false,
      ready: { status: 'True', since: longAgo },
      startedAt: longAgo,
      containers: [],
    })),
    drivers: rest.drivers ?? ['requests_per_second'],
  }
}
