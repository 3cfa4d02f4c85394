import { describe, expect, test } from 'vitest'
import type { MetricSpec, Observation, Target } from '../core/model.ts'
import type { Context, Rules } from '../core/rules.ts'
import { type Run, type Scenario, simulate } from './run.ts'
import type { WorldOptions } from './world.ts'

const TICK = 15_000

const target = (over: Partial<Target> = {}): Target => ({
  id: 'audio/api',
  minReplicas: 0,
  maxReplicas: 50,
  metrics: [{ type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue: 7000 } }],
  capacityPerReplica: 10,
  startupMs: 30_000,
  periodMs: TICK,
  ...over,
})

type Given = Partial<Omit<WorldOptions, 'load'>> & { readonly load: readonly number[]; readonly missing?: readonly number[] }

const scenario = ({ load, missing, ...over }: Given): Scenario => ({
  target: target(),
  metricsDelayMs: TICK,
  seed: 1,
  initialReplicas: 1,
  scoredFrom: 0,
  load: {
    startMs: 0,
    tickMs: TICK,
    value: Float64Array.from(load),
    ...(missing && { missing: Uint8Array.from(missing) }),
  },
  ...over,
})

/** Rules that order what the plan says, tick by tick, and note what they saw. */
function planned(plan: readonly number[], seen: Observation[] = []): Rules {
  const propose = ({ now, situation }: Context) => {
    seen.push(situation.observation)
    const replicas = plan[Math.min(plan.length - 1, Math.round(now / TICK))]!
    return { kind: 'proposes' as const, replicas, why: 'planned' }
  }
  return { name: 'planned', screens: [], proposers: [{ name: 'planned', propose }], guards: [] }
}

const ready = (run: Run) => [...run.ready]
const zeros = (count: number): number[] => new Array<number>(count).fill(0)

describe('orders', () => {
  test('a replica is billed from its order and ready a start-up later, rounded up to whole ticks', async () => {
    const run = await simulate(planned([1, 3, 3, 3, 3]), scenario({ load: zeros(5), target: target({ startupMs: 16_000 }) }))
    expect([...run.desired]).toEqual([1, 3, 3, 3, 3])
    expect(ready(run)).toEqual([1, 1, 1, 3, 3])
  })

  test('scale-down is instant, takes those not yet ready first and the newest of them first', async () => {
    const run = await simulate(planned([3, 5, 4, 4, 2, 2]), scenario({ load: zeros(6) }))
    expect([...run.desired]).toEqual([3, 5, 4, 4, 2, 2])
    expect(ready(run)).toEqual([1, 1, 3, 4, 2, 2])
  })

  test('a start-up of nothing is ready in the tick of its order', async () => {
    expect(ready(await simulate(planned([1, 4]), scenario({ load: [0, 0], target: target({ startupMs: 0 }) })))).toEqual([1, 4])
  })

  test('the world starts with what the first tick needs and 30 % to spare, inside the bounds', async () => {
    const { initialReplicas: _, ...rest } = scenario({ load: [100, 100] })
    const held: Rules = { name: 'held', screens: [], proposers: [], guards: [] }
    expect(ready(await simulate(held, rest))).toEqual([15, 15])
    expect(ready(await simulate(held, { ...rest, target: target({ maxReplicas: 4 }) }))).toEqual([4, 4])
  })

  test('a refused order is journalled, and the next tick decides anew', async () => {
    const outcomes: string[] = []
    const journal = {
      intend: async () => undefined,
      settle: async (_: unknown, outcome: { readonly kind: string }) => {
        outcomes.push(outcome.kind)
      },
    }
    const run = await simulate(planned([1.5, 2]), scenario({ load: [0, 0], journal }))
    expect(outcomes).toEqual(['failed', 'scaled'])
    expect([...run.desired]).toEqual([1, 2])
  })
})

