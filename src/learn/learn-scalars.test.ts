import { describe, expect, test } from 'vitest'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import { type LearntScalars, moved, USUAL_SCALARS } from '../core/policy/learnt-scalars.ts'
import { seededRandom } from '../sim/random.ts'
import { withLoadMetric } from '../sim/run.ts'
import { daysOf, learnScalars } from './learn-scalars.ts'
import { type PastReplays, replaysHere, sharedPast, threadedReplays } from './past-replays.ts'
import { type DayFigures, type Past, shortened } from './replay-past.ts'

const MINUTE = 60_000

function pastOf(days: number, stepMs = 5 * MINUTE): Past {
  const value = Float64Array.from(
    seasonalLoad({ seed: 3, ticks: (days * 1440 * MINUTE) / stepMs, stepMs, mean: 1500, swing: 0.5, noise: 0.05 }),
  )
  const bare = {
    id: 'shop/web',
    minReplicas: 2,
    maxReplicas: 90,
    metrics: [],
    capacityPerReplica: 100,
    startupMs: stepMs,
    periodMs: stepMs,
  }
  const target = withLoadMetric(bare, 0.7)
  return {
    scenario: {
      target,
      load: { startMs: Date.UTC(2026, 9, 5), tickMs: stepMs, value },
      metricsDelayMs: stepMs,
      seed: 1,
      scoredFrom: 0,
    },
    options: { mode: 'Slo', target, delayMs: stepMs },
  }
}

/** Each day costs what `costOf` says, and nothing is ever bad. */
function imagined(past: Past, costOf: (scalars: LearntScalars, day: number) => number): PastReplays {
  const days = daysOf(past)
  const figures = (scalars: LearntScalars): DayFigures => ({
    replicaHours: Float64Array.from({ length: days }, (_, day) => costOf(scalars, day)),
    badMinutes: new Float64Array(days),
    actions: new Float64Array(days).fill(10),
    hourlyBadMinutes: new Float64Array(24 * days),
  })
  return {
    record: async () => ({
      figures: figures(USUAL_SCALARS),
      tape: { startMs: 0, tickMs: 1, windows: [], quantiles: new Float64Array(0) },
    }),
    replay: async (_, { learnt }) => figures({ ...USUAL_SCALARS, ...learnt }),
  }
}

const options = { badMinutesPerDay: 1.44, seed: 1, candidates: 45 }

describe('what is played on a tape of forecasts', () => {
  const past = pastOf(6)

  test('is to the last figure what the production rules do with their own forecaster', async () => {
    const { figures, tape } = await replaysHere.record(past)
    expect(await replaysHere.replay(past, { tape, learnt: {} })).toEqual(figures)
    const learnt = { ...USUAL_SCALARS, orderAhead: 0.12, holdScale: 2 }
    const other = await replaysHere.replay(past, { tape, learnt })
    expect(other.replicaHours).not.toEqual(figures.replicaHours)
    expect((await replaysHere.record({ ...past, options: { ...past.options, learnt } })).figures).toEqual(other)
  }, 60_000)

  test('is the same in a thread, and its first days are those of the whole', async () => {
    const shared = sharedPast(past)
    const { tape } = await replaysHere.record(past)
    const threads = threadedReplays({ threads: 1 })
    const { replicaHours } = await threads.replay(shared, { tape, learnt: {}, ticks: 4 * 288 }).finally(threads.close)
    const whole = await replaysHere.replay(past, { tape, learnt: {} })
    expect([...replicaHours]).toEqual([...whole.replicaHours.subarray(0, 4)])
    expect(shortened(past.scenario, 9_999)).toBe(past.scenario)
  }, 60_000)

  test('has holes where the recording has, which nobody is scored on', async () => {
    const { load } = past.scenario
    const missing = new Uint8Array(load.value.length).fill(1, 288, 576)
    const holed = sharedPast({
      ...past,
      scenario: { ...past.scenario, load: { ...load, missing, attack: load.value, clients: load.value } },
    })
    const { figures } = await replaysHere.record({ ...holed, scenario: shortened(holed.scenario, 576) })
    expect(figures.replicaHours[1]).toBe(0)
    expect(figures.replicaHours[0]).toBeGreaterThan(0)
  }, 60_000)
})

describe('learning', () => {
  const past = pastOf(14)

  test('finds a step that saves three percent a day, accepts it for the days held out, and says from which', async () => {
    const costOf = ({ deadband }: LearntScalars, day: number) => 100 + (day % 3) - (deadband < 0.1 ? 3 : 0)
    const lesson = await learnScalars(past, { ...options, replays: imagined(past, costOf) })
    expect(lesson).toMatchObject({ outcome: 'Accepted', changed: { deadband: 0.08 }, searchDays: 10 })
    expect(lesson.heldOut).toMatchObject({ days: 4, isAccepted: true })
    expect(lesson.tried).toBeLessThanOrEqual(45)
  })

  test('refuses the luckiest of many that only look better by chance', async () => {
    const luck = ({ deadband, holdScale, orderAhead, budgetShare }: LearntScalars, day: number) =>
      100 + 4 * seededRandom(Math.round(1e4 * (deadband + 7 * holdScale + 31 * orderAhead + 3 * budgetShare)), day).normal()
    const lesson = await learnScalars(past, { ...options, replays: imagined(past, luck) })
    expect(lesson.outcome).toBe('Refused')
    expect(lesson.why).not.toMatch(/^the cost is better/)
  })

  test('leaves what a person wrote, and what is no better', async () => {
    const costOf = ({ deadband }: LearntScalars) => 100 - (deadband < 0.1 ? 3 : 0)
    const replays = imagined(past, costOf)
    const lesson = await learnScalars(past, { ...options, replays, fixed: ['deadband'] })
    expect(lesson).toMatchObject({ outcome: 'NothingBetter', changed: {} })
  })

  test('is off where the simulator does not tell what was recorded', async () => {
    const replays = imagined(past, () => 100)
    const recorded = { replicaHours: new Float64Array(14).fill(120) }
    const lesson = await learnScalars(past, { ...options, replays, recorded })
    expect(lesson).toMatchObject({ outcome: 'Unfaithful', tried: 0 })
    const near = await learnScalars(past, { ...options, replays, recorded: { replicaHours: new Float64Array(14).fill(103) } })
    expect(near.outcome).toBe('NothingBetter')
    expect(near.fidelity).toMatchObject({ isFaithful: true })
  })

  test('tries no more than it may, tells how far it is, and steps by a fifth at most', async () => {
    const told: string[] = []
    const costOf = (scalars: LearntScalars) => 100 - 10 * (USUAL_SCALARS.deadband - scalars.deadband) - scalars.budgetShare
    const lesson = await learnScalars(past, {
      ...options,
      candidates: 7,
      replays: imagined(past, costOf),
      onProgress: (what, done, total) => told.push(`${what} ${done} of ${total}`),
    })
    expect(lesson.tried).toBe(7)
    expect(told).toContain('trying 7 of 7')
    for (const [name, value] of Object.entries(lesson.changed) as [keyof LearntScalars, number][]) {
      const steps = [moved(USUAL_SCALARS, name, -0.2)[name], moved(USUAL_SCALARS, name, 0.2)[name]]
      expect(value).toBeGreaterThanOrEqual(Math.min(...steps))
      expect(value).toBeLessThanOrEqual(Math.max(...steps))
    }
  })
})
