import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Milli, Pod, PodSample } from '../model.ts'
import { podsMetricReplicas, resourceAverageReplicas, resourceUtilizationReplicas } from './pod-replicas.ts'
import { stockSettings } from './settings.ts'

const now = 10_000_000
const tolerance = { down: 0.1, up: 0.1 }

function pods(count: number, change: Partial<Pod> = {}, first = 0): readonly Pod[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `web-${first + index}`,
    phase: 'Running' as const,
    deleted: false,
    startedAt: 0,
    ready: { status: 'True' as const, since: 0 },
    containers: [{ name: 'app', requests: { cpu: 1000 } }],
    ...change,
  }))
}

const used = (values: readonly Milli[]): readonly PodSample[] =>
  values.map((value, index) => ({ pod: `web-${index}`, at: now, windowMs: 15_000, value, byContainer: { app: value } }))

const facts = (of: readonly Pod[], values: readonly Milli[], replicas = of.length) => ({
  now,
  settings: stockSettings,
  replicas,
  pods: of,
  samples: used(values),
  tolerance,
})
const cpu = (percent: number) => ({ resource: 'cpu', percent })

describe('replicas for a utilization of the requests', () => {
  test('follow the ratio of usage to target, rounded up', () => {
    const count = resourceUtilizationReplicas(facts(pods(3), [300, 500, 700]), cpu(30))
    expect(count).toEqual({ kind: 'counted', replicas: 5, usage: { ratio: 50 / 30, average: 500, utilizationPercent: 50 } })
  })

  test('stay within the tolerance, both ends included', () => {
    expect(resourceUtilizationReplicas(facts(pods(10), Array(10).fill(550)), cpu(50))).toMatchObject({ replicas: 10 })
    expect(resourceUtilizationReplicas(facts(pods(10), Array(10).fill(560)), cpu(50))).toMatchObject({ replicas: 12 })
    expect(resourceUtilizationReplicas(facts(pods(10), Array(10).fill(450)), cpu(50))).toMatchObject({ replicas: 10 })
    expect(resourceUtilizationReplicas(facts(pods(10), Array(10).fill(440)), cpu(50))).toMatchObject({ replicas: 9 })
  })

  test('count the percent truncated: 55.9 % is 55', () => {
    expect(resourceUtilizationReplicas(facts(pods(10), Array(10).fill(559)), cpu(50))).toMatchObject({ replicas: 10 })
  })

  test('are exact for memory beyond 2^53', () => {
    const tebibyte = 2n ** 40n * 1000n
    const heavy = pods(2, { containers: [{ name: 'app', requests: { memory: tebibyte * 64n } }] })
    const count = resourceUtilizationReplicas(facts(heavy, [tebibyte * 32n, tebibyte * 32n - 2n]), {
      resource: 'memory',
      percent: 20,
    })
    expect(count).toMatchObject({ replicas: 5, usage: { average: tebibyte * 32n - 1n, utilizationPercent: 49 } })
  })

  test('assume full use of a silent pod before they shrink', () => {
    expect(resourceUtilizationReplicas(facts(pods(4), [100, 100, 100]), cpu(50))).toMatchObject({ replicas: 3 })
    expect(resourceUtilizationReplicas(facts(pods(4), [100, 100, 100]), cpu(120))).toMatchObject({ replicas: 2 })
  })

  test('assume no use of silent and unready pods before they grow', () => {
    expect(resourceUtilizationReplicas(facts(pods(2), [1900]), cpu(100))).toMatchObject({ replicas: 2 })
    const starting = [...pods(2), ...pods(1, { startedAt: now - 1000, ready: { status: 'False', since: now } }, 2)]
    expect(resourceUtilizationReplicas(facts(starting, [900, 900, 5000]), cpu(30))).toMatchObject({ replicas: 6 })
    expect(resourceUtilizationReplicas(facts(starting, [100, 100, 5000]), cpu(30))).toMatchObject({ replicas: 1 })
  })

  test('stay where the assumptions would turn the direction round', () => {
    expect(resourceUtilizationReplicas(facts(pods(4), [500, 500]), cpu(60))).toMatchObject({ replicas: 4 })
    expect(resourceUtilizationReplicas(facts(pods(6), [700, 700]), cpu(60))).toMatchObject({ replicas: 6 })
  })

  test('stay where the count would go against the ratio', () => {
    expect(resourceUtilizationReplicas(facts(pods(4), [100, 100, 100], 2), cpu(50))).toMatchObject({ replicas: 2 })
    expect(resourceUtilizationReplicas(facts(pods(3), [900, 900], 9), cpu(30))).toMatchObject({ replicas: 9 })
  })

  test('leave silent pods alone where the rest is exactly on target', () => {
    expect(resourceUtilizationReplicas(facts(pods(2), [1000]), cpu(100))).toMatchObject({ replicas: 2 })
  })

  test.each([
    ['no samples', facts(pods(2), []), 'unable to get metrics for resource cpu: no metrics returned from resource metrics API'],
    ['no pods', facts([], [100]), 'no pods returned by selector while calculating replica count'],
    [
      'no samples of pods that count',
      facts(pods(1, { phase: 'Pending' }), [100]),
      'did not receive metrics for targeted pods (pods might be unready)',
    ],
    ['samples of strangers only', facts(pods(1, { name: 'db-0' }), [100]), 'no metrics returned matched known pods'],
    [
      'pods without requests',
      facts(pods(1, { containers: [{ name: 'app', requests: {} }] }), [100]),
      'missing request for cpu in container app of Pod web-0',
    ],
  ])('cannot be told from %s', (_, of, why) => {
    expect(resourceUtilizationReplicas(of, cpu(50))).toEqual({ kind: 'failed', why })
  })
})

describe('replicas for an average value', () => {
  test('of a resource look at readiness, of a custom metric they do not', () => {
    const starting = pods(3, { startedAt: now - 1000, ready: { status: 'False', since: now } })
    const of = facts(
      [...pods(2), ...starting].map((pod, index) => ({ ...pod, name: `web-${index}` })),
      [400, 400, 900, 900, 900],
    )
    expect(resourceAverageReplicas(of, { resource: 'cpu', value: 200 })).toMatchObject({ replicas: 5, usage: { average: 400 } })
    expect(podsMetricReplicas(of, { metric: 'rps', value: 200 })).toMatchObject({ replicas: 18, usage: { average: 700 } })
  })

  test('assume a silent pod on target before they shrink', () => {
    expect(podsMetricReplicas(facts(pods(4), [100, 100]), { metric: 'rps', value: 200 })).toMatchObject({ replicas: 3 })
  })

  test('cannot be told without samples', () => {
    expect(podsMetricReplicas(facts(pods(1), []), { metric: 'rps', value: 1 })).toEqual({
      kind: 'failed',
      why: 'unable to get metric rps: no metrics returned from custom metrics API',
    })
    expect(resourceAverageReplicas(facts(pods(1), []), { resource: 'cpu', value: 1 })).toMatchObject({ kind: 'failed' })
  })

  test('never fall when the load of pods that all answer rises', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 2000 }),
        fc.integer({ min: 0, max: 5000 }),
        (values, value, more) => {
          const replicas = (of: readonly number[]) => {
            const count = podsMetricReplicas(facts(pods(of.length), of), { metric: 'rps', value })
            return count.kind === 'counted' ? count.replicas : Number.NaN
          }
          expect(replicas(values.map(one => one + more))).toBeGreaterThanOrEqual(replicas(values))
        },
      ),
    )
  })
})
