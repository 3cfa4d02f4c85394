import type { Behavior, Condition, Instant, MetricAnswer } from '../model.ts'
import { ableToScale, scalingActive, scalingInactive, scalingLimited } from './condition.ts'
import { type Combined, type Desire, DISABLED, desireOfBounds, desireOfMetrics, tellFailures } from './desire.ts'
import type { Evaluation, HpaMetric, MetricStatus } from './metric.ts'
import { limited } from './rate.ts'
import { eventsAfter, noEvents, type ScaleEvents } from './scale-events.ts'
import { type LabelledPod, type Selection, selection } from './selector.ts'
import type { HpaSettings } from './settings.ts'
import { type Recommendation, stabilised } from './stabilisation.ts'
import { type HpaStatus, statusDiffers, withCondition } from './status.ts'

export interface HpaSpec {
  /** Absent: 1, as the API defaults it. */
  readonly minReplicas?: number
  readonly maxReplicas: number
  readonly behavior?: Behavior
  readonly metrics: readonly HpaMetric[]
}

/** What the controller keeps in its memory alone; lost when it restarts. */
export interface HpaHistory {
  readonly recommendations: readonly Recommendation[]
  readonly events: ScaleEvents
}

export type Scale =
  | { readonly kind: 'found'; readonly spec: number; readonly status: number; readonly selector: string }
  /** A bad reference is a fault of the spec, an API that does not answer is internal. */
  | { readonly kind: 'failed'; readonly why: string; readonly fault: 'internal' | 'spec' }

export interface Reconciling {
  readonly now: Instant
  readonly settings: HpaSettings
  readonly hpa: HpaSpec
  readonly before: HpaStatus
  readonly scale: Scale
  /** What PUT /scale answers where it refuses; absent: it succeeds. */
  readonly scaleRefused?: string
  /** What the write of the status answers where it refuses. */
  readonly statusRefused?: string
  readonly pods: readonly LabelledPod[]
  /** Selectors of the other HPAs in the namespace. */
  readonly others: readonly string[]
  /** In the order of the metrics. */
  readonly answers: readonly MetricAnswer[]
  /** Absent: none yet. Present and empty is not the same: it is not seeded. */
  readonly history?: HpaHistory
}

export interface HpaEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export type Action = 'none' | 'scale_up' | 'scale_down'

export interface Fault {
  readonly fault: 'internal' | 'spec'
  readonly message: string
}

/** One metric as the controller's own metrics count it. */
export interface MetricResult {
  readonly type: string
  readonly action: Action
  readonly fault: 'none' | 'internal' | 'spec'
}

export interface Pass {
  readonly status: HpaStatus
  /** Whether the status differs from the one before, so that it is written. */
  readonly statusWritten: boolean
  /** The replicas that were put; absent where nothing was. */
  readonly scaledTo?: number
  readonly action: Action
  readonly error?: Fault
  readonly events: readonly HpaEvent[]
  readonly metrics: readonly MetricResult[]
  readonly history: HpaHistory | undefined
}

/** What one pass gathers on its way. */
interface Draft {
  status: HpaStatus
  history: HpaHistory | undefined
  events: HpaEvent[]
  metrics: readonly MetricResult[]
  error?: Fault
  scaledTo?: number
}

/** One whole pass of the stock controller over one HPA: the same input always gives the same status, events and history. */
export function reconcile(input: Reconciling): Pass {
  const draft: Draft = { status: input.before, history: input.history, events: [], metrics: [] }
  if (input.scale.kind === 'failed') lose(draft, input, input.scale)
  else pass(draft, input, input.scale)
  const statusWritten = statusDiffers(input.before, draft.status)
  if (statusWritten && input.statusRefused !== undefined) {
    warn(draft, 'FailedUpdateStatus', input.statusRefused)
    draft.error = { fault: 'internal', message: `failed to update status: ${input.statusRefused}` }
  }
  const from = input.scale.kind === 'found' ? input.scale.spec : 0
  return { ...draft, statusWritten, action: actionOf(from, draft.scaledTo ?? from) }
}

type Found = Extract<Scale, { readonly kind: 'found' }>

function note(draft: Draft, { now }: Reconciling, condition: Condition): void {
  draft.status = { ...draft.status, conditions: withCondition(draft.status.conditions, condition, now) }
}

function warn(draft: Draft, reason: string, message: string): void {
  draft.events.push({ type: 'Warning', reason, message })
}

function lose(draft: Draft, input: Reconciling, { why, fault }: Extract<Scale, { readonly kind: 'failed' }>): void {
  const message = `the HPA controller was unable to get the target's current scale: ${why}`
  note(draft, input, { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message })
  warn(draft, 'FailedGetScale', why)
  draft.error = { fault, message }
}

function pass(draft: Draft, input: Reconciling, scale: Found): void {
  draft.status = { ...draft.status, currentReplicas: scale.spec, metrics: [] }
  note(draft, input, ableToScale('SucceededGetScale'))
  draft.history ??= { recommendations: [{ replicas: scale.spec, at: input.now }], events: noEvents }
  const bounds = boundsOf(input.hpa)
  const desire = desireOfBounds(scale.spec, bounds) ?? measure(draft, input, scale)
  if (desire === undefined) return
  if (desire.kind === 'disabled') {
    note(draft, input, scalingInactive('ScalingDisabled', DISABLED))
    settle(draft, scale.spec)
  } else if (desire.kind === 'outright') rescale(draft, input, { scale, ...desire })
  else if (desire.kind === 'wanted') normalise(draft, input, { scale, desire })
}

