import type { Condition } from '../model.ts'

export type AbleReason = 'SucceededGetScale' | 'ReadyForNewScale' | 'ScaleDownStabilized' | 'ScaleUpStabilized'
export type LimitReason = 'TooFewReplicas' | 'TooManyReplicas' | 'ScaleUpLimit' | 'ScaleDownLimit' | 'DesiredWithinRange'

const ABLE: Readonly<Record<AbleReason, string>> = {
  SucceededGetScale: "the HPA controller was able to get the target's current scale",
  ReadyForNewScale: 'recommended size matches current size',
  ScaleDownStabilized: 'recent recommendations were higher than current one, applying the highest recent recommendation',
  ScaleUpStabilized: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
}

const LIMITED: Readonly<Record<LimitReason, string>> = {
  TooFewReplicas: 'the desired replica count is less than the minimum replica count',
  TooManyReplicas: 'the desired replica count is more than the maximum replica count',
  ScaleUpLimit: 'the desired replica count is increasing faster than the maximum scale rate',
  ScaleDownLimit: 'the desired replica count is decreasing faster than the maximum scale rate',
  DesiredWithinRange: 'the desired count is within the acceptable range',
}

/** AbleToScale=True; what fails at the API server is said by `reconcile`. */
export function ableToScale(reason: AbleReason): Condition {
  return { type: 'AbleToScale', status: 'True', reason, message: ABLE[reason] }
}

/** ScalingLimited: `limited` says whether the limit changed anything. */
export function scalingLimited(limited: boolean, reason: LimitReason): Condition {
  return { type: 'ScalingLimited', status: limited ? 'True' : 'False', reason, message: LIMITED[reason] }
}

/** ScalingActive=True, from the metric that won. */
export function scalingActive(metric: string): Condition {
  const message = `the HPA was able to successfully calculate a replica count from ${metric}`
  return { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message }
}

/** ScalingActive=False: no metric, no selector, or switched off at zero replicas. */
export function scalingInactive(reason: string, message: string): Condition {
  return { type: 'ScalingActive', status: 'False', reason, message }
}
