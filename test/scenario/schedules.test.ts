import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { scalersFor } from '../../src/cli/scalers.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
/** Seven days of a usual week, the day of the drop, the day after, and the day after that. */
const START = Date.UTC(2026, 10, 27)
const DROP = Date.UTC(2026, 11, 4, 20)
const HOLIDAY = Date.UTC(2026, 11, 24)

interface World {
  readonly startMs: number
  readonly days: number
  /** By what factor the load of a time differs from the usual one. */
  readonly factorAt: (at: number) => number
}

function scenarioOf({ startMs, days, factorAt }: World): Scenario {
  const usual = seasonalLoad({ seed: 5, ticks: days * 1440, stepMs: MINUTE, mean: 900, swing: 0.5, noise: 0.04 })
  const value = Float64Array.from(usual, (load, minute) => load * factorAt(startMs + minute * MINUTE))
  return {
    target: {
      id: 'shop/web',
      minReplicas: 4,
      maxReplicas: 120,
      metrics: [],
      capacityPerReplica: 100,
      startupMs: MINUTE,
      periodMs: MINUTE,
    },
    load: { startMs, tickMs: MINUTE, value },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
  }
}

/** Both runs by the policy of the example: as it stands, and with its schedules taken out. */
async function play(world: World): Promise<{ readonly knowing: Run; readonly ignorant: Run }> {
  const { settings } = await loadPolicy('examples/scheduled-policy.yaml')
  const scenario = scenarioOf(world)
  const { rules, target, scheduled } = await scalersFor(settings, 0.1).crescendo!(scenario, {})
  const knowing = await simulate(rules, { ...scenario, target, ...(scheduled && { scheduled }) })
  const { isScheduled: _, ...options } = policyOptions(settings, { price: 0.1, mode: 'Slo' })
  const ignorant = await simulate(crescendoContender(scenario, options).rules, { ...scenario, target })
  return { knowing, ignorant }
}

/** Minutes of a span in which the load exceeded what was ready. */
function badMinutes({ time, load, ready }: Run, from: number, to: number): number {
  let bad = 0
  for (let tick = 0; tick < time.length; tick++) {
    if (time[tick]! >= from && time[tick]! < to && load[tick]! > 100 * ready[tick]!) bad++
  }
  return bad
}

function meanReady({ time, ready }: Run, from: number, to: number): number {
  const seen = Array.from(ready).filter((_, tick) => time[tick]! >= from && time[tick]! < to)
  return seen.reduce((sum, replicas) => sum + replicas, 0) / seen.length
}

const readyAt = ({ time, ready }: Run, at: number) => ready[time.indexOf(at)]!

describe('an album drop that is six times the usual load, told in advance', () => {
  const runs: { knowing?: Run; ignorant?: Run } = {}
  beforeAll(async () => {
    Object.assign(
      runs,
      await play({ startMs: START, days: 10, factorAt: at => (at >= DROP && at < DROP + 120 * MINUTE ? 6 : 1) }),
    )
  }, 120_000)

  test('is served from its first minute on; who was not told is minutes late', () => {
    expect(badMinutes(runs.knowing!, DROP, DROP + 120 * MINUTE)).toBeLessThanOrEqual(1)
    expect(badMinutes(runs.ignorant!, DROP, DROP + 120 * MINUTE)).toBeGreaterThanOrEqual(3)
  })

  test('costs nothing the hour before, and is gone half an hour after', () => {
    const usual = meanReady(runs.knowing!, DROP - 60 * MINUTE - DAY, DROP - 10 * MINUTE - DAY)
    expect(meanReady(runs.knowing!, DROP - 60 * MINUTE, DROP - 10 * MINUTE)).toBeLessThan(1.3 * usual)
    expect(readyAt(runs.knowing!, DROP + 150 * MINUTE)).toBeLessThan(2 * usual)
  })

  test('is no habit: the next evening holds what a usual evening holds', () => {
    const evening = (run: Run, day: number) => meanReady(run, DROP + day * DAY, DROP + day * DAY + 120 * MINUTE)
    expect(evening(runs.knowing!, 1)).toBeLessThan(1.2 * evening(runs.knowing!, -1))
  })

  test('the floor of business hours stands when they begin, and the weekend has none', () => {
    const eight = Date.UTC(2026, 11, 3, 7) // 08:00 in Stockholm, a Thursday
    expect(readyAt(runs.knowing!, eight)).toBeGreaterThanOrEqual(20)
    expect(readyAt(runs.ignorant!, eight)).toBeLessThan(20)
    expect(readyAt(runs.knowing!, Date.UTC(2026, 11, 5, 7))).toBeLessThan(20)
  })
})

describe('holidays with half of the usual load', () => {
  test('are served with less as the load falls, and the day after them is served like any other', async () => {
    const after = HOLIDAY + 2 * DAY
    const { knowing } = await play({
      startMs: HOLIDAY - 8 * DAY,
      days: 11,
      factorAt: at => (at >= HOLIDAY - 60 * MINUTE && at < after - 60 * MINUTE ? 0.5 : 1),
    })
    const noon = (day: number) =>
      meanReady(knowing, HOLIDAY + day * DAY + 10 * 60 * MINUTE, HOLIDAY + day * DAY + 14 * 60 * MINUTE)
    expect(noon(1)).toBeLessThan(0.75 * noon(-2))
    expect(badMinutes(knowing, after - 2 * 60 * MINUTE, after + DAY / 2)).toBeLessThanOrEqual(5)
  }, 120_000)
})
