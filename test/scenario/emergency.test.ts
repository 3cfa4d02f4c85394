import { describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision, Verdict } from '../../src/core/model.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import type { Settings } from '../../src/resources/settings.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'

const MINUTE = 60_000
const CAPACITY = 100
const START = Date.UTC(2026, 10, 25)
/** Black Friday at eight in the evening; two usual days before it. */
const SURGE = Date.UTC(2026, 10, 27, 20)
const MAX = 60

interface World {
  readonly factorAt: (at: number) => number
  readonly more?: Partial<Scenario>
}

function scenarioOf(settings: Settings, { factorAt, more }: World): Scenario {
  const usual = seasonalLoad({ seed: 5, ticks: 3 * 1440, stepMs: MINUTE, mean: 2000, swing: 0.5, noise: 0.03 })
  return {
    target: {
      id: 'shop/checkout',
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics: [],
      capacityPerReplica: CAPACITY,
      startupMs: MINUTE,
      periodMs: MINUTE,
      objectives: settings.objectives,
    },
    load: {
      startMs: START,
      tickMs: MINUTE,
      value: Float64Array.from(usual, (load, minute) => load * factorAt(START + minute * MINUTE)),
    },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
    ...more,
  }
}

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

/** With `origins: {}` nobody has stated the emergency, so there is none. */
async function play(world: World, change: Partial<Settings> = {}): Promise<Played> {
  const { settings } = await loadPolicy('examples/emergency-policy.yaml')
  const scenario = scenarioOf({ ...settings, ...change }, world)
  const { rules, target } = crescendoContender(scenario, policyOptions({ ...settings, ...change }, { price: 0.1, mode: 'Slo' }))
  const decisions: Decision[] = []
  const run = await simulate(rules, { ...scenario, target }, { onDecision: decision => void decisions.push(decision) })
  return { run, decisions }
}

const at = (minutes: number) => SURGE + minutes * MINUTE
const desiredAt = ({ run }: Played, minutes: number) => run.desired[run.time.indexOf(at(minutes))]!
const mostBetween = ({ run }: Played, from: number, to: number) =>
  Math.max(...Array.from(run.desired).filter((_, tick) => run.time[tick]! >= at(from) && run.time[tick]! < at(to)))

/** What of the load of a span found no replica. */
function unservedShare({ run: { time, load, ready } }: Played, from: number, to: number): number {
  let [asked, unserved] = [0, 0]
  for (let tick = 0; tick < time.length; tick++) {
    if (time[tick]! < at(from) || time[tick]! >= at(to)) continue
    asked += load[tick]!
    unserved += Math.max(0, load[tick]! - CAPACITY * ready[tick]!)
  }
  return unserved / asked
}

const conditionIn = ({ conditions }: Decision, type: string) => conditions.find(one => one.type === type)
const verdictIn = ({ verdicts }: Decision, by: string): Verdict => verdicts.find(one => one.by === by)!

describe('a surge to more than maxReplicas can serve', () => {
  const surge = (factor: number, minutes: number): World => ({
    factorAt: now => (now >= SURGE && now < at(minutes) ? factor : 1),
  })

  test('is an emergency within minutes, is served past maxReplicas and budget, and is over when the surge is', async () => {
    const played = await play(surge(8, 20))
    expect(desiredAt(played, 6)).toBeGreaterThan(MAX)
    expect(unservedShare(played, 8, 20)).toBeLessThan(0.01)
    expect(unservedShare(await play(surge(8, 20), { origins: {} }), 8, 20)).toBeGreaterThan(0.4)
    expect(mostBetween(played, -600, 0)).toBeLessThanOrEqual(MAX)
    expect(desiredAt(played, 60)).toBeLessThanOrEqual(MAX)
    const words = played.decisions.map(one => conditionIn(one, 'Emergency')!.reason)
    expect([...new Set(words)]).toEqual(['NotNeeded', 'Overload'])
    expect(words.at(-1)).toBe('NotNeeded')
  }, 60_000)

  test('expires after half an hour though the surge goes on, and does not begin anew before the load was lower', async () => {
    const played = await play(surge(8, 120))
    expect(mostBetween(played, 8, 30)).toBeGreaterThan(MAX)
    expect(mostBetween(played, 40, 120)).toBeLessThanOrEqual(MAX)
    expect(played.decisions.some(one => conditionIn(one, 'Emergency')!.reason === 'Expired')).toBe(true)
  }, 60_000)

  test('never is served past the most that the policy gives an emergency, nor past 500', async () => {
    expect(mostBetween(await play(surge(40, 20)), 0, 30)).toBe(500)
    const small = { emergency: { maxReplicas: 90, maxDurationSeconds: 1800 } }
    expect(mostBetween(await play(surge(40, 20), small), 0, 30)).toBe(90)
  }, 60_000)

  test('whose pods do not become ready opens the breaker, which binds the emergency too', async () => {
    const stuck = { kind: 'pods-never-ready' as const, from: at(-5), to: at(60) }
    const played = await play({ ...surge(8, 60), more: { failures: [stuck] } })
    const open = played.decisions.filter(one => conditionIn(one, 'BreakerOpen')!.status === 'True')
    expect(open.length).toBeGreaterThan(0)
    const withheld = open.filter(one => verdictIn(one, 'breaker').to < verdictIn(one, 'breaker').from)
    expect(withheld.length).toBeGreaterThan(0)
    expect(withheld.every(({ from, to }) => to <= from * 1.1 + 1)).toBe(true)
  }, 60_000)
})

describe('a cap of 40 replicas an hour, and a surge to 54, which maxReplicas could serve', () => {
  const tight = { currency: 'USD', perHour: 4, enforcement: 'Cap' as const }
  const factorAt = (now: number) => (now >= SURGE && now < at(20) ? 3.6 : 1)
  const costBetween = (played: Played, from: number, to: number) => 0.1 * mostBetween(played, from, to)

  test('holds before and after, and is passed while the errors burn what was promised', async () => {
    const played = await play({ factorAt }, { budget: tight })
    expect(costBetween(played, -2 * 1440, 0)).toBeLessThanOrEqual(4 + 1e-9)
    expect(costBetween(played, 4, 20)).toBeGreaterThan(5)
    expect(unservedShare(played, 8, 20)).toBeLessThan(0.01)
    expect(costBetween(played, 60, 240)).toBeLessThanOrEqual(4 + 1e-9)
  }, 60_000)

  test('holds all the time where the policy allows no emergency', async () => {
    const played = await play({ factorAt }, { budget: tight, origins: {} })
    expect(costBetween(played, -2 * 1440, 240)).toBeLessThanOrEqual(4 + 1e-9)
  }, 60_000)
})
