import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision, Target } from '../../src/core/model.ts'
import type { Rules } from '../../src/core/rules.ts'
import { RIVALS } from '../../src/sim/rivals/contenders.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'
import type { Failure } from '../../src/sim/world.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const START = Date.UTC(2026, 10, 27)
/** Noon of the third day: a payment provider is down for twenty minutes, and most users give up meanwhile. */
const DOWN = START + 2 * DAY + 12 * 60 * MINUTE
const BACK = DOWN + 20 * MINUTE

const target: Target = {
  id: 'shop/web',
  minReplicas: 4,
  maxReplicas: 120,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: MINUTE,
  periodMs: MINUTE,
}

interface Day {
  readonly days?: number
  readonly tickMs?: number
  readonly factorAt?: (at: number) => number
  readonly failures?: readonly Failure[]
}

function scenarioOf({ factorAt = () => 1, failures = [], days = 2.75, tickMs = MINUTE }: Day): Scenario {
  const ticks = Math.round((days * DAY) / tickMs)
  const usual = seasonalLoad({ seed: 7, ticks, stepMs: tickMs, mean: 2000, swing: 0.5, noise: 0.03 })
  const value = Float64Array.from(usual, (load, tick) => load * factorAt(START + tick * tickMs))
  return {
    target: { ...target, periodMs: tickMs },
    load: { startMs: START, tickMs, value },
    metricsDelayMs: tickMs,
    seed: 1,
    scoredFrom: 0,
    failures,
  }
}

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

async function play(scenario: Scenario, given: { readonly rules: Rules; readonly target: Target }): Promise<Played> {
  const decisions: Decision[] = []
  const run = await simulate(given.rules, { ...scenario, target: given.target }, { onDecision: one => void decisions.push(one) })
  return { run, decisions }
}

const ours = (scenario: Scenario) => play(scenario, crescendoContender(scenario, { mode: 'Slo' }))
const hpa = async (scenario: Scenario) => play(scenario, await RIVALS.hpa!(scenario, {}))
/** The same without anybody who looks for outages. */
function unaware(scenario: Scenario) {
  const { rules, target: followed } = crescendoContender(scenario, { mode: 'Slo' })
  return play(scenario, { rules: { ...rules, screens: rules.screens.filter(({ name }) => name !== 'outage') }, target: followed })
}

const tickOf = ({ run }: Played, at: number) => run.time.indexOf(at)
const readyAt = (played: Played, at: number) => played.run.ready[tickOf(played, at)]!
const decisionAt = (played: Played, at: number) => played.decisions[tickOf(played, at)]!

function badTicks({ run: { time, load, ready } }: Played, from: number, to: number): number {
  return Array.from(time).filter((at, tick) => at >= from && at < to && load[tick]! > 100 * ready[tick]!).length
}

/** Four fifths of the users are gone while it is down; afterwards they come back, for a while a tenth more of them. */
const givesUp = (at: number) => (at >= DOWN && at < BACK ? 0.2 : at >= BACK && at < BACK + 10 * MINUTE ? 1.1 : 1)

