/** What the tests of the sources share: servers that answer as the test says, and a cluster of canned answers. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { MetricSpec } from '../src/core/model.ts'
import type { KubeClient } from '../src/kube/api.ts'
import { KubeError } from '../src/kube/kube-error.ts'
import { createPushBuffer, type PushedItem } from '../src/observe/push.ts'
import type { SourceDocument } from '../src/observe/source-document.ts'
import { createSources } from '../src/observe/sources.ts'
import type { ObservedPod, Sources, Workload } from '../src/observe/workload.ts'

export const START = 1_700_000_000_000
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

export type Row = readonly [labels: Record<string, string>, value: string]

/** A server of the query API whose answers the test turns as it goes. */
export async function prometheus(answer: {
  rows: (query: string) => readonly Row[]
  status?: number
  delayMs?: number
  at?: number
}) {
  const queries: string[] = []
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const query = new URLSearchParams(body).get('query') ?? ''
    queries.push(query)
    await new Promise(resolve => setTimeout(resolve, answer.delayMs ?? 0))
    const result = answer.rows(query).map(([metric, value]) => ({ metric, value: [(answer.at ?? START) / 1000, value] }))
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  })
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, queries }
}

export const source = (name: string, url: string, spec: Partial<SourceDocument['spec']> = {}): SourceDocument => ({
  metadata: { name },
  spec: { type: 'Prometheus', url, ...spec },
})

/** An API server that knows the paths given, and counts. */
function cluster(answers: Record<string, unknown> = {}): { client: KubeClient; calls: string[] } {
  const calls: string[] = []
  const request = async (call: { path: string; query?: Readonly<Record<string, string>> }) => {
    const query = new URLSearchParams(call.query).toString()
    calls.push(query === '' ? call.path : `${call.path}?${query}`)
    const answer = answers[call.path]
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw new KubeError('not found', { status: 404, reason: 'NotFound' })
    return answer
  }
  const client: KubeClient = {
    server: 'https://cluster.test',
    request: request as KubeClient['request'],
    watch: () => {
      throw new KubeError('not found', { status: 404, reason: 'NotFound' })
    },
  }
  return { client, calls }
}

interface Bed {
  readonly documents?: readonly SourceDocument[]
  readonly answers?: Record<string, unknown>
  readonly pushed?: readonly PushedItem[]
  readonly timeoutMs?: number
}

export function bed({ documents = [], answers = {}, pushed = [], timeoutMs = 2000 }: Bed = {}) {
  let now = START
  const clock = { now: () => now }
  const { client, calls } = cluster(answers)
  const buffer = createPushBuffer({ clock })
  buffer.accept({ metrics: pushed })
  const sources: Sources = createSources({
    client,
    metricSources: () => documents,
    readSecret: async () => undefined,
    pushed: buffer,
    clock,
    log: { info: () => undefined, warn: () => undefined },
    settings: { gatherMs: 1, timeoutMs },
  })
  open.push(() => void sources.close?.())
  return { sources, calls, buffer, pass: (ms: number) => (now += ms) }
}

export const podOf = (name: string, more: Partial<ObservedPod> = {}): ObservedPod => ({
  name,
  phase: 'Running',
  deleted: false,
  ready: { status: 'True', since: START - 600_000 },
  startedAt: START - 600_000,
  containers: [],
  ...more,
})

export const target = { type: 'AverageValue', averageValue: 1000 } as const
export const podsMetric = (metric: string): MetricSpec => ({ type: 'Pods', metric, target })
export const cpu: MetricSpec = { type: 'Resource', resource: 'cpu', target }

export function workload(metrics: readonly MetricSpec[], more: Partial<Workload> & { periodMs?: number } = {}): Workload {
  return {
    target: {
      id: 'shop/web',
      minReplicas: 1,
      maxReplicas: 9,
      metrics,
      capacityPerReplica: 10,
      startupMs: 1,
      periodMs: more.periodMs ?? 15_000,
    },
    namespace: 'shop',
    kind: 'Deployment',
    name: 'web',
    selector: 'app=web',
    pods: [podOf('web-1'), podOf('web-2')],
    drivers: ['requests_per_second'],
    ...more,
  }
}

export const rps = (perPod: Record<string, number | string>): Row[] =>
  Object.entries(perPod).map(([pod, value]) => [{ namespace: 'shop', pod }, String(value)])
export const onlyRps = (rows: () => readonly Row[]) => (query: string) =>
  query.includes('grpc_server_handled_total') ? rows() : []

export const metricsList = (...pods: [name: string, cpu: string, at?: number][]) => ({
  items: pods.map(([name, usage, at = START - 5000]) => ({
    metadata: { name },
    timestamp: new Date(at).toISOString(),
    window: '15s',
    containers: [
      { name: 'app', usage: { cpu: usage, memory: '64Mi' } },
      { name: 'proxy', usage: { cpu: '10m', memory: '1Mi' } },
    ],
  })),
})
export const METRICS_PATH = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods'
