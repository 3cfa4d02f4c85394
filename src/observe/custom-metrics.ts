import type { MetricSpec, PodSample } from '../core/model.ts'
import { askApi, createGroupVersions, field, itemsOf, quantityField, textField, timeField } from './metrics-api.ts'
import { type Found, found, type Missing, missing } from './missing.ts'
import { type Answer, createHealthRecord, notOffered, type Origin, type Question, told, untimely } from './origin.ts'
import type { ApiTools } from './resource-metrics.ts'
import { createResourceNames } from './resource-names.ts'

const NAME = 'custom.metrics.k8s.io'
const DEFAULT_WINDOW_MS = 60_000

/** Pods and Object metrics of an adapter behind the API server. */
export function createCustomMetrics({ client, clock, settings }: ApiTools): Origin {
  const { timeoutMs } = settings
  const record = createHealthRecord(NAME, clock)
  const versionOf = createGroupVersions(client, clock, timeoutMs)
  const plurals = createResourceNames(client, clock, timeoutMs)
  const pathOf = async (question: Question): Promise<Found<string>> => {
    const { workload, spec } = question
    const namespace = encodeURIComponent(workload.namespace)
    if (spec.type === 'Pods') return found(`namespaces/${namespace}/pods/*/${encodeURIComponent(spec.metric)}`)
    if (spec.type !== 'Object') return notOffered(NAME, spec)
    // A Namespace has no namespace around it; upstream asks for the object's own namespace, whatever name the spec gives.
    if (isNamespace(spec.object)) return found(`namespaces/${namespace}/metrics/${encodeURIComponent(spec.metric)}`)
    const plural = await plurals(spec.object)
    if (plural.kind === 'missing') return plural
    return found(
      `namespaces/${namespace}/${plural.value}/${encodeURIComponent(spec.object.name)}/${encodeURIComponent(spec.metric)}`,
    )
  }
  const ask = async (question: Question): Promise<Found<Answer>> => {
    const [version, path] = [await versionOf(NAME), await pathOf(question)]
    if (version.kind === 'missing') return version
    if (path.kind === 'missing') return path
    const query = queryOf(question)
    const answer = await record.note(() =>
      askApi(client, { path: `/apis/${NAME}/${version.value}/${path.value}`, query, timeoutMs }),
    )
    const items = answer.kind === 'missing' ? answer : itemsOf(answer.value)
    if (items.kind === 'missing') return items
    const judgement = { ...settings, now: clock.now() }
    return question.spec.type === 'Pods' ? podsOf(items.value, question, judgement) : objectOf(items.value, judgement)
  }
  return {
    name: NAME,
    health: record.health,
    async answer(question) {
      if (question.spec.type !== 'Pods' && question.spec.type !== 'Object') return notOffered(NAME, question.spec)
      const answer = await ask(question)
      return answer.kind === 'missing' ? told(NAME, question.spec, answer) : answer
    },
  }
}

function isNamespace({ kind, apiVersion = 'v1' }: Extract<MetricSpec, { type: 'Object' }>['object']): boolean {
  return kind === 'Namespace' && !apiVersion.includes('/')
}

function queryOf({ workload, spec }: Question): Readonly<Record<string, string>> {
  const selector = 'selector' in spec ? spec.selector : undefined
  return {
    ...(spec.type === 'Pods' && { labelSelector: workload.selector }),
    ...(selector !== undefined && selector !== '' && { metricLabelSelector: selector }),
  }
}

type Judgement = ApiTools['settings'] & { readonly now: number }

function podsOf(items: readonly unknown[], { workload }: Question, judgement: Judgement): Found<Answer> {
  const known = new Set(workload.pods.map(pod => pod.name))
  const samples = new Map<string, PodSample>()
  let trouble: Missing | undefined
  for (const item of items) {
    const pod = textField(field(item, 'describedObject'), 'name')
    const [value, at] = [quantityField(item, 'value'), timeField(item, 'timestamp')]
    if (pod === undefined || !known.has(pod)) continue
    if (samples.has(pod)) return missing('TooManySeries', `2 or more values for the pod ${pod}`)
    const doubt =
      value === undefined || at === undefined
        ? missing('NotANumber', 'the value is no quantity')
        : untimely(at, judgement.now, judgement)
    if (doubt === undefined && value !== undefined && at !== undefined)
      samples.set(pod, { pod, at, windowMs: windowMs(item), value })
    else trouble ??= doubt
  }
  if (samples.size > 0) return found({ kind: 'pods', samples: [...samples.values()] })
  return trouble ?? missing('NoData', 'no metrics returned from custom metrics API')
}

function windowMs(item: unknown): number {
  const seconds = field(item, 'windowSeconds')
  return typeof seconds === 'number' ? seconds * 1000 : DEFAULT_WINDOW_MS
}

function objectOf(items: readonly unknown[], judgement: Judgement): Found<Answer> {
  const [item] = items
  if (item === undefined) return missing('NoData', 'no metrics returned from custom metrics API')
  if (items.length > 1) return missing('TooManySeries', `${items.length} values where one is needed`)
  return valuesOf([item], judgement)
}

/** Values of a list, as they are; the oldest time stands for all. One that is not believed refuses all: their sum would be wrong. */
export function valuesOf(items: readonly unknown[], judgement: Judgement): Found<Answer> {
  const values = []
  let oldest = Number.POSITIVE_INFINITY
  for (const item of items) {
    const [value, at] = [quantityField(item, 'value'), timeField(item, 'timestamp')]
    if (value === undefined || at === undefined) return missing('NotANumber', 'the value is no quantity')
    const doubt = untimely(at, judgement.now, judgement)
    if (doubt !== undefined) return doubt
    values.push(value)
    oldest = Math.min(oldest, at)
  }
  return found({ kind: 'values', values, at: oldest })
}
