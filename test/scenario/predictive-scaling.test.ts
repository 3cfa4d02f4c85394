import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import { seededRandom } from '../../src/sim/random.ts'
import { type Run, type Scenario, simulate, withLoadMetric } from '../../src/sim/run.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const START = Date.UTC(2026, 10, 2)
const CAPACITY = 100

/** Quiet nights; from eight on the load grows to six times as much within a quarter of an hour, and leaves in the evening. */
function weekday(minuteOfDay: number): number {
  const rise = Math.min(1, Math.max(0, (minuteOfDay - 8 * 60) / 15))
  const fall = Math.min(1, Math.max(0, (minuteOfDay - 18 * 60) / 120))
  return 400 + 2000 * (rise - fall)
}

interface World {
  readonly days: number
  readonly startupSeconds: number
  /** By what factor a time differs from the usual day. */
  readonly factorAt?: (at: number) => number
}

function scenarioOf({ days, startupSeconds, factorAt = () => 1 }: World): Scenario {
  const random = seededRandom(7, 1)
  const value = Float64Array.from({ length: days * 1440 }, (_, minute) => {
    return weekday(minute % 1440) * factorAt(START + minute * MINUTE) * (0.97 + 0.06 * random.uniform())
  })
  const target = {
    id: 'shop/web',
    minReplicas: 2,
    maxReplicas: 120,
    metrics: [],
    capacityPerReplica: CAPACITY,
    startupMs: startupSeconds * 1000,
    periodMs: MINUTE,
  }
  return {
    target: withLoadMetric(target, 0.7),
    load: { startMs: START, tickMs: MINUTE, value },
    metricsDelayMs: 0,
    seed: 1,
    scoredFrom: 0,
  }
}

interface Runs {
  readonly ours: Run
  readonly hpa: Run
  /** Conditions of our decisions, by tick. */
  readonly reliable: readonly (string | undefined)[]
}

/** Crescendo by the policy of the example, and the stock HPA at 70 % of the safe load, on the same traffic. */
async function play(world: World): Promise<Runs> {
  const { settings } = await loadPolicy('examples/predictive-policy.yaml')
  const scenario = scenarioOf(world)
  const { rules, target } = crescendoContender(scenario, policyOptions(settings, { price: 0.1, mode: 'Slo' }))
  const reliable: (string | undefined)[] = []
  const ours = await simulate(
    rules,
    { ...scenario, target },
    {
      onDecision: ({ conditions }) => reliable.push(conditions.find(({ type }) => type === 'ForecastReliable')?.reason),
    },
  )
  return { ours, hpa: await simulate(hpaRules(), scenario), reliable }
}

/** Minutes of a span in which the load exceeded what was ready. */
function badMinutes({ time, load, ready }: Run, from: number, to: number): number {
  let bad = 0
  for (let tick = 0; tick < time.length; tick++) {
    if (time[tick]! >= from && time[tick]! < to && load[tick]! > CAPACITY * ready[tick]!) bad++
  }
  return bad
}

function replicaHours({ time, desired }: Run, from: number, to: number): number {
  return desired.reduce((sum, replicas, tick) => sum + (time[tick]! >= from && time[tick]! < to ? replicas / 60 : 0), 0)
}

/** Bad minutes between eight and twenty to nine, day by day from the fifth on: by then a week's habit is known. */
const mornings = (run: Run): readonly number[] =>
  [4, 5, 6, 7, 8].map(day => badMinutes(run, START + day * DAY + 480 * MINUTE, START + day * DAY + 520 * MINUTE))
const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)

describe.each([75, 300])('a morning ramp to six times the load, with a start-up of %i s', startupSeconds => {
  const runs: { given?: Runs } = {}
  beforeAll(async () => {
    runs.given = await play({ days: 9, startupSeconds })
  }, 120_000)

  test('is served before it comes, where the HPA is behind it every morning', () => {
    const { ours, hpa } = runs.given!
    expect(Math.min(...mornings(hpa))).toBeGreaterThanOrEqual(startupSeconds === 75 ? 4 : 10)
    expect(sum(mornings(ours))).toBeLessThan(startupSeconds === 75 ? 0.5 * sum(mornings(hpa)) : 3)
  })

  test('the replicas are ordered before the load is there', () => {
    const { ours, hpa } = runs.given!
    const atTenPast = 8 * 1440 + 490 // the ramp is two thirds up
    expect(ours.ready[atTenPast]).toBeGreaterThan(hpa.ready[atTenPast]!)
  })

  test('and once the habit is known, for less than the HPA costs', () => {
    const { ours, hpa } = runs.given!
    const lastDay = [START + 8 * DAY, START + 9 * DAY] as const
    expect(replicaHours(ours, ...lastDay)).toBeLessThan(replicaHours(hpa, ...lastDay))
  })
})

describe.each([75, 300])(
  'a regime change: from one minute to the next three times the load, with a start-up of %i s',
  startupSeconds => {
    const CHANGE = START + 7 * DAY + 600 * MINUTE
    const runs: { given?: Runs } = {}
    beforeAll(async () => {
      runs.given = await play({ days: 10, startupSeconds, factorAt: at => (at >= CHANGE ? 3 : 1) })
    }, 120_000)

    test('the reactive target speaks again, and the object says so, until the new load is a day that is known', () => {
      const minutesAfter = (minutes: number) => runs.given!.reliable[7 * 1440 + 600 + minutes]
      expect(minutesAfter(-10)).toBe('Calibrated')
      expect(minutesAfter(10)).toBe('Unfamiliar')
      expect(runs.given!.reliable.at(-1)).toBe('Calibrated')
    })

    test('it is never much worse than the HPA: not on that day, and not on the days after', () => {
      const { ours, hpa } = runs.given!
      for (const from of [CHANGE, CHANGE + DAY, START + 9 * DAY]) {
        expect(badMinutes(ours, from, from + DAY)).toBeLessThanOrEqual(1.2 * badMinutes(hpa, from, from + DAY))
      }
    })
  },
)
