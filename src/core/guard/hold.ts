import { condition } from '../conditions.ts'
import type { Condition, Instant } from '../model.ts'
import type { Context, Guard } from '../rules.ts'
import { anomalyIn } from '../screen/anomaly.ts'
import { outageIn } from '../screen/outage.ts'

export interface HoldSettings {
  /** `None` for a target that has no source of demand (only CPU, say): then only failed metrics hold it. Default Expected. */
  readonly demand?: 'Expected' | 'None'
  /** After a start, a take-over or a restart: before that time nothing is taken away. */
  readonly settlesAt?: Instant
}

/**
 * Silence never scales down: where the demand is missing, every metric failed, traffic fell while errors rose, an anomaly asks
 * for it (response Hold), or we have just begun and do not know yet what the last minutes wanted, nothing is taken away; the object's own maximum still holds.
 */
export function hold({ demand = 'Expected', settlesAt }: HoldSettings = {}): Guard {
  return {
    name: 'hold',
    limit: (draft, context) => {
      const reason = blindness(context, demand) ?? trouble(context) ?? unease(context) ?? unsettled(context, settlesAt)
      const fresh = condition('MetricsFresh', { status: 'True', reason: 'Fresh', message: 'demand and metrics are there' })
      const unusual = [...outageCondition(context), ...anomalyCondition(context)]
      if (reason === undefined) return { replicas: draft.replicas, why: 'metrics are there', conditions: [fresh, ...unusual] }
      const kept = Math.min(context.situation.observation.replicas.spec, context.target.maxReplicas)
      const conditions: readonly Condition[] = [
        reason.blind ? condition('MetricsFresh', { status: 'False', reason: 'MetricsMissing', message: reason.why }) : fresh,
        ...unusual,
      ]
      return draft.replicas < kept
        ? { replicas: kept, why: `holds ${kept}: ${reason.why}`, keeps: kept, conditions }
        : { replicas: draft.replicas, why: `no scale-down while ${reason.why}`, keeps: kept, conditions }
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

function trouble({ memory }: Context): Reason | undefined {
  const outage = outageIn(memory)
  return outage?.active ? { blind: false, why: outage.why } : undefined
}

function outageCondition({ memory }: Context): readonly Condition[] {
  const outage = outageIn(memory)
  if (outage === undefined) return []
  const { active, why: message } = outage
  return [
    condition(
      'Outage',
      active ? { status: 'True', reason: 'TrafficFellWithErrors', message } : { status: 'False', reason: 'NoOutage', message },
    ),
  ]
}

function unease({ memory }: Context): Reason | undefined {
  const anomaly = anomalyIn(memory)
  return anomaly?.active && anomaly.response === 'Hold' ? { blind: false, why: anomaly.why } : undefined
}

function unsettled({ now }: Context, settlesAt: Instant | undefined): Reason | undefined {
  if (settlesAt === undefined || now >= settlesAt) return undefined
  const left = Math.ceil((settlesAt - now) / 1000)
  return { blind: false, why: `the start is recent: what the last minutes wanted is not known for ${left} s more` }
}

function anomalyCondition({ memory }: Context): readonly Condition[] {
  const anomaly = anomalyIn(memory)
  if (anomaly === undefined || anomaly.response === 'Ignore') return []
  const { active, response, why: message } = anomaly
  return [
    condition(
      'Anomalous',
      active ? { status: 'True', reason: response, message } : { status: 'False', reason: 'AsUsual', message },
    ),
  ]
}