function boundsOf({ minReplicas = 1, maxReplicas }: HpaSpec) {
  return { minReplicas, maxReplicas }
}

/** Reads selector and metrics; `undefined` where the pass ends without any scaling. */
function measure(draft: Draft, input: Reconciling, scale: Found): Desire | undefined {
  const selected = selection(scale.selector, input.pods, input.others)
  if (selected.kind === 'refused') return refuse(draft, input, selected)
  const desire = desireOfMetrics({
    ...input.hpa,
    behavior: input.hpa.behavior,
    answers: input.answers,
    facts: { ...input, specReplicas: scale.spec, statusReplicas: scale.status, pods: selected.pods },
  })
  const { evaluations } = desire
  draft.metrics = evaluations.map((one, index) => resultOf(input, one, index))
  for (const one of evaluations) if (one.kind === 'failed') warn(draft, one.reason, one.why)
  draft.status = { ...draft.status, metrics: statusesOf(evaluations) }
  if (desire.failure) draft.error = { fault: 'internal', message: tellFailures({ evaluations, failure: desire.failure }) }
  if (desire.kind === 'wanted') {
    note(draft, input, scalingActive(desire.metric))
    return desire
  }
  note(
    draft,
    input,
    scalingInactive(desire.failure.reason, `the HPA was unable to compute the replica count: ${desire.failure.why}`),
  )
  warn(draft, 'FailedComputeMetricsReplicas', tellFailures(desire))
  return undefined
}

function refuse(draft: Draft, input: Reconciling, { event, reason, why }: Extract<Selection, { kind: 'refused' }>): undefined {
  warn(draft, event, why)
  note(draft, input, scalingInactive(reason, why))
  warn(draft, 'FailedComputeMetricsReplicas', why)
  draft.error = { fault: 'internal', message: why }
}

function statusesOf(evaluations: readonly Evaluation[]): readonly MetricStatus[] {
  return evaluations.flatMap(one => (one.kind === 'counted' ? [one.status] : []))
}

function resultOf({ hpa, before }: Reconciling, one: Evaluation, index: number): MetricResult {
  const spec = hpa.metrics[index]
  const type = spec === undefined ? 'Resource' : spec.type === 'Unknown' ? spec.named : spec.type
  if (one.kind === 'failed') return { type, action: 'none', fault: one.fault }
  return { type, action: actionOf(before.currentReplicas, one.replicas), fault: 'none' }
}

type Wanted = Extract<Combined, { readonly kind: 'wanted' }>

function normalise(draft: Draft, input: Reconciling, { scale, desire }: { scale: Found; desire: Wanted }): void {
  const { now, hpa, settings } = input
  const { recommendations, events } = draft.history ?? { recommendations: [], events: noEvents }
  const smooth = stabilised({ now, current: scale.spec, desired: desire.replicas, recommendations }, hpa.behavior, settings)
  draft.history = { recommendations: smooth.recommendations, events }
  note(draft, input, ableToScale(smooth.reason))
  const limits = { bounds: boundsOf(hpa), behavior: hpa.behavior, settings }
  const final = limited({ now, current: scale.spec, desired: smooth.replicas, events }, limits)
  note(draft, input, scalingLimited(final.replicas !== smooth.replicas, final.reason))
  const why = final.replicas > scale.spec ? `${desire.metric} above target` : 'All metrics below target'
  rescale(draft, input, { scale, replicas: final.replicas, why })
}

function rescale(
  draft: Draft,
  input: Reconciling,
  { scale, replicas, why }: { scale: Found; replicas: number; why: string },
): void {
  const { scaleRefused } = input
  if (replicas === scale.spec) settle(draft, replicas)
  else if (scaleRefused !== undefined) {
    warn(draft, 'FailedRescale', `New size: ${replicas}; reason: ${why}; error: ${scaleRefused}`)
    const message = `the HPA controller was unable to update the target scale: ${scaleRefused}`
    note(draft, input, { type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message })
    draft.error = { fault: 'internal', message: `failed to rescale: ${scaleRefused}` }
  } else succeed(draft, input, { from: scale.spec, to: replicas, why })
}

function succeed(draft: Draft, input: Reconciling, { from, to, why }: { from: number; to: number; why: string }): void {
  const { now, hpa } = input
  const message = `the HPA controller was able to update the target scale to ${to}`
  note(draft, input, { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message })
  draft.events.push({ type: 'Normal', reason: 'SuccessfulRescale', message: `New size: ${to}; reason: ${why}` })
  const { recommendations, events } = draft.history ?? { recommendations: [], events: noEvents }
  draft.history = { recommendations, events: eventsAfter(events, { from, to, at: now }, hpa.behavior) }
  draft.scaledTo = to
  settle(draft, to)
  draft.status = { ...draft.status, lastScaleAt: now }
}

function settle(draft: Draft, desiredReplicas: number): void {
  draft.status = { ...draft.status, desiredReplicas }
}

function actionOf(from: number, to: number): Action {
  return to > from ? 'scale_up' : to < from ? 'scale_down' : 'none'
}
