import { sentenceOf, winnerOf } from '../core/explain/explain.ts'
import type { ForecastAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import type { MetricStatus } from '../core/hpa/metric.ts'
import {
  type Condition,
  type Decision,
  type Forecast,
  type Instant,
  type MetricSpec,
  type Milli,
  QUANTILES,
} from '../core/model.ts'
import { decimalText, type HorizontalPodAutoscalerStatus, type StatusCondition } from '../resources/status.ts'

/** What is known of an object when its status is written. */
export interface StatusFacts {
  readonly now: Instant
  readonly generation: number
  readonly replicas?: { readonly spec: number; readonly status: number }
  readonly decision?: Decision
  /** The conditions of this turn; where a type comes twice, the later one holds. */
  readonly conditions: readonly Condition[]
  /** What was measured, each with the metric of the spec that it answers. */
  readonly metrics: readonly { readonly spec: MetricSpec; readonly status: MetricStatus }[]
  /** Absent where nothing adds up to a load. */
  readonly capacityPerReplica?: number
  readonly costPerReplicaHour: number
  readonly currency: string
  readonly budgetPerHour?: number
  readonly mode: string
  readonly policy?: string
  /** How good the forecasts of the last seven days were; absent while that is not known. */
  readonly accuracy?: ForecastAccuracy
  readonly wasScaled: boolean
}

/** What an earlier status, ours or of the process before us, still tells. */
export type Before = Pick<HorizontalPodAutoscalerStatus, 'lastScaleTime' | 'conditions' | 'desiredReplicas' | 'lastDecision'>

/** metav1.Time has whole seconds. */
const iso = (at: Instant) => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')

/** The status that follows from the facts, with the transition times and the last change of the one before. */
export function statusOf(facts: StatusFacts, before: Before | undefined): HorizontalPodAutoscalerStatus {
  const { now, generation, decision, replicas, wasScaled } = facts
  const lastScaleTime = wasScaled ? iso(now) : before?.lastScaleTime
  const desired = decision?.to ?? before?.desiredReplicas
  const lastDecision =
    decision && (decision.from !== decision.to || !before?.lastDecision) ? decisionOf(decision, facts) : before?.lastDecision
  return {
    observedGeneration: generation,
    ...(lastScaleTime !== undefined && { lastScaleTime }),
    ...(replicas && { currentReplicas: replicas.spec }),
    ...(desired !== undefined && { desiredReplicas: desired }),
    conditions: conditionsOf(facts, before?.conditions ?? []),
    ...(lastDecision && { lastDecision }),
    ...(decision?.forecast && { forecast: forecastOf(decision.forecast, facts) }),
    currentMetrics: facts.metrics.map(currentMetric),
    summary: summaryOf(facts),
  }
}

const MESSAGE_LENGTH = 1024
const FIRST = ['AbleToScale', 'ScalingActive', 'ScalingLimited', 'Ready']
const rank = (type: string) => (FIRST.includes(type) ? FIRST.indexOf(type) : FIRST.length)

/** HPA's three first, then ours by name; one of each type. */
function conditionsOf({ conditions, now, generation }: StatusFacts, before: readonly StatusCondition[]): StatusCondition[] {
  const latest = new Map(conditions.map(condition => [condition.type, condition]))
  return [...latest.values()]
    .toSorted((a, b) => rank(a.type) - rank(b.type) || a.type.localeCompare(b.type))
    .map(({ type, status, reason, message }) => {
      const was = before.find(one => one.type === type)
      const lastTransitionTime = was?.status === status ? was.lastTransitionTime : iso(now)
      return {
        type,
        status,
        reason,
        message: message.slice(0, MESSAGE_LENGTH),
        lastTransitionTime,
        observedGeneration: generation,
      }
    })
}

function decisionOf(
  decision: Decision,
  { costPerReplicaHour }: StatusFacts,
): NonNullable<HorizontalPodAutoscalerStatus['lastDecision']> {
  const { at, from, to, proposals, abstentions, verdicts, plainHpa } = decision
  const winner = winnerOf(decision)
  const short = (why: string) => why.slice(0, MESSAGE_LENGTH)
  return {
    time: iso(at),
    currentReplicas: from,
    rawDesiredReplicas: winner?.replicas ?? from,
    finalDesiredReplicas: to,
    direction: to > from ? 'Up' : to < from ? 'Down' : 'None',
    reason: short(sentenceOf(decision)),
    ...(winner && { selectedMetric: winner.by }),
    candidates: [
      ...proposals.map(({ by, replicas, why }) => ({ name: by, replicas, reason: short(why) })),
      ...abstentions.map(({ by, why }) => ({ name: by, reason: short(why) })),
    ],
    constraintsApplied: verdicts
      .filter(verdict => verdict.from !== verdict.to)
      .map(verdict => ({ name: verdict.by, from: verdict.from, to: verdict.to, reason: short(verdict.why) })),
    counterfactualReplicas: plainHpa.replicas,
    ...decimals({ costDeltaPerHour: (to - from) * costPerReplicaHour }),
  }
}

/** Numbers as the status holds them; one that is not finite is left out. */
function decimals<K extends string>(
  numbers: { readonly [Key in K]?: number | undefined },
  digits?: number,
): { [Key in K]?: string } {
  const given = Object.entries<number | undefined>(numbers)
  const texts = given.map(([name, value]) => [name, value === undefined ? undefined : decimalText(value, digits)] as const)
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined)) as { [Key in K]?: string } // the same names
}

