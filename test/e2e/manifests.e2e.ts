import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { type ControlPlane, startControlPlane } from './bed/control-plane.ts'
import { scaledObjectDefinition } from './keda-definition.ts'

const checkout = resolve(import.meta.dirname, '../..')
const NAMESPACE = 'crescendo-system'
const ACCOUNT = `system:serviceaccount:${NAMESPACE}:crescendo`

let cluster: ControlPlane

beforeAll(async () => {
  cluster = await startControlPlane()
  await cluster.kubectl(['create', 'namespace', 'shop'])
  await cluster.kubectl(['create', 'namespace', 'media'])
})
afterAll(async () => cluster?.stop())

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The real command, in a process of its own. */
function crescendo(...args: readonly string[]): Promise<Ran> {
  return new Promise(done => {
    const options = { cwd: checkout, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, NO_COLOR: '1' } }
    execFile(process.execPath, ['bin/crescendo.js', ...args], options, (error, stdout, stderr) => {
      done({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

const apply = (text: string, ...flags: readonly string[]) =>
  cluster.kubectl(['apply', '--server-side', ...flags, '-f', '-'], text)

interface Wish {
  readonly verb: string
  readonly group?: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
}

/** What the API server's own authoriser says about `user`. */
async function may(user: string, wish: Wish, groups: readonly string[] = []): Promise<boolean> {
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user, groups, resourceAttributes: wish },
  }
  const { status } = await cluster.api.call<{ readonly status: { readonly allowed: boolean } }>(
    '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    { method: 'POST', body },
  )
  return status.allowed
}

async function eventually<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (const until = Date.now() + 30_000; ; ) {
    const answer = await ask()
    if (isDone(answer) || Date.now() > until) return answer
    await new Promise(resume => setTimeout(resume, 200))
  }
}

const OURS = 'autoscaling.spotify.ai'

const NEEDED: readonly Wish[] = [
  ...['list', 'watch'].flatMap(verb => [
    { verb, group: OURS, resource: 'horizontalpodautoscalers' },
    { verb, group: OURS, resource: 'scalingpolicies' },
    { verb, group: OURS, resource: 'metricsources' },
    { verb, group: 'apps', resource: 'deployments' },
    { verb, group: 'apps', resource: 'statefulsets' },
    { verb, resource: 'pods' },
    { verb, group: 'autoscaling', resource: 'horizontalpodautoscalers' },
    { verb, group: 'keda.sh', resource: 'scaledobjects' },
  ]),
  { verb: 'patch', group: OURS, resource: 'horizontalpodautoscalers', subresource: 'status', namespace: 'shop', name: 'web' },
  ...['deployments', 'statefulsets', 'replicasets'].flatMap(resource =>
    ['get', 'update'].map(verb => ({ verb, group: 'apps', resource, subresource: 'scale', namespace: 'shop', name: 'web' })),
  ),
  { verb: 'create', group: 'events.k8s.io', resource: 'events', namespace: 'shop' },
  { verb: 'list', group: 'metrics.k8s.io', resource: 'pods', namespace: 'shop' },
  {
    verb: 'get',
    group: 'custom.metrics.k8s.io',
    resource: 'pods',
    subresource: 'requests_per_second',
    namespace: 'shop',
    name: 'x',
  },
  { verb: 'list', group: 'external.metrics.k8s.io', resource: 'queue_depth', namespace: 'shop' },
  { verb: 'get', resource: 'secrets', namespace: NAMESPACE, name: 'prometheus-token' },
  { verb: 'create', group: 'coordination.k8s.io', resource: 'leases', namespace: NAMESPACE },
  { verb: 'get', group: 'coordination.k8s.io', resource: 'leases', namespace: NAMESPACE, name: 'crescendo' },
  { verb: 'watch', group: 'coordination.k8s.io', resource: 'leases', namespace: NAMESPACE, name: 'crescendo' },
  { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: NAMESPACE, name: 'crescendo' },
]

const REFUSED: readonly Wish[] = [
  { verb: '*', group: '*', resource: '*' },
  { verb: 'list', resource: 'secrets' },
  { verb: 'list', resource: 'secrets', namespace: NAMESPACE },
  { verb: 'get', resource: 'secrets', namespace: NAMESPACE, name: 'another' },
  { verb: 'get', resource: 'secrets', namespace: 'shop', name: 'prometheus-token' },
  { verb: 'delete', resource: 'pods', namespace: 'shop', name: 'web-1' },
  { verb: 'create', resource: 'pods', namespace: 'shop' },
  { verb: 'create', resource: 'pods', subresource: 'exec', namespace: 'shop', name: 'web-1' },
  { verb: 'update', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' },
  { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'shop', name: 'web' },
  { verb: 'update', group: OURS, resource: 'horizontalpodautoscalers', namespace: 'shop', name: 'web' },
  { verb: 'patch', group: OURS, resource: 'horizontalpodautoscalers', namespace: 'shop', name: 'web' },
  { verb: 'update', group: 'autoscaling', resource: 'horizontalpodautoscalers', namespace: 'shop', name: 'web' },
  { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: NAMESPACE, name: 'another' },
  { verb: 'create', group: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-system' },
  { verb: 'get', group: 'custom.metrics.k8s.io', resource: 'pods', subresource: 'another', namespace: 'shop', name: 'x' },
  { verb: 'list', group: 'external.metrics.k8s.io', resource: 'another', namespace: 'shop' },
  { verb: 'bind', group: 'rbac.authorization.k8s.io', resource: 'clusterroles' },
  { verb: 'impersonate', resource: 'users' },
]

const OPTIONS = ['--custom-metric', 'requests_per_second', '--external-metric', 'queue_depth', '--secret', 'prometheus-token']

describe('an installation on a real API server', () => {
  test('everything that is printed is accepted at once, and again without a change', async () => {
    const { code, stdout } = await crescendo('manifests', ...OPTIONS)
    expect(code).toBe(0)
    await apply(stdout)
    expect(await apply(stdout, '--dry-run=server')).toContain('deployment.apps/crescendo serverside-applied (server dry run)')
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=20s'])
    await apply(stdout)
    expect(await cluster.kubectl(['diff', '--server-side', '-f', '-'], stdout)).toBe('')
  })

  test('the List of --json is accepted as well', async () => {
    const { stdout } = await crescendo('manifests', '--json', ...OPTIONS)
    await apply(stdout, '--dry-run=server')
  })

  test('the namespace refuses pods that are not restricted, and takes both of the Deployment', async () => {
    const containers = [{ image: 'x', name: 'x' }]
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'plain', namespace: NAMESPACE }, spec: { containers } }
    await expect(apply(stringify(pod))).rejects.toThrow(/violates PodSecurity "restricted/)
    const names = () => cluster.kubectl(['get', 'pods', '-n', NAMESPACE, '-l', 'app.kubernetes.io/name=crescendo', '-o', 'name'])
    const found = await eventually(names, text => text.trim().split('\n').length === 2)
    expect(found.trim().split('\n')).toHaveLength(2)
  })

  test.each(NEEDED)('the controller may $verb $group/$resource $subresource $name', async wish => {
    expect(await may(ACCOUNT, wish)).toBe(true)
  })

  test.each(REFUSED)('the controller may not $verb $group/$resource $subresource $name', async wish => {
    expect(await may(ACCOUNT, wish)).toBe(false)
  })

  test('whoever may view a namespace sees our objects in it, whoever may edit it edits them, and nobody else does', async () => {
    for (const [role, user] of [
      ['view', 'vera'],
      ['edit', 'ed'],
    ])
      await cluster.kubectl(['create', 'rolebinding', `${role}-${user}`, `--clusterrole=${role}`, `--user=${user}`, '-n', 'shop'])
    const ours = { group: OURS, resource: 'horizontalpodautoscalers', namespace: 'shop' }
    const asks = (user: string, verb: string) => may(user, { ...ours, verb })
    expect(await eventually(() => asks('vera', 'list'), Boolean)).toBe(true)
    expect(await eventually(() => asks('ed', 'create'), Boolean)).toBe(true)
    expect([await asks('vera', 'update'), await asks('ed', 'delete'), await asks('mallory', 'list')]).toEqual([
      false,
      true,
      false,
    ])
    expect(await may('vera', { ...ours, namespace: 'media', verb: 'list' })).toBe(false)
  })
})

describe('an installation that watches some namespaces', () => {
  const account = 'system:serviceaccount:narrow:crescendo'

  test('has its rights in these only', async () => {
    const narrow = ['--namespace', 'narrow', '--watch-namespace', 'shop', '--only', 'namespace', 'rbac']
    const { stdout } = await crescendo('manifests', ...narrow)
    const roles = parseAllDocuments(stdout).map(
      document => document.toJS() as { readonly kind: string; readonly metadata: { readonly name: string } },
    )
    expect(roles.filter(({ kind }) => kind === 'ClusterRoleBinding')).toHaveLength(1)
    await apply(stdout)
    const scale = { verb: 'update', group: 'apps', resource: 'deployments', subresource: 'scale', name: 'web' }
    expect(await may(account, { ...scale, namespace: 'shop' })).toBe(true)
    expect(await may(account, { ...scale, namespace: 'media' })).toBe(false)
    expect(await may(account, { verb: 'list', resource: 'pods' })).toBe(false)
    expect(await may(account, { verb: 'list', group: OURS, resource: 'scalingpolicies' })).toBe(true)
  })

  test('a dry run may not write anything', async () => {
    const dry = ['--dry-run', '--namespace', 'dry', '--watch-namespace', 'shop', '--only', 'namespace', 'rbac']
    const { stdout } = await crescendo('manifests', ...dry)
    await apply(stdout)
    const asDry = (wish: Wish) => may('system:serviceaccount:dry:crescendo', wish)
    expect(await asDry({ verb: 'list', resource: 'pods', namespace: 'shop' })).toBe(true)
    for (const wish of NEEDED.filter(({ verb }) => ['update', 'patch', 'create'].includes(verb)))
      expect(await asDry({ ...wish, namespace: 'shop' }), JSON.stringify(wish)).toBe(false)
  })
})

describe('crescendo import against a real API server', () => {
  test.each(['storefront-hpas', 'media-scaled-objects'])('what comes of %s is accepted by the CRDs', async name => {
    const { stdout } = await crescendo('import', `src/migrate/fixtures/${name}.yaml`)
    await apply(stdout, '--dry-run=server')
  })

  test('stock HPAs of the cluster become ours beside them, in mode Recommend', async () => {
    const stock = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'web', namespace: 'shop' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
        minReplicas: 2,
        maxReplicas: 9,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } }],
      },
    }
    await apply(stringify(stock))
    const { code, stdout, stderr } = await crescendo(
      'import',
      '--from-cluster',
      '--kubeconfig',
      cluster.kubeconfig,
      '--namespace',
      'shop',
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    await apply(stdout)
    const got = await cluster.kubectl(['get', 'chpa', 'web', '-n', 'shop', '-o', 'jsonpath={.spec.mode} {.spec.maxReplicas}'])
    expect(got).toBe('Recommend 9')
  })

  test('ScaledObjects of the cluster become ours too; what has no counterpart is named by object, and the exit code is 1', async () => {
    await apply(stringify(scaledObjectDefinition))
    await cluster.kubectl(['wait', '--for=condition=Established', 'crd/scaledobjects.keda.sh', '--timeout=20s'])
    await apply(readFileSync(resolve(checkout, 'src/migrate/fixtures/media-scaled-objects.yaml'), 'utf8'))
    const { code, stdout, stderr } = await crescendo(
      'import',
      '--from-cluster',
      '--kubeconfig',
      cluster.kubeconfig,
      '--namespace',
      'media',
    )
    expect(code).toBe(1)
    expect(stderr).toContain('left out, cluster, media/transcoder: trigger kafka')
    await apply(stdout)
    const got = await cluster.kubectl(['get', 'chpa,chms', '-n', 'media', '-o', 'name'])
    expect(
      got
        .trim()
        .split('\n')
        .map(name => name.split('/')[1])
        .toSorted(),
    ).toEqual(['prometheus-operated-monitoring', 'subtitles', 'transcoder'])
  })
})
