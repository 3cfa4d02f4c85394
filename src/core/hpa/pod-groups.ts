import type { Instant, Pod } from '../model.ts'
import type { PodMetric, PodMetrics } from './samples.ts'
import type { HpaSettings } from './settings.ts'

export interface PodGroups {
  readonly readyCount: number
  readonly unready: readonly string[]
  readonly missing: readonly string[]
  readonly ignored: readonly string[]
}

export interface Moment {
  readonly now: Instant
  readonly settings: HpaSettings
}

/** `resource` is set for resource metrics only: the readiness rules hold for "cpu" and for nothing else. */
export interface Measured {
  readonly pods: readonly Pod[]
  readonly metrics: PodMetrics
  readonly resource?: string | undefined
}

type Group = 'ready' | 'unready' | 'missing' | 'ignored'

/** Sorts pods by how their metric counts; the first rule that applies wins. */
export function groupPods({ pods, metrics, resource }: Measured, moment: Moment): PodGroups {
  let readyCount = 0
  const groups = { unready: [] as string[], missing: [] as string[], ignored: [] as string[] }
  for (const pod of pods) {
    const group = groupOf(pod, { metric: metrics.get(pod.name), isCpu: resource === 'cpu' }, moment)
    if (group === 'ready') readyCount++
    else groups[group].push(pod.name)
  }
  return { readyCount, ...groups }
}

function groupOf(pod: Pod, { metric, isCpu }: { metric: PodMetric | undefined; isCpu: boolean }, moment: Moment): Group {
  if (pod.deleted || pod.phase === 'Failed') return 'ignored'
  if (pod.phase === 'Pending') return 'unready'
  if (metric === undefined) return 'missing'
  return isCpu && !hasTrustworthyCpu(pod, metric, moment) ? 'unready' : 'ready'
}

/** The CPU burst of a starting pod is not load. */
function hasTrustworthyCpu({ ready, startedAt }: Pod, metric: PodMetric, { now, settings }: Moment): boolean {
  if (ready === undefined || startedAt === undefined) return false
  if (startedAt + settings.cpuInitializationMs > now)
    return ready.status !== 'False' && metric.at >= ready.since + metric.windowMs
  return ready.status !== 'False' || startedAt + settings.initialReadinessDelayMs <= ready.since
}
