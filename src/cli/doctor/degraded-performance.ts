import type { DecisionView } from '../../show/contract.ts'
import { type Case, type Check, clear, finding, onCondition, onLoad, onPast, unable } from './check.ts'
import { cutBy, highestOf, meanOf, neededOf, type Past, timeOf, wordsOf } from './past.ts'
import { explainCommand, lasting, ofPast, tenth } from './words.ts'

/** Shorter is no trouble: four decisions of 15 s. */
const SHORTEST_MS = 60_000
/** The share of time of an SLO of 99.9 %. */
const BAD_SHARE = 0.001
/** Replicas of the stock HPA for each of ours. */
const MORE = 1.25
/** As the breaker: so many start-up times without a ready pod, and so many missing, are no start any more. */
const STARTUPS = 4
const MISSING_SHARE = 0.2
const DAY_MS = 86_400_000
/** A change back within that time is a reversal. */
const REVERSAL_MS = 900_000
const REVERSALS_A_DAY = 24
const FEWEST_REVERSALS = 3
/** As the controller, which calls it a quarrel from three on. */
const FEWEST_FOREIGN = 3

type Condition = Case['workload']['conditions'][number]

/** Users suffer, or will: too few replicas, replicas that do not help, an autoscaler that cannot work. */
export const DEGRADED_PERFORMANCE: readonly Check<Case>[] = [
  {
    name: 'short-of-replicas',
    trouble: 'degraded performance',
    asks: 'whether the load needed more replicas than there were',
    examine: onLoad(1, shortOfReplicas),
  },
  {
    name: 'max-replicas',
    trouble: 'degraded performance',
    asks: 'whether maxReplicas cuts what is wanted',
    examine: onPast(0.5, maxReplicas),
  },
  {
    name: 'hpa-safer',
    trouble: 'degraded performance',
    asks: 'whether the stock HPA would hold more replicas while ours are too few',
    examine: onLoad(1, hpaSafer),
  },
  {
    name: 'pods-not-ready',
    trouble: 'degraded performance',
    asks: 'whether ordered pods become ready',
    examine: onPast(0, podsNotReady),
  },
  {
    name: 'scaling-does-not-help',
    trouble: 'degraded performance',
    asks: 'whether the breaker withholds replicas that bring no relief',
    examine: onCondition('BreakerOpen', breaker),
  },
  {
    name: 'emergency',
    trouble: 'degraded performance',
    asks: 'whether the load passes the limits of the object',
    examine: onCondition('Emergency', emergency, () => clear('emergency is Off, so nothing passes the limits')),
  },
  {
    name: 'anomaly',
    trouble: 'degraded performance',
    asks: 'whether the load or a pod is unusual right now',
    examine: anomaly,
  },
  {
    name: 'flapping',
    trouble: 'degraded performance',
    asks: 'whether replicas go up and down again within minutes',
    examine: onPast(1, flapping),
  },
  {
    name: 'other-writer',
    trouble: 'degraded performance',
    asks: 'whether somebody else sets the replicas',
    examine: onPast(0.5, otherWriter),
  },
  {
    name: 'write-failed',
    trouble: 'degraded performance',
    asks: 'whether replicas can be written',
    examine: onCondition('AbleToScale', writeFailed),
  },
  {
    name: 'object-ready',
    trouble: 'degraded performance',
    asks: 'whether the object and its policy make sense',
    examine: onCondition('Ready', objectReady),
  },
]

const shortTime = (past: Past, capacity: number, replicas: (decision: DecisionView) => number) =>
  timeOf(past, decision => (neededOf(decision, capacity) ?? 0) > replicas(decision))

const isNotable = (ms: number, past: Past) => ms >= SHORTEST_MS && ms >= BAD_SHARE * past.ms

function shortOfReplicas(past: Past, { capacity, ...known }: Case & { readonly capacity: number }) {
  const missing = (decision: DecisionView) => (neededOf(decision, capacity) ?? 0) - decision.from
  const short = shortTime(past, capacity, ({ from }) => from)
  const counted = known.workload.scalers[0]?.sloViolationMinutes
  const since = counted === undefined ? '' : `; ${tenth(counted)} min of violation were counted since the start`
  const evidence = `the load needed more replicas than were ordered for ${ofPast(short, past)}${since}`
  if (!isNotable(short, past)) return clear(evidence)
  const most = highestOf(past, missing)
  const worst = past.spans.find(({ decision }) => missing(decision) === most)?.decision
  const fix = `${explainCommand(known, worst?.time)} tells what held it back at the worst time; a higher minReplicas or Availability threshold buys margin`
  return finding('the load needed more replicas than there were', { evidence: `${evidence}; ${most} too few at worst`, fix })
}

