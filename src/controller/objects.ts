import { parseQuantity } from '../core/hpa/quantity.ts'
import type { Container, Instant, Milli, Pod } from '../core/model.ts'
import type { KubeObject, ObjectMeta } from '../kube/api.ts'
import type { ObservedPod } from '../observe/workload.ts'
import { DOCUMENTS, type HorizontalPodAutoscaler } from '../resources/documents.ts'
import { selectorText } from '../resources/metric-name.ts'
import type { LabelSelector } from '../resources/upstream.ts'

/** What is kept of the cluster's objects: only what a decision needs, for there may be fifty thousand pods. */

interface Identity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly resourceVersion: string
}

export interface Autoscaler extends Identity {
  /** "namespace/name" */
  readonly id: string
  readonly generation: number
  readonly createdAt: Instant
  /** The object as its schema accepted it, or what is wrong with it. */
  readonly checked: { readonly document: HorizontalPodAutoscaler } | { readonly problem: string }
  /** The status as the API server has it: our own, of before a restart. */
  readonly status: unknown
}

/** A Deployment or StatefulSet: everything of /scale, watched instead of asked for. */
export interface Scaled extends Identity {
  readonly kind: string
  readonly apiVersion: string
  readonly replicas: { readonly spec: number; readonly status: number; readonly ready: number }
  readonly selector: string
  readonly isDeleted: boolean
}

export interface WatchedPod extends ObservedPod {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly createdAt: Instant
}

/** Another autoscaler's hold on a target: a stock HPA or a KEDA ScaledObject. */
export interface Foreign extends Identity {
  readonly createdAt: Instant
  readonly target: { readonly apiVersion: string; readonly kind: string; readonly name: string }
}

const instant = (text: string | undefined): Instant => (text === undefined ? 0 : Date.parse(text))

function identityOf({ metadata }: KubeObject): Identity {
  const { namespace = '', name, uid = '', resourceVersion = '' } = metadata
  return { namespace, name, uid, resourceVersion }
}

type Raw = KubeObject & { readonly spec?: unknown; readonly status?: unknown }

/** An object of ours. One that its schema refuses is kept with the reason: it is told so in its status, and blocks nobody. */
export function readAutoscaler(raw: unknown): Autoscaler {
  const object = raw as Raw // the API server sends objects of the kind that was listed
  const identity = identityOf(object)
  const { apiVersion, kind, spec } = object
  const { managedFields: _, ...metadata } = object.metadata as ObjectMeta & { readonly managedFields?: unknown } // who set what: large, and nothing to decide by
  const parsed = DOCUMENTS.HorizontalPodAutoscaler.safeParse({ apiVersion, kind, metadata, spec })
  const issue = parsed.error?.issues[0]
  return {
    ...identity,
    id: `${identity.namespace}/${identity.name}`,
    generation: metadata.generation ?? 0,
    createdAt: instant(metadata.creationTimestamp),
    checked: parsed.success
      ? { document: parsed.data }
      : { problem: `${issue?.path.join('.') || 'the object'}: ${issue?.message ?? 'not understood'}` },
    status: remembered(object.status),
  }
}

/** What a status of the process before us is still good for; its figures are old. */
function remembered(status: unknown): unknown {
  if (typeof status !== 'object' || status === null) return undefined
  const { lastScaleTime, desiredReplicas, conditions, lastDecision } = status as Readonly<Record<string, unknown>> // an object
  return { lastScaleTime, desiredReplicas, conditions, lastDecision }
}

interface RawScaled extends KubeObject {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector }
  readonly status?: { readonly replicas?: number; readonly readyReplicas?: number }
}

/** Reader of one kind; items of a list carry neither apiVersion nor kind. */
export const readScaled =
  (apiVersion: string, kind: string) =>
  (raw: unknown): Scaled => {
    const object = raw as RawScaled // as listed
    return {
      ...identityOf(object),
      apiVersion,
      kind,
      replicas: {
        spec: object.spec?.replicas ?? 1,
        status: object.status?.replicas ?? 0,
        ready: object.status?.readyReplicas ?? 0,
      },
      selector: selectorText(object.spec?.selector ?? {}),
      isDeleted: object.metadata.deletionTimestamp !== undefined,
    }
  }

interface RawContainer {
  readonly name: string
  readonly restartPolicy?: string
  readonly resources?: { readonly requests?: Readonly<Record<string, string>> }
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
}

interface RawPod extends KubeObject {
  readonly spec?: {
    readonly containers?: readonly RawContainer[]
    readonly initContainers?: readonly RawContainer[]
    readonly resources?: { readonly requests?: Readonly<Record<string, string>> }
  }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly startTime?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly lastTransitionTime?: string }[]
  }
}

const PHASES: readonly Pod['phase'][] = ['Pending', 'Running', 'Succeeded', 'Failed']
const READINESS = ['True', 'False'] as const

export function readPod(raw: unknown): WatchedPod {
  const { metadata, spec, status } = raw as RawPod // as listed
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  const requests = requestsOf(spec?.resources?.requests)
  const ports = portsOf(spec)
  return {
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    labels: metadata.labels ?? {},
    createdAt: instant(metadata.creationTimestamp),
    phase: PHASES.find(phase => phase === status?.phase) ?? 'Unknown',
    ...(ready && {
      ready: { status: READINESS.find(one => one === ready.status) ?? 'Unknown', since: instant(ready.lastTransitionTime) },
    }),
    ...(status?.startTime !== undefined && { startedAt: instant(status.startTime) }),
    ...(status?.podIP !== undefined && { address: status.podIP }),
    deleted: metadata.deletionTimestamp !== undefined,
    containers: containersOf(spec),
    ...(Object.keys(requests).length > 0 && { requests }),
    ...(ports.length > 0 && { ports: Object.fromEntries(ports) }),
  }
}

/** Named ports, for scrapes. */
function portsOf(spec: RawPod['spec']): readonly (readonly [string, number])[] {
  const ports = (spec?.containers ?? []).flatMap(container => container.ports ?? [])
  return ports.flatMap(({ name, containerPort }) => (name === undefined ? [] : [[name, containerPort] as const]))
}

function containersOf(spec: RawPod['spec']): readonly Container[] {
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const container = ({ name, resources }: RawContainer): Container => ({ name, requests: requestsOf(resources?.requests) })
  return [...(spec?.containers ?? []).map(container), ...sidecars.map(one => ({ ...container(one), restartableInit: true }))]
}

function requestsOf(requests: Readonly<Record<string, string>> | undefined): Readonly<Record<string, Milli>> {
  const read = Object.entries(requests ?? {}).map(([name, quantity]) => [name, parseQuantity(quantity)] as const)
  return Object.fromEntries(read.filter((entry): entry is readonly [string, Milli] => entry[1] !== undefined))
}

interface RawForeign extends KubeObject {
  readonly spec?: { readonly scaleTargetRef?: { readonly apiVersion?: string; readonly kind?: string; readonly name?: string } }
}

/** A stock HPA or a ScaledObject; one that refers to nothing claims nothing. KEDA's references default to Deployments. */
export function readForeign(raw: unknown): Foreign | undefined {
  const object = raw as RawForeign // as listed
  const { apiVersion = 'apps/v1', kind = 'Deployment', name } = object.spec?.scaleTargetRef ?? {}
  if (name === undefined) return undefined
  return { ...identityOf(object), createdAt: instant(object.metadata.creationTimestamp), target: { apiVersion, kind, name } }
}
