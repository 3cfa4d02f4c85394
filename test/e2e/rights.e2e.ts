import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments, stringify } from 'yaml'
import { type Bed, startBed } from './bed/bed.ts'
import { deploymentObject, eventually, namespaceObject, stockHpaObject } from './bed/cluster-objects.ts'
import { type CrescendoProcess, startCrescendo } from './bed/crescendo.ts'
import { scaledObjectDefinition } from './keda-definition.ts'

/**
 * The controller with the rights that `crescendo manifests` prints and no other, on an API server that keeps an audit log: what it is
 * refused, and what it was granted and never uses, both stand there.
 */

const checkout = resolve(import.meta.dirname, '../..')
const NAMESPACE = 'crescendo-system'
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:crescendo`

const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [{ level: 'Metadata', users: [ACCOUNT] }, { level: 'None' }],
}

const OPTIONS = [
  ...['--secret', 'prometheus-token'],
  ...['--custom-metric', 'requests_in_flight', 'services/sessions'],
  ...['--external-metric', 'queue_depth'],
]

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

interface Audited {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource: string
    readonly subresource?: string
    readonly namespace?: string
  }
  readonly responseStatus?: { readonly code: number }
}

const folder = mkdtempSync(join(tmpdir(), 'crescendo-rights-'))
const auditLog = join(folder, 'audit.log')
let bed: Bed
let controller: CrescendoProcess
let standby: CrescendoProcess

const printed = async (...args: readonly string[]) =>
  (await promisify(execFile)(process.execPath, ['bin/crescendo.js', 'manifests', ...args], { cwd: checkout, maxBuffer: 1 << 26 }))
    .stdout

const ours = (name: string, spec: object) => ({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name, namespace: 'shop' },
  spec: { minReplicas: 1, maxReplicas: 9, mode: 'Auto', periodSeconds: 3, ...spec },
})
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }
const external = {
  type: 'External',
  external: { metric: { name: 'queue_depth' }, target: { type: 'AverageValue', averageValue: '10' } },
}

beforeAll(async () => {
  writeFileSync(join(folder, 'policy.yaml'), stringify(AUDIT_POLICY))
  const apiServerFlags = [`--audit-policy-file=${join(folder, 'policy.yaml')}`, `--audit-log-path=${auditLog}`]
  bed = await startBed({ controlPlane: { apiServerFlags }, metrics: { resolutionSeconds: 2 } })
  await bed.plane.kubectl(['apply', '--server-side', '-f', '-'], await printed(...OPTIONS))
  await bed.apply(scaledObjectDefinition)
  await bed.plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
  await bed.apply(namespaceObject('shop'))
  await bed.apply(...workloads())
  bed.load.serve({ namespace: 'shop', name: 'web', requestsPerSecond: () => 4, coreSecondsPerRequest: 0.25 })
  bed.metrics.set({ name: 'queue_depth', namespace: 'shop', value: '45' })
  bed.metrics.set({ name: 'sessions', namespace: 'shop', value: '40', object: { resource: 'services', name: 'web' } })
  const begin = async () =>
    startCrescendo({
      kubeconfig: await bed.plane.serviceAccountKubeconfig({ namespace: NAMESPACE, name: 'crescendo' }),
      config: await configurationOf(),
      env: { CRESCENDO_SERVER_HOST: '127.0.0.1', CRESCENDO_SERVER_PORT: '0', CRESCENDO_STORE_PATH: 'crescendo.db' },
    })
  controller = await begin()
  await controller.line(({ msg }) => msg === 'leading')
  standby = await begin()
})
afterAll(async () => {
  await standby?.remove()
  await controller?.remove()
  await bed?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A target of each kind that may be scaled, with metrics of each API. */
function workloads(): readonly object[] {
  const metricOfPods = {
    type: 'Pods',
    pods: { metric: { name: 'requests_in_flight' }, target: { type: 'AverageValue', averageValue: '5' } },
  }
  const describedObject = { apiVersion: 'v1', kind: 'Service', name: 'web' }
  const metricOfObject = {
    type: 'Object',
    object: { describedObject, metric: { name: 'sessions' }, target: { type: 'AverageValue', averageValue: '10' } },
  }
  const fromPrometheus = {
    type: 'External',
    external: { metric: { name: 'shop_requests' }, target: { type: 'AverageValue', averageValue: '100' } },
  }
  const scales = (kind: string, name: string, metrics: readonly object[]) =>
    ours(name, { scaleTargetRef: { apiVersion: 'apps/v1', kind, name }, metrics })
  return [
    deploymentObject({ namespace: 'shop', name: 'web', replicas: 2 }),
    scales('Deployment', 'web', [cpu, metricOfPods, metricOfObject, fromPrometheus]),
    ofKind('StatefulSet', 'ledger'),
    scales('StatefulSet', 'ledger', [external]),
    ofKind('ReplicaSet', 'batch'),
    scales('ReplicaSet', 'batch', [external]),
    deploymentObject({ namespace: 'shop', name: 'kept', replicas: 1 }),
    {
      apiVersion: 'keda.sh/v1alpha1',
      kind: 'ScaledObject',
      metadata: { name: 'kept', namespace: 'shop' },
      spec: { scaleTargetRef: { name: 'kept' }, triggers: [{ type: 'kafka', metadata: {} }] },
    },
    scales('Deployment', 'kept', [external]),
    deploymentObject({ namespace: 'shop', name: 'contested', replicas: 1 }),
    stockHpaObject({ namespace: 'shop', name: 'contested', minReplicas: 1, maxReplicas: 3, cpuPercent: 80 }),
    scales('Deployment', 'contested', [external]),
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'prometheus-token', namespace: NAMESPACE },
      stringData: { token: 'canary-token' },
    },
    {
      apiVersion: 'autoscaling.spotify.ai/v2',
      kind: 'MetricSource',
      metadata: { name: 'prometheus' },
      spec: {
        type: 'Prometheus',
        url: bed.prometheus.url,
        authentication: { secretRef: { name: 'prometheus-token' } },
        catalogue: [
          { name: 'shop_requests', query: 'sum(rate(http_requests_total{namespace="$namespace"}[10s]))', kind: 'Load' },
        ],
      },
    },
  ]
}

function ofKind(kind: 'StatefulSet' | 'ReplicaSet', name: string): object {
  const { spec, ...rest } = deploymentObject({ namespace: 'shop', name, replicas: 1 }) as { readonly spec: object } // as it is made
  return { ...rest, kind, spec: { ...spec, ...(kind === 'StatefulSet' && { serviceName: name }) } }
}

/** What the ConfigMap of the manifests holds. */
async function configurationOf(): Promise<object> {
  const documents = parseAllDocuments(await printed('--only', 'configuration'))
  const configMap: unknown = documents[0]?.toJS()
  const { data } = configMap as { readonly data: Readonly<Record<string, string>> } // the only object of that part
  return parse(data['global-config.yaml'] ?? '') as object
}

/** Rights that the API server holds for the controller, each as "group/resource verb". */
async function grantedRights(): Promise<ReadonlySet<string>> {
  const documents = parseAllDocuments(await printed('--only', 'rbac', ...OPTIONS)).map(
    document =>
      document.toJS() as {
        readonly kind: string
        readonly metadata: { readonly labels: object }
        readonly rules?: readonly Rule[]
      },
  )
  const roles = documents.filter(
    ({ kind, metadata }) => /Role$/.test(kind) && !JSON.stringify(metadata.labels).includes('aggregate-to'),
  )
  const rights = roles.flatMap(({ rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => `${group}/${resource} ${verb}`))),
    ),
  )
  return new Set(rights)
}

function audited(): readonly Audited[] {
  return readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter(line => line.endsWith('}'))
    .map(line => JSON.parse(line) as Audited)
}

function rightOf({ verb, objectRef }: Audited): readonly string[] {
  if (objectRef === undefined) return []
  const { apiGroup = '', resource, subresource } = objectRef
  return [`${apiGroup}/${resource}${subresource === undefined ? '' : `/${subresource}`} ${verb}`]
}

const usedRights = (): ReadonlySet<string> =>
  new Set(
    audited()
      .flatMap(rightOf)
      .filter(right => !LOOKED_FOR.includes(right)),
  )

/**
 * While its catalogue has no answer, a metric is looked for in the metrics APIs too. Where nobody granted that, the refusal counts as
 * a missing value, as it should.
 */
const LOOKED_FOR = ['external.metrics.k8s.io/shop_requests list']

const replicasOf = async (plural: string, name: string) =>
  (await bed.plane.api.call<{ readonly spec: { readonly replicas: number } }>(`/apis/apps/v1/namespaces/shop/${plural}/${name}`))
    .spec.replicas

describe('the controller with its own rights only', () => {
  test('scales a Deployment, a StatefulSet and a ReplicaSet', async () => {
    for (const [plural, name, before] of [
      ['deployments', 'web', 2],
      ['statefulsets', 'ledger', 1],
      ['replicasets', 'batch', 1],
    ] as const) {
      const replicas = await eventually(`more than ${before} replicas of ${name}`, 60_000, async () => {
        const found = await replicasOf(plural, name)
        return found > before ? found : undefined
      })
      expect(replicas).toBeGreaterThan(before)
    }
  })

  test.each([
    ['stock HPA', 'contested'],
    ['ScaledObject', 'kept'],
  ])('sees the %s on the same target and leaves it alone, and says so in status and Event', async (_, name) => {
    const status = '{.status.conditions[?(@.type=="ConflictingWriter")].status}'
    const isTold = async () =>
      (await bed.plane.kubectl(['get', 'chpa', name, '-n', 'shop', '-o', `jsonpath=${status}`])) === 'True'
    await eventually('ConflictingWriter', 30_000, async () => (await isTold()) || undefined)
    const about = [
      'get',
      'events.events.k8s.io',
      '-n',
      'shop',
      '-o',
      'jsonpath={range .items[*]}{.regarding.name} {.note}{"\\n"}{end}',
    ]
    const isNoted = async () => new RegExp(`^${name} .*only recommending`, 'm').test(await bed.plane.kubectl(about))
    await eventually('an Event', 30_000, async () => (await isNoted()) || undefined)
    expect(await replicasOf('deployments', name)).toBe(1)
  })

  test('reads a scale again that somebody else changed meanwhile, and scales all the same', async () => {
    let turn = 0
    const disturb = (plural: string, name: string) => {
      const body = { metadata: { annotations: { 'shop.example.com/turn': String(turn++) } } }
      return bed.plane.api.call(`/apis/apps/v1/namespaces/shop/${plural}/${name}`, { method: 'PATCH', body })
    }
    const wanted = ['apps/deployments/scale get', 'apps/statefulsets/scale get']
    // In steps, so that there are several writes to come between.
    const began = Date.now()
    const step = () => Math.min(8, Math.floor((Date.now() - began) / 4000) + 1)
    bed.load.serve({ namespace: 'shop', name: 'web', requestsPerSecond: () => 4 + step(), coreSecondsPerRequest: 0.25 })
    await eventually('both scales read again', 60_000, async () => {
      bed.metrics.set({ name: 'queue_depth', namespace: 'shop', value: String(45 + 5 * step()) })
      for (let round = 0; round < 40; round++)
        await Promise.all([disturb('deployments', 'web'), disturb('statefulsets', 'ledger')])
      const used = usedRights()
      return wanted.every(right => used.has(right)) ? true : undefined
    })
    bed.metrics.set({ name: 'queue_depth', namespace: 'shop', value: '85' })
    await eventually('9 replicas', 60_000, async () => ((await replicasOf('statefulsets', 'ledger')) === 9 ? true : undefined))
  })
})

describe('the rights, after all that', () => {
  test('are enough: nothing was refused', () => {
    const refused = audited().filter(({ responseStatus }) => responseStatus?.code === 403)
    expect(refused.flatMap(rightOf).filter(right => !LOOKED_FOR.includes(right))).toEqual([])
  })

  test('are no more than that: every one was used', async () => {
    const granted = await grantedRights()
    await eventually('every right used', 60_000, async () => {
      const used = usedRights()
      return [...granted].every(right => used.has(right)) ? true : undefined
    }).catch(() => undefined)
    const used = usedRights()
    expect(
      [...used].filter(right => !granted.has(right)),
      'used and not granted',
    ).toEqual([])
    expect(
      [...granted].filter(right => !used.has(right)),
      'granted and not used',
    ).toEqual([])
  })

  test('show no token in log, status or Event', async () => {
    expect(readFileSync(controller.logFile, 'utf8')).not.toContain('canary-token')
    expect(await bed.plane.kubectl(['get', 'chpa,chms,events', '-A', '-o', 'yaml'])).not.toContain('canary-token')
  })
})
