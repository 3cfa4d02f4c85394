import type { Instant, Milli, PodSample } from '../model.ts'
import { plus } from './quantity.ts'

/** What one pod reported of one metric. */
export interface PodMetric {
  readonly value: Milli
  readonly at: Instant
  readonly windowMs: number
}

/** By pod name. A pod that is not in the map has no metric. */
export type PodMetrics = ReadonlyMap<string, PodMetric>

/** Resource samples: the sum over a pod's containers, or the named container alone. Pods that did not report it are left out. */
export function resourceMetrics(samples: readonly PodSample[], container?: string): Map<string, PodMetric> {
  const metrics = new Map<string, PodMetric>()
  for (const sample of samples) {
    const value = container === undefined ? podTotal(sample) : sample.byContainer?.[container]
    if (value !== undefined) metrics.set(sample.pod, { value, at: sample.at, windowMs: sample.windowMs })
  }
  return metrics
}

function podTotal({ byContainer }: PodSample): Milli | undefined {
  let sum: Milli | undefined
  for (const container in byContainer) sum = plus(sum ?? 0, byContainer[container] ?? 0)
  return sum
}

/** Samples of a custom per-pod metric. */
export function customMetrics(samples: readonly PodSample[]): Map<string, PodMetric> {
  const metrics = new Map<string, PodMetric>()
  for (const { pod, value, at, windowMs } of samples) if (value !== undefined) metrics.set(pod, { value, at, windowMs })
  return metrics
}
