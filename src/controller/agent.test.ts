import { expect, test } from 'vitest'
import { KubeError } from '../kube/kube-error.ts'
import { type AgentWorld, createAgent } from './agent.ts'
import { readAutoscaler } from './objects.ts'

const web = readAutoscaler({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'web', namespace: 'shop', uid: 'web', resourceVersion: '1' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 30 },
})

async function forgottenAfter(error: Error, isDeleted = false): Promise<readonly string[]> {
  const forgotten: string[] = []
  let object: typeof web | undefined = web
  const world = {
    object: () => object,
    clock: { now: () => 0 },
    settings: () => ({}),
    target: () => {
      if (isDeleted) object = undefined
      return Promise.reject(error)
    },
    shared: { forget: (id: string) => forgotten.push(id) },
  } as unknown as AgentWorld // all that a turn without a target asks for
  await createAgent(web.id, world).turn()
  return forgotten
}

test('the shared budgets forget an object whose target does not exist, and keep one whose target cannot be read', async () => {
  expect(await forgottenAfter(new KubeError('no', { status: 404, reason: 'NotFound' }))).toEqual(['shop/web'])
  expect(await forgottenAfter(new KubeError('no', { status: 503, reason: 'ServiceUnavailable' }))).toEqual([])
})

test('the shared budgets forget an object that was deleted during its turn', async () => {
  expect(await forgottenAfter(new Error('no'), true)).toEqual(['shop/web'])
})
