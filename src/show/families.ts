import type { HorizonAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import { type Condition, QUANTILES, WINDOW_LEVELS } from '../core/model.ts'
import type { MetricFamily } from '../ports.ts'
import { conditionsOf } from './alerts.ts'
import type { ControllerFact, Facts, ScalerFact, WorkloadFact } from './facts.ts'

type Samples = MetricFamily['samples']
const gauge = (name: string, help: string, samples: Samples): MetricFamily => ({ name, type: 'gauge', help, samples })
const counter = (name: string, help: string, samples: Samples): MetricFamily => ({ name, type: 'counter', help, samples })
const single = (value: number): Samples => [{ labels: {}, value }]

/** Everything that `/metrics` tells, as data. Base units; no label names a pod or a client. Families without samples are left out. */
export function familiesOf(facts: Facts, streamClients: number): readonly MetricFamily[] {
  const workloads = facts.workloads()
  const controller = facts.controller?.()
  const all = [
    ...serverFamilies(facts, streamClients),
    ...workloadFamilies(workloads),
    ...forecastFamilies(workloads),
    ...accuracyFamilies(workloads),
    conditionFamily(workloads),
    ...scalerFamilies(workloads),
    ...(controller === undefined ? [] : controllerFamilies(controller, facts.now())),
    ...(facts.counted?.() ?? []),
  ]
  return all.filter(({ samples }) => samples.length > 0)
}

function serverFamilies(facts: Facts, streamClients: number): readonly MetricFamily[] {
  const version = [{ labels: { version: facts.version }, value: 1 }]
  return [
    { name: 'crescendo_build', type: 'info', help: 'The version that runs.', samples: version },
    gauge(
      'crescendo_loop_time_seconds',
      'Time of the loop as seconds since the epoch; simulated in the demo.',
      single(facts.now() / 1000),
    ),
    gauge('crescendo_ready', '1 while the loop is ready to decide.', single(facts.notReady() === undefined ? 1 : 0)),
    gauge('crescendo_stream_clients', 'Readers of /api/v1/stream.', single(streamClients)),
  ]
}

function workloadFamilies(workloads: readonly WorkloadFact[]): readonly MetricFamily[] {
  const family = (name: string, help: string, value: (workload: WorkloadFact) => number | undefined) =>
    gauge(name, help, known(workloads, value))
  return [
    family('crescendo_load', 'Load of the last tick, in load units.', ({ load }) => load),
    family('crescendo_needed_replicas', 'Replicas that the load needs within its SLO.', one => one.neededReplicas),
    family(
      'crescendo_anomaly_score',
      'How unusual the newest sample of the load is, 0 to 1; a half is 2.5 sigma.',
      one => one.anomalyScore,
    ),
    family('crescendo_current_replicas', 'Replicas that exist, ready or not.', one => one.currentReplicas),
    family(
      'crescendo_safe_load_per_replica',
      'Load units that a ready replica carries within the objectives, as learnt from them.',
      ({ lastDecision }) => lastDecision?.safeLoad?.perReplica,
    ),
    family('crescendo_min_replicas', 'The fewest replicas that the object allows.', one => one.minReplicas),
    family('crescendo_max_replicas', 'The most replicas that the object allows.', one => one.maxReplicas),
    family(
      'crescendo_last_decision_time_seconds',
      'Time of the last decision, seconds since the epoch.',
      ({ lastDecision }) => lastDecision && lastDecision.at / 1000,
    ),
  ]
}

/** What the forecast says of the end of its horizon: 30 minutes ahead by default. */
function forecastFamilies(workloads: readonly WorkloadFact[]): readonly MetricFamily[] {
  const bandOf = ({ lastDecision }: WorkloadFact) => lastDecision?.forecast?.points.at(-1)
  const load = workloads.flatMap(workload =>
    (bandOf(workload)?.quantiles ?? []).map((value, index) => ({
      labels: { ...labelsOf(workload), level: String(QUANTILES[index]) },
      value,
    })),
  )
  const replicas = known(workloads, workload => {
    const median = bandOf(workload)?.quantiles[0]
    const { capacityPerReplica } = workload
    return median === undefined || capacityPerReplica === undefined ? undefined : Math.ceil(median / capacityPerReplica - 1e-9)
  })
  return [
    gauge('crescendo_forecast_load', 'Quantiles of the load at the end of the forecast, by level.', load),
    gauge('crescendo_forecast_replicas', 'Replicas that the median of the forecast needs at its end.', replicas),
  ]
}

/** Of the last seven days, by how far ahead was forecast. */
function accuracyFamilies(workloads: readonly WorkloadFact[]): readonly MetricFamily[] {
  const of = (value: (one: HorizonAccuracy) => number | undefined): Samples =>
    workloads.flatMap(workload =>
      (workload.accuracy?.horizons ?? []).flatMap(one => {
        const found = value(one)
        const labels = { ...labelsOf(workload), horizon_seconds: String(one.horizonSeconds) }
        return found === undefined ? [] : [{ labels, value: found }]
      }),
    )
  const p95 = QUANTILES.indexOf(0.95)
  const coverage = of(one => one.coverage[p95])
  const mase = of(one => one.mase)
  const wape = of(one => one.wape)
  const bias = of(one => one.bias)
  const window = known(workloads, ({ accuracy }) => accuracy?.window?.coverage[WINDOW_LEVELS.indexOf(0.95)])
  const trust = known(workloads, ({ accuracy }) => accuracy?.trust)
  const drifting = known(workloads, ({ accuracy }) => accuracy && (accuracy.drift.isDrifting ? 1 : 0))
  return [
    gauge(
      'crescendo_forecast_coverage_ratio',
      'Share of loads at or below the 95 % quantile of their forecast, seven days.',
      coverage,
    ),
    gauge('crescendo_forecast_window_coverage_ratio', 'The same for the highest load of the longest window.', window),
    gauge('crescendo_forecast_mase', 'Error of the median over that of repeating the day before, seven days.', mase),
    gauge('crescendo_forecast_wape_ratio', 'Sum of absolute errors of the median over the sum of the load, seven days.', wape),
    gauge('crescendo_forecast_bias_ratio', 'Sum of median minus load over the sum of the load, seven days.', bias),
    gauge('crescendo_forecast_trust_ratio', 'How far to rely on the forecast.', trust),
    gauge('crescendo_forecast_drifting', '1 while errors have grown for good or loads look new.', drifting),
  ]
}

/** A condition whose status is Unknown has no series. */
function conditionFamily(workloads: readonly WorkloadFact[]): MetricFamily {
  const heldAs = ({ status }: Condition) => (status === 'True' ? 1 : 0)
  const samples = workloads.flatMap(workload =>
    conditionsOf(workload)
      .filter(({ status }) => status !== 'Unknown')
      .map(condition => ({ labels: { ...labelsOf(workload), condition: condition.type }, value: heldAs(condition) })),
  )
  return gauge('crescendo_condition', '1 while the condition of the object is True, 0 while it is False.', samples)
}

function scalerFamilies(workloads: readonly WorkloadFact[]): readonly MetricFamily[] {
  const of = (value: (scaler: ScalerFact) => number | undefined): Samples =>
    workloads.flatMap(workload =>
      workload.scalers.flatMap(scaler => {
        const found = value(scaler)
        return found === undefined ? [] : [{ labels: { ...labelsOf(workload), scaler: scaler.name }, value: found }]
      }),
    )
  const times = (factor: number, value: number | undefined) => (value === undefined ? undefined : factor * value)
  const violated = of(scaler => times(60, scaler.sloViolationMinutes))
  const billed = of(scaler => times(3600, scaler.replicaHours))
  return [
    gauge(
      'crescendo_ready_replicas',
      'Replicas that are ready.',
      of(scaler => scaler.readyReplicas),
    ),
    gauge(
      'crescendo_desired_replicas',
      'Replicas that are ordered.',
      of(scaler => scaler.desiredReplicas),
    ),
    counter('crescendo_slo_violation_seconds', 'Time in which load exceeded ready replicas times capacity.', violated),
    counter('crescendo_replica_seconds', 'Billed time of replicas, from order to removal.', billed),
    counter(
      'crescendo_cost',
      'Billed cost in currency units.',
      of(scaler => scaler.cost),
    ),
    counter(
      'crescendo_scale_ups',
      'Decisions that ordered more replicas.',
      of(scaler => scaler.scaleUps),
    ),
    counter(
      'crescendo_scale_downs',
      'Decisions that ordered fewer replicas.',
      of(scaler => scaler.scaleDowns),
    ),
  ]
}

function controllerFamilies(controller: ControllerFact, now: number): readonly MetricFamily[] {
  const { isLeader, isDryRun, queueDepth, oldestDueSeconds, watches, openIntents, storeTrouble } = controller
  const ages = watches.map(({ resource, ageSeconds }) => ({ labels: { resource }, value: ageSeconds }))
  return [
    gauge('crescendo_leader', '1 while this process holds the Lease.', single(isLeader ? 1 : 0)),
    gauge('crescendo_dry_run', '1 where nothing is written to the cluster.', single(isDryRun ? 1 : 0)),
    gauge('crescendo_queue_depth', 'Objects that are due and wait for a free place.', single(queueDepth)),
    gauge('crescendo_queue_oldest_seconds', 'How long the oldest of them waits.', single(oldestDueSeconds ?? 0)),
    gauge('crescendo_watch_age_seconds', 'Time since the last event or bookmark of a watch.', ages),
    gauge('crescendo_store_up', "1 while the store's writes succeed.", single(storeTrouble === undefined ? 1 : 0)),
    gauge('crescendo_journal_open_intents', 'Intents without an outcome.', single(openIntents)),
    gauge(
      'crescendo_api_writes_circuit',
      '0 while writes to the API server get through, 2 while they are held back because it does not answer, 1 while one tries.',
      single(CIRCUIT[controller.writes ?? 'closed']),
    ),
    ...budgetFamilies(controller),
    ...sourceFamilies(controller, now),
  ]
}

function budgetFamilies({ budgets = [] }: ControllerFact): readonly MetricFamily[] {
  const by = (period: string, value: (budget: (typeof budgets)[number]) => number | undefined): Samples =>
    budgets.flatMap(budget => {
      const found = value(budget)
      return found === undefined ? [] : [{ labels: { budget: budget.name, period, currency: budget.currency }, value: found }]
    })
  const limits = [
    ...by('hour', ({ limits: { perHour } }) => perHour),
    ...by('day', ({ limits: { perDay } }) => perDay),
    ...by('month', ({ limits: { perMonth } }) => perMonth),
  ]
  const used = [
    ...by('hour', ({ orderedPerHour }) => orderedPerHour),
    ...by('day', ({ spentToday }) => spentToday),
    ...by('month', ({ spentThisMonth }) => spentThisMonth),
  ]
  return [
    gauge('crescendo_shared_budget_limit', 'Most that those who share the budget may cost in the period.', limits),
    gauge('crescendo_shared_budget_used', 'What they cost: on order per hour, and spent since day and month began (UTC).', used),
  ]
}

const CIRCUIT = { closed: 0, 'half-open': 1, open: 2 }

function sourceFamilies({ sources }: ControllerFact, now: number): readonly MetricFamily[] {
  const of = (value: (source: ControllerFact['sources'][number]) => number | undefined): Samples =>
    sources.flatMap(source => {
      const found = value(source)
      return found === undefined ? [] : [{ labels: { source: source.name }, value: found }]
    })
  const up = of(source => (source.up ? 1 : 0))
  const ages = of(({ lastAnswerAt }) => (lastAnswerAt === undefined ? undefined : Math.max(0, now - lastAnswerAt) / 1000))
  const calls = of(source => source.calls)
  const failures = of(source => source.failures)
  const circuits = of(({ circuit }) => (circuit === undefined ? undefined : CIRCUIT[circuit]))
  const latencies = of(({ latencyMs }) => (latencyMs === undefined ? undefined : latencyMs / 1000))
  return [
    gauge('crescendo_metric_source_up', '1 while the source answers.', up),
    gauge(
      'crescendo_metric_source_circuit',
      '0 while calls get through, 2 while the source is not asked because it does not answer, 1 while one call tries.',
      circuits,
    ),
    gauge('crescendo_metric_source_age_seconds', 'Time since its last good answer.', ages),
    gauge('crescendo_metric_source_latency_seconds', 'Time of its last answer.', latencies),
    counter('crescendo_metric_source_calls', 'Calls to the source.', calls),
    counter('crescendo_metric_source_failures', 'Calls that found it down: no answer, a late one, or a refusal.', failures),
  ]
}

function known(workloads: readonly WorkloadFact[], value: (workload: WorkloadFact) => number | undefined): Samples {
  return workloads.flatMap(workload => {
    const found = value(workload)
    return found === undefined ? [] : [{ labels: labelsOf(workload), value: found }]
  })
}

function labelsOf({ namespace, name, scaled }: WorkloadFact): Readonly<Record<string, string>> {
  return { namespace, autoscaler: name, target_kind: scaled?.kind ?? 'Deployment', target: scaled?.name ?? name }
}
