import type { Milli } from '../model.ts'
import { over, plus, times } from './quantity.ts'
import type { PodMetrics } from './samples.ts'

/** How far usage is from its target (1 = on target), and what is reported of it. */
export interface Usage {
  readonly ratio: number
  /** Milli-units for each pod. */
  readonly average: Milli
  /** Percent of the requests; only where the target is a utilization. */
  readonly utilizationPercent?: number
}

export interface UtilizationTarget {
  readonly kind: 'utilization'
  readonly percent: number
  /** By pod name. */
  readonly requests: ReadonlyMap<string, Milli>
}

export interface AverageTarget {
  readonly kind: 'average'
  readonly value: Milli
}

/**
 * Usage against a target for each pod. Percent is truncated before the ratio, as upstream does: 55.9 % counts as 55.
 * `undefined` where a utilization target meets no pod that has both a metric and a request.
 */
export function usageOf(metrics: PodMetrics, target: UtilizationTarget | AverageTarget): Usage | undefined {
  return target.kind === 'average' ? averageUsage(metrics, target) : utilization(metrics, target)
}

function averageUsage(metrics: PodMetrics, target: AverageTarget): Usage {
  let sum: Milli = 0
  for (const metric of metrics.values()) sum = plus(sum, metric.value)
  const average = over(sum, metrics.size)
  return { ratio: Number(average) / Number(target.value), average }
}

function utilization(metrics: PodMetrics, { percent, requests }: UtilizationTarget): Usage | undefined {
  let [used, requested, pods]: [Milli, Milli, number] = [0, 0, 0]
  for (const [pod, metric] of metrics) {
    const request = requests.get(pod)
    if (request === undefined) continue
    used = plus(used, metric.value)
    requested = plus(requested, request)
    pods++
  }
  if (Number(requested) === 0) return undefined
  const utilizationPercent = Number(over(times(used, 100), requested))
  return { ratio: utilizationPercent / percent, average: over(used, pods), utilizationPercent }
}
