import { z } from 'zod'
import type { HpaMetric } from '../../src/core/hpa/metric.ts'
import { type Pass, type Reconciling, reconcile } from '../../src/core/hpa/reconcile.ts'
import { noEvents } from '../../src/core/hpa/scale-events.ts'
import type { HpaStatus } from '../../src/core/hpa/status.ts'
import type { MetricAnswer, MetricTarget } from '../../src/core/model.ts'
import { behavior, flags, milli, now, podOf, pods, recommendations, samples, samplesOf } from './inputs.ts'

const target = z
  .object({
    type: z.enum(['Utilization', 'Value', 'AverageValue']),
    averageUtilization: z.number().nullish(),
    averageValueMilli: milli.nullish(),
    valueMilli: milli.nullish(),
  })
  .transform(
    (given): MetricTarget => ({
      type: given.type,
      ...(given.averageUtilization != null && { averageUtilizationPercent: given.averageUtilization }),
      ...(given.averageValueMilli != null && { averageValue: given.averageValueMilli }),
      ...(given.valueMilli != null && { value: given.valueMilli }),
    }),
  )

const metricName = z.object({ name: z.string() })
const described = z.object({ kind: z.string(), name: z.string(), apiVersion: z.string().optional() })

const metric = z
  .object({
    type: z.string(),
    resource: z.object({ name: z.string(), target }).optional(),
    containerResource: z.object({ name: z.string(), container: z.string(), target }).optional(),
    pods: z.object({ metric: metricName, target }).optional(),
    object: z.object({ describedObject: described, metric: metricName, target }).optional(),
    external: z.object({ metric: metricName, target }).optional(),
  })
  .transform(metricOf)

interface MetricInput {
  readonly type: string
  readonly resource?: { readonly name: string; readonly target: MetricTarget } | undefined
  readonly containerResource?: { readonly name: string; readonly container: string; readonly target: MetricTarget } | undefined
  readonly pods?: { readonly metric: { readonly name: string }; readonly target: MetricTarget } | undefined
  readonly object?:
    | {
        readonly describedObject: z.infer<typeof described>
        readonly metric: { readonly name: string }
        readonly target: MetricTarget
      }
    | undefined
  readonly external?: { readonly metric: { readonly name: string }; readonly target: MetricTarget } | undefined
}

/** A type that no block goes with is unknown, on purpose in some vectors. */
function metricOf({ type, ...given }: MetricInput): HpaMetric {
  const { resource, containerResource, pods: perPod, object, external } = given
  if (type === 'Resource' && resource) return { type, resource: resource.name, target: resource.target }
  if (type === 'ContainerResource' && containerResource) {
    const { name, container } = containerResource
    return { type, resource: name, container, target: containerResource.target }
  }
  if (type === 'Pods' && perPod) return { type, metric: perPod.metric.name, target: perPod.target }
  if (type === 'External' && external) return { type, metric: external.metric.name, target: external.target }
  if (type !== 'Object' || !object) return { type: 'Unknown', named: type }
  const { kind, name, apiVersion } = object.describedObject
  const described = { kind, name, ...(apiVersion !== undefined && { apiVersion }) }
  return { type, metric: object.metric.name, object: described, target: object.target }
}

const condition = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string().default(''),
  message: z.string().default(''),
})

const silent = { error: true }
const api = z
  .object({
    resourceMetrics: z.object({ error: z.boolean().default(false), items: samples }).prefault(silent),
    podsMetrics: z.object({ error: z.boolean().default(false), items: samples }).prefault(silent),
    objectMetric: z.object({ error: z.boolean().default(false), valueMilli: milli.nullish() }).prefault(silent),
    externalMetric: z.object({ error: z.boolean().default(false), valuesMilli: z.array(milli).nullish() }).prefault(silent),
  })
  .prefault({})

const schema = z.object({
  nowSec: now,
  hpa: z.object({
    minReplicas: z.number().int().nullish(),
    maxReplicas: z.number().int(),
    behavior,
    metrics: z.array(metric).nullish(),
    statusReplicas: z.number().int().default(0),
    lastScaleTimeSec: z.number().nullish(),
    initialConditions: z.array(condition).nullish(),
  }),
  scale: z.object({
    getError: z.boolean().default(false),
    updateError: z.boolean().default(false),
    specReplicas: z.number().int(),
    statusReplicas: z.number().int(),
    selector: z.string().nullish(),
  }),
  controller: z.looseObject({ tolerance: z.number().default(0.1) }).prefault({}),
  recommendations: recommendations.nullish(),
  otherHpas: z
    .array(z.object({ selector: z.string() }))
    .nullish()
    .transform(list => list ?? []),
  pods,
  api,
})

