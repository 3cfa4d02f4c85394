import { valuesOf } from './custom-metrics.ts'
import { askApi, createGroupVersions, itemsOf } from './metrics-api.ts'
import { type Found, missing } from './missing.ts'
import { type Answer, createHealthRecord, notOffered, type Origin, type Question, told } from './origin.ts'
import type { ApiTools } from './resource-metrics.ts'

const NAME = 'external.metrics.k8s.io'

/** External metrics of an adapter behind the API server. Several values are all handed on: upstream sums them. */
export function createExternalMetrics({ client, clock, settings }: ApiTools): Origin {
  const { timeoutMs } = settings
  const record = createHealthRecord(NAME, clock)
  const versionOf = createGroupVersions(client, clock, timeoutMs)
  const ask = async ({ workload, spec }: Question): Promise<Found<Answer>> => {
    if (spec.type !== 'External') return notOffered(NAME, spec)
    const version = await versionOf(NAME)
    if (version.kind === 'missing') return version
    const path = `/apis/${NAME}/${version.value}/namespaces/${encodeURIComponent(workload.namespace)}/${encodeURIComponent(spec.metric)}`
    const query = spec.selector === undefined || spec.selector === '' ? {} : { labelSelector: spec.selector }
    const answer = await record.note(() => askApi(client, { path, query, timeoutMs }))
    const items = answer.kind === 'missing' ? answer : itemsOf(answer.value)
    if (items.kind === 'missing') return items
    if (items.value.length === 0) return missing('NoData', 'no metrics returned from external metrics API')
    return valuesOf(items.value, { ...settings, now: clock.now() })
  }
  return {
    name: NAME,
    health: record.health,
    async answer(question) {
      if (question.spec.type !== 'External') return notOffered(NAME, question.spec)
      const answer = await ask(question)
      return answer.kind === 'missing' ? told(NAME, question.spec, answer) : answer
    },
  }
}
