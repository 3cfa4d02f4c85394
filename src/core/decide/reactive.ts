import { scalingActive, scalingInactive } from '../hpa/condition.ts'
import { type Desire, DISABLED, desireOfBounds, desireOfMetrics, tellFailures } from '../hpa/desire.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Condition } from '../model.ts'
import type { Context, Proposed, Proposer } from '../rules.ts'

/**
 * What the stock HPA wants from the metrics of this tick: highest metric first, nothing smoothed. Metrics that failed may let it
 * scale up, never down; replicas outside the bounds come back outright; at zero replicas that it did not order itself it is silent.
 */
export function reactive(settings: HpaSettings = stockSettings): Proposer {
  return {
    name: 'reactive',
    propose: context => {
      const desire = desireOf(context, settings)
      return { ...proposed(desire), conditions: conditionsOf(desire) }
    },
  }
}

function desireOf({ now, target, situation }: Context, settings: HpaSettings): Desire {
  const { replicas, pods, answers } = situation.observation
  const facts = { now, settings, pods, specReplicas: replicas.spec, statusReplicas: replicas.status }
  return (
    desireOfBounds(replicas.spec, target) ??
    desireOfMetrics({ metrics: target.metrics, answers, behavior: target.behavior, facts })
  )
}

function proposed(desire: Desire): Proposed {
  switch (desire.kind) {
    case 'disabled':
      return { kind: 'abstains', why: DISABLED }
    case 'failed':
      return { kind: 'abstains', why: tellFailures(desire) }
    case 'outright':
      return { kind: 'proposes', replicas: desire.replicas, why: desire.why, outright: true }
    case 'wanted':
      return { kind: 'proposes', replicas: desire.replicas, why: desire.why }
  }
}

function conditionsOf(desire: Desire): readonly Condition[] {
  switch (desire.kind) {
    case 'disabled':
      return [scalingInactive('ScalingDisabled', DISABLED)]
    case 'failed':
      return [scalingInactive(desire.failure.reason, `the HPA was unable to compute the replica count: ${desire.failure.why}`)]
    case 'outright':
      return []
    case 'wanted':
      return [scalingActive(desire.metric)]
  }
}