/** `bounds` lowers a count for nothing else. */
function maxReplicas(past: Past, { workload }: Case) {
  const over = (decision: DecisionView) => (decision.from > 0 ? cutBy(decision, 'bounds') : 0)
  const ms = timeOf(past, decision => over(decision) > 0)
  const evidence = `maxReplicas ${workload.maxReplicas} cut what was wanted for ${ofPast(ms, past)}`
  if (ms < SHORTEST_MS) return clear(evidence)
  const most = highestOf(past, decision => (over(decision) > 0 ? over(decision) + decision.to : 0))
  const fix = `set spec.maxReplicas (or the maxReplicas of the schedule that held then) to ${most} or more, if nodes and what stands behind the service can bear it; or make a replica serve more`
  return finding('maxReplicas is too low', {
    evidence: `${evidence}; ${most} were wanted at most, ${wordsOf(past, 'bounds', over)}`,
    fix,
  })
}

function hpaSafer(past: Past, { capacity }: Case & { readonly capacity: number }) {
  const [ours, theirs] = [meanOf(past, ({ to }) => to)!, meanOf(past, ({ plainHpa }) => plainHpa.replicas)!]
  const short = shortTime(past, capacity, ({ to }) => to)
  const evidence = `${tenth(ours)} replicas were decided on average, the stock HPA would ask for ${tenth(theirs)} over ${lasting(past.ms)}; too few for ${lasting(short)}`
  if (theirs < MORE * ours || !isNotable(short, past)) return clear(evidence)
  const fix =
    'set spec.prediction.mode: Additive, which never asks for fewer replicas than the HPA; or see whether capacityPerReplica is too high'
  return finding('the stock HPA would hold more replicas, and ours are too few', { evidence, fix })
}

/** Pods that had time enough since replicas were last added, and are not ready. */
function podsNotReady(past: Past, { workload }: Case) {
  const [acting] = workload.scalers
  const last = past.spans.at(-1)
  if (acting === undefined || last === undefined) return unable('nobody says how many replicas are ready')
  const ordered = last.decision.from
  const missing = ordered - acting.readyReplicas
  const raised = past.spans.findLastIndex(
    ({ decision }, index) => index > 0 && decision.from > past.spans[index - 1]!.decision.from,
  )
  const sinceMs = last.at + last.ms - past.spans[Math.max(0, raised)]!.at
  const evidence = `${acting.readyReplicas} of ${ordered} replicas are ready, ${lasting(sinceMs)} after the last increase${raised < 0 ? ' at least' : ''}`
  if (missing < Math.max(1, MISSING_SHARE * ordered)) return clear(evidence)
  const patienceMs = Math.max(120_000, STARTUPS * workload.startupSeconds * 1000)
  if (sinceMs < patienceMs) return clear(`${evidence}; a start may take ${lasting(workload.startupSeconds * 1000)}`)
  const { kind = 'Deployment', name = workload.name } = workload.scaled ?? {}
  const fix = `kubectl -n ${workload.namespace} describe ${kind.toLowerCase()}/${name} and its pods: a rollout that fails (or is under way), a quota, no node with room, a readiness probe that never passes`
  return finding('ordered pods do not become ready', { evidence, fix })
}

const withheld = (decision: DecisionView) => cutBy(decision, 'breaker')

function breaker({ status, reason, message }: Condition, { past }: Case) {
  const cut = 'unread' in past ? 0 : timeOf(past, decision => withheld(decision) > 0)
  const evidence = `BreakerOpen ${reason}: ${message}${'unread' in past ? '' : `; it withheld replicas for ${ofPast(cut, past)}`}`
  if (status !== 'True' && cut === 0) return clear(evidence)
  const words = 'unread' in past || cut === 0 || status === 'True' ? '' : ` (${wordsOf(past, 'breaker', withheld)})`
  const fix =
    'more replicas are no cure: look at what they wait for (database, quota, a failing rollout, a dependency that limits); the breaker closes by itself'
  return finding('scaling does not help, or did not', { evidence: `${evidence}${words}`, fix })
}

