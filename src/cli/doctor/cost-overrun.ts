import type { DecisionView } from '../../show/contract.ts'
import { type Case, type Check, clear, finding, onCondition, onLoad, onPast } from './check.ts'
import {
  cutBy,
  floorOf,
  highestOf,
  hoursOf,
  isSlo,
  keptBy,
  meanOf,
  neededOf,
  type Past,
  timeOf,
  type Weighed,
  wordsOf,
} from './past.ts'
import { costADay, explainCommand, lasting, ofPast, percent, tenth } from './words.ts'

/** Replica-hours that a single cause may add before it is told. */
const NOTABLE_SHARE = 0.1
/** The same where the cause brings nothing at all. */
const USELESS_SHARE = 0.02
/** Replicas for each that the load needs. */
const FAR_ABOVE = 1.5
/** Replicas of ours for each of the stock HPA's. */
const DEARER = 1.1
const HOUR_MS = 3_600_000

/** Replicas that nobody needs, and money. */
export const COST_OVERRUN: readonly Check<Case>[] = [
  {
    name: 'over-provisioned',
    trouble: 'cost overrun',
    asks: 'whether far more replicas run than the load needs',
    examine: onLoad(1, overProvisioned),
  },
  {
    name: 'min-replicas',
    trouble: 'cost overrun',
    asks: 'whether minReplicas alone keeps replicas that the load does not need',
    examine: onLoad(4, minReplicas),
  },
  {
    name: 'scale-down-window',
    trouble: 'cost overrun',
    asks: 'whether the stabilization window of behavior.scaleDown holds replicas back',
    examine: onPast(1, scaleDownWindow),
  },
  {
    name: 'scale-down-pace',
    trouble: 'cost overrun',
    asks: 'whether the rate limits of behavior.scaleDown hold replicas back',
    examine: onPast(1, scaleDownPace),
  },
  {
    name: 'nothing-taken-away',
    trouble: 'cost overrun',
    asks: 'whether missing metrics, anomalies or a store that is down hold replicas back',
    examine: onPast(1, nothingTakenAway),
  },
  {
    name: 'hpa-cheaper',
    trouble: 'cost overrun',
    asks: 'whether the stock HPA would run on fewer replicas',
    examine: onLoad(1, hpaCheaper),
  },
  {
    name: 'budget',
    trouble: 'cost overrun',
    asks: 'whether the budget is reached, and can bind at all',
    examine: onCondition('BudgetLimited', budget, () => clear('the object has no budget')),
  },
]

const FIX_OF_WINNER: Readonly<Record<string, string>> = {
  reactive:
    'the metrics of the spec ask for most: set spec.prediction.mode to Slo, where the forecast decides, or raise the target of that metric',
  predictive:
    'the forecast asks for most: raise spec.prediction.capacityPerReplica if a replica serves more, or lower the threshold of the objective Availability if the service allows it; a wide forecast needs a wide margin',
  'keep-warm':
    'the load swings up and down, and the mean of it is kept warm (docs/attacks.md): lower spec.protection.surgeBudgetPerDay, or find out who swings',
  manual: 'somebody else raises the replicas, and that is kept for 15 min each time (other-writer)',
  blind: 'the fallback for missing load asks for most (metrics-missing)',
  scheduled: 'a schedule asks for most: crescendo policies show and crescendo validate tell which, and when it is on',
  widen: 'anomalies ask for more headroom: spec.anomaly.response AlertOnly or Hold would not',
}

function overProvisioned(past: Past, { capacity, ...known }: Case & { readonly capacity: number }) {
  const { minReplicas } = known.workload
  const needed = (decision: DecisionView) => {
    const load = neededOf(decision, capacity)
    return load === undefined ? undefined : Math.max(1, floorOf(decision, minReplicas), load)
  }
  const [need, run] = [
    meanOf(past, needed)!,
    meanOf(past, decision => (needed(decision) === undefined ? undefined : decision.from))!,
  ]
  const evidence = `${tenth(run)} replicas ran on average over ${lasting(past.ms)} and the load needed ${tenth(need)} (minReplicas ${minReplicas} and schedules included)`
  if (run < FAR_ABOVE * need || run - need < 1) return clear(evidence)
  const by = winnerOf(past)
  const fix = FIX_OF_WINNER[by] ?? explainCommand(known)
  return finding('far more replicas run than the load needs', {
    evidence: `${evidence}${costADay(run - need, known)} too much; ${by} asks for most`,
    fix,
  })
}

/** The proposer that asked for most for the longest time. */
function winnerOf(past: Past): string {
  const ms = new Map<string, number>()
  for (const span of past.spans) {
    const [first] = span.decision.proposals.toSorted((a, b) => b.replicas - a.replicas)
    if (first !== undefined) ms.set(first.by, (ms.get(first.by) ?? 0) + span.ms)
  }
  return [...ms].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? 'nobody'
}

function minReplicas(past: Past, { capacity, ...known }: Case & { readonly capacity: number }) {
  const { minReplicas: floor } = known.workload
  const needed = (decision: DecisionView) => neededOf(decision, capacity)
  const bound = timeOf(past, decision => decision.to === floor && (needed(decision) ?? floor) < floor)
  const [mean, most] = [meanOf(past, needed)!, Math.max(1, highestOf(past, needed)!)]
  const evidence = `minReplicas ${floor} was all that held replicas for ${ofPast(bound, past)}; the load needed ${tenth(mean)} on average, ${most} at most`
  if (bound < 0.9 * past.ms || mean > floor / 2) return clear(evidence)
  return finding('minReplicas decides nearly all the time', {
    evidence: `${evidence}${costADay(floor - mean, known)}`,
    fix: `set spec.minReplicas to ${most} or less, if no failure of a zone asks for more (a tier may set it too)`,
  })
}

