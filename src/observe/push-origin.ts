import type { PodSample } from '../core/model.ts'
import { found } from './missing.ts'
import { type Answer, metricName, notOffered, type Origin, type Question } from './origin.ts'
import type { PushBuffer, PushedValue } from './push.ts'
import { exactly, toMilli } from './samples.ts'

const NAME = 'push'
const WINDOW_MS = 60_000

/** What was pushed over HTTP. A value that grew too old is as if it had never been pushed: the next origin is asked. */
export function createPushOrigin(pushed: PushBuffer): Origin {
  return {
    name: NAME,
    health: () => ({ name: NAME, up: true, ...(pushed.acceptedAt !== undefined && { lastAnswerAt: pushed.acceptedAt }) }),
    async answer(question) {
      const answer = question.spec.type === 'Pods' ? podsAnswer(pushed, question) : valueAnswer(pushed, question)
      return answer === undefined ? notOffered(NAME, question.spec) : found(answer)
    },
  }
}

/** Values of pods; else the workload's total in equal shares over its ready pods, which has the same sum and the same average. */
function podsAnswer(pushed: PushBuffer, { spec, workload }: Question): Answer | undefined {
  const metric = metricName(spec)
  const own = pushed.ofPods(
    workload.namespace,
    metric,
    workload.pods.map(pod => pod.name),
  )
  if (own.size > 0) return { kind: 'pods', samples: [...own].map(([pod, value]) => sampleOf(pod, value)) }
  const total = pushed.total(workload.namespace, metric, workload.name)
  const ready = workload.pods.filter(pod => pod.phase === 'Running' && pod.ready?.status === 'True' && !pod.deleted)
  if (total === undefined || ready.length === 0) return undefined
  return { kind: 'pods', samples: ready.map(pod => sampleOf(pod.name, { at: total.at, value: total.value / ready.length })) }
}

function sampleOf(pod: string, { at, value }: PushedValue): PodSample {
  return { pod, at, windowMs: WINDOW_MS, value: toMilli(value), ...exactly(value) }
}

function valueAnswer(pushed: PushBuffer, { spec, workload }: Question): Answer | undefined {
  if (spec.type !== 'External' || (spec.selector ?? '') !== '') return undefined
  const value = pushed.total(workload.namespace, spec.metric, workload.name) ?? pushed.total(workload.namespace, spec.metric)
  return value && { kind: 'values', values: [toMilli(value.value)], at: value.at, ...exactly(value.value) }
}
