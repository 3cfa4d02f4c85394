import type { KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'
import { type ApiResource, collectionPath, groupVersion } from './paths.ts'
import { systemTiming, type Timing } from './timing.ts'

/** A kind as the API server knows it. */
export interface DiscoveredResource extends ApiResource {
  readonly kind: string
  readonly isNamespaced: boolean
  readonly hasScale: boolean
  readonly hasStatus: boolean
}

export interface Discovery {
  /** Rejects with KubeError: 404 "UnknownKind" where the API server does not know it, else what it answered. */
  resolve(apiVersion: string, kind: string): Promise<DiscoveredResource>
}

const KEPT_MS = 600_000
/** A kind may be installed at any moment. */
const ABSENCE_KEPT_MS = 30_000
/** An apiVersion is text that tenants write. */
const MOST_KNOWN = 500

interface RawList {
  readonly resources?: readonly { readonly name?: string; readonly kind?: string; readonly namespaced?: boolean }[]
}

interface Known {
  readonly atMs: number
  readonly keptMs: number
  readonly answer: Promise<readonly DiscoveredResource[]>
}

/** Kinds to addresses by the API server's own lists: one call for each group and version in 10 minutes, unknown ones in 30 s. */
export function createDiscovery({ client, timing = systemTiming }: { client: KubeClient; timing?: Timing }): Discovery {
  const known = new Map<string, Known>()
  const resourcesOf = (apiVersion: string, mayBeKept: (kept: Known) => boolean) => {
    const kept = known.get(apiVersion)
    if (kept !== undefined && mayBeKept(kept)) return kept.answer
    const entry: Known = { atMs: timing.nowMs(), keptMs: KEPT_MS, answer: ask(client, apiVersion) }
    if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? '')
    known.set(apiVersion, entry)
    entry.answer.catch((cause: unknown) => {
      const isAbsent = cause instanceof KubeError && cause.status === 404
      if (known.get(apiVersion) !== entry) return
      if (isAbsent) known.set(apiVersion, { ...entry, keptMs: ABSENCE_KEPT_MS })
      else known.delete(apiVersion)
    })
    return entry.answer
  }
  return {
    async resolve(apiVersion, kind) {
      const age = (kept: Known) => timing.nowMs() - kept.atMs
      const isFresh = (kept: Known) => age(kept) < kept.keptMs
      const found = (await resourcesOf(apiVersion, isFresh)).find(resource => resource.kind === kind)
      if (found !== undefined) return found
      const isYoung = (kept: Known) => age(kept) < ABSENCE_KEPT_MS
      const resources = await resourcesOf(apiVersion, isYoung)
      const again = resources.find(resource => resource.kind === kind)
      if (again !== undefined) return again
      throw unknownKind(apiVersion, kind, resources)
    },
  }
}

async function ask(client: KubeClient, apiVersion: string): Promise<readonly DiscoveredResource[]> {
  const { group, version } = groupVersion(apiVersion)
  // An address of a collection without its last part is that of the group and version.
  const path = collectionPath({ group, version, plural: 'x' }).slice(0, -2)
  try {
    const { resources = [] } = await client.request<RawList>({ method: 'GET', path })
    const names = new Set(resources.map(({ name }) => name))
    return resources.flatMap(({ name = '', kind = '', namespaced }) =>
      name === '' || name.includes('/')
        ? []
        : [
            {
              group,
              version,
              plural: name,
              kind,
              isNamespaced: namespaced === true,
              hasScale: names.has(`${name}/scale`),
              hasStatus: names.has(`${name}/status`),
            },
          ],
    )
  } catch (cause) {
    if (!(cause instanceof KubeError) || cause.status !== 404) throw cause
    const message = `the API server does not know the apiVersion "${apiVersion}"; is its custom resource definition installed?`
    throw new KubeError(message, { status: 404, reason: 'UnknownKind', cause })
  }
}

function unknownKind(apiVersion: string, kind: string, resources: readonly DiscoveredResource[]): KubeError {
  const kinds = [...new Set(resources.map(resource => resource.kind))].slice(0, 12).join(', ')
  const message = `the API server does not know the kind "${kind}" of "${apiVersion}"; it has ${kinds === '' ? 'none there' : kinds}`
  return new KubeError(message, { status: 404, reason: 'UnknownKind' })
}
