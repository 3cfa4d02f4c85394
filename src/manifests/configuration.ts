import { Document } from 'yaml'
import { GROUP_VERSION } from '../resources/fields.ts'
import { DATABASE_KEY, HTTP_PORT, type Manifest, type ManifestOptions, metadataOf, NAME, STORE_FOLDER } from './manifest.ts'

export const CONFIGURATION_FILE = 'global-config.yaml'

/** The ConfigMap with the ControllerConfiguration that `crescendo run --config` reads. */
export function configuration(options: ManifestOptions): Manifest {
  return {
    comment: 'crescendo validate checks the configuration in it; docs/configuration.md lists every key.',
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: metadataOf(NAME, options.namespace),
      data: { [CONFIGURATION_FILE]: configurationText(options) },
    },
  }
}

/** What differs from the defaults in a cluster. Follows the schema of a ControllerConfiguration. */
export function configurationText(options: ManifestOptions): string {
  const { namespace, watchNamespaces, dryRun, databaseSecret } = options
  const document = new Document({
    apiVersion: GROUP_VERSION,
    kind: 'ControllerConfiguration',
    controller: {
      namespaces: watchNamespaces,
      dryRun,
      leaderElection: { leaseName: NAME, leaseNamespace: namespace },
    },
    store:
      databaseSecret === undefined
        ? { type: 'Sqlite', path: `${STORE_FOLDER}/crescendo.db` }
        : { type: 'PostgreSql', url: { env: DATABASE_KEY } },
    server: { host: '0.0.0.0', port: HTTP_PORT, allowedHosts: [`${NAME}.${namespace}.svc`, `${NAME}.${namespace}`] },
  })
  return document.toString({ lineWidth: 0 })
}
