import { setTimeout as sleep } from 'node:timers/promises'
import { NODE_OPTIONS } from '../../src/manifests/workload.ts'
import { deploymentObject, eventually, namespaceObject } from '../../test/e2e/bed/cluster-objects.ts'
import { autoscaler, type Running, type Stage, startStage } from '../../test/e2e/controller/stage.ts'

export interface ScaleRun {
  readonly objects: number
  readonly pods: number
  /** From the start of the process until it is ready. */
  readonly secondsToReady: number
  /** From the start of the process until it had decided about every object. */
  readonly secondsToAllDecided: number
  readonly seconds: number
  readonly turnSeconds: { readonly p50: number; readonly p99: number }
  readonly longestWaitSeconds: number
  readonly decisionsPerSecond: number
  readonly skipped: number
  readonly apiRequestsPerSecond: number
  readonly residentBytes: number
  readonly cores: number
}

const OBJECTS_PER_NAMESPACE = 100
const WARM_UP_MS = 60_000
const PERIOD_SECONDS = 15
/** Half of the container's limit in the manifests; without a limit, Node lets garbage lie on a large machine. */
export const HEAP_MEGABYTES = 384

/** Loads of 150 to 250 requests a second for a target of 100: two or three replicas each. */
const wave = (index: number) => (atMs: number) => 200 + 50 * Math.sin((2 * Math.PI * atMs) / 600_000 + index)

/** So many objects on one controller; measured for `seconds` after a minute. */
export async function runAtScale(
  { objects, seconds }: { readonly objects: number; readonly seconds: number },
  tell: (line: string) => void,
): Promise<ScaleRun> {
  tell('starting the bed')
  const stage = await startStage({
    kubelet: { startupSeconds: 5, nodes: 10 },
    prometheus: { scrapeSeconds: 15 },
    controlPlane: { controllerManagerFlags: ['--concurrent-deployment-syncs=20'] },
  })
  try {
    await populate(stage, objects, tell)
    tell('all pods are ready; starting Crescendo')
    const { crescendo, ...started } = await start(stage, objects)
    tell(`ready after ${started.secondsToReady} s, all decided after ${started.secondsToAllDecided} s; a minute to warm up`)
    await sleep(WARM_UP_MS)
    return { ...(await measure(stage, crescendo, { objects, seconds, tell })), ...started }
  } finally {
    await stage.stop()
  }
}

async function populate(stage: Stage, objects: number, tell: (line: string) => void): Promise<void> {
  // The bed's own source has a rate over ten seconds; this Prometheus scrapes every fifteen.
  const source = await stage.plane.api.call<{ spec: object }>('/apis/autoscaling.spotify.ai/v2/metricsources/prometheus')
  const query = 'sum by (namespace, pod) (rate(http_requests_total{$selector}[$window]))'
  const catalogue = [{ name: 'requests_per_second', query, kind: 'Load' }]
  await stage.apply({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'MetricSource',
    metadata: { name: 'prometheus' },
    spec: { ...source.spec, catalogue },
  })
  for (let first = 0; first < objects; first += OBJECTS_PER_NAMESPACE) {
    const namespace = `tenant-${first / OBJECTS_PER_NAMESPACE}`
    const names = Array.from(
      { length: Math.min(OBJECTS_PER_NAMESPACE, objects - first) },
      (_, index) => `service-${first + index}`,
    )
    await stage.apply(namespaceObject(namespace))
    const requests = { cpu: '100m', memory: '64Mi' }
    await stage.apply(...names.map(name => deploymentObject({ namespace, name, replicas: 2, requests })))
    for (const [index, name] of names.entries()) {
      stage.load.serve({ namespace, name, requestsPerSecond: wave(first + index), coreSecondsPerRequest: 0.002 })
    }
    await stage.apply(...names.map(name => autoscaler(name, { maxReplicas: 10, periodSeconds: PERIOD_SECONDS }, namespace)))
    tell(`${first + names.length} of ${objects} objects are made`)
  }
  await eventually('all pods are ready', 600_000, async () => {
    const ready = [...stage.kubelet.pods()].filter(({ readyAtMs }) => readyAtMs !== undefined).length
    return ready >= 2 * objects ? true : undefined
  })
}

