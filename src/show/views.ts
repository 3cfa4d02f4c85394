import type { ChampionFacts, ForecastAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import { type Decision, type Instant, QUANTILES, WINDOW_LEVELS } from '../core/model.ts'
import { activeAlarms, type KeptEpisode } from '../core/screen/alarm-book.ts'
import type { JournalEntry, StoredForecast } from '../ports.ts'
import { type Alert, conditionsOf } from './alerts.ts'
import type {
  AccuracyView,
  AlertView,
  AnomalyView,
  AuditEntryView,
  CostsView,
  DecisionView,
  ForecastView,
  PolicyView,
  WorkloadView,
} from './contract.ts'
import type { ConditionFact, Facts, PolicyFact, WorkloadFact } from './facts.ts'

export const isoOf = (at: Instant) => new Date(at).toISOString()

/** The decision without its forecast, which has a route of its own and is a hundred times longer. */
export function decisionView(facts: Facts, decision: Decision): DecisionView {
  const { at, target, from, to, demand, doubts, proposals, abstentions, verdicts, conditions, plainHpa } = decision
  return {
    time: isoOf(at),
    target,
    from,
    to,
    ...(demand !== undefined && { demand }),
    sentence: facts.explain(decision).sentence,
    doubts: [...doubts],
    proposals: [...proposals],
    abstentions: [...abstentions],
    verdicts: [...verdicts],
    conditions: [...conditions],
    plainHpa,
  }
}

export function workloadView(facts: Facts, workload: WorkloadFact): WorkloadView {
  const { lastDecision, scalers, conditions: _, alarms: __, accuracy: ___, ...rest } = workload
  return {
    ...rest,
    conditions: conditionsOf(workload).map(conditionView),
    scalers: [...scalers],
    ...(lastDecision !== undefined && { lastDecision: decisionView(facts, lastDecision) }),
  }
}

const conditionView = ({ type, status, reason, message, since }: ConditionFact) => ({
  type,
  status,
  reason,
  message,
  ...(since !== undefined && { since: isoOf(since) }),
})

export function alertView({ since, ...alert }: Alert): AlertView {
  return { ...alert, ...(since !== undefined && { since: isoOf(since) }) }
}

export function anomalyView(facts: Facts, { startAt, endAt, ...episode }: KeptEpisode): AnomalyView {
  const isActive = activeAlarms({ episodes: [{ startAt, endAt, ...episode }] }, facts.now()).length > 0
  return { ...episode, start: isoOf(startAt), end: isoOf(endAt), active: isActive }
}

export function policyView(policy: PolicyFact): PolicyView {
  return { ...policy, extends: [...policy.extends], effective: { ...policy.effective }, origins: { ...policy.origins } }
}

export function auditView(facts: Facts, { decision, intendedAt, outcome }: JournalEntry): AuditEntryView {
  return {
    time: isoOf(intendedAt),
    target: decision.target,
    from: decision.from,
    to: decision.to,
    sentence: facts.explain(decision).sentence,
    outcome: outcome?.kind ?? 'open',
    ...(outcome !== undefined && 'why' in outcome && { why: outcome.why }),
  }
}

export function forecastView({ lastDecision, learning, accuracy }: WorkloadFact, past: readonly StoredForecast[]): ForecastView {
  const forecast = lastDecision?.forecast
  if (forecast === undefined) {
    const why = lastDecision?.abstentions.map(abstention => `${abstention.by}: ${abstention.why}`).join('; ')
    return { kind: 'none', why: learning ?? (why || 'nothing was decided yet') }
  }
  return {
    kind: 'forecast',
    by: forecast.by,
    madeAt: isoOf(forecast.madeAt),
    quantiles: [...QUANTILES],
    points: forecast.points.map(({ at, quantiles }) => ({ time: isoOf(at), values: [...quantiles] })),
    windowQuantiles: [...WINDOW_LEVELS],
    windows: forecast.windows.map(({ fromMs, toMs, quantiles }) => ({
      fromSeconds: fromMs / 1000,
      toSeconds: toMs / 1000,
      values: [...quantiles],
    })),
    ...(accuracy && { accuracy: accuracyView(accuracy) }),
    past: past.map(({ madeAt, dueAt, quantiles, actual }) => ({
      madeAt: isoOf(madeAt),
      time: isoOf(dueAt),
      values: [...quantiles],
      ...(actual !== undefined && { actual }),
    })),
  }
}

function accuracyView({ horizons, window, drift, champion, trust, lentBy }: ForecastAccuracy): NonNullable<AccuracyView> {
  const { since, ...rest } = drift
  return {
    ...(trust !== undefined && { trust }),
    ...(lentBy !== undefined && { lentBy }),
    horizons: horizons.map(one => ({ ...one, pinball: [...one.pinball], coverage: [...one.coverage] })),
    ...(window && { window: { ...window, coverage: [...window.coverage] } }),
    drift: { ...rest, ...(since !== undefined && { since: isoOf(since) }) },
    ...(champion && { champion: championView(champion) }),
  }
}

function championView({ name, since, candidates }: ChampionFacts) {
  return { name, ...(since !== undefined && { since: isoOf(since) }), candidates: candidates.map(one => ({ ...one })) }
}

/** Sums per scaler, of what is billed and counted. All workloads of one server have one currency. */
export function costsView(facts: Facts): CostsView {
  const workloads = facts.workloads()
  const rows = workloads.map(({ namespace, name, price, scalers }) => ({
    namespace,
    name,
    ...(price !== undefined && { price }),
    scalers: scalers.flatMap(({ name: scaler, replicaHours, cost }) =>
      replicaHours === undefined || cost === undefined ? [] : [{ scaler, replicaHours, cost }],
    ),
  }))
  const names = [...new Set(rows.flatMap(row => row.scalers.map(({ scaler }) => scaler)))]
  const total = names.map(scaler => {
    const own = rows.flatMap(row => row.scalers.filter(one => one.scaler === scaler))
    return {
      scaler,
      replicaHours: own.reduce((sum, one) => sum + one.replicaHours, 0),
      cost: own.reduce((sum, one) => sum + one.cost, 0),
    }
  })
  const currency = workloads.find(workload => workload.currency !== undefined)?.currency ?? 'USD'
  return { time: isoOf(facts.now()), currency, total, workloads: rows }
}