/** Replica-hours that a guard kept, as a share of those that ran. */
function hoursKept(past: Past, guard: Weighed, { workload: { minReplicas } }: Case) {
  const keep = (decision: DecisionView) => keptBy(decision, { guard, minReplicas })
  const kept = hoursOf(past, keep)
  const run = hoursOf(past, ({ from }) => from)
  const share = run === 0 ? 0 : kept / run
  const evidence = `${tenth(kept)} of ${tenth(run)} replica-hours in ${lasting(past.ms)} (${percent(share)}) were kept by it`
  return { share, kept, evidence: kept === 0 ? evidence : `${evidence}: ${wordsOf(past, guard, keep)}` }
}

const aDay = (past: Past, kept: number, known: Case) => costADay(kept / (past.ms / HOUR_MS), known)

function scaleDownWindow(past: Past, known: Case) {
  const { share, kept, evidence } = hoursKept(past, 'stabilise', known)
  const told = `${evidence}${aDay(past, kept, known)}`
  if (isSlo(past)) {
    if (share < USELESS_SHARE) return clear(evidence)
    const fix =
      'in mode Slo the forecast holds replicas back by itself: set spec.behavior.scaleDown.stabilizationWindowSeconds to 0'
    return finding('replicas are held back twice, by the forecast and by the stabilization window', { evidence: told, fix })
  }
  if (share < NOTABLE_SHARE) return clear(evidence)
  const fix =
    'lower spec.behavior.scaleDown.stabilizationWindowSeconds (300 by default), or let the forecast hold: spec.prediction.mode: Slo'
  return finding('the stabilization window of the way down keeps many replicas', { evidence: told, fix })
}

function scaleDownPace(past: Past, known: Case) {
  const { share, kept, evidence } = hoursKept(past, 'pace', known)
  if (share < NOTABLE_SHARE) return clear(evidence)
  const fix =
    known.workload.mode === 'ScaleOutOnly'
      ? 'mode ScaleOutOnly never takes a replica away: set spec.mode: Auto'
      : 'raise spec.behavior.scaleDown.policies; 100 % in 15 s is the default'
  return finding('the rate limit of the way down keeps many replicas', { evidence: `${evidence}${aDay(past, kept, known)}`, fix })
}

function nothingTakenAway(past: Past, known: Case) {
  const { share, kept, evidence } = hoursKept(past, 'hold', known)
  if (share < USELESS_SHARE) return clear(evidence)
  const fix =
    'where metrics are missing, mend the source (metrics-missing, metric-source); where the load is odd, spec.anomaly.response: AlertOnly holds nothing'
  return finding('nothing is taken away for a good part of the time', { evidence: `${evidence}${aDay(past, kept, known)}`, fix })
}

/** A cheaper HPA counts only where it would not have been short of replicas for longer than we were. */
function hpaCheaper(past: Past, { capacity, ...known }: Case & { readonly capacity: number }) {
  const [ours, theirs] = [meanOf(past, ({ to }) => to)!, meanOf(past, ({ plainHpa }) => plainHpa.replicas)!]
  const short = (replicas: (decision: DecisionView) => number) =>
    timeOf(past, decision => (neededOf(decision, capacity) ?? 0) > replicas(decision))
  const [shortOurs, shortTheirs] = [short(({ to }) => to), short(({ plainHpa }) => plainHpa.replicas)]
  const evidence = `${tenth(ours)} replicas were decided on average, the stock HPA would ask for ${tenth(theirs)} over ${lasting(past.ms)}; too few for ${lasting(shortOurs)} against ${lasting(shortTheirs)}`
  if (ours < DEARER * theirs || ours - theirs < 1 || shortTheirs > shortOurs) return clear(evidence)
  const fix = isSlo(past)
    ? 'lower the threshold of the objective Availability if the service allows it; crescendo backtest --trace FILE compares both on your traffic'
    : 'set spec.prediction.mode: Slo: Additive never asks for fewer replicas than the HPA'
  return finding('the stock HPA would run on fewer replicas, and be short no longer', {
    evidence: `${evidence}${costADay(ours - theirs, known)}`,
    fix,
  })
}

function budget({ status, reason, message }: Case['workload']['conditions'][number], { past }: Case) {
  const cut = 'unread' in past ? 0 : timeOf(past, decision => cutBy(decision, 'budget') + cutBy(decision, 'share') > 0)
  const evidence = `BudgetLimited ${reason}: ${message}${'unread' in past ? '' : `; it cut for ${ofPast(cut, past)}`}`
  if (reason === 'PriceUnknown') {
    const fix = 'say what a replica costs: cost.costPerReplicaHour of the configuration'
    return finding('the budget cannot bind', { evidence, fix })
  }
  if (status === 'True' || cut > 0 || reason === 'OverBudget') {
    const fix =
      'raise spec.budget (of TierCap and FleetCap: cost.budgets), or lower what is asked for (over-provisioned, hpa-cheaper, min-replicas); a capped budget outranks the SLO'
    return finding('the budget is reached', { evidence, fix })
  }
  return clear(evidence)
}
