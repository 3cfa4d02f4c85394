import { describe, expect, test } from 'vitest'
import type { MetricAnswer, MetricSpec, Pod } from '../model.ts'
import { evaluate, type HpaMetric, tellMetric } from './metric.ts'
import { stockSettings } from './settings.ts'

const pod: Pod = {
  name: 'web-0',
  phase: 'Running',
  deleted: false,
  startedAt: 0,
  ready: { status: 'True', since: 0 },
  containers: [{ name: 'app', requests: { cpu: 1000 } }],
}
const now = 10_000_000
const facts = { now, settings: stockSettings, specReplicas: 1, statusReplicas: 2, pods: [pod], tolerance: { down: 0.1, up: 0.1 } }
const samples: MetricAnswer = {
  kind: 'pods',
  samples: [{ pod: 'web-0', at: now, windowMs: 15_000, value: 3000, byContainer: { app: 800 } }],
}
const values: MetricAnswer = { kind: 'values', values: [9000], at: now }
const object = { kind: 'Ingress', name: 'front' }
const utilization = { type: 'Utilization', averageUtilizationPercent: 40 } as const
const average = { type: 'AverageValue', averageValue: 1000 } as const
const value = { type: 'Value', value: 3000 } as const

const metrics: readonly [string, MetricSpec, MetricAnswer, number, string][] = [
  [
    'cpu resource utilization (percentage of request)',
    { type: 'Resource', resource: 'cpu', target: utilization },
    samples,
    2,
    'cpu at 80 % of the requests, target 40 %',
  ],
  [
    'cpu container resource utilization (percentage of request)',
    { type: 'ContainerResource', resource: 'cpu', container: 'app', target: utilization },
    samples,
    2,
    'cpu at 80 % of the requests, target 40 %',
  ],
  [
    'cpu resource',
    { type: 'Resource', resource: 'cpu', target: { ...average, averageValue: 200 } },
    samples,
    4,
    'cpu 0.8 of 0.2 per replica',
  ],
  ['pods metric rps', { type: 'Pods', metric: 'rps', target: average }, samples, 3, 'rps 3 of 1 per replica'],
  ['Ingress metric rps', { type: 'Object', metric: 'rps', object, target: value }, values, 3, 'rps 9 of 3'],
  ['external metric rps(nil)', { type: 'Object', metric: 'rps', object, target: average }, values, 9, 'rps 4.5 of 1 per replica'],
  [
    'external metric queue(app=web)',
    { type: 'External', metric: 'queue', selector: 'app=web', target: value },
    values,
    3,
    'queue 9 of 3',
  ],
  [
    'external metric queue(nil)',
    { type: 'External', metric: 'queue', target: { ...value, ...average } },
    values,
    9,
    'queue 4.5 of 1 per replica',
  ],
]

describe('a metric that can be told', () => {
  test.each(metrics)('%s', (...[name, spec, answer, replicas, told]) => {
    const counted = evaluate(spec, answer, facts)
    expect(counted).toMatchObject({ kind: 'counted', name, replicas })
    expect(counted.kind === 'counted' && tellMetric(spec, counted.status)).toBe(told)
  })

  test('of a container reports the container', () => {
    const spec = metrics[1]?.[1] as MetricSpec
    expect(evaluate(spec, samples, facts)).toMatchObject({ status: { container: 'app', average: 800, utilizationPercent: 80 } })
  })
})

describe('a metric that fails says why, with the reason that upstream gives', () => {
  const missing: MetricAnswer = { kind: 'missing', why: 'timeout after 2 s' }

  test.each(metrics)('%s: when nothing answers', (_, spec) => {
    const reason = `FailedGet${spec.type}Metric`
    expect(evaluate(spec, missing, facts)).toMatchObject({
      kind: 'failed',
      reason,
      fault: 'internal',
      why: expect.stringMatching(/: timeout after 2 s$/),
    })
    expect(evaluate(spec, undefined, facts)).toMatchObject({ kind: 'failed', reason })
  })

  test.each(metrics)('%s: when the answer is of the other kind or empty', (_, spec, answer) => {
    expect(evaluate(spec, answer.kind === 'pods' ? values : samples, facts)).toMatchObject({ kind: 'failed' })
    const empty: MetricAnswer = answer.kind === 'pods' ? { kind: 'pods', samples: [] } : { kind: 'values', values: [], at: now }
    expect(evaluate(spec, empty, facts)).toMatchObject({
      kind: 'failed',
      why: expect.stringContaining('no metrics returned from'),
    })
  })

  test.each([
    [{ type: 'Resource', resource: 'cpu', target: value }, 'invalid resource metric source: neither'],
    [{ type: 'Pods', metric: 'rps', target: value }, 'invalid pods metric source: no average'],
    [
      { type: 'Object', metric: 'rps', object, target: { type: 'Value', averageValue: 1 } },
      'invalid object metric source: neither',
    ],
    [{ type: 'External', metric: 'rps', target: utilization }, 'invalid external metric source: neither'],
  ] satisfies [MetricSpec, string][])('when its target sets nothing that it can use: %o', (spec, why) => {
    expect(evaluate(spec, samples, facts)).toMatchObject({ kind: 'failed', why: expect.stringContaining(why) })
  })

  test('when a value cannot be counted for want of pods', () => {
    const spec: MetricSpec = { type: 'External', metric: 'queue', target: value }
    expect(evaluate(spec, values, { ...facts, pods: [] })).toMatchObject({
      reason: 'FailedGetExternalMetric',
      why: expect.stringContaining('no pods'),
    })
  })

  test('when its type is unknown, which is a fault of the spec', () => {
    const spec: HpaMetric = { type: 'Unknown', named: 'CheddarCheese' }
    expect(evaluate(spec, values, facts)).toEqual({
      kind: 'failed',
      reason: 'InvalidMetricSourceType',
      why: 'unknown metric source type CheddarCheese',
      fault: 'spec',
    })
  })
})
