import { describe, expect, test } from 'vitest'
import type { Target } from '../../core/model.ts'
import type { Rules } from '../../core/rules.ts'
import { type Scenario, simulate } from '../run.ts'
import { score } from '../score.ts'
import { prepare, RIVALS } from './contenders.ts'
import { SHARES, tuneHpa } from './hpa-tuned.ts'

const TICK = 15_000
const target: Target = {
  id: 'a/b',
  minReplicas: 1,
  maxReplicas: 100,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 0,
  periodMs: TICK,
}

const scenario = (load: readonly number[], over: Partial<Scenario> = {}): Scenario => ({
  target,
  load: { startMs: 0, tickMs: TICK, value: Float64Array.from(load) },
  metricsDelayMs: 0,
  seed: 1,
  initialReplicas: 4,
  scoredFrom: 0,
  ...over,
})

const held = (value: number, ticks: number): number[] => new Array<number>(ticks).fill(value)

async function desiredBy(name: string, given: Scenario): Promise<readonly number[]> {
  const { rules, target: followed } = await prepare(name, given)
  return [...(await simulate(rules, { ...given, target: followed })).desired]
}

const waves = (ticks: number) =>
  Array.from({ length: ticks }, (_, tick) => 1000 + 600 * Math.sin(tick / 300) + 40 * Math.sin(tick * tick))

describe('hpa', () => {
  test('aims at 70 % of the safe load, or at the share behind its name, and holds five minutes before it shrinks', async () => {
    const load = [...held(700, 40), ...held(280, 60)]
    const desired = await desiredBy('hpa', scenario(load))
    expect(desired[39]).toBe(10)
    expect([desired[55], desired.at(-1)]).toEqual([10, 4])
    expect((await desiredBy('hpa@0.5', scenario(load)))[39]).toBe(14)
  })

  test('follows the metrics of the target where it has any', async () => {
    const metrics = [
      { type: 'External' as const, metric: 'load', target: { type: 'AverageValue' as const, averageValue: 35_000 } },
    ]
    expect((await desiredBy('hpa', scenario(held(700, 40), { target: { ...target, metrics } })))[39]).toBe(20)
  })
})

describe('keda', () => {
  test('is told a new value only every 30 seconds', async () => {
    // it polls in every second tick, so it changes its mind only there; the HPA does as the mean of the minute grows
    const load = [280, 280, 560, 560, 560, 560, 560, 560]
    const [hpa, keda] = await Promise.all([desiredBy('hpa', scenario(load)), desiredBy('keda', scenario(load))])
    const changes = (desired: readonly number[]) =>
      desired.flatMap((replicas, tick) => (tick > 0 && replicas !== desired[tick - 1] ? [tick] : []))
    expect(changes(hpa)).toEqual([3, 5, 6])
    expect(changes(keda)).toEqual([4, 6])
  })
})

describe('kpa', () => {
  test('follows the mean of a minute, and halves at most', async () => {
    const desired = await desiredBy('kpa', scenario([...held(280, 6), ...held(0, 20)]))
    expect(desired.slice(0, 6)).toEqual([4, 4, 4, 4, 4, 4])
    expect(desired.slice(7, 13)).toEqual([3, 2, 1, 1, 1, 1])
  })

  test('panics when the last tick wants twice what is ready, and only grows until a minute after', async () => {
    const desired = await desiredBy('kpa', scenario([...held(280, 6), 2800, ...held(280, 12)]))
    expect(desired[7]).toBe(40)
    expect(desired.slice(7, 12)).toEqual([40, 40, 40, 40, 40])
    expect(desired[12]).toBe(20)
    expect(desired.at(-1)).toBe(4)
  })

  test('does nothing without a metric', async () => {
    const given = scenario(held(280, 4))
    expect(await desiredBy('kpa', { ...given, load: { ...given.load, missing: Uint8Array.from([1, 1, 1, 1]) } })).toEqual([
      4, 4, 4, 4,
    ])
  })
})

describe('static-peak', () => {
  test('holds what the highest load of the history needs, whatever comes after, holes left out', async () => {
    const load = {
      startMs: 0,
      tickMs: TICK,
      value: Float64Array.from([300, 950, 5000, 100, 9000]),
      missing: Uint8Array.from([0, 0, 1, 0, 0]),
    }
    expect(await desiredBy('static-peak', scenario([], { load, scoredFrom: 4 }))).toEqual([10, 10, 10, 10, 10])
  })
})

describe('hpa-history', () => {
  test('takes the target that the history alone would have chosen, whatever comes after', async () => {
    const past = waves(2000)
    const given = scenario([...past, ...held(9000, 400)], { scoredFrom: 2000, target: { ...target, startupMs: 60_000 } })
    const { rules, target: followed, note } = await prepare('hpa-history', given)
    const { share } = await tuneHpa(scenario(past, { target: { ...target, startupMs: 60_000 } }))
    expect(rules.name).toBe('hpa-history')
    expect(followed).toEqual((await prepare(`hpa@${share}`, given)).target)
    expect(note).toContain(`target ${share} chosen on the history alone (`)
  })

  test('without a history it is the plain hpa, and says so', async () => {
    const given = scenario(held(280, 4))
    const { target: followed, note } = await prepare('hpa-history', given)
    expect(followed).toEqual((await prepare('hpa', given)).target)
    expect(note).toContain('no history')
  })

  test('of a history with holes, attacks and clients each tick keeps its own', async () => {
    const ticks = waves(400)
    const columns = {
      attack: Float64Array.from(ticks, () => 0),
      clients: Float64Array.from(ticks, () => 5),
      missing: Uint8Array.from(ticks, (_, tick) => (tick === 7 ? 1 : 0)),
    }
    const given = scenario(ticks, {
      scoredFrom: 200,
      load: { startMs: 0, tickMs: TICK, value: Float64Array.from(ticks), ...columns },
    })
    expect((await prepare('hpa-history', given)).note).toContain('chosen on the history alone')
  })
})

