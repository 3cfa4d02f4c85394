import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { KubeObject } from '../../src/kube/api.ts'
import { applyObject } from '../../src/kube/apply.ts'
import { connect } from '../../src/kube/client.ts'
import { createDiscovery } from '../../src/kube/discovery.ts'
import { postEvent } from '../../src/kube/events.ts'
import { collectionPath } from '../../src/kube/paths.ts'
import { getScale, putScale } from '../../src/kube/scale.ts'
import { configMap, DEPLOYMENTS, kubeStage, settledScale, until } from './kube-stage.ts'

const stage = kubeStage()

test('/scale is written once for what was read; anything older is a 409', async () => {
  const kube = await stage.client()
  const ref = await stage.deployment('scaled')
  const before = await settledScale(kube, ref)
  expect(before).toMatchObject({ replicas: 0, selector: 'app=scaled' })
  const written = await putScale(kube, ref, { ...before, replicas: 3 })
  expect(written.replicas).toBe(3)
  await expect(putScale(kube, ref, { ...before, replicas: 5 })).rejects.toMatchObject({ status: 409, reason: 'Conflict' })
  const now = await settledScale(kube, ref)
  expect(now.replicas).toBe(3)
  await expect(putScale(kube, ref, { ...now, uid: 'another-object', replicas: 5 })).rejects.toMatchObject({ status: 409 })
  expect((await getScale(kube, ref)).replicas).toBe(3)
  const managers = JSON.parse(await stage.plane.kubectl(['get', 'deployment', 'scaled', '-o', 'json', '--show-managed-fields']))
    .metadata.managedFields
  expect(managers).toContainEqual(expect.objectContaining({ manager: 'crescendo', subresource: 'scale' }))
  await expect(getScale(kube, { ...ref, name: 'absent' })).rejects.toMatchObject({ status: 404, reason: 'NotFound' })
})

test('server-side apply sets the object and its status, owns its fields, and removes what it leaves out', async () => {
  const kube = await stage.client()
  const resource = { group: '', version: 'v1', plural: 'configmaps' }
  const object = (data: Record<string, string>) => ({
    ...configMap('applied', data),
    metadata: { name: 'applied', namespace: 'default' },
  })
  await applyObject(kube, { resource, object: object({ a: '1', b: '2' }) })
  const again = await applyObject<KubeObject & { data: object }>(kube, { resource, object: object({ a: '1' }) })
  expect(again.data).toEqual({ a: '1' })
  const ref = await stage.deployment('with-status')
  const condition = { type: 'Crescendo', status: 'True', reason: 'Test', message: 'by apply' }
  const status = await applyObject<KubeObject & { status: { conditions: readonly object[] } }>(kube, {
    resource: DEPLOYMENTS,
    subresource: 'status',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: ref.name, namespace: 'default' },
      status: { conditions: [condition] },
    } as KubeObject,
  })
  expect(status.status.conditions).toContainEqual(expect.objectContaining(condition))
})

test('an Event arrives and kubectl shows it', async () => {
  const kube = await stage.client()
  const ref = await stage.deployment('told')
  const { uid } = await getScale(kube, ref)
  const regarding = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'told', uid }
  const event = {
    type: 'Normal',
    reason: 'ScaledUp',
    action: 'Scale',
    at: Date.now(),
    instance: 'e2e',
    name: 'told.1',
  } as const
  await postEvent(kube, { ...event, regarding, note: `3 → 7: ${'音'.repeat(900)}` })
  await expect(postEvent(kube, { ...event, regarding, note: 'again' })).rejects.toMatchObject({
    status: 409,
    reason: 'AlreadyExists',
  })
  expect(await stage.plane.kubectl(['events', '--for', 'deployment/told'])).toContain('3 → 7')
})

test('discovery finds built-in kinds and custom ones with a scale subresource', async () => {
  const kube = await stage.client()
  const discovery = createDiscovery({ client: kube })
  expect(await discovery.resolve('apps/v1', 'StatefulSet')).toMatchObject({
    plural: 'statefulsets',
    hasScale: true,
    isNamespaced: true,
  })
  expect(await discovery.resolve('v1', 'Node')).toMatchObject({ plural: 'nodes', hasScale: false, isNamespaced: false })
  await expect(discovery.resolve('argoproj.io/v1alpha1', 'Rollout')).rejects.toMatchObject({ reason: 'UnknownKind' })
  await stage.plane.kubectl(['apply', '-f', '-'], JSON.stringify(rolloutDefinition()))
  await stage.plane.kubectl(['wait', '--for=condition=Established', 'crd/rollouts.argoproj.io'])
  const later = createDiscovery({ client: kube })
  await until(async () => (await later.resolve('argoproj.io/v1alpha1', 'Rollout').catch(() => undefined)) !== undefined, 60_000)
  const resource = await later.resolve('argoproj.io/v1alpha1', 'Rollout')
  expect(resource).toMatchObject({ plural: 'rollouts', hasScale: true, hasStatus: true })
  const body = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'r' }, spec: { replicas: 2 } }
  await stage.plane.api.call(collectionPath(resource, 'default'), { method: 'POST', body })
  const ref = { resource, namespace: 'default', name: 'r' }
  const scale = await settledScale(kube, ref)
  expect((await putScale(kube, ref, { ...scale, replicas: 4 })).replicas).toBe(4)
  await expect(putScale(kube, ref, { ...scale, replicas: 5 })).rejects.toMatchObject({ status: 409 })
})

test('a new token in the file is used, after the old one stopped working', async () => {
  const folder = join(stage.plane.folder, 'service-account')
  mkdirSync(folder)
  cpSync(stage.plane.caFile, join(folder, 'ca.crt'))
  const accounts = '/api/v1/namespaces/default/serviceaccounts'
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'rotated' } }
  const newToken = async () => {
    await stage.plane.api.call(accounts, { method: 'POST', body: account })
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
    const { status } = await stage.plane.api.call<{ status: { token: string } }>(`${accounts}/rotated/token`, {
      method: 'POST',
      body,
    })
    writeFileSync(join(folder, 'token'), `${status.token}\n`)
  }
  await newToken()
  const { hostname, port } = new URL(stage.plane.server)
  const env = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port }
  const { kubeconfig: _, ...inCluster } = { kubeconfig: '', inCluster: true, env, serviceAccountFolder: folder }
  const kube = await connect({ ...inCluster, userAgent: 'crescendo/e2e', queriesPerSecond: 100, burst: 100 })
  stage.atEnd(kube.close)
  const version = () => kube.request<{ gitVersion: string }>({ method: 'GET', path: '/api' })
  await version()
  await stage.plane.api.call(`${accounts}/rotated`, { method: 'DELETE' })
  // The API server itself believes a token for 10 s after it last saw it.
  const isRefused = () =>
    version().then(
      () => false,
      error => error.status === 401,
    )
  await until(isRefused, 30_000)
  await newToken()
  await until(
    () =>
      version().then(
        () => true,
        () => false,
      ),
    15_000,
  )
})

function rolloutDefinition() {
  const schema = {
    type: 'object',
    properties: {
      spec: { type: 'object', properties: { replicas: { type: 'integer' } } },
      status: { type: 'object', properties: { replicas: { type: 'integer' }, selector: { type: 'string' } } },
    },
  }
  const scale = {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  }
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: schema },
    subresources: { status: {}, scale },
  }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'rollouts.argoproj.io' },
    spec: { group: 'argoproj.io', scope: 'Namespaced', names: { plural: 'rollouts', kind: 'Rollout' }, versions: [version] },
  }
}
