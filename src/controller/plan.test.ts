import { describe, expect, test } from 'vitest'
import type { Pod } from '../core/model.ts'
import { DOCUMENTS, type HorizontalPodAutoscaler } from '../resources/documents.ts'
import { resolveSettings } from '../resources/policy.ts'
import { fingerprintOf, type Known, planOf } from './plan.ts'

const object = (spec: object): HorizontalPodAutoscaler =>
  DOCUMENTS.HorizontalPodAutoscaler.parse({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 30,
      ...spec,
    },
  })

const rps = (perPod: string) => ({
  type: 'Pods',
  pods: { metric: { name: 'requests_per_second' }, target: { type: 'AverageValue', averageValue: perPod } },
})
const cpu = (percent: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
})
const latency = {
  type: 'Pods',
  pods: { metric: { name: 'inference_latency_ms' }, target: { type: 'AverageValue', averageValue: '100' } },
}
const pod: Pod = {
  name: 'web-1',
  phase: 'Running',
  deleted: false,
  containers: [
    { name: 'main', requests: { cpu: 500, 'nvidia.com/gpu': 1000 } },
    { name: 'sidecar', requests: { cpu: 100, 'nvidia.com/gpu': 0 }, restartableInit: true },
  ],
}
const known: Known = { pods: [pod], costPerReplicaHour: 0.1, manualFloorMs: 900_000, fallbackAfterMs: 120_000 }
const plan = (spec: object, more: Partial<Known> = {}) => {
  const document = object(spec)
  return planOf(document, resolveSettings({ policies: [], object: document }), { ...known, ...more })
}

