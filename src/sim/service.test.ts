import { describe, expect, test } from 'vitest'
import type { Objective, Observation, Target } from '../core/model.ts'
import type { Context, Rules } from '../core/rules.ts'
import { safeRate } from '../core/slo/queueing.ts'
import { type Scenario, simulate } from './run.ts'
import { serviceScore } from './served.ts'
import { lateShare, type ServiceOptions, serve } from './service.ts'

const TICK = 15_000
/** Two at a time, 4 ms each: 500 requests/s at most, 286 within P99 < 25 ms. */
const API: ServiceOptions = { serviceSeconds: 0.004, concurrency: 2, timeoutSeconds: 2 }
const PROMISE = { quantile: 0.99, thresholdSeconds: 0.025 }
const OBJECTIVES: readonly Objective[] = [
  { type: 'Latency', metric: 'request_duration_seconds', percentile: 99, threshold: 0.025 },
  { type: 'Latency', metric: 'request_latency_ms', percentile: 50, threshold: 10 },
  { type: 'ErrorRatio', threshold: 0.0001 },
  { type: 'Availability', threshold: 0.9999 },
  { type: 'Throughput', metric: 'requests_per_second', min: 100 },
  { type: 'Throughput', metric: 'requests_per_minute', min: 100 },
  { type: 'Utilization', resource: 'cpu', percent: 80 },
  { type: 'Guard', metric: 'audio_quality_score', min: 0.95 },
  { type: 'Guard', metric: 'unheard_of', min: 1 },
]

const target: Target = {
  id: 'web/api',
  minReplicas: 0,
  maxReplicas: 50,
  metrics: [
    { type: 'Resource', resource: 'nvidia.com/gpu', target: { type: 'Utilization', averageUtilizationPercent: 70 } },
    { type: 'Pods', metric: 'request_latency_ms', target: { type: 'AverageValue', averageValue: 25_000 } },
  ],
  capacityPerReplica: 286,
  startupMs: TICK,
  periodMs: TICK,
  objectives: OBJECTIVES,
}

function scenario(load: readonly number[], over: Partial<Scenario> = {}): Scenario {
  return {
    target,
    load: { startMs: 0, tickMs: TICK, value: Float64Array.from(load) },
    metricsDelayMs: 0,
    seed: 1,
    initialReplicas: 2,
    scoredFrom: 0,
    service: { ...API, guards: { audio_quality_score: { healthy: 0.98, saturated: 0.8 } } },
    ...over,
  }
}

/** Rules that order what the plan says, tick by tick, and note what they saw. */
function planned(plan: readonly number[], seen: Observation[] = []): Rules {
  const propose = ({ now, situation }: Context) => {
    seen.push(situation.observation)
    return { kind: 'proposes' as const, replicas: plan[Math.min(plan.length - 1, Math.round(now / TICK))]!, why: 'planned' }
  }
  return { name: 'planned', screens: [], proposers: [{ name: 'planned', propose }], guards: [] }
}

/** How the objectives stood after each tick. */
async function standings(load: readonly number[], over: Partial<Scenario> = {}, plan: readonly number[] = [2]) {
  const seen: Observation[] = []
  await simulate(planned(plan, seen), scenario([...load, 0], over))
  return seen.slice(1).map(({ objectives = [] }) => objectives.map(one => (one.kind === 'value' ? one.value : one.why)))
}

describe('a service at its safe load', () => {
  test('tells every objective in the order and in the unit of its metric', async () => {
    const [[p99, medianMs, errors, available, perSecond, perMinute, cpu, quality, unknown] = []] = await standings([572])
    expect(p99).toBeCloseTo(0.025, 4)
    expect(medianMs).toBeGreaterThan(2.7)
    expect(medianMs).toBeLessThan(5)
    expect(errors).toBeLessThan(1e-9)
    expect(available).toBeCloseTo(1, 9)
    expect([perSecond, perMinute]).toEqual([expect.closeTo(572, 6), expect.closeTo(34_320, 3)])
    expect(cpu).toBeCloseTo(57.2, 6)
    expect(quality).toBe(0.98)
    expect(unknown).toBe('the simulated service has no unheard_of')
  })

  test('is as busy in the metrics of its pods as in its queue, and its latency metric is its own', async () => {
    const seen: Observation[] = []
    await simulate(planned([2], seen), scenario([572, 572]))
    const [gpu, latency] = seen[1]!.answers.map(answer => (answer.kind === 'pods' ? answer.samples[0]! : undefined))
    expect(gpu?.byContainer?.main).toBe(572)
    expect(Number(latency?.value) / 1000).toBeCloseTo(25, 0)
  })

  test('is missing with the metrics, never told from nothing', async () => {
    const seen: Observation[] = []
    const blind = { failures: [{ kind: 'metric-gap' as const, from: 0, to: TICK }] }
    await simulate(planned([2], seen), scenario([572, 572, 572], blind))
    expect(seen.map(({ objectives }) => objectives === undefined)).toEqual([true, true, false])
  })
})