describe('what is visible', () => {
  test('with 15 s delay the decision of tick k sees the load of tick k-2, stamped with its end', async () => {
    const seen: Observation[] = []
    await simulate(planned([1], seen), scenario({ load: [10, 20, 30, 40] }))
    expect(seen.map(({ demand }) => demand)).toEqual([
      { kind: 'missing', at: -TICK, why: 'nothing was measured yet' },
      { kind: 'missing', at: 0, why: 'nothing was measured yet' },
      { kind: 'value', at: TICK, value: 10 },
      { kind: 'value', at: 2 * TICK, value: 20 },
    ])
  })

  test('without delay it sees the tick that just ended; 16 s of delay round up to two ticks', async () => {
    const values = async (metricsDelayMs: number) => {
      const seen: Observation[] = []
      await simulate(planned([1], seen), scenario({ load: [10, 20, 30, 40], metricsDelayMs }))
      return seen.map(({ demand }) => (demand.kind === 'value' ? demand.value : undefined))
    }
    expect(await values(0)).toEqual([undefined, 10, 20, 30])
    expect(await values(16_000)).toEqual([undefined, undefined, undefined, 10])
  })

  test('the HPA reads the mean of the last minute, the demand is the last tick alone', async () => {
    const seen: Observation[] = []
    await simulate(planned([1], seen), scenario({ load: [10, 20, 30, 40, 50, 60, 70] }))
    const last = seen.at(-1)!
    expect(last.demand).toMatchObject({ value: 50 })
    expect(last.answers).toEqual([{ kind: 'values', values: [35_000], at: 5 * TICK }])
    expect(last.pods).toEqual([])
  })

  test('a hole in the recording and an outage of the metrics are both missing, never zero', async () => {
    const kinds = async (given: Given) => {
      const seen: Observation[] = []
      await simulate(planned([1], seen), scenario(given))
      return seen.slice(2).map(({ demand, answers }) => `${demand.kind} ${answers[0]!.kind}`)
    }
    const expected = ['value values', 'missing missing', 'missing missing', 'value values']
    expect(await kinds({ load: [5, 5, 5, 5, 5, 5], missing: [0, 1, 1, 0, 0, 0] })).toEqual(expected)
    const failures = [{ kind: 'metric-gap' as const, from: TICK, to: 3 * TICK }]
    expect(await kinds({ load: [5, 5, 5, 5, 5, 5], failures })).toEqual(expected)
  })

  test('metrics that froze say with a new time what they said last before it', async () => {
    const seen: Observation[] = []
    const failures = [{ kind: 'metric-freeze' as const, from: TICK, to: 3 * TICK }]
    await simulate(planned([1], seen), scenario({ load: [10, 20, 30, 40, 50, 60], failures }))
    expect(seen.slice(2).map(({ demand }) => demand)).toEqual(
      [10, 10, 10, 40].map((value, index) => ({ kind: 'value', at: (index + 1) * TICK, value })),
    )
  })

  test('while something that they depend on is down requests fail whatever the replicas, overload comes on top', async () => {
    const seen: Observation[] = []
    const failures = [{ kind: 'errors' as const, from: TICK, to: 3 * TICK, share: 0.4 }]
    await simulate(planned([1], seen), scenario({ load: [10, 10, 1000, 10, 10, 10], failures, initialReplicas: 1 }))
    expect(seen.slice(2).map(({ errorRatio }) => errorRatio)).toEqual([0, 0.4, 0.99, 0])
  })

  test('an attack is seen as demand, and its clients with it, but it is no load that is owed', async () => {
    const seen: Observation[] = []
    const given = scenario({ load: [5, 5, 5] })
    const load = { ...given.load, attack: Float64Array.from([100, 0, 0]), clients: Float64Array.from([7, 900, 900]) }
    const run = await simulate(planned([1], seen), { ...given, load })
    expect(seen[2]!.demand).toMatchObject({ value: 105 })
    expect(seen[2]!.clients).toBe(7)
    expect([...run.load]).toEqual([5, 5, 5])
  })

  test('the share of failed requests is the load above what the ready replicas carry', async () => {
    const seen: Observation[] = []
    await simulate(planned([1], seen), scenario({ load: [40, 10, 0, 0, 0] }))
    expect(seen.slice(2).map(({ errorRatio }) => errorRatio)).toEqual([0.75, 0, 0])
  })
})

describe('a queue', () => {
  test('holds what does not fit up to its limit, drains with spare capacity, and adds to the demand', async () => {
    const seen: Observation[] = []
    const queue = { drainSeconds: 60, limit: 500 }
    await simulate(planned([1], seen), scenario({ load: [30, 60, 0, 0, 0, 0], queue }))
    // one replica serves 10 x 15 s = 150: 300 wait, then 500 (the limit; 550 of 900 fail), then 350, 200
    expect(seen.slice(2).map(({ backlog }) => backlog)).toEqual([300, 500, 350, 200])
    expect(seen[2]!.demand).toMatchObject({ value: 30 + 300 / 60 })
    expect(seen[3]!.errorRatio).toBeCloseTo(550 / 900)
  })
})