function emergency({ status, reason, message }: Condition) {
  const evidence = `Emergency ${reason}: ${message}`
  if (status === 'False' && reason !== 'Expired') return clear(evidence)
  const fix =
    'raise spec.maxReplicas or spec.budget to what the load needs, before the emergency ends by itself (spec.emergency.maxDurationSeconds)'
  return finding('the load passes the limits of the object', { evidence, fix })
}

/** Alarms that go on; where nobody keeps them, what the policy answers as an anomaly. */
function anomaly({ alerts, workload: { namespace, name, lastDecision } }: Case) {
  if ('unread' in alerts) return unable(alerts.unread)
  if (lastDecision === undefined) return unable('nothing was decided yet')
  const own = alerts.filter(one => one.namespace === namespace && one.workload === name)
  const odd = own.filter(one => one.name === 'Anomaly' || one.name === 'Anomalous')
  if (odd.length === 0) return clear('no alarm goes on')
  const evidence = odd.map(
    ({ reason, message, since }) => `${reason}: ${message}${since === undefined ? '' : `, since ${since}`}`,
  )
  const fix = `see what it is (GET /api/v1/workloads/${namespace}/${name}/anomalies); a label, true or false, moves the threshold to where alarms are worth it`
  return finding('something unusual goes on', { evidence: evidence.join('; '), fix })
}

function flapping(past: Past) {
  let [turned, direction, at] = [0, 0, 0]
  for (const [index, span] of past.spans.entries()) {
    const before = past.spans[index - 1]
    const moved = before === undefined ? 0 : Math.sign(span.decision.from - before.decision.from)
    if (moved === 0) continue
    if (direction !== 0 && moved !== direction && span.at - at <= REVERSAL_MS) turned++
    direction = moved
    at = span.at
  }
  const aDay = (turned * DAY_MS) / past.ms
  const evidence = `changes that were taken back within ${lasting(REVERSAL_MS)}: ${turned} in ${lasting(past.ms)}, ${tenth(aDay)} a day`
  if (turned < FEWEST_REVERSALS || aDay < REVERSALS_A_DAY) return clear(evidence)
  const fix =
    'set spec.behavior.scaleDown.stabilizationWindowSeconds to a few minutes (spec.behaviorPreset: Conservative has 15); scale-down-window tells what that keeps'
  return finding('replicas go up and down again', { evidence, fix })
}

function otherWriter(past: Past, { workload }: Case) {
  const told = workload.conditions.find(({ type }) => type === 'ConflictingWriter')
  const fix =
    'remove spec.replicas from the manifest that is applied, and every other autoscaler of the target; one object of ours is enough'
  if (told?.status === 'True')
    return finding('something else sets the replicas', { evidence: `${told.reason}: ${told.message}`, fix })
  if (workload.mode === 'Recommend' || workload.mode === 'Paused') return clear(`mode ${workload.mode}: others may set them`)
  const foreign = past.spans.filter(({ decision }, index) => {
    const before = past.spans[index - 1]?.decision
    return before !== undefined && decision.from !== before.from && decision.from !== before.to
  })
  const evidence = `times at which the replicas were neither what they had been nor what was decided: ${foreign.length} in ${lasting(past.ms)}`
  if (foreign.length < FEWEST_FOREIGN) return clear(evidence)
  return finding('something else sets the replicas', { evidence: `${evidence}, last at ${foreign.at(-1)!.decision.time}`, fix })
}

function writeFailed({ status, reason, message }: Condition) {
  const evidence = `AbleToScale ${reason}: ${message}`
  if (status !== 'False') return clear(evidence)
  const fix =
    'see that the target exists and that the rights on its scale subresource are there (crescendo manifests prints them)'
  return finding('the replicas cannot be read or written', { evidence, fix })
}

function objectReady({ status, reason, message }: Condition) {
  const evidence = `Ready ${reason}: ${message}`
  if (status !== 'False') return clear(evidence)
  const fix =
    'crescendo validate FILE names the field; a policyRef has to name a ScalingPolicy that is there (docs/conditions.md)'
  return finding('the object cannot be decided about as it is', { evidence, fix })
}
