import { scaleTarget } from '../act/scale-target.ts'
import type { KubeClient } from '../kube/api.ts'
import { createDiscovery } from '../kube/discovery.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { ApiResource } from '../kube/paths.ts'
import { getScale, putScale, type ScaleRef } from '../kube/scale.ts'
import type { Autoscaler } from './objects.ts'
import type { PodIndex } from './pod-index.ts'
import type { Target } from './scaled.ts'
import { RESOURCES, type Watches } from './watches.ts'

/** Finds scaled objects, watched or not, and writes their replicas. */
export interface Targets {
  /** Rejects where there is none, with what was looked for. */
  of(object: Autoscaler): Promise<Target>
  scale(object: Autoscaler, target: Target, to: number): Promise<void>
}

interface Options {
  /** Reads with it, and writes with it: a client that is fenced by the Lease. */
  readonly client: KubeClient
  readonly watches: Pick<Watches, 'deployments' | 'statefulSets' | 'unknownIn'>
  readonly pods: PodIndex
}

/** Kinds that are watched; their replicas are known without a question to the API server. */
const WATCHED: Readonly<Record<string, ApiResource>> = { Deployment: RESOURCES.deployments, StatefulSet: RESOURCES.statefulSets }

const isWatched = ({ apiVersion, kind }: Pick<Target, 'apiVersion' | 'kind'>) =>
  apiVersion === 'apps/v1' && Object.hasOwn(WATCHED, kind)

export function createTargets({ client, watches, pods }: Options): Targets {
  const discovery = createDiscovery({ client })
  const written: Written = new Map()
  const resourceOf = async (apiVersion: string, kind: string): Promise<ApiResource> => {
    const watched = isWatched({ apiVersion, kind }) ? WATCHED[kind] : undefined
    return watched ?? (await discovery.resolve(apiVersion, kind))
  }
  return {
    async of(object) {
      const { apiVersion, kind, name } = referenceOf(object)
      const { namespace } = object
      const unknown = watches.unknownIn(namespace)
      if (unknown !== undefined) throw new Error(unknown)
      if (isWatched({ apiVersion, kind })) return asWritten(watchedTarget(object, { watches, pods, kind, name }), written)
      const scale = await getScale(client, { resource: await resourceOf(apiVersion, kind), namespace, name })
      const selected = pods.select(namespace, scale.selector)
      const ready = selected.filter(pod => pod.ready?.status === 'True').length
      const replicas = { spec: scale.replicas, status: scale.observedReplicas, ready }
      const { uid, resourceVersion, selector } = scale
      return { namespace, apiVersion, kind, name, uid, resourceVersion, selector, replicas, pods: selected }
    },
    async scale(object, target, to) {
      const { apiVersion, kind, namespace, name, uid } = target
      const ref: ScaleRef = { resource: await resourceOf(apiVersion, kind), namespace, name }
      const calls = {
        get: () => getScale(client, ref),
        put: async (wanted: { replicas: number; resourceVersion: string }) => {
          const scale = await putScale(client, ref, { ...wanted, uid })
          if (isWatched(target)) written.set(uid, { replicas: scale.replicas, resourceVersion: scale.resourceVersion })
        },
      }
      const seen = { replicas: target.replicas.spec, resourceVersion: target.resourceVersion }
      await scaleTarget(calls, object, { seen, to })
    },
  }
}

/** apiVersion may be left out for the kinds of apps/v1, as in most examples. */
export function referenceOf({ checked }: Autoscaler): {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
} {
  if ('problem' in checked) throw new Error(checked.problem)
  const { apiVersion = 'apps/v1', kind, name } = checked.document.spec.scaleTargetRef
  return { apiVersion, kind, name }
}

function watchedTarget(
  { namespace }: Autoscaler,
  { watches, pods, kind, name }: Pick<Options, 'watches' | 'pods'> & { kind: string; name: string },
): Target {
  const scaled = (kind === 'Deployment' ? watches.deployments : watches.statefulSets).get(namespace, name)
  if (scaled === undefined || scaled.isDeleted) {
    const message = `${kind} ${name} is not in the namespace ${namespace}${scaled === undefined ? '' : ': it is being deleted'}`
    throw new KubeError(message, { status: 404, reason: 'NotFound' })
  }
  return { ...scaled, pods: pods.select(namespace, scaled.selector) }
}

/** By uid: what our last write made of an object. */
type Written = Map<string, { readonly replicas: number; readonly resourceVersion: string }>

/** The watch may still show the object as it was before our own write: then what the write answered is the newer word. */
function asWritten(target: Target, written: Written): Target {
  const own = written.get(target.uid)
  if (own === undefined) return target
  if (isOlder(target.resourceVersion, own.resourceVersion)) {
    return { ...target, resourceVersion: own.resourceVersion, replicas: { ...target.replicas, spec: own.replicas } }
  }
  written.delete(target.uid)
  return target
}

/** Resource versions of one resource ascend (KEP-5504); what is no number is not compared. */
function isOlder(one: string, other: string): boolean {
  const isNumber = (text: string) => /^\d+$/.test(text)
  return isNumber(one) && isNumber(other) && BigInt(one) < BigInt(other)
}
