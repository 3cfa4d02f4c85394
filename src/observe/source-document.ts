/** What this room reads of a MetricSource; the schema in `resources/` allows nothing else. */
export interface SourceDocument {
  readonly metadata: { readonly name: string }
  readonly spec: SourceSpec
}

export interface SecretReference {
  readonly name: string
  readonly key?: string
}

export interface SourceSpec {
  readonly type: 'Prometheus' | 'OpenMetrics'
  readonly url?: string
  readonly authentication?: { readonly secretRef: SecretReference }
  readonly tls?: { readonly caSecretRef?: SecretReference; readonly serverName?: string }
  readonly tenancy?: { readonly label: string }
  /** Absent: every namespace. */
  readonly allowedNamespaces?: readonly string[]
  /** Lower is asked first; default 100, ties by name. */
  readonly priority?: number
  readonly timeoutSeconds?: number
  readonly maxResponseBytes?: number
  readonly scrape?: { readonly port: number | string; readonly path?: string; readonly scheme?: 'http' | 'https' }
  readonly catalogue?: readonly CatalogueEntry[]
}

export type MetricKind = 'Load' | 'Latency' | 'Ratio' | 'Quality' | 'Business' | 'Resource'

/** One metric that a source can give, by a query template with `$selector`, `$namespace`, `$target`, `$object`, `$window`. */
export interface CatalogueEntry {
  readonly name: string
  readonly query: string
  readonly kind: MetricKind
  readonly unit?: string
  /** Default Pods. */
  readonly scope?: 'Pods' | 'Object' | 'External'
  /** Labels of the result; default `namespace`, `pod`, `container`. */
  readonly namespaceLabel?: string
  readonly podLabel?: string
  readonly containerLabel?: string
  /** The label that names the described object (scope Object). */
  readonly objectLabel?: string
}

/** Whether a tenant of `namespace` may use the source. */
export function allows({ allowedNamespaces }: SourceSpec, namespace: string): boolean {
  return allowedNamespaces === undefined || allowedNamespaces.includes(namespace) || allowedNamespaces.includes('*')
}

/** Sources in the order in which they are asked: by priority, then by name. */
export function byPriority(sources: readonly SourceDocument[]): readonly SourceDocument[] {
  return [...sources].sort(
    (a, b) => (a.spec.priority ?? 100) - (b.spec.priority ?? 100) || (a.metadata.name < b.metadata.name ? -1 : 1),
  )
}
