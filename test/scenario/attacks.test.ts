import { describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { scalersFor } from '../../src/cli/scalers.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision } from '../../src/core/model.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { prepare } from '../../src/sim/rivals/contenders.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'

const MINUTE = 60_000
/** Seven days of a usual week, then the day on which something happens: the example's launch is at 20:00. */
const START = Date.UTC(2026, 10, 27)
const EVENT = Date.UTC(2026, 11, 4)
const DAYS = 8
const PER_CLIENT = 0.5
const EXAMPLE = 'examples/protected-policy.yaml'

interface Moment {
  /** Load that is no user's, and the clients that send it. */
  readonly hostile?: number
  readonly bots?: number
  /** What users multiply their load by. */
  readonly factor?: number
}

interface Sources {
  readonly clients?: boolean
  readonly conversions?: boolean
}

/** `happens` by minutes since the beginning of the event's day. */
function scenarioOf(happens: (minute: number) => Moment, sources: Sources): Scenario {
  const usual = Float64Array.from(
    seasonalLoad({ seed: 5, ticks: DAYS * 1440, stepMs: MINUTE, mean: 900, swing: 0.4, noise: 0.04 }),
  )
  const moments = Array.from(usual, (_, tick) => happens(tick - (EVENT - START) / MINUTE))
  const value = usual.map((load, tick) => load * (moments[tick]!.factor ?? 1))
  const attack = usual.map((_, tick) => moments[tick]!.hostile ?? 0)
  const clients = value.map((load, tick) => Math.round(load / PER_CLIENT) + (moments[tick]!.bots ?? 0))
  const conversionRatio = value.map((load, tick) => (0.02 * load) / (load + attack[tick]!))
  return {
    target: {
      id: 'shop/web',
      minReplicas: 4,
      maxReplicas: 200,
      metrics: [],
      capacityPerReplica: 100,
      startupMs: MINUTE,
      periodMs: MINUTE,
    },
    load: {
      startMs: START,
      tickMs: MINUTE,
      value,
      attack,
      ...(sources.clients && { clients }),
      ...(sources.conversions && { conversionRatio }),
    },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
  }
}

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

async function watch(scenario: Scenario, contender: { rules: Parameters<typeof simulate>[0]; target: Scenario['target'] }) {
  const decisions: Decision[] = []
  const run = await simulate(
    contender.rules,
    { ...scenario, target: contender.target },
    { onDecision: decision => decisions.push(decision) },
  )
  return { run, decisions } satisfies Played
}

/** By the policy of the example, without its launch; `with` its schedules where they are asked for. */
async function underProtection(scenario: Scenario, isScheduled = false): Promise<Played> {
  const { settings } = await loadPolicy(EXAMPLE)
  const prepared = await scalersFor({ ...settings, schedules: isScheduled ? settings.schedules : [] }, 0.1).crescendo!(
    scenario,
    {},
  )
  return watch({ ...scenario, ...(prepared.scheduled && { scheduled: prepared.scheduled }) }, prepared)
}

const unprotected = (scenario: Scenario) => watch(scenario, crescendoContender(scenario, { mode: 'Slo' }))
const stockHpa = async (scenario: Scenario) => watch(scenario, await prepare('hpa', scenario))

/** Replica-hours that were billed in [from, to) minutes of the event's day. */
function hours({ run: { time, desired } }: Played, from = 0, to = 1440): number {
  let sum = 0
  for (let tick = 0; tick < time.length; tick++) {
    const minute = (time[tick]! - EVENT) / MINUTE
    if (minute >= from && minute < to) sum += desired[tick]! / 60
  }
  return sum
}

/** The share of users' requests of the event's day that finds no room, where a limiter in front keeps the attack out. */
function badShare({ run: { time, load, ready } }: Played): number {
  let [bad, all] = [0, 0]
  for (let tick = 0; tick < time.length; tick++) {
    if (time[tick]! < EVENT) continue
    bad += Math.max(0, load[tick]! - 100 * ready[tick]!)
    all += load[tick]!
  }
  return bad / all
}

const conditionAt = ({ decisions, run }: Played, minute: number, type: string) =>
  decisions[run.time.indexOf(EVENT + minute * MINUTE)]!.conditions.find(one => one.type === type)

const noon = (minute: number) => minute >= 720 && minute < 840
const calmly = (): Moment => ({})

describe('forty clients send six times the usual load for two hours', () => {
  const flood = (minute: number): Moment => (noon(minute) ? { hostile: 5000, bots: 40 } : {})
  const sources = { clients: true }

  test('whoever scales for them pays for them; we do not, users are served, and the hold says why', async () => {
    const [attacked, clean] = [scenarioOf(flood, sources), scenarioOf(calmly, sources)]
    const [ours, calm] = [await underProtection(attacked), await underProtection(clean)]
    const [theirs, theirCalm] = [await stockHpa(attacked), await stockHpa(clean)]
    expect(hours(theirs) / hours(theirCalm)).toBeGreaterThan(1.4)
    expect(hours(ours) / hours(calm)).toBeLessThan(1.1)
    expect(badShare(ours)).toBeLessThanOrEqual(0.001)
    expect(conditionAt(ours, 780, 'AttackHold')).toMatchObject({ status: 'True', reason: 'DemandDoubted' })
    expect(conditionAt(ours, 780, 'AttackHold')?.message).toMatch(/clients usually ask for/)
    expect(conditionAt(ours, 900, 'AttackHold')).toMatchObject({ status: 'False' })
  }, 120_000)
})

describe('a yo-yo: ten minutes of four times the load, ten of none, all day', () => {
  const yoYo = (minute: number): Moment => (minute >= 0 && minute % 20 < 10 ? { hostile: 2700, bots: 5400 } : {})

  test('from a botnet of which nothing converts, it costs a fifth at most, where the stock HPA pays for all of it', async () => {
    const sources = { clients: true, conversions: true }
    const [attacked, clean] = [scenarioOf(yoYo, sources), scenarioOf(calmly, sources)]
    const [ours, calm] = [await underProtection(attacked), await underProtection(clean)]
    const [theirs, theirCalm] = [await stockHpa(attacked), await stockHpa(clean)]
    expect(hours(theirs) / hours(theirCalm)).toBeGreaterThan(2.5)
    expect(hours(ours) / hours(calm)).toBeLessThanOrEqual(1.2)
    expect(badShare(ours)).toBeLessThanOrEqual(0.001)
  }, 120_000)

  test('where nothing tells who asks, the surge budget bounds what it costs, and the swing is seen', async () => {
    const [attacked, clean] = [scenarioOf(yoYo, {}), scenarioOf(calmly, {})]
    const [bounded, calm, boundless] = [
      await underProtection(attacked),
      await underProtection(clean),
      await unprotected(attacked),
    ]
    expect(hours(bounded) / hours(calm)).toBeLessThan(1.5)
    expect(hours(boundless) / hours(calm)).toBeGreaterThan(2.5)
    const last = bounded.decisions.at(-1)!
    expect(last.proposals.find(({ by }) => by === 'keep-warm')?.why).toMatch(/^the load swings every 20 min: its mean of/)
  }, 120_000)
})

describe('a flash crowd: six times the users within five minutes', () => {
  const rise = (since: number) => 1 + 5 * (since < 5 ? since / 5 : Math.exp((5 - since) / 60))
  const crowd = (minute: number): Moment => ({ factor: minute < 720 ? 1 : rise(minute - 720) })

  test('whose conversions keep up passes at once: nothing is doubted, and no surge budget holds it', async () => {
    const scenario = scenarioOf(crowd, { clients: true, conversions: true })
    const [ours, free] = [await underProtection(scenario), await unprotected(scenario)]
    expect(ours.decisions.flatMap(({ doubts }) => doubts.filter(({ by }) => by === 'attack'))).toEqual([])
    expect(hours(ours, 720, 900)).toBeCloseTo(hours(free, 720, 900), 0)
    expect(badShare(ours)).toBeLessThanOrEqual(badShare(free) + 1e-6)
    expect(conditionAt(ours, 730, 'SurgeLimited')).toMatchObject({ status: 'False', reason: 'AsUsual' })
  }, 120_000)

  test('of which nobody can tell who it is has the surge budget, and is told what would let it through', async () => {
    const ours = await underProtection(scenarioOf(crowd, {}))
    const spent = ours.decisions.flatMap(({ conditions }) => conditions.filter(({ reason }) => reason === 'BudgetSpent'))
    expect(spent[0]?.message).toMatch(
      /withheld \d+ of \d+ replicas: .* of 3\.00 USD spent today .*; a known event .* or a higher surgeBudgetPerDay/,
    )
  }, 120_000)

  test('that is the launch of the schedule is held by nobody while it lasts', async () => {
    const launch = (minute: number): Moment => ({ factor: minute >= 1200 && minute < 1320 ? 6 : 1 })
    const known = await underProtection(scenarioOf(launch, {}), true)
    for (let minute = 1195; minute < 1320; minute++)
      expect(conditionAt(known, minute, 'SurgeLimited')?.reason).not.toBe('BudgetSpent')
    expect(badShare(known)).toBeLessThanOrEqual(0.001)
  }, 120_000)
})

describe('an attack is not learnt', () => {
  test('five nights of it leave the forecast of the sixth as it was, and its windows', async () => {
    const nightly = (minute: number): Moment => {
      const ofDay = ((minute % 1440) + 1440) % 1440
      return minute < 0 && minute >= -5 * 1440 && ofDay >= 180 && ofDay < 300 ? { hostile: 4000, bots: 8000 } : {}
    }
    const night = ({ decisions, run }: Played) => decisions[run.time.indexOf(EVENT + 170 * MINUTE)]!.forecast!
    const sources = { conversions: true }
    const [poisoned, clean] = [await unprotected(scenarioOf(nightly, sources)), await unprotected(scenarioOf(calmly, sources))]
    const blind = await unprotected(scenarioOf(nightly, {}))
    const top = (played: Played) => night(played).windows[0]!.quantiles[10]! / night(clean).windows[0]!.quantiles[10]!
    expect(top(poisoned)).toBeLessThan(1.25)
    expect(top(blind)).toBeGreaterThan(1.5)
    expect(hours(poisoned, 120, 360) / hours(clean, 120, 360)).toBeLessThan(1.2)
    expect(hours(blind, 120, 360) / hours(clean, 120, 360)).toBeGreaterThan(1.5)
  }, 120_000)
})
