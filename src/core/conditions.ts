import type { Condition } from './model.ts'

/**
 * Every condition that a decision can carry, with its reasons; both are part of the interface: scripts wait for them, alerts match
 * them. The three types of autoscaling/v2 have upstream's reasons. `docs/conditions.md` explains each; a test holds it to this table.
 */
export const CONDITIONS = {
  AbleToScale: ['SucceededGetScale', 'ReadyForNewScale', 'ScaleDownStabilized', 'ScaleUpStabilized'],
  ScalingActive: [
    'ValidMetricFound',
    'ScalingDisabled',
    'FailedGetResourceMetric',
    'FailedGetContainerResourceMetric',
    'FailedGetPodsMetric',
    'FailedGetObjectMetric',
    'FailedGetExternalMetric',
    'InvalidMetricSourceType',
  ],
  ScalingLimited: ['DesiredWithinRange', 'TooFewReplicas', 'TooManyReplicas', 'ScaleUpLimit', 'ScaleDownLimit'],
  MetricsFresh: ['Fresh', 'MetricsMissing'],
  ForecastReliable: ['Calibrated', 'Unfamiliar', 'NoForecast', 'NotTuned'],
  Fallback: ['NotNeeded', 'Waiting', 'OtherSignals', 'LastGoodDemand', 'ForecastMedian', 'NothingKnown'],
  BudgetLimited: ['WithinBudget', 'OverBudget', 'BudgetCap', 'TierCap', 'FleetCap', 'PriceUnknown'],
  BreakerOpen: ['Closed', 'ScalingDoesNotHelp', 'Probing'],
  AttackHold: ['DemandBelieved', 'DemandDoubted', 'JumpUnconfirmed'],
  ConflictingWriter: ['NobodyInterferes', 'ReplicasReset'],
  Emergency: ['NotNeeded', 'Overload', 'Expired', 'DemandUnknown'],
  ObjectivesMeasured: ['AllMeasured', 'NotMeasured'],
  SloBurning: ['WithinBudget', 'FastBurn', 'SlowBurn', 'NotMeasured'],
  QualityGuard: ['Kept', 'BelowMinimum', 'NoRelief', 'NotMeasured'],
  Outage: ['NoOutage', 'TrafficFellWithErrors'],
  Anomalous: ['AsUsual', 'Hold', 'Widen', 'AlertOnly'],
} as const

type Conditions = typeof CONDITIONS

/** One word on a condition, in the words of the table. */
export interface Word<T extends keyof Conditions> {
  readonly status: Condition['status']
  readonly reason: Conditions[T][number]
  readonly message: string
}

export function condition<T extends keyof Conditions>(type: T, word: Word<T>): Condition {
  return { type, ...word }
}