describe('failures', () => {
  test('pods ordered in a bad time are not ready before it ends and their start-up has passed', async () => {
    const failures = [{ kind: 'pods-never-ready' as const, from: TICK, to: 4 * TICK }]
    const run = await simulate(planned([1, 2]), scenario({ load: zeros(8), failures }))
    expect(ready(run)).toEqual([1, 1, 1, 1, 1, 1, 2, 2])
  })

  test('a lost node takes its pods; they are created anew and billed on', async () => {
    const nodes = { podsPerNode: 2, startupMs: 15_000 }
    const failures = [{ kind: 'node-loss' as const, at: 2 * TICK }]
    const run = await simulate(planned([3]), scenario({ load: zeros(8), initialReplicas: 3, nodes, failures }))
    expect([...run.desired]).toEqual([3, 3, 3, 3, 3, 3, 3, 3])
    // one finds room on the other node (2 ticks), one waits for a new node (1 + 2 ticks)
    expect(ready(run)).toEqual([3, 3, 1, 1, 2, 3, 3, 3])
  })

  test('without nodes, the oldest pods are lost', async () => {
    const failures = [{ kind: 'node-loss' as const, at: TICK, pods: 2 }]
    const run = await simulate(planned([3]), scenario({ load: zeros(5), initialReplicas: 3, failures }))
    expect(ready(run)).toEqual([3, 1, 1, 3, 3])
  })
})

describe('nodes', () => {
  test('pods beyond the room of the nodes wait for a new node; an empty node is given back', async () => {
    const nodes = { podsPerNode: 2, startupMs: 30_000 }
    const run = await simulate(planned([3, 3, 3, 3, 3, 1, 3]), scenario({ load: zeros(12), nodes }))
    // the first node has room for one more (ready after 2), the third waits for a node (2 + 2); later the same again
    expect(ready(run)).toEqual([1, 1, 2, 2, 3, 1, 1, 1, 2, 2, 3, 3])
  })
})

describe('start-up as a distribution', () => {
  const startup = { kind: 'lognormal' as const, sigma: 0.5 }
  const arrivals = async (seed: number) => {
    const given = { load: zeros(60), target: target({ startupMs: 120_000 }), startup, seed }
    return ready(await simulate(planned([1, 40]), scenario(given)))
  }

  test('the same seed gives the same world, another seed another one', async () => {
    expect(await arrivals(7)).toEqual(await arrivals(7))
    expect(await arrivals(7)).not.toEqual(await arrivals(8))
  })

  test('about half of the pods are ready after the median, and all of them after three sigma', async () => {
    const counts = await arrivals(3)
    expect(counts[1 + 8]).toBeGreaterThan(10)
    expect(counts[1 + 8]).toBeLessThan(31)
    expect(counts[1 + Math.ceil(8 * Math.exp(1.5))]).toBe(40)
  })
})

describe('per-pod metrics', () => {
  const metrics: readonly MetricSpec[] = [
    { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 50 } },
    { type: 'Resource', resource: 'nvidia.com/gpu', target: { type: 'Utilization', averageUtilizationPercent: 85 } },
    { type: 'Resource', resource: 'memory', target: { type: 'Utilization', averageUtilizationPercent: 80 } },
    { type: 'Pods', metric: 'requests_per_second', target: { type: 'AverageValue', averageValue: 5000 } },
    { type: 'Pods', metric: 'inference_latency_ms', target: { type: 'AverageValue', averageValue: 100_000 } },
  ]
  const watch = async (load: readonly number[]) => {
    const seen: Observation[] = []
    await simulate(
      planned([2, 2, 3, 3, 3, 3, 3], seen),
      scenario({ load, initialReplicas: 2, target: target({ metrics, startupMs: 45_000 }) }),
    )
    return seen
  }

  test('use follows the share of the safe load, and a latency meets its target at the safe load', async () => {
    const samples = (await watch([20, 20, 20, 20, 20, 20, 20]))[2]!.answers.map(answer =>
      answer.kind === 'pods' ? answer.samples[0] : undefined,
    )
    expect(samples[0]).toEqual({ pod: 'api-0', at: TICK, windowMs: 60_000, byContainer: { main: 1000 } })
    expect(samples[1]!.byContainer).toEqual({ main: 1000 })
    expect(Number(samples[2]!.byContainer!.main) / (1024 ** 3 * 1000)).toBeCloseTo(0.8)
    expect(samples[3]!.value).toBe(10_000)
    expect(samples[4]!.value).toBe(100_000)
  })

  test('a saturated pod shows no more than 1.25 times its safe load, whatever comes', async () => {
    const answer = (await watch([900, 900, 900, 900]))[3]!.answers[0]!
    expect(answer).toMatchObject({ samples: [{ byContainer: { main: 1250 } }, { byContainer: { main: 1250 } }] })
  })

  test('pods pass through Pending, Running and Ready, and only running ones have samples', async () => {
    const seen = await watch([20, 20, 20, 20, 20, 20, 20])
    const third = seen.slice(2).map(({ pods }) => pods[2] && `${pods[2].phase} ${pods[2].ready?.status}`)
    expect(third).toEqual([undefined, 'Pending False', 'Running False', 'Running True', 'Running True'])
    expect(seen[3]!.answers[0]).toMatchObject({ samples: [{ pod: 'api-0' }, { pod: 'api-1' }] })
    expect(seen[6]!.pods[2]!.ready).toEqual({ status: 'True', since: 5 * TICK })
  })
})
