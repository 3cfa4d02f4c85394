import type { KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'

/** What a reflector keeps of an object. */
export interface Entry<T> {
  readonly object: T
  readonly resourceVersion: string | undefined
}

const PAGE = 500
const LIST_TIMEOUT_MS = 60_000

interface ListPage {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly items?: readonly unknown[]
}

/**
 * Lists a collection in pages of 500, each handed on before the next is asked for. Resolves to the resourceVersion to watch
 * from. A 410 between pages rejects; `isWhole` then lists in one piece.
 */
export async function listAll(
  client: KubeClient,
  list: {
    readonly path: string
    readonly query: Readonly<Record<string, string>>
    readonly signal: AbortSignal
    readonly isWhole: boolean
    readonly onItem: (raw: unknown) => void
    readonly onPage: () => void
  },
): Promise<string> {
  let next: string | undefined
  do {
    const page: ListPage = await client.request<ListPage>({
      method: 'GET',
      path: list.path,
      query: {
        ...list.query,
        ...(list.isWhole ? {} : { limit: String(PAGE) }),
        ...(next === undefined ? {} : { continue: next }),
      },
      timeoutMs: LIST_TIMEOUT_MS,
      signal: list.signal,
    })
    const resourceVersion = page.metadata?.resourceVersion
    if (!resourceVersion || !(page.items === null || page.items === undefined || Array.isArray(page.items))) {
      throw new KubeError(`list ${list.path}: the answer is no list of objects`, { status: 0, reason: 'Malformed' })
    }
    for (const item of page.items ?? []) list.onItem(item)
    list.onPage()
    next = page.metadata?.continue || undefined
    if (next === undefined) return resourceVersion
  } while (!list.signal.aborted)
  throw new KubeError(`list ${list.path}: given up`, { status: 0, reason: 'Aborted' })
}

/** "namespace/name" and version of an object; '' where it has no name (a bookmark has a version only). */
export function identityOf(raw: unknown): { readonly key: string; readonly resourceVersion: string | undefined } {
  const metadata = (raw as { metadata?: { namespace?: unknown; name?: unknown; resourceVersion?: unknown } } | null)?.metadata
  if (typeof metadata !== 'object' || metadata === null) return { key: '', resourceVersion: undefined }
  const { namespace, name, resourceVersion } = metadata
  const key = typeof name === 'string' ? (typeof namespace === 'string' ? `${namespace}/${name}` : name) : ''
  return { key, resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : undefined }
}
