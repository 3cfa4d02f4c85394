import { beforeAll, describe, expect, test } from 'vitest'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import { type LearntScalars, USUAL_SCALARS } from '../../src/core/policy/learnt-scalars.ts'
import { type Lesson, learnScalars } from '../../src/learn/learn-scalars.ts'
import { replaysHere } from '../../src/learn/past-replays.ts'
import type { DayFigures, Past } from '../../src/learn/replay-past.ts'
import { rollbackReason } from '../../src/learn/rollback.ts'
import { playBeside, shadowed } from '../../src/learn/shadow.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import { withLoadMetric } from '../../src/sim/run.ts'

const MINUTE = 60_000
const TICK_MS = 4 * MINUTE
const TICKS_PER_DAY = 360
const [LEARN_DAYS, DAYS, CHANGE_DAY] = [14, 20, 17]
/** What an earlier revision holds: scales seldom, orders far ahead, lets go late. Far too careful for this autumn. */
const CAREFUL: Partial<LearntScalars> = { holdScale: 3, actionLimit: 0.75, orderAhead: 0.15 }
const BUDGET = 1.44

const calm = seasonalLoad({ seed: 5, ticks: DAYS * TICKS_PER_DAY, stepMs: TICK_MS, mean: 2000, swing: 0.5, noise: 0.03 })

/** From day 17 on clients come in waves of eight minutes, every two hours, that no day before had. */
const wild = Float64Array.from(calm, (load, tick) => (tick >= CHANGE_DAY * TICKS_PER_DAY && tick % 30 < 2 ? 1.12 * load : load))

async function pastOf(values: ArrayLike<number>, days: number): Promise<Past> {
  const { settings } = await loadPolicy('examples/learning-policy.yaml')
  const bare = {
    id: 'shop/recommendations',
    minReplicas: settings.minReplicas,
    maxReplicas: settings.maxReplicas,
    metrics: [],
    capacityPerReplica: settings.prediction.capacityPerReplica!,
    startupMs: TICK_MS,
    periodMs: TICK_MS,
  }
  const target = withLoadMetric(bare, 0.7)
  const load = {
    startMs: Date.UTC(2026, 8, 7),
    tickMs: TICK_MS,
    value: Float64Array.from(values).subarray(0, days * TICKS_PER_DAY),
  }
  return {
    scenario: { target, load, metricsDelayMs: TICK_MS, seed: 1, scoredFrom: 0 },
    options: {
      ...policyOptions(settings, { price: 0.1, mode: 'Slo' }),
      target,
      delayMs: TICK_MS,
      badMinutesPerDay: BUDGET,
      learnt: CAREFUL,
    },
  }
}

describe('a service whose policy is too careful for it', () => {
  const found: { lesson?: Lesson; calm?: Beside; wild?: Beside } = {}
  interface Beside {
    readonly before: DayFigures
    readonly after: DayFigures
  }
  beforeAll(async () => {
    const lesson = await learnScalars(await pastOf(calm, LEARN_DAYS), {
      replays: replaysHere,
      badMinutesPerDay: BUDGET,
      seed: 1,
      candidates: 12,
      fixed: ['keptDays'],
    })
    const how = { replays: replaysHere, scalars: { ...CAREFUL, ...lesson.changed } }
    const beside = async (values: ArrayLike<number>) => playBeside(await pastOf(values, DAYS), how)
    Object.assign(found, { lesson, calm: await beside(calm), wild: await beside(wild) })
  }, 240_000)

  test('learns from two weeks to let go of less at a time, a fifth and no more, and proves it on days it never searched', () => {
    const { outcome, changed, heldOut } = found.lesson!
    expect(outcome).toBe('Accepted')
    for (const [name, value] of Object.entries(changed) as [keyof LearntScalars, number][]) {
      const before = CAREFUL[name] ?? USUAL_SCALARS[name]
      expect(Math.abs(value / before - 1)).toBeLessThanOrEqual(0.2 + 1e-9)
    }
    expect(changed.deadband).toBeLessThan(USUAL_SCALARS.deadband)
    expect(changed).not.toHaveProperty('keptDays')
    expect(heldOut!.replicaHours.difference.high).toBeLessThan(0)
    expect(heldOut!.badMinutes.after).toBeLessThanOrEqual(1.02 * heldOut!.badMinutes.before)
  })

  test('holds beside the old policy in the week that follows: cheaper, and no worse', () => {
    const days = { from: LEARN_DAYS, to: DAYS, seed: 1 }
    const { holds, replicaHours } = shadowed(found.calm!, days)
    expect(holds).toBe(true)
    expect(replicaHours.after).toBeLessThan(replicaHours.before)
  })

  test('stays in force while the weeks are calm, and goes when waves come that the old policy would have carried', () => {
    const { before, after } = found.lesson!.heldOut!.replicaHours
    const told = { days: { from: LEARN_DAYS, to: DAYS }, badMinutesPerDay: BUDGET, tickMinutes: 4, promisedCost: after / before }
    expect(rollbackReason({ ...told, learnt: found.calm!.after, old: found.calm!.before })).toBeUndefined()
    const reason = rollbackReason({ ...told, learnt: found.wild!.after, old: found.wild!.before })
    expect(reason).toMatch(/^[\d.]+ bad minutes within \d h burn [\d.]+ times the error budget/)
  })
})

describe('a service on which the usual policy is good', () => {
  test('is told so: the luckiest of a dozen on the days that were searched is refused for the days that were not', async () => {
    const past = await pastOf(calm, LEARN_DAYS)
    const { learnt: _, ...usual } = past.options
    const lesson = await learnScalars(
      { ...past, options: usual },
      { replays: replaysHere, badMinutesPerDay: BUDGET, seed: 1, candidates: 12 },
    )
    expect(lesson.outcome).toBe('Refused')
    expect(lesson.heldOut!.isAccepted).toBe(false)
  }, 120_000)
})
