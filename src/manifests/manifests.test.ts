import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { loadConfiguration } from '../resources/configuration.ts'
import { CONFIGURATION_FILE } from './configuration.ts'
import type { KubeManifest, ManifestOptions } from './manifest.ts'
import { manifests, PARTS } from './parts.ts'
import { listOf, renderManifests } from './render.ts'
import { usedCalls } from './used-calls.ts'

const PLAIN: ManifestOptions = {
  namespace: 'crescendo-system',
  image: 'registry.example.com/crescendo:1',
  replicas: 2,
  watchNamespaces: [],
  secrets: [],
  customMetrics: [],
  externalMetrics: [],
  scaledKinds: [],
  egress: [{ namespace: 'monitoring', port: 9090 }],
  apiServers: [],
  monitoringNamespace: 'monitoring',
  serviceMonitor: false,
  dryRun: false,
}
const FULL: ManifestOptions = {
  ...PLAIN,
  watchNamespaces: ['shop', 'media'],
  secrets: ['prometheus-token', 'prometheus-ca'],
  customMetrics: ['requests_per_second', 'ingresses.networking.k8s.io/requests_per_second'],
  externalMetrics: ['queue_depth'],
  scaledKinds: ['rollouts.argoproj.io'],
  databaseSecret: 'crescendo-database',
  serviceMonitor: true,
}
const VARIANTS: readonly (readonly [string, ManifestOptions])[] = [
  ['the defaults', PLAIN],
  ['a dry run', { ...PLAIN, dryRun: true, secrets: ['token'] }],
  ['all options, all namespaces', { ...FULL, watchNamespaces: [] }],
  ['all options, some namespaces', FULL],
]

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

const objects = (options: ManifestOptions) => manifests(options).map(({ object }) => object)
const find = (options: ManifestOptions, kind: string) => objects(options).find(object => object.kind === kind)
/** The only object of that kind; a test that names the kind fails where there is none. */
const specOf = (options: ManifestOptions, kind: string): unknown => {
  const found = find(options, kind)
  if (found === undefined) throw new Error(`no ${kind} was made`)
  return found.kind === 'ConfigMap' ? found.data : found.spec
}
const isForUsers = ({ metadata: { labels = {} } }: KubeManifest) =>
  Object.keys(labels).some(label => label.includes('aggregate-to'))
const rolesOf = (options: ManifestOptions) => objects(options).filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
const rulesOf = (role: KubeManifest) => role.rules as readonly Rule[] // roles have them

/** Each single right: where, of which API group and resource, which verb, on which names. */
function rightsIn(place: string, { apiGroups, resources, verbs, resourceNames = ['any name'] }: Rule): readonly string[] {
  return apiGroups.flatMap(group =>
    resources.flatMap(resource =>
      verbs.flatMap(verb => resourceNames.map(name => `${place} ${group}/${resource} ${verb} ${name}`)),
    ),
  )
}

describe.each(VARIANTS)('rights of the controller with %s', (_, options) => {
  const ours = rolesOf(options).filter(role => !isForUsers(role))

  test('no rule, for the controller or for users, has a wildcard', () => {
    for (const role of rolesOf(options)) expect(JSON.stringify(role)).not.toContain('*')
  })

  test('exactly what is used is granted, each where it is used and nowhere else', () => {
    const granted = ours.flatMap(role => rulesOf(role).flatMap(rule => rightsIn(role.metadata.namespace ?? 'everywhere', rule)))
    const used = usedCalls(options).flatMap(({ group, resources, verbs, names, scope }) => {
      const everywhere = scope === 'cluster' || (scope === 'watched' && options.watchNamespaces.length === 0)
      const places = everywhere ? ['everywhere'] : scope === 'own' ? [options.namespace] : options.watchNamespaces
      return places.flatMap(place =>
        rightsIn(place, { apiGroups: [group], resources, verbs, ...(names && { resourceNames: names }) }),
      )
    })
    expect(granted.toSorted()).toEqual(used.toSorted())
  })

  test('Secrets can be read one by one in its own namespace only, and never listed', () => {
    const rules = ours.flatMap(role => rulesOf(role).map(rule => ({ role, rule })))
    for (const { role, rule } of rules.filter(({ rule: { resources } }) => resources.includes('secrets'))) {
      expect(role.kind).toBe('Role')
      expect(role.metadata.namespace).toBe(options.namespace)
      expect(rule.verbs).toEqual(['get'])
      expect(rule.resourceNames).toEqual(options.secrets)
    }
    expect(rules.some(({ rule }) => rule.resources.includes('secrets'))).toBe(options.secrets.length > 0)
  })

  test('nothing that could raise its own rights or act as somebody else', () => {
    const rights = ours.flatMap(rulesOf)
    expect(rights.flatMap(({ verbs }) => verbs).filter(verb => /escalate|bind|impersonate|delete/.test(verb))).toEqual([])
    expect(rights.flatMap(({ apiGroups }) => apiGroups)).not.toContain('rbac.authorization.k8s.io')
  })

  test('what it may write is scale, status, Events and its Lease; in a dry run nothing', () => {
    const writes = ours.flatMap(rulesOf).filter(({ verbs }) => verbs.some(verb => !['get', 'list', 'watch'].includes(verb)))
    const resources = new Set(writes.flatMap(rule => rule.resources))
    const expected = [
      'horizontalpodautoscalers/status',
      'events',
      'deployments/scale',
      'statefulsets/scale',
      'replicasets/scale',
      'leases',
    ]
    const kinds = options.scaledKinds.length > 0 ? ['rollouts/scale'] : []
    expect([...resources].toSorted()).toEqual(options.dryRun ? [] : [...expected, ...kinds].toSorted())
  })

  test('every rule says what it is for', () => {
    for (const { object, ruleComments } of manifests(options).filter(({ object: { kind } }) => /Role$/.test(kind))) {
      expect(ruleComments).toHaveLength(rulesOf(object).length)
      for (const comment of ruleComments ?? []) expect(renderManifests(manifests(options))).toContain(`# ${comment}`)
    }
  })
})

