import type { KubeClient } from '../kube/api.ts'
import type { Clock } from '../ports.ts'
import { askApi, field, textField } from './metrics-api.ts'
import { type Found, found, missing } from './missing.ts'

interface Described {
  readonly kind: string
  readonly apiVersion?: string
}

type Plurals = Found<ReadonlyMap<string, string>>

const KEPT_MS = 600_000

/**
 * From the kind of an object to how the custom metrics API names it: Service is "services", Ingress of networking.k8s.io/v1 is
 * "ingresses.networking.k8s.io". What the API server says of a group is kept for ten minutes.
 */
export function createResourceNames(client: KubeClient, clock: Clock, timeoutMs: number) {
  const known = new Map<string, { readonly at: number; readonly plurals: Promise<Plurals> }>()
  const pluralsOf = (apiVersion: string): Promise<Plurals> => {
    const kept = known.get(apiVersion)
    if (kept !== undefined && clock.now() - kept.at < KEPT_MS) return kept.plurals
    const plurals = read(client, apiVersion, timeoutMs)
    known.set(apiVersion, { at: clock.now(), plurals })
    void plurals.then(result => result.kind === 'missing' && known.delete(apiVersion))
    return plurals
  }
  return async ({ kind, apiVersion = 'v1' }: Described): Promise<Found<string>> => {
    if (!/^[a-z0-9.-]+(?:\/[a-z0-9]+)?$/.test(apiVersion))
      return missing('Refused', 'the described object has no valid apiVersion')
    const plurals = await pluralsOf(apiVersion)
    if (plurals.kind === 'missing') return plurals
    const plural = plurals.value.get(kind)
    if (plural === undefined) return missing('NoData', `the cluster has no kind ${kind} in ${apiVersion}`)
    const [group, version] = apiVersion.split('/')
    return found(version === undefined ? plural : `${plural}.${group}`)
  }
}

async function read(client: KubeClient, apiVersion: string, timeoutMs: number): Promise<Plurals> {
  const answer = await askApi(client, {
    path: apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`,
    timeoutMs,
  })
  if (answer.kind === 'missing') return answer
  const resources = field(answer.value, 'resources')
  const plurals = new Map<string, string>()
  for (const resource of Array.isArray(resources) ? resources : []) {
    const [kind, name] = [textField(resource, 'kind'), textField(resource, 'name')]
    if (kind !== undefined && name !== undefined && !name.includes('/')) plurals.set(kind, name)
  }
  return found(plurals)
}
