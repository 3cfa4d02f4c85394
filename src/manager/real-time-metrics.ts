import { sentenceOf } from '../core/explain/explain.ts'
import { QUANTILES } from '../core/model.ts'
import { conditionsOf } from '../show/alerts.ts'
import type { WorkloadFact } from '../show/facts.ts'
import { isoOf } from '../show/views.ts'
import type { Backend } from './backend.ts'

/** What is measured now, what is expected, and what was decided. Times are ISO 8601, UTC. */
export interface RealTimeMetrics {
  readonly time: string
  readonly mode: 'embedded' | 'cluster'
  /** False before `startCollection` and after `stopCollection`: what stands here is then what was seen last. */
  readonly isCollecting: boolean
  readonly services: readonly ServiceMetrics[]
}

export interface ServiceMetrics {
  readonly namespace: string
  /** Name of the object that scales it. */
  readonly serviceName: string
  readonly scaled?: { readonly kind: string; readonly name: string }
  /** Load units of the newest measurement; absent where nothing was measured, which is not zero. */
  readonly load?: number
  /** Replicas that this load needs within its SLO. */
  readonly neededReplicas?: number
  readonly readyReplicas: number
  readonly desiredReplicas: number
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Counted since collection began; absent where nobody counts them. */
  readonly sloViolationMinutes?: number
  readonly cost?: number
  readonly currency?: string
  /** Why the forecast takes no part yet; absent when it does. */
  readonly learning?: string
  readonly forecast?: ForecastMetrics
  readonly lastDecision?: { readonly time: string; readonly from: number; readonly to: number; readonly why: string }
  readonly conditions: readonly {
    readonly type: string
    readonly status: 'True' | 'False' | 'Unknown'
    readonly reason: string
  }[]
}

export interface ForecastMetrics {
  readonly by: string
  readonly madeAt: string
  /** The load at times ahead: quantile level ("0.5" … "0.999") to load units. */
  readonly points: readonly { readonly time: string; readonly quantiles: Readonly<Record<string, number>> }[]
}

export function realTimeMetrics(backend: Backend, isCollecting: boolean): RealTimeMetrics {
  return {
    time: isoOf(backend.now()),
    mode: backend.mode,
    isCollecting,
    services: backend.workloads().map(serviceMetrics),
  }
}

function serviceMetrics(workload: WorkloadFact): ServiceMetrics {
  const { namespace, name, scaled, load, neededReplicas, minReplicas, maxReplicas, learning, lastDecision, currency } = workload
  const [acting] = workload.scalers
  const forecast = forecastMetrics(workload)
  return {
    namespace,
    serviceName: name,
    ...(scaled && { scaled }),
    ...(load !== undefined && { load }),
    ...(neededReplicas !== undefined && { neededReplicas }),
    readyReplicas: acting?.readyReplicas ?? 0,
    desiredReplicas: acting?.desiredReplicas ?? 0,
    minReplicas,
    maxReplicas,
    ...(acting?.sloViolationMinutes !== undefined && { sloViolationMinutes: acting.sloViolationMinutes }),
    ...(acting?.cost !== undefined && { cost: acting.cost }),
    ...(currency !== undefined && { currency }),
    ...(learning !== undefined && { learning }),
    ...(forecast && { forecast }),
    ...(lastDecision && {
      lastDecision: {
        time: isoOf(lastDecision.at),
        from: lastDecision.from,
        to: lastDecision.to,
        why: sentenceOf(lastDecision),
      },
    }),
    conditions: conditionsOf(workload).map(({ type, status, reason }) => ({ type, status, reason })),
  }
}

function forecastMetrics({ lastDecision }: WorkloadFact): ForecastMetrics | undefined {
  const forecast = lastDecision?.forecast
  if (forecast === undefined) return undefined
  return {
    by: forecast.by,
    madeAt: isoOf(forecast.madeAt),
    points: forecast.points.map(({ at, quantiles }) => ({
      time: isoOf(at),
      quantiles: Object.fromEntries(QUANTILES.map((level, index) => [String(level), quantiles[index] ?? 0])),
    })),
  }
}
