import type { Condition, Instant } from '../model.ts'
import type { MetricStatus } from './metric.ts'

export interface StatusCondition extends Condition {
  /** lastTransitionTime: when `status` last changed. */
  readonly since: Instant
}

/** The status of a HorizontalPodAutoscaler. */
export interface HpaStatus {
  readonly currentReplicas: number
  readonly desiredReplicas: number
  readonly metrics: readonly MetricStatus[]
  /** In the order in which they were first set. */
  readonly conditions: readonly StatusCondition[]
  readonly lastScaleAt?: Instant
}

/** Reason and message are always overwritten; `since` moves only when the status changes. */
export function withCondition(
  conditions: readonly StatusCondition[],
  condition: Condition,
  now: Instant,
): readonly StatusCondition[] {
  const place = conditions.findIndex(one => one.type === condition.type)
  const before = conditions[place]
  if (before === undefined) return [...conditions, { ...condition, since: now }]
  return conditions.with(place, { ...condition, since: before.status === condition.status ? before.since : now })
}

/** Whether two statuses differ in anything that would be written. */
export function statusDiffers(a: HpaStatus, b: HpaStatus): boolean {
  return (
    a.currentReplicas !== b.currentReplicas ||
    a.desiredReplicas !== b.desiredReplicas ||
    a.lastScaleAt !== b.lastScaleAt ||
    listsDiffer(a.metrics, b.metrics, ['type', 'name', 'container', 'utilizationPercent', 'average', 'value']) ||
    listsDiffer(a.conditions, b.conditions, ['type', 'status', 'reason', 'message', 'since'])
  )
}

function listsDiffer<T>(a: readonly T[], b: readonly T[], keys: readonly (keyof T)[]): boolean {
  return a.length !== b.length || a.some((one, index) => keys.some(key => one[key] !== b[index]?.[key]))
}
