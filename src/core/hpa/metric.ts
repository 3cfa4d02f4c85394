import type { MetricAnswer, MetricSpec, Milli, Pod } from '../model.ts'
import type { Failure } from './failure.ts'
import type { Moment } from './pod-groups.ts'
import {
  type Count,
  type PodFacts,
  podsMetricReplicas,
  resourceAverageReplicas,
  resourceUtilizationReplicas,
} from './pod-replicas.ts'
import { formatMilli } from './quantity.ts'
import type { Tolerance } from './settings.ts'
import { averageValueReplicas, type ValueCount, valueReplicas } from './value-replicas.ts'

/** A metric of the spec; `Unknown` is a source type that a newer API may hold and this one does not know. */
export type HpaMetric = MetricSpec | { readonly type: 'Unknown'; readonly named: string }

/** What upstream reports under `status.currentMetrics`: the fields that the target speaks of. */
export interface MetricStatus {
  readonly type: MetricSpec['type']
  readonly name: string
  readonly container?: string
  readonly utilizationPercent?: number
  readonly average?: Milli
  readonly value?: Milli
}

export type Evaluation =
  | { readonly kind: 'counted'; readonly replicas: number; readonly name: string; readonly status: MetricStatus }
  | MetricFailure

export interface MetricFailure {
  readonly kind: 'failed'
  /** Reason of the condition and of the event. */
  readonly reason: string
  readonly why: string
  readonly fault: 'internal' | 'spec'
}

/** What all metrics of one pass have in common. */
export interface MetricFacts extends Moment {
  readonly specReplicas: number
  readonly statusReplicas: number
  readonly pods: readonly Pod[]
  readonly tolerance: Tolerance
}

const NO_ANSWER: MetricAnswer = { kind: 'missing', why: 'the metrics API was not asked' }

/** Replicas that one metric asks for, or why it cannot tell. */
export function evaluate(spec: HpaMetric, answer: MetricAnswer = NO_ANSWER, facts: MetricFacts): Evaluation {
  switch (spec.type) {
    case 'Resource':
    case 'ContainerResource':
      return resource(spec, answer, facts)
    case 'Pods':
      return pods(spec, answer, facts)
    case 'Object':
    case 'External':
      return value(spec, answer, facts)
    case 'Unknown':
      return { kind: 'failed', reason: 'InvalidMetricSourceType', why: `unknown metric source type ${spec.named}`, fault: 'spec' }
  }
}

function refused(spec: MetricSpec, why: string): MetricFailure {
  return { kind: 'failed', reason: `FailedGet${spec.type}Metric`, why, fault: 'internal' }
}

type ResourceSpec = Extract<MetricSpec, { readonly resource: string }>

function resource(spec: ResourceSpec, answer: MetricAnswer, facts: MetricFacts): Evaluation {
  const { averageValue, averageUtilizationPercent: percent } = spec.target
  const container = spec.type === 'ContainerResource' ? spec.container : undefined
  const of = { resource: spec.resource, container }
  if (averageValue === undefined && percent === undefined)
    return refused(
      spec,
      'invalid resource metric source: neither an average utilization target nor an average value target was set',
    )
  if (answer.kind !== 'pods') return refused(spec, `unable to get metrics for resource ${spec.resource}: ${absent(answer)}`)
  const count =
    averageValue === undefined
      ? resourceUtilizationReplicas(podFacts(facts, answer), { ...of, percent: percent ?? 0 })
      : resourceAverageReplicas(podFacts(facts, answer), { ...of, value: averageValue })
  const kind = container === undefined ? 'resource' : 'container resource'
  const name =
    averageValue === undefined ? `${spec.resource} ${kind} utilization (percentage of request)` : `${spec.resource} resource`
  return perPod(spec, { count, name, reported: { name: spec.resource, ...(container !== undefined && { container }) } })
}

