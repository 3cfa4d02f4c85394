import { parseQuantity } from '../core/hpa/quantity.ts'
import type { MetricSpec, MetricTarget, Milli, Target } from '../core/model.ts'
import { CrescendoError } from '../errors.ts'
import type { HorizontalPodAutoscaler } from './documents.ts'
import { amount } from './fields.ts'
import { named } from './metric-name.ts'
import type { Settings } from './settings.ts'
import type { Metric } from './upstream.ts'

/** Start-up time of a pod where nobody stated one and none was measured: what `backtest --startup` has as its default. */
export const DEFAULT_STARTUP_SECONDS = 60

/** What upstream scales on when a spec names no metric. */
const UPSTREAM_DEFAULT: MetricSpec = {
  type: 'Resource',
  resource: 'cpu',
  target: { type: 'Utilization', averageUtilizationPercent: 80 },
}

/** An object and the settings in force for it, as the core's target. Throws when nothing says what one replica can serve. */
export function targetOf(hpa: HorizontalPodAutoscaler, settings: Settings): Target {
  const { name, namespace = 'default' } = hpa.metadata
  const capacityPerReplica = capacityOf(hpa, settings)
  if (capacityPerReplica === undefined) {
    throw new CrescendoError(
      'CRS_DOCUMENT_INVALID',
      `${name}: nothing says what load one replica serves, expected spec.prediction.capacityPerReplica or --capacity-per-replica`,
    )
  }
  return {
    id: `${namespace}/${name}`,
    minReplicas: settings.minReplicas,
    maxReplicas: settings.maxReplicas,
    metrics: metricsOf(hpa),
    ...(settings.behavior && { behavior: settings.behavior }),
    capacityPerReplica,
    startupMs: (settings.prediction.startupSeconds ?? DEFAULT_STARTUP_SECONDS) * 1000,
    periodMs: settings.periodSeconds * 1000,
    ...(settings.objectives.length > 0 && { objectives: settings.objectives }),
  }
}

/** The metrics of the spec; upstream's default where it names none. */
export function metricsOf({ spec }: HorizontalPodAutoscaler): readonly MetricSpec[] {
  const metrics = (spec.metrics ?? []).map(metricSpec)
  return metrics.length === 0 ? [UPSTREAM_DEFAULT] : metrics
}

/**
 * Load units that one replica serves: what the settings state, else the per-pod target of the first driver, which is what
 * the operator wants a pod to carry ("5000" requests_per_second). `undefined` where no metric of the spec measures load.
 */
export function capacityOf({ spec }: HorizontalPodAutoscaler, { prediction }: Settings): number | undefined {
  if (prediction.capacityPerReplica !== undefined) return prediction.capacityPerReplica
  const isDriver = (name: string) => (prediction.drivers.length === 0 ? measuresLoad(name) : prediction.drivers.includes(name))
  for (const metric of spec.metrics ?? []) {
    const source = metric.type === 'Pods' ? metric.pods : metric.type === 'Object' ? metric.object : undefined
    const external = metric.type === 'External' ? metric.external : source
    const target = external?.target.averageValue
    if (external && target !== undefined && isDriver(external.metric.name)) return amount(target)
  }
  return undefined
}

const LOAD = /(?:per_(?:second|minute)|requests|messages|connections|rps|qps|throughput|queue_(?:length|depth))/
const NO_LOAD = /(?:latency|duration|ratio|percent|score|errors?(?:_|$)|_ms$|_seconds$)/

/** Whether a metric counts work that arrives (and so adds up over replicas), to judge by its name: not latencies, not shares. */
export function measuresLoad(metric: string): boolean {
  return LOAD.test(metric.toLowerCase()) && !NO_LOAD.test(metric.toLowerCase().replace(/per_seconds?$/, ''))
}

function metricSpec(metric: Metric): MetricSpec {
  switch (metric.type) {
    case 'Resource':
      return { type: metric.type, resource: metric.resource.name, target: metricTarget(metric.resource.target) }
    case 'ContainerResource': {
      const { name, container, target } = metric.containerResource
      return { type: metric.type, resource: name, container, target: metricTarget(target) }
    }
    case 'Pods':
      return { type: metric.type, ...named(metric.pods.metric), target: metricTarget(metric.pods.target) }
    case 'Object': {
      const { describedObject, metric: identifier, target } = metric.object
      return { type: metric.type, ...named(identifier), object: describedObject, target: metricTarget(target) }
    }
    case 'External':
      return { type: metric.type, ...named(metric.external.metric), target: metricTarget(metric.external.target) }
  }
}

interface RawTarget {
  readonly type: MetricTarget['type']
  readonly averageUtilization?: number
  readonly averageValue?: string | number
  readonly value?: string | number
}

function metricTarget({ type, averageUtilization, averageValue, value }: RawTarget): MetricTarget {
  return {
    type,
    ...(averageUtilization !== undefined && { averageUtilizationPercent: averageUtilization }),
    ...(averageValue !== undefined && { averageValue: milliOf(averageValue) }),
    ...(value !== undefined && { value: milliOf(value) }),
  }
}

/** The schema has refused what is no quantity. */
function milliOf(quantity: string | number): Milli {
  return parseQuantity(String(quantity)) ?? 0
}
