import { HTTP_PORT, type Manifest, type ManifestOptions, metadataOf, NAME, POD_LABELS } from './manifest.ts'

/** Where clouds hand out the credentials of the node; link-local, so no server of a cluster is there. */
const METADATA_SERVICES = { '0.0.0.0/0': '169.254.169.254/32', '::/0': 'fd00:ec2::254/128' } as const

const API_SERVER_PORTS = [443, 6443]

/** What the controller's pods may connect to, and who may connect to them; everything else is denied, both ways. */
export function networkPolicy(options: ManifestOptions): Manifest {
  return {
    comment: [
      'Everything that is not listed is denied, both ways. A policy cannot name the API server: narrow its addresses with',
      '--api-server CIDR. A DNS server outside kube-system, or on a link-local address, needs a rule of its own.',
    ].join('\n'),
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: metadataOf(NAME, options.namespace),
      spec: {
        podSelector: { matchLabels: POD_LABELS },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [{ from: [inNamespace(options.monitoringNamespace)], ports: [port('TCP', HTTP_PORT)] }],
        egress: [
          { to: [inNamespace('kube-system')], ports: [port('UDP', 53), port('TCP', 53)] },
          { to: apiServers(options), ports: API_SERVER_PORTS.map(number => port('TCP', number)) },
          ...options.egress.map(({ namespace, port: number }) => ({
            to: [inNamespace(namespace)],
            ports: [port('TCP', number)],
          })),
        ],
      },
    },
  }
}

function apiServers({ apiServers: given }: ManifestOptions) {
  if (given.length > 0) return given.map(cidr => ({ ipBlock: { cidr } }))
  return Object.entries(METADATA_SERVICES).map(([cidr, service]) => ({ ipBlock: { cidr, except: [service] } }))
}

function inNamespace(name: string) {
  return { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } }
}

function port(protocol: 'TCP' | 'UDP', number: number) {
  return { protocol, port: number }
}