type Level = (typeof QUANTILES)[number]
const at = (quantiles: readonly number[], level: Level) => quantiles[QUANTILES.indexOf(level)] ?? 0

function forecastOf(
  { madeAt, points }: Forecast,
  { capacityPerReplica, accuracy }: StatusFacts,
): NonNullable<HorizontalPodAutoscalerStatus['forecast']> {
  const highest = (level: Level) => Math.max(0, ...points.map(({ quantiles }) => at(quantiles, level)))
  const last = points.at(-1)
  const farthest = accuracy?.horizons.at(-1)
  return {
    madeAt: iso(madeAt),
    peak: decimals({ median: highest(0.5), p95: highest(0.95), p99: highest(0.99) }, 3),
    ...(last && capacityPerReplica !== undefined && { replicasIn30Min: needed(last.quantiles, capacityPerReplica) }),
    ...decimals({ coverage7d: farthest?.coverage[QUANTILES.indexOf(0.95)], mase7d: farthest?.mase, trust: accuracy?.trust }, 3),
  }
}

/** Replicas that carry the load that nineteen of twenty times is not exceeded. */
const needed = (quantiles: readonly number[], capacityPerReplica: number) =>
  Math.min(2_147_483_647, Math.ceil(at(quantiles, 0.95) / capacityPerReplica))

type CurrentMetric = NonNullable<HorizontalPodAutoscalerStatus['currentMetrics']>[number]

/** One metric in the shape of `autoscaling/v2`. */
function currentMetric({ spec, status }: StatusFacts['metrics'][number]): CurrentMetric {
  const current = {
    ...(status.utilizationPercent !== undefined && { averageUtilization: status.utilizationPercent }),
    ...(status.average !== undefined && { averageValue: quantityText(status.average) }),
    ...(status.value !== undefined && { value: quantityText(status.value) }),
  }
  switch (spec.type) {
    case 'Resource':
      return { type: spec.type, resource: { name: spec.resource, current } }
    case 'ContainerResource':
      return { type: spec.type, containerResource: { name: spec.resource, container: spec.container, current } }
    case 'Pods':
      return { type: spec.type, pods: { metric: { name: spec.metric }, current } }
    case 'Object':
      return { type: spec.type, object: { describedObject: spec.object, metric: { name: spec.metric }, current } }
    case 'External':
      return { type: spec.type, external: { metric: { name: spec.metric }, current } }
  }
}

/** A quantity in the form that the API itself prints: "405m", "200". */
function quantityText(milli: Milli): string {
  const exact = BigInt(milli)
  return exact % 1000n === 0n ? String(exact / 1000n) : `${exact}m`
}

/** The columns of `kubectl get chpa`, in the words that a person reads. */
function summaryOf(facts: StatusFacts): NonNullable<HorizontalPodAutoscalerStatus['summary']> {
  const { mode, policy, decision, costPerReplicaHour, currency, replicas, capacityPerReplica, budgetPerHour } = facts
  const last = decision?.forecast?.points.at(-1)
  const cost = replicas && (replicas.spec * costPerReplicaHour).toFixed(2)
  const winner = decision && winnerOf(decision)
  return {
    mode,
    ...(policy !== undefined && { policy }),
    ...(last &&
      replicas &&
      capacityPerReplica && { forecast30: `${replicas.spec}>${needed(last.quantiles, capacityPerReplica)}` }),
    ...(cost !== undefined && { costPerHour: `${cost} ${currency}` }),
    ...(cost !== undefined && budgetPerHour !== undefined && { budget: `${cost}/${budgetPerHour.toFixed(2)} ${currency}` }),
    ...(winner && { reason: winner.by }),
  }
}
