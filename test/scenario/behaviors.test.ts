import { beforeAll, describe, expect, test } from 'vitest'
import { scalersFor } from '../../src/cli/scalers.ts'
import { seededUniform } from '../../src/core/forecast/seeded-load.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'

const TICK = 15_000
const MINUTE = 60_000
const START = Date.UTC(2026, 10, 30, 12)
/** Half an hour of calm, then the jump. */
const JUMP = START + 30 * MINUTE
const PRESETS = ['aggressive', 'balanced', 'conservative'] as const

/** `loadAt`: requests a second at a time; one replica serves 100 of them. */
function scenarioOf(loadAt: (at: number) => number, minutes: number): Scenario {
  const uniform = seededUniform(7)
  const ticks = (minutes * MINUTE) / TICK
  return {
    target: {
      id: 'shop/web',
      minReplicas: 2,
      maxReplicas: 200,
      metrics: [],
      capacityPerReplica: 100,
      startupMs: 2 * TICK,
      periodMs: TICK,
    },
    load: {
      startMs: START,
      tickMs: TICK,
      value: Float64Array.from({ length: ticks }, (_, tick) => loadAt(START + tick * TICK) * (0.98 + 0.04 * uniform())),
    },
    metricsDelayMs: TICK,
    seed: 1,
    scoredFrom: 0,
    initialReplicas: 10,
  }
}

/** The same traffic under each preset of the example, with nothing learnt yet: the first hours of a service. */
async function play(scenario: Scenario): Promise<Readonly<Record<(typeof PRESETS)[number], Run>>> {
  const runs = PRESETS.map(async preset => {
    const { settings } = await loadPolicy(`examples/behaviors.yaml#${preset}`)
    const { rules, target } = await scalersFor(settings, 0.1).crescendo!(scenario, {})
    const { behavior } = settings
    return [preset, await simulate(rules, { ...scenario, target: { ...target, ...(behavior && { behavior }) } })] as const
  })
  return Object.fromEntries(await Promise.all(runs)) as Readonly<Record<(typeof PRESETS)[number], Run>> // one of each preset
}

/** Seconds from `since` until at least so many were ordered; Infinity where that never happened. */
function secondsUntil({ time, desired }: Run, since: number, replicas: number): number {
  const tick = time.findIndex((at, index) => at >= since && desired[index]! >= replicas)
  return tick < 0 ? Number.POSITIVE_INFINITY : (time[tick]! - since) / 1000
}

function secondsUntilBelow({ time, desired }: Run, since: number, replicas: number): number {
  const tick = time.findIndex((at, index) => at >= since && desired[index]! < replicas)
  return tick < 0 ? Number.POSITIVE_INFINITY : (time[tick]! - since) / 1000
}

const reversals = ({ desired }: Run) => {
  const moves = Array.from(desired)
    .map((replicas, tick) => Math.sign(replicas - (desired[tick - 1] ?? replicas)))
    .filter(move => move !== 0)
  return moves.filter((move, index) => index > 0 && move !== moves[index - 1]).length
}

/** The largest step of one tick, as a factor. */
const largestStep = ({ desired }: Run) =>
  Math.max(...Array.from(desired).map((replicas, tick) => replicas / (desired[tick - 1] ?? replicas)))

describe('the load jumps to ten times its level, and back an hour later', () => {
  const runs: Partial<Awaited<ReturnType<typeof play>>> = {}
  beforeAll(async () => {
    const isHigh = (at: number) => at >= JUMP && at < JUMP + 60 * MINUTE
    Object.assign(runs, await play(scenarioOf(at => (isHigh(at) ? 7000 : 700), 240)))
  }, 60_000)

  test('aggressive has all of it ordered within a minute: up to 300 % more every 15 seconds', () => {
    expect(largestStep(runs.aggressive!)).toBeGreaterThan(2.5)
    expect(largestStep(runs.aggressive!)).toBeLessThanOrEqual(4)
    expect(secondsUntil(runs.aggressive!, JUMP, 70)).toBeLessThanOrEqual(60)
  })

  test('balanced doubles every 15 seconds, as the stock HPA does', () => {
    expect(largestStep(runs.balanced!)).toBeLessThanOrEqual(2)
    expect(secondsUntil(runs.balanced!, JUMP, 25)).toBeGreaterThan(secondsUntil(runs.aggressive!, JUMP, 25))
    expect(secondsUntil(runs.balanced!, JUMP, 70)).toBeLessThanOrEqual(90)
  })

  test('conservative waits a minute and then adds a quarter a minute', () => {
    expect(secondsUntil(runs.conservative!, JUMP, 11)).toBeGreaterThanOrEqual(60)
    expect(secondsUntil(runs.conservative!, JUMP, 70)).toBeGreaterThan(480)
    expect(secondsUntil(runs.conservative!, JUMP, 70)).toBeLessThan(1200)
  })

  test('and gives it back slowest of the three', () => {
    const [aggressive, balanced, conservative] = PRESETS.map(preset => secondsUntilBelow(runs[preset]!, JUMP + 60 * MINUTE, 20))
    expect(conservative!).toBeGreaterThan(2 * balanced!)
    expect(conservative!).toBeGreaterThan(2 * aggressive!)
    expect(conservative!).toBeLessThan(5400)
  })
})

test('a load that flaps every four minutes: conservative turns round least often', async () => {
  const runs = await play(scenarioOf(at => (Math.floor((at - START) / (4 * MINUTE)) % 2 === 0 ? 700 : 1500), 240))
  expect(reversals(runs.conservative)).toBeLessThanOrEqual(reversals(runs.balanced))
  expect(reversals(runs.conservative)).toBeLessThanOrEqual(4)
}, 60_000)