describe('an overloaded service', () => {
  test('makes requests wait first, turns away what would wait too long, and recovers when the line is gone', async () => {
    const told = await standings([1200, 1200, 500, 500, 500])
    const of = (index: number) => told.map(objectives => objectives[index] as number)
    // 1,000 a second are served, so 200 x 15 s wait after the first tick: 2 s is the limit, 1,000 are turned away
    expect(of(2)[0]).toBeCloseTo(1000 / 18_000, 3)
    expect(of(2)[1]).toBeCloseTo(200 / 1200, 3)
    expect(of(0)[1]).toBeGreaterThan(2)
    expect(of(0)[4]).toBeLessThan(0.025)
    expect(of(2)[4]).toBeLessThan(1e-9)
  })

  test('loses quality, which comes back with the room; a bad release loses it at any number of replicas', async () => {
    const quality = async (load: readonly number[], over: Partial<Scenario> = {}) =>
      (await standings(load, over)).map(objectives => objectives[7])
    // 130 % of what is there; exactly all of it with a line in front; a third of it
    expect(await quality([1300, 1000, 300])).toEqual([0.8, 0.92, 0.98].map(value => expect.closeTo(value, 9)))
    const release = { from: TICK, to: 2 * TICK, guards: { audio_quality_score: 0.93 } }
    const guards = { audio_quality_score: { healthy: 0.98, saturated: 0.8 } }
    expect(await quality([10, 10, 10], { service: { ...API, guards, releases: [release] } })).toEqual([0.98, 0.93, 0.98])
  })

  test('without any replica answers nothing: all fail once the first have waited too long', () => {
    const first = serve(API, { perSecond: 10, seconds: 15, ready: 0, waiting: 0 })
    expect(first).toMatchObject({ busy: Number.POSITIVE_INFINITY, waitToSeconds: 2, waiting: 20 })
    expect(serve(API, { perSecond: 10, seconds: 15, ready: 0, waiting: first.waiting }).errorRatio).toBe(1)
    expect(serve(API, { perSecond: 0, seconds: 15, ready: 0, waiting: 0 })).toMatchObject({
      busy: 0,
      errorRatio: expect.closeTo(0, 9),
    })
  })
})

describe('an uneven balancer', () => {
  test('breaks the promise before an even one does, and spares replicas that are nearly full', () => {
    const stay = (perSecond: number) => ({ busy: perSecond / 500, waitFromSeconds: 0, waitToSeconds: 0 })
    const safe = safeRate(API, PROMISE)!
    expect(lateShare(API, stay(safe), 0.025)).toBeCloseTo(0.01, 6)
    expect(lateShare({ ...API, imbalance: 0.1 }, stay(safe), 0.025)).toBeGreaterThan(0.011)
    expect(lateShare({ ...API, imbalance: 0.3 }, stay(489), 1)).toBeLessThan(0.01)
  })
})

describe('the score of a run', () => {
  test('is over all requests, so that a bad minute counts by its requests', async () => {
    const load = [...new Array<number>(99).fill(100), 1200, 100, 100]
    const run = await simulate(planned([2]), scenario(load))
    const { latencySeconds, errorRatio } = serviceScore(run, API, 0.99)!
    expect(errorRatio).toBeCloseTo(1000 / (99 * 1500 + 18_000 + 3000), 4)
    expect(latencySeconds).toBeGreaterThan(1) // more than one in a hundred waited
    expect(serviceScore(run, API, 0.5)!.latencySeconds).toBeLessThan(0.004)
  })

  test('a world without a service is the same to the byte, and has no such score', async () => {
    const { service: _, ...plain } = scenario([572, 900, 300])
    const run = await simulate(planned([2]), plain)
    expect('served' in run).toBe(false)
    expect(serviceScore(run, API, 0.99)).toBeUndefined()
  })
})