describe('hpa-tuned', () => {
  const given = scenario(waves(4000), { scoredFrom: 2000, target: { ...target, startupMs: 60_000 } })
  const minutesPerDay = async (share: number) => {
    const { rules, target: followed } = await prepare(`hpa@${share}`, given)
    const run = await simulate(rules, { ...given, target: followed })
    return score(run, { capacityPerReplica: 100, price: 1 }).sloViolationRatio * 1440
  }

  test('finds a target within the budget, and the next dearer choice of the grid is dearer for nothing', async () => {
    const { share, meetsBudget, tried } = await tuneHpa(given)
    expect(meetsBudget).toBe(true)
    expect(await minutesPerDay(share)).toBeLessThanOrEqual(1.44)
    expect(await minutesPerDay(SHARES[SHARES.indexOf(share) + 1]!)).toBeGreaterThan(1.44)
    expect(tried).toBeLessThan(10)
  })

  test('says so when no target meets the budget, and takes the one with the least violation', async () => {
    const jumps = scenario(
      Array.from({ length: 2000 }, (_, tick) => (tick % 200 < 100 ? 100 : 9000)),
      { target: { ...target, startupMs: 300_000 } },
    )
    const { meetsBudget } = await tuneHpa(jumps)
    expect(meetsBudget).toBe(false)
    const { note } = await prepare('hpa-tuned', jumps)
    expect(note).toContain('no target meets')
    expect(note).toContain('unfair in its favour')
  })
})

describe('names', () => {
  test.each([
    ['hpaa', 'there is no scaler "hpaa"; there are hpa, hpa-tuned, hpa-history, keda, kpa, static-peak, oracle'],
    ['constructor', 'there is no scaler "constructor"'],
    ['oracle@0.5', 'hpa, keda, kpa take a share'],
    ['hpa@', 'take a share of the safe load above 0'],
    ['hpa@3', 'above 0 and up to 2'],
  ])('%s is refused in one sentence', async (name, message) => {
    await expect(prepare(name, scenario([1, 1]))).rejects.toThrow(message)
  })

  test('every rival plays, within the bounds, and none of them looks ahead but the oracle', async () => {
    const load = waves(600)
    const later = load.map((value, tick) => (tick < 300 ? value : 3 * value + tick))
    for (const name of Object.keys(RIVALS)) {
      const [one, other] = [
        await desiredBy(name, scenario(load, { scoredFrom: 200 })),
        await desiredBy(name, scenario(later, { scoredFrom: 200 })),
      ]
      expect(Math.min(...one)).toBeGreaterThanOrEqual(1)
      expect(Math.max(...one)).toBeLessThanOrEqual(100)
      if (name !== 'oracle' && name !== 'hpa-tuned') expect(one.slice(0, 301)).toEqual(other.slice(0, 301))
    }
  })
})

describe('a run', () => {
  const still: Rules = { name: 'still', screens: [], proposers: [], guards: [] }

  test('measures decisions with the stopwatch it is given, over the scored part, and reports progress', async () => {
    let now = 0
    const seen: number[] = []
    const stopwatch = () => {
      now += 7
      return now
    }
    const run = await simulate(still, scenario(held(1, 3000), { scoredFrom: 10 }), {
      stopwatch,
      onProgress: done => seen.push(done),
    })
    expect(run.decisionMicros).toEqual({ p50: 7, p99: 7 })
    expect(seen).toEqual([0, 1024, 2048])
    expect((await simulate(still, scenario(held(1, 5)))).decisionMicros).toBeUndefined()
  })

  test('the same seed gives the same bytes, with every kind of trouble switched on', async () => {
    const troubled = (seed: number): Scenario =>
      scenario(waves(1500), {
        seed,
        target: { ...target, startupMs: 90_000 },
        startup: { kind: 'lognormal', sigma: 0.4 },
        nodes: { podsPerNode: 6, startupMs: 120_000 },
        queue: { drainSeconds: 120, limit: 50_000 },
        failures: [
          { kind: 'node-loss', at: 500 * TICK },
          { kind: 'metric-gap', from: 700 * TICK, to: 720 * TICK },
          { kind: 'pods-never-ready', from: 900 * TICK, to: 930 * TICK },
        ],
      })
    const bytes = async (seed: number) => {
      const { rules, target: followed } = await prepare('hpa', troubled(seed))
      const run = await simulate(rules, { ...troubled(seed), target: followed })
      return [Buffer.from(run.ready.buffer).toString('base64'), Buffer.from(run.desired.buffer).toString('base64')]
    }
    expect(await bytes(5)).toEqual(await bytes(5))
    expect(await bytes(5)).not.toEqual(await bytes(6))
  })
})