describe('traffic that collapses while errors rise', () => {
  const played: { ours?: Played; hpa?: Played; unaware?: Played } = {}
  beforeAll(async () => {
    const failures = [{ kind: 'errors' as const, from: DOWN, to: BACK, share: 0.6 }]
    const scenario = scenarioOf({ factorAt: givesUp, failures })
    Object.assign(played, { ours: await ours(scenario), hpa: await hpa(scenario), unaware: await unaware(scenario) })
  }, 120_000)

  test('is an outage: nothing is taken away, and the condition says why', () => {
    const before = readyAt(played.ours!, DOWN)
    expect(readyAt(played.ours!, BACK)).toBeGreaterThanOrEqual(before)
    const { conditions, verdicts } = decisionAt(played.ours!, BACK - MINUTE)
    expect(conditions).toContainEqual({
      type: 'Outage',
      status: 'True',
      reason: 'TrafficFellWithErrors',
      message: expect.stringMatching(
        /^traffic fell from \d+(?:\.\d)? to \d+(?:\.\d)? while 60 % of the requests fail: an outage, no calm$/,
      ),
    })
    expect(verdicts.find(({ by }) => by === 'hold')?.why).toMatch(/^(?:holds \d+:|no scale-down while) traffic fell/)
  })

  test('the stock HPA goes down with it, and so would we if nobody looked for it', () => {
    expect(readyAt(played.hpa!, BACK)).toBeLessThan(0.6 * readyAt(played.hpa!, DOWN))
    expect(readyAt(played.unaware!, BACK)).toBeLessThan(0.6 * readyAt(played.unaware!, DOWN))
  })

  test('when everybody comes back at once, they find the replicas there; elsewhere they find a third of them', () => {
    expect(badTicks(played.ours!, BACK, BACK + 30 * MINUTE)).toBeLessThanOrEqual(1)
    expect(badTicks(played.hpa!, BACK, BACK + 30 * MINUTE)).toBeGreaterThanOrEqual(3)
    expect(badTicks(played.unaware!, BACK, BACK + 30 * MINUTE)).toBeGreaterThanOrEqual(3)
  })

  test('an hour later all is as usual', () => {
    expect(decisionAt(played.ours!, BACK + 60 * MINUTE).conditions).toContainEqual(
      expect.objectContaining({ type: 'Outage', status: 'False' }),
    )
  })
})

describe('traffic that falls without errors', () => {
  test('is calm: replicas leave as they always do', async () => {
    const played = await ours(scenarioOf({ factorAt: at => (at >= DOWN ? 0.2 : 1) }))
    expect(decisionAt(played, BACK).conditions).toContainEqual(expect.objectContaining({ type: 'Outage', status: 'False' }))
    expect(readyAt(played, DOWN + 60 * MINUTE)).toBeLessThan(0.5 * readyAt(played, DOWN))
  }, 60_000)
})

describe('metrics that freeze', () => {
  /** Every morning at seven the load doubles within twenty minutes; on the third morning its metrics stand still meanwhile. */
  const SEVEN = 7 * 60 * MINUTE
  const FROZEN = START + 2 * DAY + SEVEN
  const END = FROZEN + 28 * MINUTE
  const morning = (at: number) => 1 + Math.min(1, Math.max(0, ((at - START) % DAY) - SEVEN) / (20 * MINUTE))
  const played: { ours?: Played; hpa?: Played } = {}
  beforeAll(async () => {
    const failures = [{ kind: 'metric-freeze' as const, from: FROZEN, to: END }]
    const scenario = scenarioOf({ factorAt: morning, failures, days: 2.35, tickMs: MINUTE / 2 })
    Object.assign(played, { ours: await ours(scenario), hpa: await hpa(scenario) })
  }, 120_000)

  test('are no measurement once they stood still for ten minutes, and that is told', () => {
    const { conditions, demand } = decisionAt(played.ours!, FROZEN + 15 * MINUTE)
    expect(demand).toBeUndefined()
    expect(conditions).toContainEqual({
      type: 'MetricsFresh',
      status: 'False',
      reason: 'MetricsMissing',
      message: expect.stringMatching(/the metric has said exactly [\d.]+ for \d+ s, it changed every 30 s before/),
    })
  })

  test('nothing leaves meanwhile, and the forecast stands in for them; who believes them stays where they stand', () => {
    const during = played.ours!.decisions.filter(({ at, demand }) => at > FROZEN && at < END && demand === undefined)
    expect(during.length).toBeGreaterThan(20)
    expect(during.filter(({ from, to }) => to < from)).toEqual([])
    expect(badTicks(played.ours!, END - 10 * MINUTE, END)).toBe(0)
    expect(badTicks(played.hpa!, END - 10 * MINUTE, END)).toBeGreaterThan(10)
  })
})