function pods(spec: Extract<MetricSpec, { readonly type: 'Pods' }>, answer: MetricAnswer, facts: MetricFacts): Evaluation {
  const { averageValue } = spec.target
  if (averageValue === undefined) return refused(spec, 'invalid pods metric source: no average value target was set')
  if (answer.kind !== 'pods') return refused(spec, `unable to get metric ${spec.metric}: ${absent(answer)}`)
  const count = podsMetricReplicas(podFacts(facts, answer), { metric: spec.metric, value: averageValue })
  return perPod(spec, { count, name: `pods metric ${spec.metric}`, reported: { name: spec.metric } })
}

function podFacts(facts: MetricFacts, { samples }: Extract<MetricAnswer, { readonly kind: 'pods' }>): PodFacts {
  return { ...facts, replicas: facts.specReplicas, samples }
}

function perPod(
  spec: MetricSpec,
  { count, name, reported }: { count: Count | Failure; name: string; reported: { name: string; container?: string } },
): Evaluation {
  if (count.kind === 'failed') return refused(spec, count.why)
  const { average, utilizationPercent } = count.usage
  const status = { type: spec.type, ...reported, average, ...(utilizationPercent !== undefined && { utilizationPercent }) }
  return { kind: 'counted', replicas: count.replicas, name, status }
}

type ValueSpec = Extract<MetricSpec, { readonly type: 'Object' | 'External' }>

function value(spec: ValueSpec, answer: MetricAnswer, facts: MetricFacts): Evaluation {
  const kind = spec.type.toLowerCase()
  const target = valueTarget(spec)
  if (target === undefined)
    return refused(spec, `invalid ${kind} metric source: neither a value target nor an average value target was set`)
  const unable = spec.type === 'External' ? 'unable to get external metric' : 'unable to get metric'
  if (answer.kind !== 'values') return refused(spec, `${unable} ${spec.metric}: ${absent(answer)}`)

  const { pods, tolerance, specReplicas, statusReplicas } = facts
  const common = {
    values: answer.values,
    target: target.value,
    tolerance,
    api: spec.type === 'External' ? 'external' : 'custom',
  } as const
  const count: ValueCount | Failure = target.average
    ? averageValueReplicas({ ...common, replicas: statusReplicas })
    : valueReplicas({ ...common, replicas: specReplicas, pods })
  if (count.kind === 'failed') return refused(spec, count.why)
  const reported = target.average ? { average: count.usage } : { value: count.usage }
  const status = { type: spec.type, name: spec.metric, ...reported }
  return { kind: 'counted', replicas: count.replicas, name: valueName(spec, target.average), status }
}

/** External prefers the average where both are set; Object goes by the target's type. */
function valueTarget({ type, target }: ValueSpec): { readonly average: boolean; readonly value: Milli } | undefined {
  const average = type === 'External' ? target.averageValue !== undefined : target.type === 'AverageValue'
  const value = average ? target.averageValue : target.value
  return value === undefined ? undefined : { average, value }
}

function valueName(spec: ValueSpec, average: boolean): string {
  if (spec.type === 'Object' && !average) return `${spec.object.kind} metric ${spec.metric}`
  return `external metric ${spec.metric}(${spec.selector ?? 'nil'})`
}

function absent(answer: MetricAnswer): string {
  return answer.kind === 'missing' ? answer.why : `the metrics API answered with ${answer.kind}`
}

/** The winning metric for a person: "requests_per_second 4854 of 5000 per replica". */
export function tellMetric(spec: HpaMetric, status: MetricStatus): string {
  const target = spec.type === 'Unknown' ? undefined : spec.target
  if (status.utilizationPercent !== undefined)
    return `${status.name} at ${status.utilizationPercent} % of the requests, target ${target?.averageUtilizationPercent} %`
  const [used, each, wanted] =
    status.average === undefined ? [status.value, '', target?.value] : [status.average, ' per replica', target?.averageValue]
  return `${status.name} ${formatMilli(used ?? 0)} of ${formatMilli(wanted ?? 0)}${each}`
}
