import type { DecisionView } from '../../show/contract.ts'
import { type Case, type Check, clear, finding, onCondition, onLoad, onPast, unable } from './check.ts'
import { growthCutBy, highestOf, neededOf, type Past, timeOf, type Weighed, wordsOf } from './past.ts'
import { explainCommand, lasting, ofPast, percent } from './words.ts'

/** Shorter is no trouble: four decisions of 15 s. */
const SHORTEST_MS = 60_000
/** From that share on the load counts as often missing. */
const OFTEN_MISSING = 0.02
/** Shares of time below that are within the budget of errors of 99.9 %. */
const BAD_SHARE = 0.001

/** Scaling that comes late, or not at all. */
export const SLOW_SCALING: readonly Check<Case>[] = [
  {
    name: 'metrics-missing',
    trouble: 'slow scaling',
    asks: 'whether every decision knows its metrics',
    examine: onCondition('MetricsFresh', metricsMissing),
  },
  {
    name: 'slow-start',
    trouble: 'slow scaling',
    asks: 'whether replicas that were ordered became ready in time',
    examine: onLoad(1, slowStart),
  },
  {
    name: 'scale-up-pace',
    trouble: 'slow scaling',
    asks: 'whether the rate limits of behavior.scaleUp hold growth back',
    examine: onPast(0.5, scaleUpPace),
  },
  {
    name: 'scale-up-window',
    trouble: 'slow scaling',
    asks: 'whether the stabilization window of behavior.scaleUp holds growth back',
    examine: onPast(0.5, scaleUpWindow),
  },
  {
    name: 'forecast-silent',
    trouble: 'slow scaling',
    asks: 'whether the forecast takes part',
    examine: onCondition('ForecastReliable', forecastSilent, noForecast),
  },
  {
    name: 'demand-doubted',
    trouble: 'slow scaling',
    asks: 'whether growth is withheld for load that looks like an attack',
    examine: onPast(0.5, demandDoubted),
  },
  {
    name: 'surge-budget',
    trouble: 'slow scaling',
    asks: 'whether growth is withheld because the surge budget is spent',
    examine: onPast(0.5, surgeBudget),
  },
  {
    name: 'mode',
    trouble: 'slow scaling',
    asks: 'whether decisions are written to the cluster',
    examine: modeOf,
  },
]

function metricsMissing(fresh: Case['workload']['conditions'][number], known: Case) {
  const active = known.workload.conditions.find(({ type }) => type === 'ScalingActive')
  const bad = [fresh, active].find(one => one?.status === 'False' && one.reason !== 'ScalingDisabled')
  const fix = 'see that the source answers for this workload (metric-source); the query or the selector may match nothing'
  if (bad !== undefined) {
    return finding('a decision has to do without its metrics', { evidence: `${bad.type} ${bad.reason}: ${bad.message}`, fix })
  }
  const { past } = known
  if ('unread' in past) return unable(past.unread)
  const isExpected = past.spans.some(({ decision }) => decision.demand !== undefined)
  const missing = isExpected ? timeOf(past, ({ demand }) => demand === undefined) : 0
  const evidence = `the load was missing for ${ofPast(missing, past)}`
  if (missing < SHORTEST_MS || missing < OFTEN_MISSING * past.ms) return clear(evidence)
  return finding('the load is often missing', { evidence, fix })
}

/** Too few were ordered a start-up before, while enough were ordered by then: late by the start-up alone. */
function lateBy({ spans }: Past, startupMs: number, capacity: number) {
  let [before, ms, most] = [-1, 0, 0]
  for (const [index, span] of spans.entries()) {
    while (before + 1 < index && spans[before + 1]!.at <= span.at - startupMs) before++
    const needed = neededOf(span.decision, capacity)
    if (before < 0 || needed === undefined || needed > span.decision.from) continue
    const missing = needed - spans[before + 1]!.decision.from // what was ordered then shows in the decision after it
    if (missing <= 0) continue
    ms += span.ms
    most = Math.max(most, missing)
  }
  return { ms, most }
}

function slowStart(past: Past, { workload, capacity, ...known }: Case & { readonly capacity: number }) {
  const startupMs = workload.startupSeconds * 1000
  const horizonMs = horizonOf(known.forecast)
  const start = `start-up takes ${lasting(startupMs)}`
  const fix =
    'shorten the start (smaller image, pulled ahead; a readiness probe that asks sooner), or keep more: a higher minReplicas, an objective of type Availability with a higher threshold'
  if (horizonMs !== undefined && 2 * startupMs > horizonMs) {
    const evidence = `${start}; the forecast reaches ${lasting(horizonMs)}, and a decision looks two start-ups ahead`
    return finding('a start-up is too long for the forecast', { evidence, fix })
  }
  const { ms, most } = lateBy(past, startupMs, capacity)
  const evidence = `${start}; for ${ofPast(ms, past)} the load needed replicas that were ordered, but not a start-up before`
  if (ms < SHORTEST_MS || ms < BAD_SHARE * past.ms) return clear(evidence)
  return finding('replicas become ready too late', { evidence: `${evidence} (${most} at most)`, fix })
}

