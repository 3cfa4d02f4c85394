import type { KeptEpisode } from '../core/screen/alarm-book.ts'
import type { ConditionFact, ControllerFact, Facts, WorkloadFact } from './facts.ts'

export interface Alert {
  readonly name: string
  readonly severity: 'critical' | 'warning'
  readonly namespace?: string
  readonly workload?: string
  readonly since?: number
  readonly reason: string
  readonly message: string
}

/** Conditions that are bad while they are not True. */
const GOOD = ['Ready', 'AbleToScale', 'ScalingActive', 'MetricsFresh', 'ForecastReliable']
/** Conditions that are bad while they are True. What only informs (Paused) is not among them. */
const BAD = [
  'Fallback',
  'BudgetLimited',
  'BreakerOpen',
  'AttackHold',
  'Anomalous',
  'SloBurning',
  'QualityGuard',
  'Outage',
  'Emergency',
  'ConflictingWriter',
  'ScalingLimited',
]
const CRITICAL = ['Ready', 'AbleToScale', 'BreakerOpen', 'Emergency', 'ConflictingWriter', 'Outage']
/** Reasons that are worse than what else their condition says. */
const CRITICAL_REASONS = ['FastBurn', 'NoRelief']

/** What is wrong right now: every bad condition of every workload, every source that is down, a store that cannot write. */
export function alertsOf(facts: Facts): readonly Alert[] {
  const controller = facts.controller?.()
  return [...(controller === undefined ? [] : controllerAlerts(controller)), ...facts.workloads().flatMap(workloadAlerts)]
}

/** The object's status where it has one, else what the last decision found. */
export function conditionsOf({ conditions, lastDecision }: WorkloadFact): readonly ConditionFact[] {
  return conditions ?? lastDecision?.conditions ?? []
}

function workloadAlerts(workload: WorkloadFact): readonly Alert[] {
  return [...conditionAlerts(workload), ...(workload.alarms ?? []).map(alarm => alarmAlert(workload, alarm))]
}

function alarmAlert({ namespace, name }: WorkloadFact, { kind, startAt, severity, why }: KeptEpisode): Alert {
  return {
    name: 'Anomaly',
    severity: severity === 'critical' ? 'critical' : 'warning',
    namespace,
    workload: name,
    since: startAt,
    reason: kind,
    message: why,
  }
}

/** A score above the threshold is a condition; where alarms are kept, only these alert. */
function conditionAlerts(workload: WorkloadFact): readonly Alert[] {
  return conditionsOf(workload)
    .filter(one => isBad(one) && !(workload.alarms !== undefined && one.type === 'Anomalous'))
    .map(({ type, reason, message, since }) => ({
      name: type,
      severity: CRITICAL.includes(type) || CRITICAL_REASONS.includes(reason) ? 'critical' : 'warning',
      namespace: workload.namespace,
      workload: workload.name,
      ...(since !== undefined && { since }),
      reason,
      message,
    }))
}

/** An HPA that is held up by its maximum is limited in earnest; one that rests at its minimum, or is paced, is not. */
function isBad({ type, status, reason }: ConditionFact): boolean {
  if (type === 'ScalingLimited') return status === 'True' && reason === 'TooManyReplicas'
  return GOOD.includes(type) ? status === 'False' : BAD.includes(type) && status === 'True'
}

function controllerAlerts({ sources, storeTrouble }: ControllerFact): readonly Alert[] {
  const down = sources
    .filter(({ up }) => !up)
    .map(
      ({ name, why = 'it does not answer', lastAnswerAt }): Alert => ({
        name: 'MetricSourceDown',
        severity: 'critical',
        ...(lastAnswerAt !== undefined && { since: lastAnswerAt }),
        reason: 'SourceDown',
        message: `${name}: ${why}`,
      }),
    )
  if (storeTrouble === undefined) return down
  return [...down, { name: 'StoreTrouble', severity: 'critical', reason: 'WriteFailed', message: storeTrouble }]
}
