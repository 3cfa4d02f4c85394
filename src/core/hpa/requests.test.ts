import { expect, test } from 'vitest'
import type { Pod } from '../model.ts'
import { podRequests } from './requests.ts'

const pod: Pod = {
  name: 'web-0',
  phase: 'Running',
  deleted: false,
  containers: [
    { name: 'app', requests: { cpu: 100, memory: 2n ** 60n } },
    { name: 'proxy', requests: { cpu: 50, memory: 1 }, restartableInit: true },
  ],
}
const cpu = { resource: 'cpu', podLevelResources: true }

test('a pod requests what its containers and sidecars request together', () => {
  expect(podRequests([pod], cpu)).toEqual(new Map([['web-0', 150]]))
  expect(podRequests([pod], { ...cpu, resource: 'memory' })).toEqual(new Map([['web-0', 2n ** 60n + 1n]]))
})

test('a named container stands for itself', () => {
  expect(podRequests([pod], { ...cpu, container: 'proxy' })).toEqual(new Map([['web-0', 50]]))
})

test('a request of the pod itself outranks its containers where the feature is on', () => {
  const whole = { ...pod, requests: { cpu: 800 } }
  expect(podRequests([whole], cpu)).toEqual(new Map([['web-0', 800]]))
  expect(podRequests([whole], { ...cpu, podLevelResources: false })).toEqual(new Map([['web-0', 150]]))
  expect(podRequests([whole], { ...cpu, container: 'app' })).toEqual(new Map([['web-0', 100]]))
})

test.each([
  ['a container that is not there', { ...cpu, container: 'db' }, 'container db not found in Pod web-0'],
  [
    'a container without the request',
    { ...cpu, resource: 'gpu', container: 'app' },
    'missing request for gpu in container app of Pod web-0',
  ],
  ['any container without the request', { ...cpu, resource: 'gpu' }, 'missing request for gpu in container app of Pod web-0'],
])('%s makes the metric unusable', (_, of, why) => {
  expect(podRequests([pod], of)).toEqual({ kind: 'failed', why })
})

test('a pod that sets requests of its own, but not this one, makes the metric unusable', () => {
  const why = 'missing pod-level request for cpu in Pod web-0'
  expect(podRequests([{ ...pod, requests: { memory: 1 } }], cpu)).toEqual({ kind: 'failed', why })
})
