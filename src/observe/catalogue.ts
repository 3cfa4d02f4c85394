import { type BuiltInMetric, firstOf, perPodQuantile, perPodRate } from './catalogue-queries.ts'
import { GPU_METRICS, QUALITY_METRICS } from './catalogue-specials.ts'
import type { MetricKind } from './source-document.ts'

/** Counters of requests by the conventions of the common frameworks: client libraries, OpenTelemetry, Micrometer. */
const REQUEST_COUNTERS = [
  'http_requests_total',
  'http_request_duration_seconds_count',
  'http_server_request_duration_seconds_count',
  'http_server_requests_seconds_count',
  'grpc_server_handled_total',
]

const REQUEST_HISTOGRAMS = [
  'http_request_duration_seconds',
  'http_server_request_duration_seconds',
  'http_server_requests_seconds',
]

/** Counters with the label by which they tell a failed request. */
const ERROR_LABELS: readonly (readonly [series: string, label: string])[] = [
  ['http_requests_total', 'code'],
  ['http_requests_total', 'status'],
  ['http_request_duration_seconds_count', 'code'],
  ['http_server_request_duration_seconds_count', 'http_response_status_code'],
  ['http_server_requests_seconds_count', 'status'],
]

/** Failed over all; no failed series is a ratio of 0, no requests at all is no ratio. */
function errorRatio(series: string, label: string): string {
  const all = perPodRate(series, `,${label}!=""`)
  return `(${perPodRate(series, `,${label}=~"5.."`)} or ${all} * 0) / (${all} > 0)`
}

const REQUEST_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'requests_per_second',
    family: 'Requests',
    description: 'Requests served, per pod.',
    kind: 'Load',
    unit: 'requests per second',
    query: firstOf(...REQUEST_COUNTERS.map(series => perPodRate(series))),
    scrape: 'rate(http_requests_total)',
  },
  {
    name: 'throughput_bytes_per_second',
    family: 'Requests',
    description: 'Bytes sent by the pod.',
    kind: 'Load',
    unit: 'bytes per second',
    query: perPodRate('container_network_transmit_bytes_total'),
  },
  {
    name: 'request_duration_seconds',
    family: 'Requests',
    description: '99th percentile of the time that a request took, per pod.',
    kind: 'Latency',
    unit: 'seconds',
    query: firstOf(...REQUEST_HISTOGRAMS.map(histogram => perPodQuantile(histogram, 0.99))),
  },
  {
    name: 'error_ratio',
    family: 'Requests',
    description: 'Share of requests that ended with a server error (5xx), 0 to 1, per pod.',
    kind: 'Ratio',
    unit: 'ratio',
    query: firstOf(...ERROR_LABELS.map(([series, label]) => errorRatio(series, label))),
  },
  {
    name: 'conversion_ratio',
    family: 'Requests',
    description: 'Share of requests that did what the service is there for (bought, streamed, signed up), 0 to 1, per pod.',
    kind: 'Ratio',
    unit: 'ratio',
    query: 'avg by (namespace, pod) (conversion_ratio{$selector})',
    scrape: 'conversion_ratio',
  },
  {
    name: 'authenticated_ratio',
    family: 'Requests',
    description: 'Share of requests of somebody who is signed in, 0 to 1, per pod.',
    kind: 'Ratio',
    unit: 'ratio',
    query: 'avg by (namespace, pod) (authenticated_ratio{$selector})',
    scrape: 'authenticated_ratio',
  },
]

const RESOURCE_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'cpu',
    family: 'Resources',
    description: 'CPU in use, per container, by cAdvisor; used where metrics.k8s.io has no answer, and for the past.',
    kind: 'Resource',
    unit: 'cores',
    query:
      'sum by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{$selector,container!="",container!="POD"}[$window]))',
  },
  {
    name: 'memory',
    family: 'Resources',
    description: 'Memory that cannot be reclaimed, per container, by cAdvisor; used where metrics.k8s.io has no answer.',
    kind: 'Resource',
    unit: 'bytes',
    query: 'sum by (namespace, pod, container) (container_memory_working_set_bytes{$selector,container!="",container!="POD"})',
  },
]

const QUEUE_METRICS: readonly BuiltInMetric[] = [
  {
    name: 'queue_length',
    family: 'Queues',
    description: 'Work that waits, per pod.',
    kind: 'Load',
    unit: 'items',
    query: 'sum by (namespace, pod) (queue_length{$selector})',
    scrape: 'queue_length',
  },
  {
    name: 'distinct_clients',
    family: 'Queues',
    description: 'Different clients seen lately, per pod; a client that reaches several pods is counted by each.',
    kind: 'Load',
    unit: 'clients',
    query: 'max by (namespace, pod) (distinct_clients{$selector})',
    scrape: 'distinct_clients',
  },
]

/** All built-in metrics, by family; `docs/metric-catalogue.md` is made from this. */
export const BUILT_IN_CATALOGUE: readonly BuiltInMetric[] = [
  ...REQUEST_METRICS,
  ...RESOURCE_METRICS,
  ...GPU_METRICS,
  ...QUALITY_METRICS,
  ...QUEUE_METRICS,
]

const BY_NAME: ReadonlyMap<string, BuiltInMetric> = new Map(BUILT_IN_CATALOGUE.map(metric => [metric.name, metric]))

export function builtInMetric(name: string): BuiltInMetric | undefined {
  return BY_NAME.get(name)
}

/** What a metric of the built-in catalogue measures; only Load adds up over pods. `undefined` for other names. */
export function builtInKind(name: string): MetricKind | undefined {
  return BY_NAME.get(name)?.kind
}

/** The built-in metrics that a scrape of the pod itself can answer. */
export function scrapedBuiltIns(): readonly (BuiltInMetric & { readonly scrape: string })[] {
  return BUILT_IN_CATALOGUE.filter((metric): metric is BuiltInMetric & { scrape: string } => metric.scrape !== undefined)
}
