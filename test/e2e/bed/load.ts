import { readFileSync } from 'node:fs'
import type { BedPod } from './fake-kubelet.ts'

/** Requests per second of one workload, all its pods together, at a time in milliseconds since the epoch. */
export type LoadShape = (atMs: number) => number

export interface ServedWorkload {
  readonly namespace: string
  readonly name: string
  /** Pods whose labels hold all of these serve it. Default: app = name. */
  readonly labels?: Readonly<Record<string, string>>
  readonly requestsPerSecond: LoadShape
  /** Core-seconds that one request costs. */
  readonly coreSecondsPerRequest: number
  /** A pod cannot burn more than this; what it cannot serve then fails. Default 2. */
  readonly cpuLimitCores?: number
  /** Cores that an idle pod burns. Default 0.005. */
  readonly idleCores?: number
  /** Default 200 MiB. */
  readonly memoryBytes?: number
  /** Seconds of a request on an idle pod; it grows as 1 / (1 - utilisation of the limit). Default 0.05. */
  readonly idleLatencySeconds?: number
  /** GPU utilisation in percent of a pod at its CPU limit. Absent: it has no GPU. */
  readonly gpuPercentAtLimit?: number
}

/** Upper bounds of the latency histogram, in seconds. */
export const LATENCY_BOUNDS = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** What one pod has done so far, and does now. Counters only grow. */
export interface PodLoad {
  readonly pod: BedPod
  readonly workload: ServedWorkload
  requestsServed: number
  requestsFailed: number
  cpuCoreSeconds: number
  latencySumSeconds: number
  /** Requests at or below each of LATENCY_BOUNDS; the last is +Inf. */
  readonly latencyCounts: number[]
  cpuCores: number
  gpuPercent: number
}

export interface LoadModel {
  /** Adds a workload, or puts another in its place. */
  serve(workload: ServedWorkload): void
  pods(): Iterable<PodLoad>
  /** Requests a second that are offered to a workload now. */
  offered(namespace: string, name: string): number
  stop(): void
}

const STEP_MS = 250

/** Which workload a pod serves: by its label `app`, or by the labels that a workload names itself. */
function servedBy(workloads: ReadonlyMap<string, ServedWorkload>, { namespace, labels }: BedPod): ServedWorkload | undefined {
  const direct = workloads.get(`${namespace}/${labels.app}`)
  if (direct !== undefined && direct.labels === undefined) return direct
  return [...workloads.values()].find(
    workload =>
      workload.namespace === namespace &&
      workload.labels !== undefined &&
      Object.entries(workload.labels).every(([key, value]) => labels[key] === value),
  )
}

/** Plays the load on the pods that are Ready: every pod serves an equal share, up to its limit, and burns cores for it. */
export function startLoad(pods: () => Iterable<BedPod>): LoadModel {
  const workloads = new Map<string, ServedWorkload>()
  let loads = new Map<string, PodLoad>()
  let last = Date.now()

  function step(): void {
    const now = Date.now()
    const seconds = (now - last) / 1000
    last = now
    const groups = new Map<ServedWorkload, PodLoad[]>()
    const seen = new Map<string, PodLoad>()
    for (const pod of pods()) {
      const workload = servedBy(workloads, pod)
      if (workload === undefined) continue
      const load = { ...(loads.get(pod.uid) ?? idlePod(pod, workload)), pod, workload }
      seen.set(pod.uid, load)
      if (pod.readyAtMs === undefined) rest(load, seconds)
      else groups.set(workload, [...(groups.get(workload) ?? []), load])
    }
    for (const [workload, group] of groups) {
      const share = Math.max(0, workload.requestsPerSecond(now)) / group.length
      for (const load of group) work(load, share, seconds)
    }
    loads = seen
  }

  const timer = setInterval(step, STEP_MS)
  return {
    serve: workload => workloads.set(`${workload.namespace}/${workload.name}`, workload),
    pods: () => loads.values(),
    offered: (namespace, name) => workloads.get(`${namespace}/${name}`)?.requestsPerSecond(Date.now()) ?? 0,
    stop: () => clearInterval(timer),
  }
}

function idlePod(pod: BedPod, workload: ServedWorkload): PodLoad {
  return {
    pod,
    workload,
    requestsServed: 0,
    requestsFailed: 0,
    cpuCoreSeconds: 0,
    latencySumSeconds: 0,
    latencyCounts: Array.from({ length: LATENCY_BOUNDS.length + 1 }, () => 0),
    cpuCores: 0,
    gpuPercent: 0,
  }
}

function rest(load: PodLoad, seconds: number): void {
  load.cpuCores = load.workload.idleCores ?? 0.005
  load.gpuPercent = 0
  load.cpuCoreSeconds += load.cpuCores * seconds
}

function work(load: PodLoad, requestsPerSecond: number, seconds: number): void {
  const {
    coreSecondsPerRequest,
    cpuLimitCores = 2,
    idleCores = 0.005,
    idleLatencySeconds = 0.05,
    gpuPercentAtLimit,
  } = load.workload
  const served = Math.min(requestsPerSecond, (cpuLimitCores - idleCores) / coreSecondsPerRequest)
  const busy = (served * coreSecondsPerRequest) / (cpuLimitCores - idleCores)
  load.cpuCores = idleCores + served * coreSecondsPerRequest
  load.gpuPercent = (gpuPercentAtLimit ?? 0) * busy
  load.cpuCoreSeconds += load.cpuCores * seconds
  load.requestsServed += served * seconds
  load.requestsFailed += (requestsPerSecond - served) * seconds
  // Mean time in an M/M/1 queue; a saturated pod answers what it answers after ten seconds.
  const meanSeconds = Math.min(10, idleLatencySeconds / Math.max(1e-3, 1 - busy))
  load.latencySumSeconds += served * seconds * meanSeconds
  for (let index = 0; index < load.latencyCounts.length; index += 1) {
    const bound = LATENCY_BOUNDS[index] ?? Number.POSITIVE_INFINITY
    // Sojourn times of that queue are exponential.
    load.latencyCounts[index]! += served * seconds * (1 - Math.exp(-bound / meanSeconds))
  }
}

export interface TracePlay {
  readonly startMs: number
  readonly speed?: number
  readonly scale?: number
}

/** The load of a recorded `timestamp,value` file, begun at `startMs` and played `speed` times as fast; the last value stays. */
export function traceShape(file: string, { startMs, speed = 1, scale = 1 }: TracePlay): LoadShape {
  const rows = readFileSync(file, 'utf8').trim().split('\n').slice(1)
  const samples = rows.map(row => {
    const [time = '', value = ''] = row.split(',')
    return { atMs: /^\d+(\.\d+)?$/.test(time) ? Number(time) * 1000 : Date.parse(time), value: Number(value) }
  })
  const first = samples[0]
  if (first === undefined) throw new Error(`${file} holds no sample`)
  let index = 0
  return atMs => {
    const at = first.atMs + (atMs - startMs) * speed
    if (samples[index]!.atMs > at) index = 0
    while (index + 1 < samples.length && samples[index + 1]!.atMs <= at) index += 1
    return samples[index]!.value * scale
  }
}
