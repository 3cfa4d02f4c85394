import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LATENCY_BOUNDS, type LoadModel, type PodLoad } from './load.ts'

/** A series that a test sets itself: `value` absent means that the series is not exported at all. */
export interface ManualSeries {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly type?: 'gauge' | 'counter'
  readonly value: number | undefined
}

export interface Exporter {
  /** "127.0.0.1:PORT". */
  readonly address: string
  /** Exports a series of the test's own beside those of the load, from now on. */
  set(series: ManualSeries): void
  /** While `true` every scrape is answered with 503. */
  fail(failing: boolean): void
  /** How often it was scraped. */
  scrapes(): number
  stop(): Promise<void>
}

const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
const labelled = (labels: Readonly<Record<string, string>>) =>
  `{${Object.entries(labels)
    .map(([key, value]) => `${key}="${escaped(value)}"`)
    .join(',')}}`

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly value: (load: PodLoad) => number | undefined
  readonly labels?: Readonly<Record<string, string>>
}

const FAMILIES: readonly Family[] = [
  { name: 'http_requests_total', type: 'counter', value: load => load.requestsServed, labels: { code: '200' } },
  { name: 'http_requests_total', type: 'counter', value: load => load.requestsFailed, labels: { code: '503' } },
  {
    name: 'container_cpu_usage_seconds_total',
    type: 'counter',
    value: load => load.cpuCoreSeconds,
    labels: { container: 'main' },
  },
  {
    name: 'container_memory_working_set_bytes',
    type: 'gauge',
    value: ({ workload }) => workload.memoryBytes ?? 200 * 2 ** 20,
    labels: { container: 'main' },
  },
  {
    name: 'DCGM_FI_DEV_GPU_UTIL',
    type: 'gauge',
    value: load => (load.workload.gpuPercentAtLimit === undefined ? undefined : load.gpuPercent),
    labels: { gpu: '0' },
  },
]

function* latencyLines(loads: readonly PodLoad[]): Generator<string> {
  yield '# TYPE http_request_duration_seconds histogram'
  for (const { pod, latencyCounts, latencySumSeconds, workload } of loads) {
    const own = { namespace: pod.namespace, pod: pod.name, app: workload.name }
    for (const [index, count] of latencyCounts.entries()) {
      yield `http_request_duration_seconds_bucket${labelled({ ...own, le: String(LATENCY_BOUNDS[index] ?? '+Inf') })} ${count}`
    }
    yield `http_request_duration_seconds_sum${labelled(own)} ${latencySumSeconds}`
    yield `http_request_duration_seconds_count${labelled(own)} ${latencyCounts.at(-1)}`
  }
}

function* exposition(loads: readonly PodLoad[], manual: Iterable<ManualSeries>): Generator<string> {
  let previous = ''
  for (const { name, type, value, labels } of FAMILIES) {
    if (name !== previous) yield `# TYPE ${name} ${type}`
    previous = name
    for (const load of loads) {
      const { pod, workload } = load
      const current = value(load)
      if (current === undefined) continue
      yield `${name}${labelled({ namespace: pod.namespace, pod: pod.name, app: workload.name, ...labels })} ${current}`
    }
  }
  yield* latencyLines(loads)
  for (const { name, labels, type = 'gauge', value } of manual) {
    if (value === undefined) continue
    yield `# TYPE ${name} ${type}`
    yield `${name}${labelled(labels)} ${String(value).replace('Infinity', 'Inf')}`
  }
}

/** Serves what the pods of the load model would export, as one Prometheus target. */
export async function startExporter(load: Pick<LoadModel, 'pods'>): Promise<Exporter> {
  const manual = new Map<string, ManualSeries>()
  let [failing, scrapes] = [false, 0]
  const server = createServer((_, answer) => {
    scrapes += 1
    if (failing) {
      answer.writeHead(503).end()
      return
    }
    answer.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' })
    answer.end(`${[...exposition([...load.pods()], manual.values())].join('\n')}\n`)
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    set: series => manual.set(`${series.name}${labelled(series.labels)}`, series),
    fail: fails => {
      failing = fails
    },
    scrapes: () => scrapes,
    stop: async () => {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
    },
  }
}
