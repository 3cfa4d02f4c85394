import { expect, test } from 'vitest'
import { checkText } from './load.ts'
import { resolveSettings } from './policy.ts'
import { throughputDoubts } from './throughput.ts'

const hpa = (maxReplicas: number, more = '') => `apiVersion: autoscaling.spotify.ai/v2
kind: HorizontalPodAutoscaler
metadata: { name: web }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: ${maxReplicas}
  metrics:
    - { type: Pods, pods: { metric: { name: requests_per_second }, target: { type: AverageValue, averageValue: "400" } } }
  objectives:
    - { type: Throughput, metric: { name: requests_per_second }, min: "5k" }
    - { type: Throughput, metric: { name: jobs_per_minute }, min: "5k" }
    - { type: ErrorRatio, threshold: "0.01" }
${more}`

const warnings = (text: string) => checkText('web.yaml', text).problems.map(({ severity, message }) => `${severity}: ${message}`)

test('a throughput that maxReplicas cannot serve is a warning, with what would do; one that nobody can judge is none', () => {
  expect(warnings(hpa(12))).toEqual([
    'warning: the Throughput of 5000 requests_per_second is out of reach: 12 replicas serve 4800; raise maxReplicas to 13',
  ])
  expect(warnings(hpa(13))).toEqual([])
})

test('so it is among the warnings of what is in force, where a replica is said to serve that much of the first driver', () => {
  const [resource] = checkText(
    'web.yaml',
    hpa(12, '  prediction: { capacityPerReplica: "100", drivers: [{ metric: requests_per_second }] }\n'),
  ).resources
  const object = resource?.document
  if (object?.kind !== 'HorizontalPodAutoscaler') throw new Error('no object')
  expect(resolveSettings({ policies: [], object }).warnings).toEqual([
    expect.stringContaining('12 replicas serve 1200; raise maxReplicas to 50'),
  ])
})

test('what is within reach, and what promises something else, is left alone', () => {
  const capacityOf = () => 10
  expect(
    throughputDoubts(
      [
        { type: 'Throughput', metric: 'm', min: 100 },
        { type: 'Guard', metric: 'm', min: 1e9 },
      ],
      { maxReplicas: 10, capacityOf },
    ),
  ).toEqual([])
})
