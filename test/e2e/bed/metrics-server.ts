import { readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ControlPlane } from './control-plane.ts'
import type { LoadModel } from './load.ts'
import { answerTo, type MetricsFacts, startUsage, type UsageFault } from './metrics-answers.ts'

/** What an API group does instead of answering well; absent in `faults`: it answers well. */
export type MetricsFault = UsageFault | { readonly kind: 'unavailable' } | { readonly kind: 'slow'; readonly seconds: number }

/** A metric that a test sets for custom.metrics.k8s.io (`object`) or external.metrics.k8s.io (without). */
export interface AdapterMetric {
  readonly name: string
  readonly namespace: string
  /** A Kubernetes quantity: "12", "1500m". */
  readonly value: string
  /** Labels of the series, for selectors. */
  readonly labels?: Readonly<Record<string, string>>
  /** Resource with its group as the API path writes it, e.g. "pods" or "deployments.apps". Absent: an external metric. */
  readonly object?: { readonly resource: string; readonly name: string }
}

export type MetricsGroup = 'metrics.k8s.io' | 'custom.metrics.k8s.io' | 'external.metrics.k8s.io'

export interface MetricsServer {
  /** Sets the fault of an API group, or ends it. */
  fault(group: MetricsGroup, fault?: MetricsFault): void
  /** Sets a metric; the same name, namespace, labels and object replace the earlier value. `undefined` removes it. */
  set(metric: Omit<AdapterMetric, 'value'> & { readonly value: string | undefined }): void
  /** Requests for metrics that were answered, discovery not counted. */
  requests(group: MetricsGroup): number
  stop(): Promise<void>
}

export interface MetricsServerOptions {
  /** metrics-server looks at the nodes this often, and its window is as long. Default 15, as in its manifests. */
  readonly resolutionSeconds?: number
}

const NAMESPACE = 'bed-metrics'
const SERVICE = 'metrics-server'
const VERSIONS: Readonly<Record<MetricsGroup, string>> = {
  'metrics.k8s.io': 'v1beta1',
  'custom.metrics.k8s.io': 'v1beta2',
  'external.metrics.k8s.io': 'v1beta1',
}
const groups = Object.keys(VERSIONS) as readonly MetricsGroup[]

/**
 * metrics.k8s.io, custom.metrics.k8s.io and external.metrics.k8s.io behind the API server's aggregation layer, over TLS that is
 * verified both ways, fed from the load model. Resolves when the API server calls all three available.
 */
