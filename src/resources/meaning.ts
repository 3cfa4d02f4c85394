import type { Problem } from './document-text.ts'
import type { HorizontalPodAutoscaler, PolicyDefaults } from './documents.ts'
import { amount } from './fields.ts'
import { identityOf } from './layers.ts'
import type { Resource } from './load.ts'
import { throughputDoubts } from './throughput.ts'
import type { Metric } from './upstream.ts'

/** What no schema of one document can see: documents that contradict each other, and what upstream accepts but nobody means. */
export function meaningOf(resources: readonly Resource[]): readonly Problem[] {
  return [...twice(resources), ...resources.flatMap(doubts)]
}

function twice(resources: readonly Resource[]): readonly Problem[] {
  const seen = new Map<string, Resource>()
  const problems: Problem[] = []
  const claim = (
    key: string,
    resource: Resource,
    say: (first: Resource) => { severity: Problem['severity']; message: string },
  ) => {
    const first = seen.get(key)
    if (first === undefined) seen.set(key, resource)
    else problems.push({ file: resource.file, line: resource.line, column: 1, ...say(first) })
  }
  for (const resource of resources) {
    const { document } = resource
    const { name = '', namespace = 'default' } = document.metadata ?? {}
    claim(`${document.kind}/${namespace}/${name}`, resource, ({ line }) => ({
      severity: 'error',
      message: `found ${document.kind} ${name} a second time (first at line ${line}), expected each name once`,
    }))
    if (document.kind !== 'HorizontalPodAutoscaler') continue
    const { kind, name: target } = document.spec.scaleTargetRef
    claim(`target ${namespace}/${kind}/${target}`, resource, ({ line }) => ({
      severity: 'warning',
      message: `${kind} ${target} is scaled by another object too (line ${line}); only the oldest will act`,
    }))
  }
  return problems
}

function doubts({ file, line, document }: Resource): readonly Problem[] {
  const found = [
    ...(document.kind === 'HorizontalPodAutoscaler' ? [...doubtsAbout(document), ...promised('spec', document.spec)] : []),
    ...(document.kind === 'ScalingPolicy' ? promised('spec.defaults', document.spec.defaults ?? {}) : []),
  ]
  return found.map(message => ({ file, line, column: 1, severity: 'warning', message }))
}

function doubtsAbout({ spec }: HorizontalPodAutoscaler): readonly string[] {
  const metrics = spec.metrics ?? []
  const found = metrics.flatMap((metric, index) => typeDoubt(metric, index))
  metrics.forEach((metric, index) => {
    const first = metrics.findIndex(other => JSON.stringify(other) === JSON.stringify(metric))
    if (first < index) found.push(`spec.metrics[${index}] is the same as spec.metrics[${first}]`)
  })
  if (metrics.length === 0) found.push('spec.metrics is empty: CPU utilization of 80 % is used, as upstream does')
  const emergency = spec.emergency?.maxReplicas
  if (emergency !== undefined && emergency < spec.maxReplicas) {
    found.push(
      `spec.emergency.maxReplicas (${emergency}) is below spec.maxReplicas (${spec.maxReplicas}): an emergency cannot raise anything`,
    )
  }
  return [...found, ...outOfReach(spec)]
}

/** Promises of throughput that maxReplicas cannot keep, by what a metric of the spec wants a pod to carry. */
function outOfReach({ objectives = [], metrics = [], maxReplicas }: HorizontalPodAutoscaler['spec']): readonly string[] {
  const promised = objectives.map(objective =>
    objective.type === 'Throughput'
      ? { type: objective.type, metric: objective.metric.name, min: amount(objective.min) }
      : { type: objective.type },
  )
  const perPod = new Map(
    metrics.flatMap(metric => {
      const { averageValue } = targetOf(metric) as { readonly averageValue?: string | number } // some targets have it
      return metric.type === 'Pods' && averageValue !== undefined
        ? [[metric.pods.metric.name, amount(averageValue)] as const]
        : []
    }),
  )
  return throughputDoubts(promised, { maxReplicas, capacityOf: metric => perPod.get(metric) })
}

/** Promises that nobody can keep, and two of one kind: the later one holds, as where layers meet. */
function promised(path: string, { objectives = [] }: PolicyDefaults): readonly string[] {
  const keys = objectives.map(identityOf)
  return objectives.flatMap((objective, index) => {
    const place = `${path}.objectives[${index}]`
    const first = keys.indexOf(keys[index]!)
    const isWhole = objective.type === 'Availability' && amount(objective.threshold) === 1
    return [
      ...(isWhole ? [`${place}: an availability of 1 leaves no minute of violation; no scaling can promise that`] : []),
      ...(first < index
        ? [`${place} promises ${keys[index]} a second time (first in objectives[${first}]); the later one holds`]
        : []),
    ]
  })
}

/** Upstream looks at the field that is set, not at `type`; where they differ, one of them is a mistake. */
function typeDoubt(metric: Metric, index: number): readonly string[] {
  const target = targetOf(metric)
  const field = { Utilization: 'averageUtilization', AverageValue: 'averageValue', Value: 'value' }[target.type]
  if (field in target) return []
  const set = ['averageUtilization', 'averageValue', 'value'].find(name => name in target)
  return [`spec.metrics[${index}]: the target's type is ${target.type}, but ${set} is set; ${set} decides, as upstream does`]
}

function targetOf(metric: Metric) {
  switch (metric.type) {
    case 'Resource':
      return metric.resource.target
    case 'ContainerResource':
      return metric.containerResource.target
    case 'Pods':
      return metric.pods.target
    case 'Object':
      return metric.object.target
    case 'External':
      return metric.external.target
  }
}
