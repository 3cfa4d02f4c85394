import { describe, expect, test } from 'vitest'
import { amount } from './fields.ts'
import { checkText } from './load.ts'
import { selectorText } from './metric-name.ts'
import { resolveSettings } from './policy.ts'
import { loadPolicy } from './policy-file.ts'
import { measuresLoad, targetOf } from './target.ts'

describe('the target of an object', () => {
  test('holds its metrics in milli-units, its limits, and the load one replica serves', async () => {
    const { object, settings } = await loadPolicy('examples/api-gateway-hpa.yaml')
    expect(object && targetOf(object, settings)).toEqual({
      id: 'default/api-gateway-hpa',
      minReplicas: 5,
      maxReplicas: 200,
      metrics: [
        { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 50 } },
        { type: 'Pods', metric: 'requests_per_second', target: { type: 'AverageValue', averageValue: 5_000_000 } },
      ],
      capacityPerReplica: 5000,
      startupMs: 60_000,
      periodMs: 15_000,
    })
  })

  test('every kind of metric, with its selector; no metric at all is 80 % CPU', () => {
    const text = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: a, namespace: web }
spec:
  scaleTargetRef: { kind: Deployment, name: a }
  maxReplicas: 9
  metrics:
  - { type: ContainerResource, containerResource: { name: memory, container: app, target: { type: AverageValue, averageValue: 1Gi } } }
  - { type: Object, object: { describedObject: { kind: Ingress, name: i }, metric: { name: errors }, target: { type: Value, value: 3 } } }
  - type: External
    external: { metric: { name: queue_length, selector: { matchLabels: { q: jobs } } }, target: { type: AverageValue, averageValue: "30" } }
`
    const at = (source: string) => {
      const document = checkText('F', source).resources[0]?.document
      if (document?.kind !== 'HorizontalPodAutoscaler') throw new Error('not read')
      const settings = resolveSettings({ policies: [], object: document })
      return targetOf(document, { ...settings, prediction: { capacityPerReplica: 30, ...settings.prediction } })
    }
    expect(at(text)).toMatchObject({
      id: 'web/a',
      capacityPerReplica: 30,
      metrics: [
        { type: 'ContainerResource', resource: 'memory', container: 'app', target: { averageValue: 1024 ** 3 * 1000 } },
        { type: 'Object', metric: 'errors', object: { kind: 'Ingress', name: 'i' }, target: { type: 'Value', value: 3000 } },
        { type: 'External', metric: 'queue_length', selector: 'q=jobs', target: { type: 'AverageValue', averageValue: 30_000 } },
      ],
    })
    expect(at(text.slice(0, text.indexOf('  metrics:'))).metrics).toEqual([
      { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 80 } },
    ])
  })

  test('an object whose metrics measure no load says what to state', async () => {
    const { object, settings } = await loadPolicy('examples/ml-inference-hpa.yaml')
    expect(object && targetOf(object, settings).capacityPerReplica).toBe(40)
    const { capacityPerReplica: _, ...prediction } = settings.prediction
    expect(() => object && targetOf(object, { ...settings, prediction })).toThrow(
      'ml-inference-hpa: nothing says what load one replica serves, expected spec.prediction.capacityPerReplica or --capacity-per-replica',
    )
  })
})

test.each([
  ['requests_per_second', true],
  ['inferences_per_minute', true],
  ['queue_length', true],
  ['inference_latency_ms', false],
  ['request_duration_seconds', false],
  ['requests_error_ratio', false],
  ['nvidia_gpu_percent', false],
])('%s measures load: %s', (metric, isLoad) => {
  expect(measuresLoad(metric)).toBe(isLoad)
})

test('a label selector in the form of the metrics APIs', () => {
  expect(
    selectorText({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'zone', operator: 'NotIn', values: ['c'] },
        { key: 'live', operator: 'Exists' },
        { key: 'canary', operator: 'DoesNotExist' },
      ],
    }),
  ).toBe('app=web,tier in (a,b),zone notin (c),live,!canary')
})

test.each([
  ['0.9999', 0.9999],
  ['0.0001', 0.0001],
  ['25m', 0.025],
  ['2Ki', 2048],
  ['1.5k', 1500],
  ['1e3', 1000],
  ['2E', 2e18],
  [5000, 5000],
] as const)('the amount of %s is %d', (quantity, expected) => {
  expect(amount(quantity)).toBe(expected)
})
