import { sentenceOf } from '../core/explain/explain.ts'
import { desireOfMetrics } from '../core/hpa/desire.ts'
import { stockSettings } from '../core/hpa/settings.ts'
import type { Condition, Decision, Instant } from '../core/model.ts'
import type { UnusualKind } from '../core/screen/sighting.ts'
import type { Clock, DurableStore, Log } from '../ports.ts'
import type { ControllerTelemetry } from '../record/controller-telemetry.ts'
import type { EventRecorder, Regarding } from '../record/events.ts'
import type { StatusFacts } from '../record/status.ts'
import type { StatusWriter } from '../record/status-writer.ts'
import { notActedOn } from '../resources/not-acted-on.ts'
import type { Turn } from './agent.ts'
import type { AnomalyBook } from './anomaly-book.ts'
import { createForecastBook } from './forecast-book.ts'
import type { Autoscaler } from './objects.ts'

export interface RecorderOptions {
  readonly clock: Clock
  readonly log: Log
  readonly store: DurableStore
  readonly status: StatusWriter
  readonly events: EventRecorder
  readonly telemetry: ControllerTelemetry
  /** Why another writer holds the target; absent where none does. */
  readonly conflictOf: (object: Autoscaler) => string | undefined
  readonly currency: string
  /** Where what is unusual is kept as episodes. */
  readonly anomalies?: AnomalyBook
  /** Nothing at all is written to the cluster, statuses and events included. */
  readonly isDryRun: boolean
}

/** Tells everybody what a turn found and did: store, status, events, metrics. Rejects nothing; a failed write is tried next turn. */
export interface Recorder {
  record(turn: Turn): Promise<void>
  forget(object: Autoscaler): void
  /** Another process led meanwhile. */
  forgetAll(): void
}

export function createRecorder(options: RecorderOptions): Recorder {
  const kept = new Map<string, Kept>()
  const book = createForecastBook(options)
  return {
    async record(turn) {
      count(turn, options)
      if (turn.decision !== undefined && isWorthKeeping(turn.decision, kept)) await keep(turn, options)
      if (turn.decision !== undefined) book.note(turn.decision)
      await noteAnomalies(turn, options)
      if (options.isDryRun) return
      const conditions = conditionsOf(turn, options)
      tellEvents(turn, conditions, options)
      await writeStatus(turn, conditions, options)
    },
    forgetAll() {
      kept.clear()
      options.anomalies?.forgetAll()
      options.status.forgetAll()
    },
    forget(object) {
      kept.delete(object.id)
      book.forget(object.id)
      options.anomalies?.forget(object.id)
      options.status.forget(object.uid)
      options.events.forget(object)
      options.telemetry.forget({ namespace: object.namespace, autoscaler: object.name })
    },
  }
}

function count({ object, target, decision, outcome, sampleToScaleMs }: Turn, { telemetry }: RecorderOptions): void {
  if (decision === undefined || target === undefined) return
  const labels = { namespace: object.namespace, autoscaler: object.name, target_kind: target.kind, target: target.name }
  const direction = decision.to > decision.from ? 'up' : decision.to < decision.from ? 'down' : 'none'
  telemetry.decisions.add({ ...labels, direction })
  if (outcome !== undefined) telemetry.scales.add({ ...labels, outcome: outcome.kind })
  if (outcome?.kind === 'scaled' && sampleToScaleMs !== undefined)
    telemetry.sampleToScaleSeconds.observe({}, sampleToScaleMs / 1000)
}

/** An alarm is counted and told once, when it becomes one; a score above the threshold that is none is only kept. */
async function noteAnomalies({ object, target, anomaly, at }: Turn, options: RecorderOptions): Promise<void> {
  const { anomalies, telemetry, events, isDryRun } = options
  if (anomalies === undefined || anomaly === undefined || target === undefined) return
  const alarms = await anomalies.note(object.id, { at, sightings: anomaly.sightings ?? [] })
  const labels = { namespace: object.namespace, autoscaler: object.name, target_kind: target.kind, target: target.name }
  for (const { kind, severity, why } of alarms) {
    telemetry.anomalies.add({ ...labels, kind })
    if (!isDryRun)
      events.tell(regardingOf(object), { type: 'Warning', reason: REASONS[kind], note: `${kind} (${severity}): ${why}` })
  }
}

/** One for each kind, so that one kind does not silence another for a minute. */
const REASONS: Readonly<Record<UnusualKind, string>> = {
  spike: 'AnomalySpike',
  drop: 'AnomalyDrop',
  'level shift': 'AnomalyLevelShift',
  'attack-like': 'AnomalyAttackLike',
  'flat line': 'AnomalyFlatLine',
  'change of variance': 'AnomalyVariance',
  'lost periodicity': 'AnomalyPeriodicity',
  drift: 'AnomalyDrift',
  'pod unlike its peers': 'AnomalyPod',
  'several metrics': 'AnomalySeveralMetrics',
}