export async function startMetricsServer(
  plane: Pick<ControlPlane, 'api' | 'authority' | 'caFile'>,
  load: Pick<LoadModel, 'pods'>,
  options: MetricsServerOptions = {},
): Promise<MetricsServer> {
  const faults = new Map<MetricsGroup, MetricsFault>()
  const counts = new Map<MetricsGroup, number>()
  const adapter = new Map<string, AdapterMetric>()
  const usage = startUsage(load, (options.resolutionSeconds ?? 15) * 1000)
  const facts = (group: MetricsGroup): MetricsFacts => ({
    usage: usage.current(),
    adapter: [...adapter.values()],
    fault: faults.get(group),
  })
  const server = createServer(servingOptions(plane), (asked, answer) => {
    const url = new URL(asked.url ?? '/', 'https://localhost')
    const group = groups.find(each => url.pathname.startsWith(`/apis/${each}/`) || url.pathname === `/apis/${each}`)
    if (group === undefined) return send(answer, 404, { kind: 'Status', status: 'Failure', code: 404 })
    // The aggregation layer escapes what need not be: the `*` of all pods arrives as `%2A`.
    const rest = decodeURIComponent(url.pathname.slice(`/apis/${group}/${VERSIONS[group]}`.length))
    if (rest === '') return send(answer, 200, resources(group))
    counts.set(group, (counts.get(group) ?? 0) + 1)
    void respond(answer, faults.get(group), () => answerTo(group, { rest, query: url.searchParams }, facts(group)))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  await register(plane, (server.address() as AddressInfo).port)
  return {
    fault: (group, fault) => (fault ? faults.set(group, fault) : faults.delete(group)),
    set: ({ value, ...metric }) => {
      const key = JSON.stringify([metric.name, metric.namespace, metric.object, metric.labels])
      if (value === undefined) adapter.delete(key)
      else adapter.set(key, { ...metric, value })
    },
    requests: group => counts.get(group) ?? 0,
    stop: async () => {
      usage.stop()
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}

function servingOptions({ authority, caFile }: Pick<ControlPlane, 'authority' | 'caFile'>) {
  const names = [`DNS:${SERVICE}.${NAMESPACE}.svc`, 'DNS:localhost']
  const { certFile, keyFile } = authority.issue({ name: SERVICE, subject: `/CN=${SERVICE}`, names })
  // Only the aggregation layer of this bed may ask, as in a cluster.
  const client = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(caFile) }
  return { ...client, cert: readFileSync(certFile), key: readFileSync(keyFile) }
}

function send(answer: ServerResponse, status: number, body: object): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function respond(answer: ServerResponse, fault: MetricsFault | undefined, make: () => object | undefined): Promise<void> {
  if (fault?.kind === 'unavailable')
    return send(answer, 503, { kind: 'Status', status: 'Failure', code: 503, reason: 'ServiceUnavailable' })
  if (fault?.kind === 'slow') await sleep(fault.seconds * 1000)
  if (answer.destroyed) return
  const body = make()
  send(
    answer,
    body === undefined ? 404 : 200,
    body ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404, reason: 'NotFound' },
  )
}

function resources(group: MetricsGroup): object {
  const resource = (name: string, kind: string, namespaced = true) => ({
    name,
    singularName: '',
    namespaced,
    kind,
    verbs: ['get', 'list'],
  })
  const held: Readonly<Record<MetricsGroup, readonly object[]>> = {
    'metrics.k8s.io': [resource('pods', 'PodMetrics'), resource('nodes', 'NodeMetrics', false)],
    'custom.metrics.k8s.io': [resource('pods/*', 'MetricValueList')],
    'external.metrics.k8s.io': [resource('externalmetrics', 'ExternalMetricValueList')],
  }
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: `${group}/${VERSIONS[group]}`, resources: held[group] }
}

interface ApiService {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

async function register({ api, caFile }: Pick<ControlPlane, 'api' | 'caFile'>, port: number): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }
  await api.call('/api/v1/namespaces', { method: 'POST', body: namespace })
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: SERVICE, namespace: NAMESPACE },
    spec: { type: 'ExternalName', externalName: 'localhost', ports: [{ port, protocol: 'TCP' }] },
  }
  await api.call(`/api/v1/namespaces/${NAMESPACE}/services`, { method: 'POST', body: service })
  const caBundle = readFileSync(caFile).toString('base64')
  for (const group of groups) {
    const spec = {
      group,
      version: VERSIONS[group],
      groupPriorityMinimum: 100,
      versionPriority: 100,
      caBundle,
      service: { name: SERVICE, namespace: NAMESPACE, port },
    }
    const body = {
      apiVersion: 'apiregistration.k8s.io/v1',
      kind: 'APIService',
      metadata: { name: `${VERSIONS[group]}.${group}` },
      spec,
    }
    await api.call('/apis/apiregistration.k8s.io/v1/apiservices', { method: 'POST', body })
  }
  for (const group of groups) await untilAvailable(api, `${VERSIONS[group]}.${group}`)
}

async function untilAvailable(api: ControlPlane['api'], name: string): Promise<void> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const { status } = await api.call<ApiService>(`/apis/apiregistration.k8s.io/v1/apiservices/${name}`)
    const available = status?.conditions?.find(({ type }) => type === 'Available')
    if (available?.status === 'True') return
    if (performance.now() > deadline)
      throw new Error(`the API server does not reach ${name}: ${available?.message ?? 'no condition'}`)
    await sleep(100)
  }
}
