import { crds } from '../resources/crd.ts'
import { configuration } from './configuration.ts'
import { type Manifest, type ManifestOptions, metadataOf } from './manifest.ts'
import { networkPolicy } from './network-policy.ts'
import { rbac } from './rbac.ts'
import { serviceMonitor } from './service-monitor.ts'
import { workload } from './workload.ts'

/** Parts in the order in which they are applied: what others need comes first. */
export const PARTS = ['crds', 'namespace', 'rbac', 'configuration', 'workload', 'network', 'monitoring'] as const

export type Part = (typeof PARTS)[number]

const MAKE: Readonly<Record<Part, (options: ManifestOptions) => readonly Manifest[]>> = {
  crds: () => crds().map(definition => ({ object: { ...definition } })),
  namespace: options => [namespace(options)],
  rbac,
  configuration: options => [configuration(options)],
  workload,
  network: options => [networkPolicy(options)],
  monitoring: options => (options.serviceMonitor ? [serviceMonitor(options)] : []),
}

/** The objects of an installation, of all parts or of those that are named, in the order of PARTS. */
export function manifests(options: ManifestOptions, only: readonly Part[] = PARTS): readonly Manifest[] {
  return PARTS.filter(part => only.includes(part)).flatMap(part => MAKE[part](options))
}

/** The API server refuses any pod in it that is not restricted. */
function namespace(options: ManifestOptions): Manifest {
  const { labels, ...metadata } = metadataOf(options.namespace)
  const security = ['enforce', 'audit', 'warn'].map(mode => [`pod-security.kubernetes.io/${mode}`, 'restricted'])
  return {
    object: {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { ...metadata, labels: { ...labels, ...Object.fromEntries(security) } },
    },
  }
}
