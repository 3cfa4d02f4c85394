import { type ManifestOptions, NAME } from './manifest.ts'

/**
 * Calls to the API server that the product makes, as RBAC names them, each with its reason. The RBAC is made from this table, so
 * nothing is granted that does not stand here; that everything which is called does stand here, an end-to-end test shows by running
 * the controller with these rights only.
 */
export interface UsedCall {
  readonly group: string
  readonly resources: readonly string[]
  readonly verbs: readonly Verb[]
  /** Only objects of these names. */
  readonly names?: readonly string[]
  /** Where: the namespaces that are watched, objects outside namespaces, or the controller's own namespace. */
  readonly scope: 'watched' | 'cluster' | 'own'
  readonly reason: string
  /** Left out where the controller may not write. */
  readonly isWrite?: true
}

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch'

const OURS = 'autoscaling.spotify.ai'

const OBJECTS: readonly UsedCall[] = [
  {
    group: OURS,
    resources: ['horizontalpodautoscalers'],
    verbs: ['list', 'watch'],
    scope: 'watched',
    reason: 'the objects that say what to scale',
  },
  {
    group: OURS,
    resources: ['horizontalpodautoscalers/status'],
    verbs: ['patch'],
    scope: 'watched',
    reason: 'their status: conditions, the last decision, the forecast; never their spec',
    isWrite: true,
  },
  {
    group: 'apps',
    resources: ['deployments', 'statefulsets'],
    verbs: ['list', 'watch'],
    scope: 'watched',
    reason: 'how many replicas the scaled objects have and want',
  },
  {
    group: '',
    resources: ['pods'],
    verbs: ['list', 'watch'],
    scope: 'watched',
    reason: 'readiness, start times and requests of the pods behind them',
  },
  {
    group: 'autoscaling',
    resources: ['horizontalpodautoscalers'],
    verbs: ['list', 'watch'],
    scope: 'watched',
    reason: 'stock HPAs on the same target: where one is, Crescendo does not write',
  },
  {
    group: 'keda.sh',
    resources: ['scaledobjects'],
    verbs: ['list', 'watch'],
    scope: 'watched',
    reason: 'ScaledObjects of KEDA on the same target, for the same reason',
  },
  {
    group: 'events.k8s.io',
    resources: ['events'],
    verbs: ['create'],
    scope: 'watched',
    reason: 'Events: what was scaled and why, what is wrong',
    isWrite: true,
  },
  {
    group: 'metrics.k8s.io',
    resources: ['pods'],
    verbs: ['list'],
    scope: 'watched',
    reason: 'CPU and memory in use, for Resource and ContainerResource metrics',
  },
  {
    group: OURS,
    resources: ['scalingpolicies', 'metricsources'],
    verbs: ['list', 'watch'],
    scope: 'cluster',
    reason: 'policies and metric sources; both stand outside namespaces',
  },
]

/** Kinds of the group apps whose replicas may be set. */
const APPS_KINDS = ['deployments', 'statefulsets', 'replicasets']

/** The calls that an installation with these options makes. */
export function usedCalls(options: ManifestOptions): readonly UsedCall[] {
  const calls = [...OBJECTS, ...scales(options), ...metricsApis(options), ...ownNamespace(options)]
  return options.dryRun ? calls.filter(({ isWrite }) => !isWrite) : calls
}

function scales({ scaledKinds }: ManifestOptions): readonly UsedCall[] {
  const kinds = [['apps', APPS_KINDS] as const, ...Map.groupBy(scaledKinds.map(splitKind), ({ group }) => group)].map(
    ([group, given]) => ({
      group,
      resources: given.map(kind => `${typeof kind === 'string' ? kind : kind.resource}/scale`),
    }),
  )
  return kinds.flatMap(({ group, resources }): UsedCall[] => [
    { group, resources, verbs: ['get'], scope: 'watched', reason: 'the replicas of an object just before they are set' },
    { group, resources, verbs: ['update'], scope: 'watched', reason: 'to set them: the one right that scales', isWrite: true },
  ])
}

/** "rollouts.argoproj.io" is the resource and its group. */
function splitKind(kind: string): { readonly resource: string; readonly group: string } {
  const [resource = '', ...group] = kind.split('.')
  return { resource, group: group.join('.') }
}

/** The resources of these APIs are the metrics themselves, so they have to be named one by one. */
function metricsApis({ customMetrics, externalMetrics }: ManifestOptions): readonly UsedCall[] {
  const custom = customMetrics.map(metric => (metric.includes('/') ? metric : `pods/${metric}`))
  return [
    ...(custom.length > 0
      ? [
          {
            group: 'custom.metrics.k8s.io',
            resources: custom,
            verbs: ['get'],
            scope: 'watched',
            reason: 'Pods and Object metrics, by name',
          } as const,
        ]
      : []),
    ...(externalMetrics.length > 0
      ? [
          {
            group: 'external.metrics.k8s.io',
            resources: externalMetrics,
            verbs: ['list'],
            scope: 'watched',
            reason: 'External metrics, by name',
          } as const,
        ]
      : []),
  ]
}

function ownNamespace({ secrets }: ManifestOptions): readonly UsedCall[] {
  const lease = { group: 'coordination.k8s.io', resources: ['leases'], scope: 'own', isWrite: true } as const
  return [
    { ...lease, verbs: ['get', 'watch', 'update'], names: [NAME], reason: 'the Lease that says which replica acts' },
    { ...lease, verbs: ['create'], reason: 'to make it the first time; a name cannot restrict create' },
    ...(secrets.length > 0
      ? [
          {
            group: '',
            resources: ['secrets'],
            verbs: ['get'],
            names: secrets,
            scope: 'own',
            reason: 'tokens and certificates that MetricSources refer to, these only',
          } as const,
        ]
      : []),
  ]
}
