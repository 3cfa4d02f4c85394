import { type Autoscaler, readAutoscaler } from '../controller/objects.ts'
import { RESOURCES } from '../controller/watches.ts'
import { CrescendoError } from '../errors.ts'
import type { KubeClient } from '../kube/api.ts'
import { applyObject } from '../kube/apply.ts'
import { KubeError } from '../kube/kube-error.ts'
import { listAll } from '../kube/list-pages.ts'
import { type ApiResource, collectionPath } from '../kube/paths.ts'
import { findPolicy, ownPolicies, type PolicyLibrary, resolvePolicy } from '../policies.ts'
import { DOCUMENTS, type HorizontalPodAutoscaler } from '../resources/documents.ts'
import type { Applied, Asked } from './backend.ts'
import { unknownService } from './unknown-service.ts'

const CLUSTER = 'ScalingPolicy of the cluster'
const LIST_MS = 30_000

/**
 * Writes the policies of one's own as ScalingPolicies, makes the service's object refer to `policy` where one is named, and tells what
 * holds then. A dry run tells it and writes nothing.
 */
export async function applyToCluster(
  client: KubeClient,
  asked: Asked,
  { library, isDryRun }: { readonly library: PolicyLibrary; readonly isDryRun: boolean },
): Promise<readonly Applied[]> {
  const objects = await objectsFor(client, asked)
  const known = await withCluster(client, library)
  const name = asked.policy === undefined ? undefined : findPolicy(known, asked.policy).metadata.name
  const applied = objects.map(object => appliedTo(object, name, known))
  if (isDryRun) return applied
  await answered('writing the policies', async () => {
    for (const { apiVersion, kind, metadata, spec } of ownPolicies(library)) {
      const object = { apiVersion, kind, metadata: { name: metadata.name }, spec }
      await applyObject(client, { resource: RESOURCES.policies, object })
    }
    if (name !== undefined) for (const object of objects) await referTo(client, object, name)
  })
  return applied
}

const TRIES = 3

/**
 * Runs calls to the API server; what it refuses is one line that says what was asked. "Come again" is no refusal: a CRD that was just
 * installed says so. The calls may then run again from their beginning, after as long as the client was told to wait.
 */
export async function answered<T>(what: string, calls: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await calls()
    } catch (cause) {
      if (!(cause instanceof KubeError)) throw cause
      if (cause.retryAfterMs !== undefined && tries < TRIES) continue
      throw new CrescendoError('CRS_CLUSTER', `${what}: ${cause.message}`, { cause })
    }
  }
}

async function objectsFor(client: KubeClient, asked: Asked): Promise<readonly Autoscaler[]> {
  const all = (await list(client, RESOURCES.autoscalers, asked.namespace)).map(readAutoscaler)
  const found = all.filter(object => object.name === asked.serviceName || scaledBy(object) === asked.serviceName)
  if (found.length > 0) return found
  throw unknownService(
    asked,
    all.map(({ id }) => id),
  )
}

const scaledBy = ({ checked }: Autoscaler) => ('document' in checked ? checked.document.spec.scaleTargetRef.name : undefined)

function appliedTo(object: Autoscaler, policy: string | undefined, known: PolicyLibrary): Applied {
  const { checked, namespace, name, id } = object
  if ('problem' in checked) throw new CrescendoError('CRS_DOCUMENT_INVALID', `${id}: ${checked.problem}`)
  const { document } = checked
  const referring: HorizontalPodAutoscaler =
    policy === undefined ? document : { ...document, spec: { ...document.spec, policyRef: { name: policy } } }
  return { namespace, serviceName: name, settings: resolvePolicy(known, { object: referring }) }
}

/** The library and, between the shipped policies and one's own, those that the cluster has already. */
async function withCluster(client: KubeClient, library: PolicyLibrary): Promise<PolicyLibrary> {
  const raw = await list(client, RESOURCES.policies)
  const there = raw.map(one => DOCUMENTS.ScalingPolicy.safeParse(one)).flatMap(({ data }) => (data ? [data] : []))
  const own = new Set(ownPolicies(library).map(({ metadata }) => metadata.name))
  const added = there.filter(({ metadata }) => !own.has(metadata.name))
  const names = new Set(added.map(({ metadata }) => metadata.name))
  const kept = library.policies.filter(({ document }) => !names.has(document.metadata.name))
  return { ...library, policies: [...added.map(document => ({ document, origin: CLUSTER })), ...kept] }
}

async function list(client: KubeClient, resource: ApiResource, namespace?: string): Promise<readonly unknown[]> {
  return answered(`listing ${resource.plural}.${resource.group}`, async () => {
    const items: unknown[] = []
    await listAll(client, {
      path: collectionPath(resource, namespace),
      query: {},
      signal: AbortSignal.timeout(LIST_MS),
      isWhole: true,
      onItem: item => void items.push(item),
      onPage() {},
    })
    return items
  })
}

/** Only the reference is ours of the spec; the uid keeps an object that was deleted meanwhile from being made anew. */
async function referTo(client: KubeClient, { namespace, name, uid }: Autoscaler, policy: string): Promise<void> {
  const object = {
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace, name, uid },
    spec: { policyRef: { name: policy } },
  }
  await applyObject(client, { resource: RESOURCES.autoscalers, object })
}
