import type { Instant, MetricAnswer, MetricSpec, Milli, Pod, PodSample, Target } from '../core/model.ts'
import { isInMilliseconds } from './service.ts'

/** What the metrics say of the visible minute. */
export interface View {
  readonly at: Instant
  /** Mean load over the window, load units. */
  readonly load: number
  /** Ready replicas in the newest visible tick; 0 leaves per-pod metrics without a sample. */
  readonly ready: number
  readonly pods: readonly Pod[]
  readonly windowMs: number
  readonly metricScale: number
  /** Where the replicas are queues: the share of their servers that is busy, and the latency at the promised percentile. */
  readonly service?: { readonly busy: number; readonly latencySeconds: number }
}

/** Beyond this share of its safe load a pod is saturated: it uses no more, so that its metrics cannot show the rest of the load. */
const SATURATION = 1.25
/** At the safe load a pod is busy for this share of its time; the queueing delay of its latency follows from that. */
const BUSY_AT_SAFE_LOAD = 0.8
/** Share of its request that a pod uses while it starts. */
const STARTING_SHARE = 0.3

/**
 * The answer of a metrics API to each metric of the target, in their order:
 * External and Object metrics give the total load; a Pods metric the load of one pod; CPU and GPU are used in proportion to the
 * share of the safe load (at the safe load: the whole request); memory is 40 % of the request and grows to 80 % with that share.
 * A metric named as a latency follows the waiting time of a queue (1 / (1 - busy)), and is at its target at the safe load.
 * With a service, latencies are its own, and CPU and GPU are used as its servers are busy (a pod requests what all of them need).
 */
export function answersOf(target: Target, view: View): readonly MetricAnswer[] {
  const loaded = view.ready === 0 ? 0 : Math.min(SATURATION, view.load / (view.ready * target.capacityPerReplica))
  const share = view.service?.busy ?? loaded
  return target.metrics.map(metric => answer(metric, view, share))
}

function answer(metric: MetricSpec, view: View, share: number): MetricAnswer {
  switch (metric.type) {
    case 'External':
    case 'Object': {
      const value = isLatency(metric.metric) ? latency(metric, view, share) : view.load * view.metricScale
      return { kind: 'values', values: [milli(value)], at: view.at }
    }
    case 'Pods': {
      const value = milli(isLatency(metric.metric) ? latency(metric, view, share) : view.load / Math.max(1, view.ready))
      return { kind: 'pods', samples: podSamples(view, pod => (isReady(pod) ? { value } : undefined)) }
    }
    case 'Resource':
    case 'ContainerResource':
      return { kind: 'pods', samples: podSamples(view, pod => ({ byContainer: usageOf(pod, metric.resource, share) })) }
    default:
      return metric satisfies never
  }
}

function podSamples(
  view: View,
  measure: (pod: Pod) => Pick<PodSample, 'value' | 'byContainer'> | undefined,
): readonly PodSample[] {
  if (view.ready === 0) return []
  const samples: PodSample[] = []
  for (const pod of view.pods) {
    const measured = pod.phase === 'Running' ? measure(pod) : undefined
    if (measured) samples.push({ pod: pod.name, at: view.at, windowMs: view.windowMs, ...measured })
  }
  return samples
}

function usageOf(pod: Pod, resource: string, share: number): Readonly<Record<string, Milli>> {
  const busy = isReady(pod) ? share : STARTING_SHARE
  const used = resource === 'memory' ? 0.4 + 0.4 * busy : busy
  const byContainer: Record<string, Milli> = {}
  for (const container of pod.containers) {
    const request = container.requests[resource]
    if (request !== undefined) byContainer[container.name] = Math.round(Number(request) * used)
  }
  return byContainer
}

function isReady(pod: Pod): boolean {
  return pod.ready?.status === 'True'
}

function isLatency(metric: string): boolean {
  return /latency|duration|response_time/i.test(metric)
}

type NamedMetric = Extract<MetricSpec, { readonly metric: string }>

/** M/M/1: the time in the system grows with 1 / (1 - busy); scaled so that it meets the metric's target at the safe load. */
function latency({ target, ...metric }: NamedMetric, { service }: View, share: number): number {
  if (service) return service.latencySeconds * (isInMilliseconds(metric.metric) ? 1000 : 1)
  const atSafeLoad = Number(target.averageValue ?? target.value ?? 1000) / 1000
  return (atSafeLoad * (1 - BUSY_AT_SAFE_LOAD)) / Math.max(0.01, 1 - BUSY_AT_SAFE_LOAD * share)
}

/** Exact to a thousandth while that is a safe integer, to a whole unit beyond. */
function milli(value: number): Milli {
  const scaled = Math.round(value * 1000)
  return Number.isSafeInteger(scaled) ? scaled : BigInt(Math.round(value)) * 1000n
}
