import type { KubeClient } from '../../kube/api.ts'
import { connect } from '../../kube/client.ts'
import { KubeError } from '../../kube/kube-error.ts'
import { type ApiResource, collectionPath } from '../../kube/paths.ts'
import type { ImportItem } from '../../migrate/translation.ts'
import { packageVersion } from '../package-version.ts'

const STOCK: ApiResource = { group: 'autoscaling', version: 'v2', plural: 'horizontalpodautoscalers' }
const KEDA: ApiResource = { group: 'keda.sh', version: 'v1alpha1', plural: 'scaledobjects' }

const PAGE = 500
/** 100,000 objects; more is no answer of a cluster. */
const MAX_PAGES = 200

/** The stock HPAs and ScaledObjects of a cluster, of one namespace where one is named. KEDA may be absent. */
export async function readCluster(options: {
  readonly kubeconfig?: string
  readonly namespace?: string
}): Promise<readonly ImportItem[]> {
  const client = await connect({
    userAgent: `crescendo/${packageVersion()} import`,
    queriesPerSecond: 20,
    burst: 20,
    ...(options.kubeconfig !== undefined && { kubeconfig: options.kubeconfig }),
  })
  try {
    const stock = await objectsOf(client, STOCK, options.namespace)
    return [...stock, ...(await objectsOf(client, KEDA, options.namespace).catch(absentKind))]
  } finally {
    await client.close()
  }
}

function absentKind(error: unknown): readonly ImportItem[] {
  if (error instanceof KubeError && error.status === 404) return []
  throw error
}

interface Page {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata?: { readonly continue?: string }
  readonly items?: readonly Readonly<Record<string, unknown>>[]
}

async function objectsOf(
  client: KubeClient,
  resource: ApiResource,
  namespace: string | undefined,
): Promise<readonly ImportItem[]> {
  const path = collectionPath(resource, namespace)
  const items: ImportItem[] = []
  let token = ''
  for (let page = 0; page < MAX_PAGES; page++) {
    const query = { limit: String(PAGE), ...(token !== '' && { continue: token }) }
    const answer = await client.request<Page>({ method: 'GET', path, query })
    items.push(...itemsOf(answer))
    token = answer.metadata?.continue ?? ''
    if (token === '') return items
  }
  throw new KubeError(`${path}: the list does not end`, { status: 0, reason: 'TooLarge' })
}

/** Items of a list carry no apiVersion and kind of their own; those of the list stand for them. */
function itemsOf({ apiVersion, kind = '', items = [] }: Page): readonly ImportItem[] {
  return items.map(item => {
    const { namespace = '', name = '' } = (item.metadata ?? {}) as { readonly namespace?: string; readonly name?: string } // every object has it
    const nowhere = { line: 1, column: 1 }
    const value = { apiVersion, kind: kind.replace(/List$/, ''), ...item }
    return {
      file: `cluster, ${namespace}/${name}`,
      document: { value, at: () => nowhere, atKey: () => nowhere },
      hasLines: false,
    }
  })
}
