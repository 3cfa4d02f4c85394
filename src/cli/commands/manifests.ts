import { type Command, Option } from 'commander'

/** What the command line says. */
export interface ManifestsCommandOptions {
  readonly namespace: string
  readonly image?: string
  readonly replicas?: string
  readonly watchNamespace?: readonly string[]
  readonly secret?: readonly string[]
  readonly customMetric?: readonly string[]
  readonly externalMetric?: readonly string[]
  readonly scale?: readonly string[]
  readonly egress: readonly string[]
  readonly apiServer?: readonly string[]
  readonly monitoringNamespace: string
  readonly databaseSecret?: string
  readonly dryRun?: true
  readonly serviceMonitor?: true
  readonly only?: readonly string[]
  readonly json?: true
}

/** Parts that `--only` knows; `src/manifests/parts.ts` makes them. */
const PARTS = ['crds', 'namespace', 'rbac', 'configuration', 'workload', 'network', 'monitoring']

const HELP = `
crescendo manifests --dry-run | kubectl apply --server-side -f -   installs a controller that decides, records, and may not write.
Without --dry-run it may: the same command again turns writing on. Objects are still in charge of themselves: one whose mode is not
Auto or ScaleOutOnly is not scaled.

No right is a wildcard, so metrics of custom.metrics.k8s.io and external.metrics.k8s.io have to be named: requests_per_second is
that of pods, ingresses.networking.k8s.io/requests_per_second that of another kind. No PrometheusRule is printed yet. The
documentation, docs/install.md, says what each right is for.`

/** `crescendo manifests`: everything that an installation in a cluster consists of, as YAML. */
export function registerManifests(program: Command): void {
  program
    .command('manifests')
    .description('print what an installation in a cluster consists of: CRDs, RBAC, Deployment, NetworkPolicy')
    .option('--namespace <name>', 'where the controller runs', 'crescendo-system')
    .option('--image <image>', 'container image of the controller (default: crescendo with the version of this program)')
    .option('--replicas <count>', 'copies of the controller; one acts, the others wait (default: 2, in a dry run 1)')
    .option('--dry-run', 'the controller decides and records, and may not write to the cluster')
    .option('--watch-namespace <name...>', 'only these namespaces, with a Role in each (default: all, with a ClusterRole)')
    .option('--secret <name...>', 'Secrets of its namespace that MetricSources refer to; it may read no other')
    .option('--database-secret <name>', 'Secret whose key url is the address of a PostgreSQL (default: SQLite, one file a copy)')
    .option('--custom-metric <name...>', 'metrics of custom.metrics.k8s.io that may be read')
    .option('--external-metric <name...>', 'metrics of external.metrics.k8s.io that may be read')
    .option('--scale <resource...>', 'kinds that may be scaled beside those of apps, such as rollouts.argoproj.io')
    .option('--egress <namespace:port...>', 'what the controller may connect to beside DNS and API server', ['monitoring:9090'])
    .option('--api-server <cidr...>', 'addresses of the API server, for the NetworkPolicy (default: any)')
    .option('--monitoring-namespace <name>', 'who may scrape /metrics', 'monitoring')
    .option('--service-monitor', 'add a ServiceMonitor for the Prometheus operator')
    .addOption(new Option('--only <part...>', 'only these parts').choices(PARTS))
    .option('--json', 'print one JSON document (a List) instead of YAML')
    .addHelpText('after', HELP)
    .action(async (options: ManifestsCommandOptions) => {
      const { printManifests } = await import('../print-manifests.ts')
      printManifests(options)
    })
}
