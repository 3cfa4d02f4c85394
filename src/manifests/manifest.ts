/** A Kubernetes object as it is printed, and words for whoever reads it there. */
export interface Manifest {
  readonly object: KubeManifest
  /** Stands above the object. */
  readonly comment?: string
  /** What each entry of `rules` is for, in their order. */
  readonly ruleComments?: readonly string[]
}

export interface KubeManifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly [field: string]: unknown
}

/** Everything that the manifests depend on. */
export interface ManifestOptions {
  /** Where the controller runs. */
  readonly namespace: string
  readonly image: string
  readonly replicas: number
  /** Empty: all namespaces. */
  readonly watchNamespaces: readonly string[]
  /** Names of Secrets that MetricSources refer to. */
  readonly secrets: readonly string[]
  /** Metrics of pods, or "resource.group/metric", of custom.metrics.k8s.io. */
  readonly customMetrics: readonly string[]
  readonly externalMetrics: readonly string[]
  /** "resource.group" of scaled kinds beside those of apps. */
  readonly scaledKinds: readonly string[]
  /** What the controller may connect to beside DNS and the API server. */
  readonly egress: readonly Destination[]
  /** Addresses of the API server, as CIDR; empty: any, but never a metadata service. */
  readonly apiServers: readonly string[]
  /** Namespace of whoever scrapes /metrics. */
  readonly monitoringNamespace: string
  readonly serviceMonitor: boolean
  /** A Secret whose key `url` is the address of a PostgreSQL; absent: each replica keeps its own SQLite file. */
  readonly databaseSecret?: string
  /** The controller decides and records, and may not write. */
  readonly dryRun: boolean
}

export interface Destination {
  readonly namespace: string
  readonly port: number
}

export const NAME = 'crescendo'
export const HTTP_PORT = 8080
export const STORE_FOLDER = '/var/lib/crescendo'
/** Environment variable that holds the address of PostgreSQL. */
export const DATABASE_KEY = 'DATABASE_URL'

/** What finds our pods; never changes, since a Deployment's selector cannot. */
export const POD_LABELS = { 'app.kubernetes.io/name': NAME, 'app.kubernetes.io/component': 'controller' }

const LABELS = { ...POD_LABELS, 'app.kubernetes.io/part-of': NAME }

/** Metadata of one of our objects; cluster-scoped where no namespace is given. */
export function metadataOf(name: string, namespace?: string): KubeManifest['metadata'] {
  return { name, ...(namespace !== undefined && { namespace }), labels: LABELS }
}