describe('the plan of an object', () => {
  test('is of a kind with those of its profile, else of its policy, and with nobody where neither is stated', () => {
    const kinOf = (policy: string | undefined, profile?: 'ApiGateway' | 'Generic') => {
      const document = object({ metrics: [cpu(50)], ...(policy && { policyRef: { name: policy } }) })
      const settings = resolveSettings({ policies: [], object: document })
      return planOf(document, { ...settings, ...(profile && { profile }) }, known).kin
    }
    expect(kinOf('shop', 'ApiGateway')).toBe('profile ApiGateway')
    expect(kinOf('shop', 'Generic')).toBe('policy shop')
    expect(kinOf('shop')).toBe('policy shop')
    expect(kinOf(undefined, 'Generic')).toBeUndefined()
    expect(kinOf(undefined)).toBeUndefined()
  })

  test('forecasts arriving work before the use of a resource, and knows what a replica carries of either', () => {
    const both = plan({ metrics: [cpu(50), rps('5000')] })
    expect(both).toMatchObject({ drivers: ['requests_per_second', 'cpu'], driver: 'requests_per_second', prediction: 'Additive' })
    expect(both.target.capacityPerReplica).toBe(5000)
    const byCpu = plan({ metrics: [cpu(50), rps('5000')] }, { driver: 'cpu' })
    expect(byCpu.driver).toBe('cpu')
    expect(byCpu.target.capacityPerReplica).toBeCloseTo(0.3)
  })

  test('the use of a CPU or a GPU is a demand too: of the request of one pod, as much as the target says', () => {
    const gpu = {
      type: 'Resource',
      resource: { name: 'nvidia.com/gpu', target: { type: 'Utilization', averageUtilization: 85 } },
    }
    const both = plan({ metrics: [gpu, latency] })
    expect(both.drivers).toEqual(['nvidia.com/gpu'])
    expect(both.target.capacityPerReplica).toBeCloseTo(0.85)
  })

  test('a Utilization objective is one more metric once it was read, where the spec has none for it and does not ask for the stock HPA', () => {
    const objectives = [{ type: 'Utilization', resource: 'nvidia.com/gpu', percent: 80 }]
    const metricsWith = (spec: object, readable?: readonly string[]) =>
      plan({ objectives, ...spec }, readable && { readable }).target.metrics.map(
        metric => 'resource' in metric && metric.resource,
      )
    expect(metricsWith({ metrics: [cpu(50)] })).toEqual(['cpu'])
    expect(metricsWith({ metrics: [cpu(50)] }, ['nvidia.com/gpu'])).toEqual(['cpu', 'nvidia.com/gpu'])
    expect(plan({ metrics: [cpu(50)], objectives }, { readable: ['nvidia.com/gpu'] }).target.metrics[1]).toEqual({
      type: 'Resource',
      resource: 'nvidia.com/gpu',
      target: { type: 'Utilization', averageUtilizationPercent: 80 },
    })
    expect(metricsWith({ metrics: [cpu(50)], prediction: { mode: 'Off' } }, ['nvidia.com/gpu'])).toEqual(['cpu'])
    const own = {
      type: 'Resource',
      resource: { name: 'nvidia.com/gpu', target: { type: 'Utilization', averageUtilization: 90 } },
    }
    expect(metricsWith({ metrics: [own] }, ['nvidia.com/gpu'])).toEqual(['nvidia.com/gpu'])
  })

  test('where nothing adds up to a load there is no forecast, and no demand to miss', () => {
    for (const one of [plan({ metrics: [latency] }), plan({ metrics: [cpu(50)] }, { pods: [] })]) {
      expect(one).toMatchObject({ drivers: [], prediction: 'Off', options: { guards: { hold: { demand: 'None' } } } })
    }
  })

  test('what is stated wins: drivers, capacity, start-up', () => {
    const prediction = { drivers: [{ metric: 'jobs' }], capacityPerReplica: '7', startupSeconds: 90, mode: 'Slo' }
    const stated = plan({ metrics: [cpu(50)], prediction }, { startupMs: 5000 })
    expect(stated).toMatchObject({ drivers: ['jobs'], prediction: 'Slo', target: { capacityPerReplica: 7, startupMs: 90_000 } })
    expect(plan({ metrics: [rps('100')] }, { startupMs: 5000 }).target.startupMs).toBe(5000)
    expect(plan({ metrics: [rps('100')] }).target.startupMs).toBe(60_000)
    const document = object({ metrics: [rps('100')] })
    const settings = resolveSettings({ policies: [], object: document })
    const ofItsKind = {
      ...settings,
      prediction: { ...settings.prediction, startupSeconds: 30 },
      origins: { ...settings.origins, 'prediction.startupSeconds': 'profile ApiGateway' },
    }
    expect(planOf(document, ofItsKind, known).target.startupMs).toBe(30_000)
    expect(planOf(document, ofItsKind, { ...known, startupMs: 5000 }).target.startupMs).toBe(5000)
  })

  test('ScaleOutOnly switches scaling down off and leaves the rest of behavior alone', () => {
    const behavior = { scaleUp: { stabilizationWindowSeconds: 7 } }
    expect(plan({ metrics: [rps('100')], mode: 'ScaleOutOnly', behavior }).target.behavior).toEqual({
      scaleUp: { stabilizationWindowSeconds: 7 },
      scaleDown: { selectPolicy: 'Disabled' },
    })
  })

  test('in a mode that writes nothing, what others do to the replicas is nothing to answer', () => {
    expect(plan({ metrics: [rps('100')] }).options.manual).toEqual({ manualFloorMs: 900_000 })
    expect(plan({ metrics: [rps('100')], mode: 'Recommend' }).options.manual).toBe('Off')
  })

  test('rules are made anew for another capacity, start-up, mode or period, and for nothing else', () => {
    const base = fingerprintOf(plan({ metrics: [rps('100')] }))
    const same = [plan({ metrics: [rps('100'), cpu(50)], maxReplicas: 40 }), plan({ metrics: [rps('100')], minReplicas: 3 })]
    expect(same.map(fingerprintOf)).toEqual([base, base])
    const others = [
      plan({ metrics: [rps('200')] }),
      plan({ metrics: [rps('100')] }, { startupMs: 90_000 }),
      plan({ metrics: [rps('100')], prediction: { mode: 'Slo' } }),
      plan({ metrics: [rps('100')], periodSeconds: 5 }),
    ]
    expect(new Set([base, ...others.map(fingerprintOf)]).size).toBe(5)
  })
})
