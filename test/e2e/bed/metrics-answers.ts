import { matcher } from './label-selector.ts'
import type { LoadModel } from './load.ts'
import type { AdapterMetric, MetricsFault, MetricsGroup } from './metrics-server.ts'

/** Faults of the content; those of the transport are the server's. */
export type UsageFault =
  | { readonly kind: 'empty' }
  /** Only every second pod has a value. */
  | { readonly kind: 'partial' }
  /** Timestamps lie this far in the past (negative: in the future). */
  | { readonly kind: 'stale'; readonly seconds: number }
  /** Every value is this text, e.g. "NaN", "-1", "1e99". */
  | { readonly kind: 'value'; readonly quantity: string }

interface PodUsage {
  readonly namespace: string
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly cpuCores: number
  readonly memoryBytes: number
}

/** What the last look at the nodes found. */
export interface Usage {
  readonly atMs: number
  readonly windowMs: number
  readonly pods: readonly PodUsage[]
}

/** Looks at the pods every `resolutionMs`: a pod appears when it was there at two looks, its usage is the mean between them. */
export function startUsage(load: Pick<LoadModel, 'pods'>, resolutionMs: number) {
  let before = new Map<string, number>()
  let usage: Usage = { atMs: Date.now(), windowMs: resolutionMs, pods: [] }
  let lastMs = Date.now()
  function look(): void {
    const now = Date.now()
    const seconds = (now - lastMs) / 1000
    const [after, pods] = [new Map<string, number>(), [] as PodUsage[]]
    for (const { pod, workload, cpuCoreSeconds } of load.pods()) {
      after.set(pod.uid, cpuCoreSeconds)
      const earlier = before.get(pod.uid)
      if (earlier === undefined || seconds <= 0) continue
      const { namespace, name, labels } = pod
      const cpuCores = (cpuCoreSeconds - earlier) / seconds
      pods.push({ namespace, name, labels, cpuCores, memoryBytes: workload.memoryBytes ?? 200 * 2 ** 20 })
    }
    usage = { atMs: now, windowMs: now - lastMs, pods }
    before = after
    lastMs = now
  }
  const timer = setInterval(look, resolutionMs)
  return { current: () => usage, stop: () => clearInterval(timer) }
}

export interface MetricsFacts {
  readonly usage: Usage
  readonly adapter: readonly AdapterMetric[]
  readonly fault: MetricsFault | undefined
}

interface Asked {
  /** The path after group and version: "/namespaces/audio/pods". */
  readonly rest: string
  readonly query: URLSearchParams
}

const stamp = (atMs: number, fault: MetricsFault | undefined) =>
  new Date(atMs - (fault?.kind === 'stale' ? fault.seconds * 1000 : 0)).toISOString().replace(/\.\d+Z$/, 'Z')
const quantity = (value: string, fault: MetricsFault | undefined) => (fault?.kind === 'value' ? fault.quantity : value)

function afflicted<T>(all: readonly T[], fault: MetricsFault | undefined): readonly T[] {
  if (fault?.kind === 'empty') return []
  return fault?.kind === 'partial' ? all.filter((_, index) => index % 2 === 0) : all
}

/** The body of an answer; undefined where the path is none that this API has. */
export function answerTo(group: MetricsGroup, asked: Asked, facts: MetricsFacts): object | undefined {
  if (group === 'metrics.k8s.io') return resourceAnswer(asked, facts)
  return group === 'custom.metrics.k8s.io' ? customAnswer(asked, facts) : externalAnswer(asked, facts)
}

function resourceAnswer({ rest, query }: Asked, { usage, fault }: MetricsFacts): object | undefined {
  const [, namespace, name] = /^(?:\/namespaces\/([^/]+))?\/pods(?:\/([^/]+))?$/.exec(rest) ?? [undefined]
  if (!/\/pods(\/|$)/.test(rest)) return undefined
  const selected = matcher(query.get('labelSelector') ?? '')
  const pods = usage.pods.filter(pod => (namespace === undefined || pod.namespace === namespace) && selected(pod.labels))
  const items = afflicted(pods, fault).map(pod => ({
    kind: 'PodMetrics',
    apiVersion: 'metrics.k8s.io/v1beta1',
    metadata: { name: pod.name, namespace: pod.namespace, labels: pod.labels },
    timestamp: stamp(usage.atMs, fault),
    window: `${(usage.windowMs / 1000).toFixed(3)}s`,
    containers: [
      {
        name: 'main',
        usage: {
          cpu: quantity(`${Math.round(pod.cpuCores * 1e9)}n`, fault),
          memory: quantity(`${Math.round(pod.memoryBytes / 1024)}Ki`, fault),
        },
      },
    ],
  }))
  if (name !== undefined) return items.find(({ metadata }) => metadata.name === name)
  return { kind: 'PodMetricsList', apiVersion: 'metrics.k8s.io/v1beta1', metadata: {}, items }
}

function customAnswer({ rest, query }: Asked, { usage, adapter, fault }: MetricsFacts): object | undefined {
  const [, namespace, resource, name, metric] = /^\/namespaces\/([^/]+)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(rest) ?? []
  if (metric === undefined) return undefined
  const podLabels = new Map(usage.pods.map(pod => [`${pod.namespace}/${pod.name}`, pod.labels]))
  const selected = matcher(query.get('labelSelector') ?? '')
  const selectedSeries = matcher(query.get('metricLabelSelector') ?? '')
  const wanted = adapter.filter(each => {
    if (each.object === undefined || each.namespace !== namespace || each.name !== metric) return false
    if (each.object.resource !== resource || !selectedSeries(each.labels ?? {})) return false
    return name === '*' ? selected(podLabels.get(`${namespace}/${each.object.name}`) ?? {}) : each.object.name === name
  })
  const items = afflicted(wanted, fault).map(({ object, value }) => ({
    describedObject: { kind: resource === 'pods' ? 'Pod' : resource, namespace, name: object?.name },
    metric: { name: metric },
    timestamp: stamp(Date.now(), fault),
    value: quantity(value, fault),
  }))
  return { kind: 'MetricValueList', apiVersion: 'custom.metrics.k8s.io/v1beta2', metadata: {}, items }
}

function externalAnswer({ rest, query }: Asked, { adapter, fault }: MetricsFacts): object | undefined {
  const [, namespace, metric] = /^\/namespaces\/([^/]+)\/([^/]+)$/.exec(rest) ?? []
  if (metric === undefined) return undefined
  const selected = matcher(query.get('labelSelector') ?? '')
  const wanted = adapter.filter(
    each => each.object === undefined && each.namespace === namespace && each.name === metric && selected(each.labels ?? {}),
  )
  const items = afflicted(wanted, fault).map(({ labels, value }) => ({
    metricName: metric,
    metricLabels: labels ?? {},
    timestamp: stamp(Date.now(), fault),
    value: quantity(value, fault),
  }))
  return { kind: 'ExternalMetricValueList', apiVersion: 'external.metrics.k8s.io/v1beta1', metadata: {}, items }
}