type Input = z.infer<typeof schema>

/** A whole pass: the vector's cluster in, what the controller did out. */
export function reconcileVector(given: unknown): Readonly<Record<string, unknown>> {
  const input = schema.parse(given)
  const reconciling = reconcilingOf(input)
  const pass = reconcile(reconciling)
  return { ...answerOf(pass), statusWrite: rewritten(reconciling, pass) }
}

/** A vector does not give the metrics of the status before: they are taken to be those that this pass reports again. */
function rewritten(reconciling: Reconciling, { status }: Pass): boolean {
  return reconcile({ ...reconciling, before: { ...reconciling.before, metrics: status.metrics } }).statusWritten
}

function reconcilingOf({ hpa, scale, ...input }: Input): Reconciling {
  const metrics = hpa.metrics ?? []
  const resources = ['cpu', ...metrics.flatMap(one => ('resource' in one ? [one.resource] : []))]
  return {
    now: input.nowSec,
    settings: { ...flags.parse(input.controller), tolerance: input.controller.tolerance },
    hpa: {
      maxReplicas: hpa.maxReplicas,
      metrics,
      ...(hpa.minReplicas != null && { minReplicas: hpa.minReplicas }),
      ...(hpa.behavior && { behavior: hpa.behavior }),
    },
    before: statusBefore(hpa, scale.specReplicas),
    scale: scale.getError
      ? { kind: 'failed', why: 'the API server refused', fault: 'internal' }
      : { kind: 'found', spec: scale.specReplicas, status: scale.statusReplicas, selector: scale.selector ?? '' },
    ...(scale.updateError && { scaleRefused: 'the API server refused' }),
    pods: input.pods.map(one => podOf(one, resources)),
    others: input.otherHpas.map(one => one.selector),
    answers: metrics.map(one => answerTo(one, input.api)),
    ...(input.recommendations && { history: { recommendations: input.recommendations, events: noEvents } }),
  }
}

/** Upstream's tests set status.desiredReplicas to the scale's replicas beforehand. */
function statusBefore(hpa: Input['hpa'], desiredReplicas: number): HpaStatus {
  return {
    currentReplicas: hpa.statusReplicas,
    desiredReplicas,
    metrics: [],
    conditions: (hpa.initialConditions ?? []).map(one => ({ ...one, since: 0 })),
    ...(hpa.lastScaleTimeSec != null && { lastScaleAt: hpa.lastScaleTimeSec * 1000 }),
  }
}

function answerTo(metric: HpaMetric, { resourceMetrics, podsMetrics, objectMetric, externalMetric }: Input['api']): MetricAnswer {
  const refused = { kind: 'missing', why: 'the metrics API refused' } as const
  const values = (of: readonly (number | bigint)[]): MetricAnswer => ({ kind: 'values', values: of, at: 0 })
  switch (metric.type) {
    case 'Resource':
      return resourceMetrics.error ? refused : { kind: 'pods', samples: samplesOf(resourceMetrics.items, null) }
    case 'ContainerResource':
      return resourceMetrics.error ? refused : { kind: 'pods', samples: samplesOf(resourceMetrics.items, metric.container) }
    case 'Pods':
      return podsMetrics.error ? refused : { kind: 'pods', samples: podsMetrics.items }
    case 'Object':
      return objectMetric.error ? refused : values(objectMetric.valueMilli == null ? [] : [objectMetric.valueMilli])
    case 'External':
      return externalMetric.error ? refused : values(externalMetric.valuesMilli ?? [])
    case 'Unknown':
      return refused
  }
}

function answerOf({ status, scaledTo, action, error, events, metrics }: Pass): Readonly<Record<string, unknown>> {
  const cpu = status.metrics.find(one => one.type === 'Resource' && one.name === 'cpu')
  return {
    desiredReplicas: status.desiredReplicas,
    currentReplicas: status.currentReplicas,
    scaleUpdated: scaledTo !== undefined,
    conditions: status.conditions,
    reconcileAction: action,
    reconcileError: error?.fault ?? 'none',
    metricActions: Object.fromEntries(metrics.map(one => [one.type, one.action])),
    metricErrors: Object.fromEntries(metrics.map(one => [one.type, one.fault])),
    cpuUtilization: cpu?.utilizationPercent,
    event: events,
  }
}