interface Kept {
  readonly at: Instant
  readonly essence: string
}

const UNCHANGED_MS = 300_000

/** A decision that says what the one before said tells nothing new; one in five minutes shows that somebody was awake. */
function isWorthKeeping(decision: Decision, kept: Map<string, Kept>): boolean {
  const { target, at, from, to, proposals, conditions } = decision
  const states = conditions.map(({ type, status, reason }) => [type, status, reason])
  const essence = JSON.stringify([from, to, proposals.map(({ by, replicas }) => [by, replicas]), states])
  const before = kept.get(target)
  if (before?.essence === essence && at - before.at < UNCHANGED_MS) return false
  kept.set(target, { at, essence })
  return true
}

async function keep({ decision }: Turn, { store, log }: RecorderOptions): Promise<void> {
  try {
    await store.record(decision!)
  } catch (cause) {
    log.warn('decision not kept', { target: decision!.target, cause })
  }
}

/** The conditions of the core, and what only this side knows; one of each type, and what is said last holds. */
export function conditionsOf(
  turn: Turn,
  {
    conflictOf,
    isDryRun,
    store,
  }: Pick<RecorderOptions, 'conflictOf' | 'isDryRun'> & { readonly store: Pick<DurableStore, 'trouble'> },
): readonly Condition[] {
  const { decision, trouble, plan } = turn
  const conflict = conflictOf(turn.object)
  const said = [
    ...(decision === undefined ? [] : [able(turn)]),
    ...(decision?.conditions ?? []),
    ...scaleFailure(turn),
    ready(turn, { isDryRun, storeTrouble: store.trouble() }),
    ...(conflict === undefined ? (hasConflictWord(decision?.conditions) ? [] : [NO_CONFLICT]) : [conflicting(conflict)]),
    ...(plan ? [paused(plan.settings.mode)] : []),
    ...(trouble ? [trouble.condition] : []),
  ]
  return [...new Map(said.map(condition => [condition.type, condition])).values()]
}

const hasConflictWord = (conditions: readonly Condition[] | undefined) =>
  conditions?.some(({ type }) => type === 'ConflictingWriter') ?? false

const NO_CONFLICT: Condition = {
  type: 'ConflictingWriter',
  status: 'False',
  reason: 'NobodyInterferes',
  message: 'nobody else sets the replicas of the target',
}

const conflicting = (why: string): Condition => ({
  type: 'ConflictingWriter',
  status: 'True',
  reason: 'OtherAutoscaler',
  message: why,
})

