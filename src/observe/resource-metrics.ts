import type { Milli, PodSample } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import type { Clock } from '../ports.ts'
import { askApi, field, goDurationMs, itemsOf, quantityField, textField, timeField } from './metrics-api.ts'
import { type Found, found, type Missing, missing } from './missing.ts'
import { type Ages, type Answer, createHealthRecord, notOffered, type Origin, type Question, told, untimely } from './origin.ts'
import { createSharedAnswers, type SharedAnswers } from './shared-answers.ts'

export interface ApiTools {
  readonly client: KubeClient
  readonly clock: Clock
  readonly settings: Ages & { readonly timeoutMs: number; readonly gatherMs: number }
}

const NAME = 'metrics.k8s.io'
/** A namespace that nobody asked for in this time is forgotten. */
const IDLE_MS = 600_000
const PATH = '/apis/metrics.k8s.io/v1beta1/namespaces'

/** What one pod of the API reported: usage by container and resource, in milli-units. */
interface PodUsage {
  readonly at: number
  readonly windowMs: number
  readonly containers: readonly { readonly name: string; readonly usage: unknown }[]
}

type Listing = Found<ReadonlyMap<string, PodUsage>>

/** CPU and memory of pods. One list a namespace is shared by all objects in it for half a period: the API itself is no fresher. */
export function createResourceMetrics({ client, clock, settings }: ApiTools): Origin {
  const record = createHealthRecord(NAME, clock)
  const listings = new Map<string, SharedAnswers<Listing>>()
  const listingOf = (namespace: string): SharedAnswers<Listing> => {
    const known = listings.get(namespace)
    if (known !== undefined) return known
    for (const [name, { askedAt }] of listings) if (clock.now() - askedAt > IDLE_MS) listings.delete(name)
    const listing = createSharedAnswers<Listing>({
      clock,
      gatherMs: 0,
      sharedMs: Number.POSITIVE_INFINITY,
      load: async () => {
        const path = `${PATH}/${encodeURIComponent(namespace)}/pods`
        const answer = await record.note(() => askApi(client, { path, timeoutMs: settings.timeoutMs }))
        return new Map([[namespace, answer.kind === 'missing' ? answer : usageOf(answer.value)]])
      },
    })
    listings.set(namespace, listing)
    return listing
  }
  return {
    name: NAME,
    health: record.health,
    async answer(question) {
      const { spec, workload, maxAgeMs } = question
      if (!('resource' in spec) || (spec.resource !== 'cpu' && spec.resource !== 'memory')) return notOffered(NAME, spec)
      const listing = (await listingOf(workload.namespace).get(workload.namespace, maxAgeMs)) ?? missing('NoData', 'no answer')
      const answer =
        listing.kind === 'missing' ? absent(listing) : answerOf(listing.value, question, { ...settings, now: clock.now() })
      return answer.kind === 'missing' ? told(NAME, spec, answer) : answer
    },
  }
}

/** 404 here is the API itself that is absent. */
function absent(why: Missing): Missing {
  return why.reason === 'NoData' ? missing('NotOffered', 'the cluster has no metrics API') : why
}

function usageOf(list: unknown): Listing {
  const items = itemsOf(list)
  if (items.kind === 'missing') return items
  const pods = new Map<string, PodUsage>()
  for (const item of items.value) {
    const [name, at] = [textField(field(item, 'metadata'), 'name'), timeField(item, 'timestamp')]
    const containers = field(item, 'containers')
    if (name === undefined || at === undefined || !Array.isArray(containers)) continue
    pods.set(name, {
      at,
      windowMs: goDurationMs(textField(item, 'window')) ?? 0,
      containers: containers.map(container => ({ name: textField(container, 'name') ?? '', usage: field(container, 'usage') })),
    })
  }
  return found(pods)
}

function answerOf(
  usage: ReadonlyMap<string, PodUsage>,
  { spec, workload }: Question,
  judgement: Ages & { now: number },
): Found<Answer> {
  const samples: PodSample[] = []
  let trouble: Missing | undefined
  for (const { name } of workload.pods) {
    const pod = usage.get(name)
    const byContainer = pod && containersOf(pod, spec)
    if (pod === undefined || byContainer === undefined) continue
    const doubt = untimely(pod.at, judgement.now, judgement)
    if (doubt === undefined) samples.push({ pod: name, at: pod.at, windowMs: pod.windowMs, byContainer })
    else trouble ??= doubt
  }
  if (samples.length > 0) return found({ kind: 'pods', samples })
  return trouble ?? missing('NoData', 'no metrics returned from resource metrics API')
}

/** A pod of which any container lacks the resource has no metric; for a container metric only the named one counts. */
function containersOf({ containers }: PodUsage, spec: Question['spec']): Readonly<Record<string, Milli>> | undefined {
  if (!('resource' in spec)) return undefined
  const wanted = spec.type === 'ContainerResource' ? containers.filter(({ name }) => name === spec.container) : containers
  const values = wanted.map(({ name, usage }) => [name, quantityField(usage, spec.resource)] as const)
  if (values.length === 0 || values.some(([, value]) => value === undefined || value < 0)) return undefined
  return Object.fromEntries(values.map(([name, value]) => [name, value ?? 0]))
}
