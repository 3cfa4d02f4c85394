import { type Manifest, type ManifestOptions, metadataOf, NAME, POD_LABELS } from './manifest.ts'

/** For the Prometheus operator; a cluster without it refuses the kind, so it is printed on request only. */
export function serviceMonitor({ namespace }: ManifestOptions): Manifest {
  return {
    object: {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: metadataOf(NAME, namespace),
      spec: {
        selector: { matchLabels: POD_LABELS },
        namespaceSelector: { matchNames: [namespace] },
        endpoints: [{ port: 'http', path: '/metrics', interval: '15s', scrapeTimeout: '5s' }],
      },
    },
  }
}
