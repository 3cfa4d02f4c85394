import type { Instant } from '../core/model.ts'
import type { KubeClient, KubeObject } from '../kube/api.ts'
import { type ApiResource, collectionPath } from '../kube/paths.ts'
import { type Change, createReflector, type Reflector } from '../kube/reflector.ts'
import type { Log } from '../ports.ts'
import { DOCUMENTS, type MetricSource, type ScalingPolicy } from '../resources/documents.ts'
import {
  type Autoscaler,
  type Foreign,
  readAutoscaler,
  readForeign,
  readPod,
  readScaled,
  type Scaled,
  type WatchedPod,
} from './objects.ts'

/** One kind, watched in all namespaces or in those that were named. */
export interface Watched<T> {
  list(): readonly T[]
  get(namespace: string, name: string): T | undefined
  onChange(listener: (change: Change<T>) => void): void
}

/** Everything that is watched. What is not installed (KEDA) stays empty. */
export interface Watches {
  readonly autoscalers: Watched<Autoscaler>
  readonly deployments: Watched<Scaled>
  readonly statefulSets: Watched<Scaled>
  readonly pods: Watched<WatchedPod>
  readonly hpas: Watched<Foreign>
  readonly scaledObjects: Watched<Foreign>
  readonly policies: Watched<ScalingPolicy>
  readonly metricSources: Watched<MetricSource>
  /** Runs until `signal`; resolves then. */
  run(signal: AbortSignal): Promise<void>
  /** Why decisions have to wait: objects that are not listed yet, or an API server that does not answer at all. */
  notReady(): string | undefined
  /** Why the pods and scaled objects of a namespace are not known; absent where they are. */
  unknownIn(namespace: string): string | undefined
  /** Time since each watch last heard anything. */
  ages(now: Instant): readonly { readonly resource: string; readonly ageSeconds: number }[]
}

const OURS = { group: 'autoscaling.spotify.ai', version: 'v2' }

export const RESOURCES = {
  autoscalers: { ...OURS, plural: 'horizontalpodautoscalers' },
  policies: { ...OURS, plural: 'scalingpolicies' },
  metricSources: { ...OURS, plural: 'metricsources' },
  deployments: { group: 'apps', version: 'v1', plural: 'deployments' },
  statefulSets: { group: 'apps', version: 'v1', plural: 'statefulsets' },
  pods: { group: '', version: 'v1', plural: 'pods' },
  hpas: { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' },
  scaledObjects: { group: 'keda.sh', version: 'v1alpha1', plural: 'scaledobjects' },
} as const satisfies Readonly<Record<string, ApiResource>>

interface Options {
  readonly client: KubeClient
  readonly log: Log
  /** Empty: all of them. */
  readonly namespaces: readonly string[]
}

interface Named {
  readonly resource: ApiResource
  readonly name: string
  readonly namespace: string | undefined
  readonly reflector: Reflector<unknown>
}

/** What a decision cannot do without. */
const NEEDED: ReadonlySet<ApiResource> = new Set([RESOURCES.pods, RESOURCES.deployments, RESOURCES.statefulSets])

/**
 * What is forbidden in one place is told by the objects there; it does not keep the others waiting. A server that is away troubles every
 * watch that a decision needs; of those that it does not need, one of a kind that is not installed asks too rarely to notice.
 */
function notReady(all: readonly Named[]): string | undefined {
  const told = all.map(one => ({ ...one, synced: one.reflector.hasSynced(), trouble: one.reflector.trouble() }))
  const needed = told.filter(({ resource }) => NEEDED.has(resource))
  const unlisted = told.filter(({ synced, trouble }) => !synced && trouble === undefined)
  if (needed.every(({ trouble }) => trouble !== undefined)) return `${needed[0]?.name}: ${needed[0]?.trouble}`
  return unlisted.length === 0 ? undefined : `not listed yet: ${unlisted.map(({ name }) => name).join(', ')}`
}

export function createWatches(options: Options): Watches {
  const all: Named[] = []
  const watch = <T>(
    resource: ApiResource,
    read: (raw: unknown) => T | undefined,
    scope: 'Namespaced' | 'Cluster' = 'Namespaced',
  ) => {
    const places = scope === 'Cluster' || options.namespaces.length === 0 ? [undefined] : options.namespaces
    const name = `${resource.plural}${resource.group === '' ? '' : `.${resource.group}`}`
    const reflectors = places.map(namespace => {
      const { client, log } = options
      const reflector = createReflector<T>({ client, log, read, path: collectionPath(resource, namespace) })
      all.push({ resource, namespace, name: namespace === undefined ? name : `${name} in ${namespace}`, reflector })
      return reflector
    })
    return joined(reflectors)
  }
  return {
    autoscalers: watch(RESOURCES.autoscalers, readAutoscaler),
    deployments: watch(RESOURCES.deployments, readScaled('apps/v1', 'Deployment')),
    statefulSets: watch(RESOURCES.statefulSets, readScaled('apps/v1', 'StatefulSet')),
    pods: watch(RESOURCES.pods, readPod),
    hpas: watch(RESOURCES.hpas, readForeign),
    scaledObjects: watch(RESOURCES.scaledObjects, readForeign),
    policies: watch(RESOURCES.policies, reading(DOCUMENTS.ScalingPolicy, options.log), 'Cluster'),
    metricSources: watch(RESOURCES.metricSources, reading(DOCUMENTS.MetricSource, options.log), 'Cluster'),
    async run(signal) {
      await Promise.all(all.map(({ reflector }) => reflector.run(signal)))
    },
    notReady: () => notReady(all),
    unknownIn: namespace => {
      const unseen = all.find(
        one => NEEDED.has(one.resource) && (one.namespace ?? namespace) === namespace && !one.reflector.hasSynced(),
      )
      return unseen && `${unseen.name} cannot be read: ${unseen.reflector.trouble() ?? 'not listed yet'}`
    },
    ages(now) {
      const contacts = all.map(({ name, reflector }) => ({ resource: name, at: reflector.lastContactMs() }))
      return contacts.flatMap(({ resource, at }) => (at === undefined ? [] : [{ resource, ageSeconds: (now - at) / 1000 }]))
    },
  }
}

function joined<T>(reflectors: readonly Reflector<T>[]): Watched<T> {
  const [only] = reflectors
  return {
    list: () => (reflectors.length === 1 && only ? only.list() : reflectors.flatMap(one => one.list())),
    get(namespace, name) {
      for (const one of reflectors) {
        const found = one.get(namespace, name)
        if (found !== undefined) return found
      }
      return undefined
    },
    onChange: listener => {
      for (const one of reflectors) one.onChange(listener)
    },
  }
}

interface Schema<T> {
  safeParse(raw: unknown): { readonly success: boolean; readonly data?: T | undefined; readonly error?: Refusal | undefined }
}

interface Refusal {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]
}

/** Reader of one kind of ours. The API server's own schema refuses first; what passes it and not this one is left out, and told. */
export function reading<T>(schema: Schema<T>, log: Log): (raw: unknown) => T | undefined {
  return raw => {
    const { success, data, error } = schema.safeParse(raw)
    if (success) return data
    const { kind, metadata } = raw as KubeObject // as listed
    const [issue] = error?.issues ?? []
    const why = `${issue?.path.join('.') ?? 'the object'}: ${issue?.message ?? 'not understood'}`
    log.warn('an object is left out: its schema refuses it', { kind, name: metadata.name, why })
    return undefined
  }
}
