import { type Manifest, type ManifestOptions, metadataOf, NAME } from './manifest.ts'
import { type UsedCall, usedCalls } from './used-calls.ts'

const API_GROUP = 'rbac.authorization.k8s.io'
const API_VERSION = `${API_GROUP}/v1`

/** One rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/**
 * ServiceAccount, roles and bindings of the controller, and the roles by which users of the cluster see and edit our objects. With
 * watched namespaces, everything in them is granted by a Role in each; only what stands outside namespaces needs a ClusterRole, whose
 * name carries the controller's namespace: a second installation must not take it over.
 */
export function rbac(options: ManifestOptions): readonly Manifest[] {
  const calls = usedCalls(options)
  const scoped = (scope: UsedCall['scope']) => calls.filter(call => call.scope === scope)
  const { namespace, watchNamespaces } = options
  const everywhere = watchNamespaces.length === 0 ? [...scoped('watched'), ...scoped('cluster')] : scoped('cluster')
  const own = scoped('own')
  return [
    {
      object: {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: metadataOf(NAME, namespace),
        automountServiceAccountToken: false,
      },
    },
    ...granted({ name: `${namespace}:${NAME}`, calls: everywhere, options }),
    ...watchNamespaces.flatMap(place => granted({ name: NAME, place, calls: scoped('watched'), options })),
    ...(own.length > 0 ? granted({ name: `${NAME}-own-namespace`, place: namespace, calls: own, options }) : []),
    ...userRoles(),
  ]
}

interface Grant {
  readonly name: string
  /** Absent: the whole cluster. */
  readonly place?: string
  readonly calls: readonly UsedCall[]
  readonly options: ManifestOptions
}

function granted({ name, place, calls, options }: Grant): readonly Manifest[] {
  const kind = place === undefined ? 'ClusterRole' : 'Role'
  return [
    {
      object: { apiVersion: API_VERSION, kind, metadata: metadataOf(name, place), rules: calls.map(ruleOf) },
      ruleComments: calls.map(({ reason }) => reason),
    },
    {
      object: {
        apiVersion: API_VERSION,
        kind: `${kind}Binding`,
        metadata: metadataOf(name, place),
        roleRef: { apiGroup: API_GROUP, kind, name },
        subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: options.namespace }],
      },
    },
  ]
}

function ruleOf({ group, resources, verbs, names }: UsedCall): PolicyRule {
  return { apiGroups: [group], resources, ...(names && { resourceNames: names }), verbs }
}

/** Kubernetes adds these to its own roles view, edit and admin. */
function userRoles(): readonly Manifest[] {
  const objects = { apiGroups: ['autoscaling.spotify.ai'], resources: ['horizontalpodautoscalers'] }
  const policies = { apiGroups: ['autoscaling.spotify.ai'], resources: ['scalingpolicies'] }
  const read = ['get', 'list', 'watch']
  return [
    aggregated(
      'view',
      ['view', 'edit', 'admin'],
      [
        { rule: { ...objects, verbs: read }, reason: 'whoever may view a namespace sees our objects in it' },
        {
          rule: { ...policies, verbs: read },
          reason: 'policies stand outside namespaces: this counts only where view is bound for the cluster',
        },
      ],
    ),
    aggregated(
      'edit',
      ['edit', 'admin'],
      [
        {
          rule: { ...objects, verbs: ['create', 'delete', 'patch', 'update'] },
          reason: 'whoever may edit a namespace edits our objects in it',
        },
      ],
    ),
  ]
}

function aggregated(
  name: string,
  to: readonly string[],
  given: readonly { readonly rule: PolicyRule; readonly reason: string }[],
): Manifest {
  const metadata = metadataOf(`${NAME}-${name}`)
  const aggregation = Object.fromEntries(to.map(role => [`${API_GROUP}/aggregate-to-${role}`, 'true']))
  return {
    object: {
      apiVersion: API_VERSION,
      kind: 'ClusterRole',
      metadata: { ...metadata, labels: { ...metadata.labels, ...aggregation } },
      rules: given.map(({ rule }) => rule),
    },
    comment: `Kubernetes adds this to its role${to.length > 1 ? 's' : ''} ${to.join(', ')}.`,
    ruleComments: given.map(({ reason }) => reason),
  }
}