async function start(stage: Stage, objects: number) {
  const begun = performance.now()
  const elapsed = () => Math.round((performance.now() - begun) / 100) / 10
  const crescendo = await stage.crescendo({ env: { NODE_OPTIONS: `--max-old-space-size=${HEAP_MEGABYTES} ${NODE_OPTIONS}` } })
  await crescendo.ready()
  const secondsToReady = elapsed()
  await eventually('every object is decided about', 300_000, async () => {
    const text = await (await fetch(`${crescendo.url}/metrics`)).text()
    const decided = text.matchAll(/^crescendo_decisions_total\{[^}]*autoscaler="([^"]+)"/gm)
    return new Set([...decided].map(([, name]) => name)).size >= objects ? true : undefined
  })
  return { crescendo, secondsToReady, secondsToAllDecided: elapsed() }
}

/** All samples of one scrape, summed over labels; buckets by their bound. */
type Scrape = (name: string, le?: string) => number

async function scrape({ url }: Running): Promise<{ readonly sum: Scrape; readonly bounds: (name: string) => readonly string[] }> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n').filter(line => line !== '' && !line.startsWith('#'))
  const samples = lines.map(line => {
    const [, name = '', labels = '', value = '0'] = /^([a-zA-Z_:]+)(?:\{(.*)\})? (\S+)/.exec(line) ?? []
    return { name, le: /(?:^|,)le="([^"]+)"/.exec(labels)?.[1], value: Number(value) }
  })
  return {
    sum: (name, le) => samples.reduce((total, each) => (each.name === name && each.le === le ? total + each.value : total), 0),
    bounds: name => [...new Set(samples.filter(each => each.name === name).map(({ le }) => le ?? ''))],
  }
}

type Measured = Omit<ScaleRun, 'secondsToReady' | 'secondsToAllDecided'>

interface Wish {
  readonly objects: number
  readonly seconds: number
  readonly tell: (line: string) => void
}

async function measure(stage: Stage, crescendo: Running, { objects, seconds, tell }: Wish): Promise<Measured> {
  const before = await scrape(crescendo)
  const begun = performance.now()
  let [residentBytes, longestWaitSeconds] = [0, 0]
  for (let second = 0; performance.now() - begun < seconds * 1000; second += 1) {
    residentBytes = Math.max(residentBytes, crescendo.residentBytes())
    if (second % 5 === 0) {
      const { sum } = await scrape(crescendo)
      longestWaitSeconds = Math.max(longestWaitSeconds, sum('crescendo_queue_oldest_seconds'))
      if (second % 30 === 0)
        tell(`${second} of ${seconds} s; ${Math.round(residentBytes / 1e6)} MB, ${sum('crescendo_queue_depth')} wait`)
    }
    await sleep(1000)
  }
  const elapsed = (performance.now() - begun) / 1000
  const after = await scrape(crescendo)
  const grown: Scrape = (name, le) => after.sum(name, le) - before.sum(name, le)
  const turns = (share: number) => {
    const name = 'crescendo_reconcile_seconds_bucket'
    const wanted = share * grown(name, '+Inf')
    const bounds = after.bounds(name).toSorted((a, b) => number(a) - number(b))
    return number(bounds.find(bound => grown(name, bound) >= wanted) ?? '+Inf')
  }
  return {
    objects,
    pods: [...stage.kubelet.pods()].length,
    seconds: Math.round(elapsed),
    turnSeconds: { p50: turns(0.5), p99: turns(0.99) },
    longestWaitSeconds,
    decisionsPerSecond: grown('crescendo_decisions_total') / elapsed,
    skipped: grown('crescendo_skipped_ticks_total'),
    apiRequestsPerSecond: grown('crescendo_api_requests_total') / elapsed,
    residentBytes,
    cores: grown('crescendo_process_cpu_seconds_total') / elapsed,
  }
}

const number = (bound: string) => (bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound))