function horizonOf(forecast: Case['forecast']): number | undefined {
  if ('unread' in forecast || forecast.kind === 'none') return undefined
  const last = forecast.points.at(-1)
  return last === undefined ? undefined : Date.parse(last.time) - Date.parse(forecast.madeAt)
}

function heldGrowth(past: Past, guard: Weighed) {
  const cut = (decision: DecisionView) => growthCutBy(decision, guard)
  const ms = timeOf(past, decision => cut(decision) > 0)
  const most = highestOf(past, cut) ?? 0
  const evidence = `growth was cut for ${ofPast(ms, past)}`
  return {
    isLong: ms >= SHORTEST_MS,
    evidence: most === 0 ? evidence : `${evidence}, by ${most} replicas at most: ${wordsOf(past, guard, cut)}`,
  }
}

function scaleUpPace(past: Past) {
  const { isLong, evidence } = heldGrowth(past, 'pace')
  if (!isLong) return clear(evidence)
  const fix =
    'raise spec.behavior.scaleUp.policies (or spec.behaviorPreset: Aggressive, 300 % in 15 s); where behavior says nothing, twice the replicas are the limit'
  return finding('the rate limit of the way up binds', { evidence, fix })
}

function scaleUpWindow(past: Past) {
  const { isLong, evidence } = heldGrowth(past, 'stabilise')
  if (!isLong) return clear(evidence)
  const fix = 'set spec.behavior.scaleUp.stabilizationWindowSeconds to 0: the forecast and the guards smooth already'
  return finding('the stabilization window of the way up binds', { evidence, fix })
}

const SILENT: Readonly<Record<string, string>> = {
  NoForecast: 'six hours of history are needed: keep the store, or let a Prometheus source fill it (metrics.backfillSeconds)',
  NotTuned: 'a full day of history is needed: keep the store, or let a Prometheus source fill it (metrics.backfillSeconds)',
  OwnViolations: 'nothing to set: the reactive target speaks too until a day within the budget lies behind',
  Unfamiliar: 'nothing to set: the reactive target speaks too until the load is like a day that it knows',
}

function forecastSilent({ status, reason, message }: Case['workload']['conditions'][number], { workload }: Case) {
  const learning = workload.learning === undefined ? '' : `; ${workload.learning}`
  const evidence = `ForecastReliable ${reason}: ${message}${learning}`
  if (status === 'True') return clear(evidence)
  const fix = SILENT[reason] ?? 'see docs/conditions.md, ForecastReliable'
  return finding('decisions cannot rest on the forecast alone, so scaling follows the load', { evidence, fix })
}

/** Mode Off says nothing of forecasts; neither does an object whose metrics add up to no load. */
function noForecast({ workload }: Case) {
  if (workload.capacityPerReplica !== undefined) return clear('prediction.mode is Off: nothing is forecast, by choice')
  const fix = 'name a metric that counts load in spec.prediction.drivers, and what a replica serves in capacityPerReplica'
  const evidence = 'nothing in spec.metrics adds up to a load'
  return finding('there is no load to forecast, so scaling follows the metrics', { evidence, fix })
}

function demandDoubted(past: Past, known: Case) {
  const { isLong, evidence } = heldGrowth(past, 'envelope')
  if (!isLong) return clear(evidence)
  const fix = `if these were real clients, set spec.protection.envelope to Observe; ${explainCommand(known)} tells who is doubted`
  return finding('growth is withheld for load that is not believed', { evidence, fix })
}

function surgeBudget(past: Past) {
  const { isLong, evidence } = heldGrowth(past, 'surge')
  if (!isLong) return clear(evidence)
  const fix =
    'if these are real clients, raise spec.protection.surgeBudgetPerDay, or add a schedule with expectedLoadFactor; see docs/attacks.md'
  return finding('growth is withheld because the surge budget is spent', { evidence, fix })
}

function modeOf({ workload, past }: Case) {
  const { mode } = workload
  if (mode === undefined) return unable('the server does not say in which mode the object is')
  if (mode === 'Auto' || mode === 'ScaleOutOnly') return clear(`mode ${mode}`)
  const last = workload.lastDecision
  const unwritten = 'unread' in past ? 0 : timeOf(past, ({ from, to }) => from !== to)
  const share =
    'unread' in past || past.ms === 0 ? '' : `; another count was decided in ${percent(unwritten / past.ms)} of the time`
  const now = last === undefined ? '' : `, ${last.from} replicas run and ${last.to} were decided`
  return finding(`mode ${mode} writes nothing`, { evidence: `mode ${mode}${now}${share}`, fix: 'set spec.mode: Auto' })
}
