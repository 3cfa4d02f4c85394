import type { Condition } from '../model.ts'
import type { Context, Guard } from '../rules.ts'
import { anomalyIn } from '../screen/anomaly.ts'

export interface HoldSettings {
  /** `None` for a target that has no source of demand (only CPU, say): then only failed metrics hold it. Default Expected. */
  readonly demand?: 'Expected' | 'None'
}

/**
 * Silence never scales down: where the demand is missing, every metric failed, or an anomaly asks for it (response Hold),
 * nothing is taken away; the object's own maximum still holds.
 */
export function hold({ demand = 'Expected' }: HoldSettings = {}): Guard {
  return {
    name: 'hold',
    limit: (draft, context) => {
      const reason = blindness(context, demand) ?? unease(context)
      const fresh: Condition = { type: 'MetricsFresh', status: 'True', reason: 'Fresh', message: 'demand and metrics are there' }
      const unusual = anomalyCondition(context)
      if (reason === undefined) return { replicas: draft.replicas, why: 'metrics are there', conditions: [fresh, ...unusual] }
      const kept = Math.min(context.situation.observation.replicas.spec, context.target.maxReplicas)
      const conditions: readonly Condition[] = [
        reason.blind ? { ...fresh, status: 'False', reason: 'MetricsMissing', message: reason.why } : fresh,
        ...unusual,
      ]
      return draft.replicas < kept
        ? { replicas: kept, why: `holds ${kept}: ${reason.why}`, conditions }
        : { replicas: draft.replicas, why: `no scale-down while ${reason.why}`, conditions }
    },
  }
}

interface Reason {
  readonly blind: boolean
  readonly why: string
}

function blindness({ situation }: Context, expects: 'Expected' | 'None'): Reason | undefined {
  const { demand, answers } = situation.observation
  if (expects === 'Expected' && situation.demand === undefined) {
    const cause = demand.kind === 'missing' ? `: ${demand.why}` : ''
    return { blind: true, why: `demand is missing${cause}` }
  }
  if (answers.length > 0 && answers.every(answer => answer.kind === 'missing')) {
    return { blind: true, why: 'every metric failed' }
  }
  return undefined
}

function unease({ memory }: Context): Reason | undefined {
  const anomaly = anomalyIn(memory)
  return anomaly?.active && anomaly.response === 'Hold' ? { blind: false, why: anomaly.why } : undefined
}

function anomalyCondition({ memory }: Context): readonly Condition[] {
  const anomaly = anomalyIn(memory)
  return anomaly?.active ? [{ type: 'Anomalous', status: 'True', reason: anomaly.response, message: anomaly.why }] : []
}