function able({ outcome, decision }: Turn): Condition {
  if (outcome?.kind === 'scaled') {
    const message = `the target scale was updated to ${decision!.to}`
    return { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message }
  }
  return { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
}

function scaleFailure({ outcome }: Turn): readonly Condition[] {
  if (outcome?.kind !== 'failed') return []
  const message = `the target scale was not updated: ${outcome.why}`
  return [{ type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message }]
}

interface Circumstances {
  readonly isDryRun: boolean
  readonly storeTrouble: string | undefined
}

function ready(turn: Turn, { isDryRun, storeTrouble }: Circumstances): Condition {
  const { decision, learning, withheld, plan, trouble } = turn
  if (decision === undefined) {
    const message = trouble === undefined ? 'there is no decision yet' : `there is no decision: ${trouble.condition.message}`
    return { type: 'Ready', status: 'False', reason: 'NotDecided', message }
  }
  const unacted = plan === undefined ? [] : notActedOn(plan.settings, 'Controller')
  const message = [
    learning ?? (isDryRun ? 'deciding, writing nothing (dry run)' : 'deciding'),
    ...(storeTrouble === undefined ? [] : [`the store is down, so nothing is taken away: ${storeTrouble}`]),
    ...(withheld === undefined ? [] : [`not written: ${withheld.why}`]),
    ...refusalOf(plan),
    ...(plan?.settings.warnings ?? []),
    ...(unacted.length === 0 ? [] : [`written and not acted on by this version: ${unacted.join(', ')}`]),
  ].join('; ')
  if (plan?.settings.refused !== undefined) return { type: 'Ready', status: 'False', reason: 'InvalidPolicy', message }
  if (plan?.settings.missingPolicy !== undefined) return { type: 'Ready', status: 'False', reason: 'PolicyNotFound', message }
  const reason = storeTrouble !== undefined ? 'StoreDown' : learning === undefined ? 'Deciding' : 'Learning'
  return { type: 'Ready', status: 'True', reason, message }
}

const refusalOf = (plan: Turn['plan']): readonly string[] =>
  plan?.settings.refused === undefined ? [] : [`what held before goes on, because ${plan.settings.refused}`]

function paused(mode: string): Condition {
  if (mode === 'Paused') return { type: 'Paused', status: 'True', reason: 'ModePaused', message: 'spec.mode is Paused' }
  const reason = mode === 'Recommend' ? 'ModeRecommend' : 'ModeActive'
  return { type: 'Paused', status: 'False', reason, message: `the mode in force is ${mode}` }
}

const GOOD_WHEN_TRUE = new Set(['AbleToScale', 'ScalingActive', 'Ready', 'MetricsFresh', 'ForecastReliable'])
/** Its False and True are both usual, and change with every step; of what is Anomalous only alarms are told, by their own events. */
const QUIET = new Set(['ScalingLimited', 'Anomalous'])
/** What every object begins with is no news: only its loss is. */
const LATE = new Set(['ForecastReliable'])
/** The event FailedRescale says it with the numbers. */
const TOLD_OTHERWISE = new Set(['FailedUpdateScale'])

/** A rescale, its failure, and each condition that turned bad. */
function tellEvents(turn: Turn, conditions: readonly Condition[], { events, status }: RecorderOptions): void {
  const { object, decision, outcome } = turn
  const regarding = regardingOf(object)
  if (outcome?.kind === 'scaled') events.tell(regarding, { type: 'Normal', reason: 'SuccessfulRescale', note: noteOf(turn) })
  const before = status.last(object.uid)?.conditions ?? []
  // A first refusal is usually a conflict with the target's own status; the next turn comes soon.
  const failsAgain = before.some(({ reason }) => reason === 'FailedUpdateScale')
  if (outcome?.kind === 'failed' && failsAgain) {
    const note = `${decision!.from} → ${decision!.to} was not written: ${outcome.why}; decided anew at the next turn`
    events.tell(regarding, { type: 'Warning', reason: 'FailedRescale', note })
  }
  for (const { type, status: now, reason, message } of conditions) {
    const isBad = GOOD_WHEN_TRUE.has(type) ? now === 'False' : now === 'True'
    const was = before.find(one => one.type === type)
    if (LATE.has(type) && was?.status !== 'True') continue
    if (!isBad || QUIET.has(type) || TOLD_OTHERWISE.has(reason) || (was?.status === now && was.reason === reason)) continue
    events.tell(regarding, { type: 'Warning', reason, note: message })
  }
}

function noteOf({ decision }: Turn): string {
  return sentenceOf(decision!)
}

function regardingOf({ namespace, name, uid }: Autoscaler): Regarding {
  return { apiVersion: 'autoscaling.spotify.ai/v2', kind: 'HorizontalPodAutoscaler', namespace, name, uid }
}

async function writeStatus(turn: Turn, conditions: readonly Condition[], options: RecorderOptions): Promise<void> {
  const { status, telemetry, log, events } = options
  const { object } = turn
  const owner = { namespace: object.namespace, name: object.name, uid: object.uid, found: object.status }
  try {
    const outcome = await status.write(owner, factsOf(turn, conditions, options))
    telemetry.statusWrites.add({ outcome })
  } catch (cause) {
    telemetry.statusWrites.add({ outcome: 'failed' })
    log.warn('status not written', { target: object.id, cause })
    const note = 'the status could not be written; it is tried again at the next turn'
    events.tell(regardingOf(object), { type: 'Warning', reason: 'FailedUpdateStatus', note })
  }
}

function factsOf(turn: Turn, conditions: readonly Condition[], { currency }: RecorderOptions): StatusFacts {
  const { object, at, plan, target, decision, outcome, accuracy } = turn
  const policy = 'document' in object.checked ? object.checked.document.spec.policyRef?.name : undefined
  const budgetPerHour = plan?.settings.budget?.perHour
  return {
    now: at,
    generation: object.generation,
    ...(target && { replicas: target.replicas }),
    ...(decision && { decision }),
    conditions,
    metrics: metricsOf(turn),
    ...(plan && plan.drivers.length > 0 && { capacityPerReplica: plan.target.capacityPerReplica }),
    costPerReplicaHour: plan?.costPerReplicaHour ?? 0,
    currency,
    ...(budgetPerHour !== undefined && { budgetPerHour }),
    mode: plan?.settings.mode ?? 'Unknown',
    ...(policy !== undefined && { policy }),
    ...(accuracy && { accuracy }),
    wasScaled: outcome?.kind === 'scaled',
  }
}

/** The metrics as upstream would report them, from what was read in this turn. */
function metricsOf({ plan, target, measured, at }: Turn): StatusFacts['metrics'] {
  if (plan === undefined || target === undefined || measured === undefined) return []
  const { replicas, pods } = target
  const { metrics, behavior } = plan.target
  const facts = { now: at, settings: stockSettings, pods, specReplicas: replicas.spec, statusReplicas: replicas.status }
  const { evaluations } = desireOfMetrics({ metrics, answers: measured.answers, behavior, facts })
  return evaluations.flatMap((one, index) => (one.kind === 'counted' ? [{ spec: metrics[index]!, status: one.status }] : []))
}