describe.each(VARIANTS)('objects with %s', (_, options) => {
  test('CustomResourceDefinitions come first, then the namespace, then what lives in it', () => {
    const kinds = objects(options).map(({ kind }) => kind)
    const last = kinds.lastIndexOf('CustomResourceDefinition')
    expect(kinds.slice(0, last + 1).every(kind => kind === 'CustomResourceDefinition')).toBe(true)
    expect(kinds[last + 1]).toBe('Namespace')
    expect(kinds.indexOf('ServiceAccount')).toBeLessThan(kinds.indexOf('Deployment'))
    expect(kinds.indexOf('ConfigMap')).toBeLessThan(kinds.indexOf('Deployment'))
  })

  test('no object is there twice, and bindings name roles that are there', () => {
    const names = objects(options).map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace} ${name}`)
    expect(names).toEqual([...new Set(names)])
    for (const binding of objects(options).filter(({ kind }) => kind.endsWith('RoleBinding'))) {
      const role = binding.roleRef as { readonly kind: string; readonly name: string }
      expect(names).toContain(`${role.kind} ${binding.metadata.namespace} ${role.name}`)
    }
  })

  test('the YAML is the JSON, without anchors', () => {
    const text = renderManifests(manifests(options))
    expect(parseAllDocuments(text).map(document => document.toJS())).toEqual(
      JSON.parse(JSON.stringify(listOf(manifests(options)).items)),
    )
    expect(text).not.toMatch(/[&*]a\d/)
  })

  test('the configuration is one that run takes, and says the same as the other objects', async () => {
    const { [CONFIGURATION_FILE]: text = '' } = specOf(options, 'ConfigMap') as Readonly<Record<string, string>>
    const folder = mkdtempSync(join(tmpdir(), 'crescendo-manifests-'))
    try {
      writeFileSync(join(folder, CONFIGURATION_FILE), text)
      const { controller, server, store } = await loadConfiguration({ file: join(folder, CONFIGURATION_FILE), env: {} })
      expect(controller).toMatchObject({ namespaces: options.watchNamespaces, dryRun: options.dryRun })
      expect(controller.leaderElection).toMatchObject({ leaseName: 'crescendo', leaseNamespace: options.namespace })
      expect(server).toMatchObject({ host: '0.0.0.0', port: 8080 })
      expect(store.type).toBe(options.databaseSecret === undefined ? 'Sqlite' : 'PostgreSql')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

interface Container {
  readonly securityContext: object
  readonly volumeMounts: readonly { readonly mountPath: string; readonly readOnly?: boolean }[]
  readonly env?: readonly object[]
  readonly livenessProbe: { readonly httpGet: object }
}

interface PodTemplate {
  readonly metadata: { readonly labels: object; readonly annotations: Readonly<Record<string, string>> }
  readonly spec: {
    readonly containers: readonly Container[]
    readonly securityContext: object
    readonly volumes: readonly object[]
    readonly hostNetwork?: boolean
  }
}

const templateOf = (options: ManifestOptions) => (specOf(options, 'Deployment') as { readonly template: PodTemplate }).template

describe('the pods', () => {
  test('follow Pod Security restricted: not root, no capability, no escalation, seccomp, no volume of the node', () => {
    const { spec } = templateOf(FULL)
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect((spec.securityContext as { readonly runAsUser: number }).runAsUser).toBeGreaterThan(0)
    for (const { securityContext, livenessProbe } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(livenessProbe.httpGet).not.toHaveProperty('host')
    }
    for (const volume of spec.volumes)
      expect(Object.keys(volume)).toEqual(['name', expect.stringMatching(/^(?:configMap|emptyDir)$/)])
    expect(JSON.stringify(spec)).not.toMatch(/host(?:Network|PID|IPC|Path|Port)/)
  })

  test('write only below the volume of the store and /tmp', () => {
    const [container] = templateOf(PLAIN).spec.containers
    expect(container?.volumeMounts.filter(({ readOnly }) => !readOnly).map(({ mountPath }) => mountPath)).toEqual([
      '/var/lib/crescendo',
      '/tmp',
    ])
  })

  test('are made anew when the configuration changes', () => {
    const of = (options: ManifestOptions) => templateOf(options).metadata.annotations
    expect(of(PLAIN)).toEqual(of({ ...PLAIN, image: 'other' }))
    expect(of(PLAIN)).not.toEqual(of({ ...PLAIN, dryRun: true }))
  })

  test('get the address of the database from a Secret, never from the manifest', () => {
    const node = { name: 'NODE_OPTIONS', value: '--max-semi-space-size=16' }
    expect(templateOf(PLAIN).spec.containers[0]?.env).toEqual([node])
    expect(templateOf(FULL).spec.containers[0]?.env).toEqual([
      node,
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'crescendo-database', key: 'url' } } },
    ])
  })

  test('are found by Service, PodDisruptionBudget and NetworkPolicy', () => {
    const { labels } = templateOf(PLAIN).metadata
    const service = specOf(PLAIN, 'Service') as { readonly selector: object }
    const budget = specOf(PLAIN, 'PodDisruptionBudget') as { readonly selector: { readonly matchLabels: object } }
    const policy = specOf(PLAIN, 'NetworkPolicy') as { readonly podSelector: { readonly matchLabels: object } }
    for (const selector of [service.selector, budget.selector.matchLabels, policy.podSelector.matchLabels])
      expect(labels).toMatchObject(selector)
  })
})

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
  readonly namespaceSelector?: { readonly matchLabels: Readonly<Record<string, string>> }
}

interface Policy {
  readonly policyTypes: readonly string[]
  readonly ingress: readonly { readonly from: readonly Peer[]; readonly ports: readonly object[] }[]
  readonly egress: readonly { readonly to: readonly Peer[]; readonly ports: readonly object[] }[]
}

describe('the NetworkPolicy', () => {
  const policyOf = (options: ManifestOptions) => specOf(options, 'NetworkPolicy') as Policy

  test('denies both ways what it does not list: no rule is open to any peer or any port', () => {
    const { policyTypes, ingress, egress } = policyOf(FULL)
    expect(policyTypes).toEqual(['Ingress', 'Egress'])
    for (const { from, ports } of ingress) expect([from.length > 0, ports.length > 0]).toEqual([true, true])
    for (const { to, ports } of egress) expect([to.length > 0, ports.length > 0]).toEqual([true, true])
  })

  test('never lets it reach a metadata service through the addresses of the API server', () => {
    const blocks = policyOf(PLAIN).egress.flatMap(({ to }) => to.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : [])))
    expect(blocks).toContainEqual({ cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] })
    expect(blocks.every(({ except = [] }) => except.length > 0)).toBe(true)
  })

  test('with --api-server only these addresses', () => {
    const blocks = policyOf({ ...PLAIN, apiServers: ['10.0.0.1/32'] }).egress.flatMap(({ to }) =>
      to.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock] : [])),
    )
    expect(blocks).toEqual([{ cidr: '10.0.0.1/32' }])
  })

  test('has DNS by UDP and TCP, each destination with its port, and the scrape from the monitoring namespace', () => {
    const { ingress, egress } = policyOf({ ...PLAIN, egress: [{ namespace: 'metrics', port: 8428 }] })
    const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } })
    expect(egress).toContainEqual({
      to: [inNamespace('kube-system')],
      ports: [
        { protocol: 'UDP', port: 53 },
        { protocol: 'TCP', port: 53 },
      ],
    })
    expect(egress).toContainEqual({ to: [inNamespace('metrics')], ports: [{ protocol: 'TCP', port: 8428 }] })
    expect(ingress).toEqual([{ from: [inNamespace('monitoring')], ports: [{ protocol: 'TCP', port: 8080 }] }])
  })
})

describe('parts', () => {
  test('together they are the whole, in their order', () => {
    expect(PARTS.flatMap(part => manifests(FULL, [part]))).toEqual(manifests(FULL))
  })

  test('a ServiceMonitor only where it is asked for: without the operator its kind is unknown', () => {
    expect(find(PLAIN, 'ServiceMonitor')).toBeUndefined()
    expect(find(FULL, 'ServiceMonitor')).toBeDefined()
  })

  test('the namespace takes only pods that are restricted', () => {
    expect(find(PLAIN, 'Namespace')?.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  })
})
