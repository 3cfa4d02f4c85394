import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import type { FleetSettings } from '../../src/core/fleet/fleet.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision } from '../../src/core/model.ts'
import { loadConfiguration } from '../../src/resources/configuration.ts'
import { DOCUMENTS } from '../../src/resources/documents.ts'
import { fleetSettingsFrom } from '../../src/resources/fleet-settings.ts'
import { resolveSettings } from '../../src/resources/policy.ts'
import { defaultPolicies } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import { type FleetService, simulateFleet } from '../../src/sim/fleet.ts'
import type { Run, Scenario } from '../../src/sim/run.ts'

const MINUTE = 60_000
const DAYS = 4
const PRICE = 0.1
const CAPACITY = 100
const START = Date.UTC(2026, 10, 27)

const TIERS = ['Enterprise', 'Premium', 'Basic'] as const
type Tier = (typeof TIERS)[number]

/** One in each tier, all with the same evening: at its height they want about 100 replicas together, of the 60 that are paid for. */
const SERVICES = TIERS.map((tier, index) => ({ tier, name: tier.toLowerCase(), seed: 3 + index }))

async function serviceOf({ tier, name, seed }: (typeof SERVICES)[number]): Promise<FleetService> {
  const object = DOCUMENTS.HorizontalPodAutoscaler.parse({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name }, maxReplicas: 60, tier, periodSeconds: 60 },
  })
  const settings = resolveSettings({ policies: await defaultPolicies(), object })
  const value = Float64Array.from(seasonalLoad({ seed, ticks: DAYS * 1440, stepMs: MINUTE, mean: 1700, swing: 0.8, noise: 0.04 }))
  const scenario: Scenario = {
    target: {
      id: `shop/${name}`,
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics: [],
      capacityPerReplica: CAPACITY,
      startupMs: MINUTE,
      periodMs: MINUTE,
    },
    load: { startMs: START, tickMs: MINUTE, value },
    metricsDelayMs: MINUTE,
    initialReplicas: 20,
    seed: 1,
    scoredFrom: 2 * 1440,
  }
  const options = policyOptions(settings, { price: PRICE, mode: 'Slo' })
  const { rules } = crescendoContender(scenario, { ...options, guards: { ...options.guards, isSharing: true } })
  const standing: FleetService['standing'] = { tier, priority: settings.priority, costPerReplicaHour: PRICE }
  return { standing, rules, scenario }
}

interface Play {
  readonly runs: readonly Run[]
  readonly decisions: readonly Decision[]
}

async function play(budgets?: FleetSettings): Promise<Play> {
  const services = await Promise.all(SERVICES.map(serviceOf))
  const decisions: Decision[] = []
  const runs = await simulateFleet(services, {
    ...(budgets && { budgets }),
    onDecision: decision => void decisions.push(decision),
  })
  return { runs, decisions }
}

const of = (tier: Tier, { runs }: Play): readonly Run[] => runs.filter((_, index) => SERVICES[index]!.tier === tier)

/** Share of the requests of the scored days that found a replica. */
function servedShare(runs: readonly Run[]): number {
  let [served, asked] = [0, 0]
  for (const { load, ready, scoredFrom } of runs) {
    for (let tick = scoredFrom; tick < load.length; tick++) {
      served += Math.min(load[tick]!, CAPACITY * ready[tick]!)
      asked += load[tick]!
    }
  }
  return served / asked
}

const orderedAt = (tick: number, runs: readonly Run[]) => runs.reduce((sum, { desired }) => sum + desired[tick]!, 0)
const mostOrdered = (runs: readonly Run[]) => Math.max(...Array.from(runs[0]!.desired, (_, tick) => orderedAt(tick, runs)))

describe('three services of three tiers on evenings that are too dear for all', () => {
  const plays: { capped?: Play; free?: Play } = {}
  let budgets: FleetSettings
  beforeAll(async () => {
    const { document } = await loadConfiguration({ file: 'examples/fleet-budgets.yaml', env: {} })
    budgets = fleetSettingsFrom(document.cost)!
    Object.assign(plays, { capped: await play(budgets), free: await play() })
  }, 180_000)

  test('without a cap all are served, for more than the budget', () => {
    for (const tier of TIERS) expect(servedShare(of(tier, plays.free!))).toBeGreaterThan(0.999)
    expect(PRICE * mostOrdered(plays.free!.runs)).toBeGreaterThan(1.4 * budgets.fleet!.perHour!)
  })

  test('the bill never exceeds the cap of the fleet, nor basic its own', () => {
    expect(PRICE * mostOrdered(plays.capped!.runs)).toBeLessThanOrEqual(budgets.fleet!.perHour! + 1e-9)
    expect(PRICE * mostOrdered(of('Basic', plays.capped!))).toBeLessThanOrEqual(budgets.tiers!.Basic!.perHour! + 1e-9)
  })

  test('enterprise and premium are served as if there were no cap, and basic has what is left', () => {
    const [enterprise, premium, basic] = TIERS.map(tier => servedShare(of(tier, plays.capped!)))
    expect(enterprise).toBeGreaterThan(0.9999)
    expect(premium).toBeGreaterThan(0.999)
    expect(basic).toBeLessThan(0.7)
    expect(basic).toBeGreaterThan(0.2)
  })

  test('basic gives up replicas that run while enterprise grows, and never its floor', () => {
    const { runs } = plays.capped!
    const [enterprise, basic] = [of('Enterprise', plays.capped!), of('Basic', plays.capped!)]
    const ticks = Array.from({ length: runs[0]!.desired.length - 60 }, (_, tick) => tick + 60)
    const yields = ticks.filter(
      tick =>
        orderedAt(tick, enterprise) > orderedAt(tick - 60, enterprise) &&
        orderedAt(tick, basic) < orderedAt(tick - 60, basic) - 4,
    )
    expect(yields.length).toBeGreaterThan(0)
    for (const { desired } of basic) expect(Math.min(...desired)).toBeGreaterThanOrEqual(1)
  })

  test('each decision that was cut says which budget it was, and who is first', () => {
    const cut = plays
      .capped!.decisions.filter(({ target }) => target === 'shop/basic')
      .flatMap(({ verdicts, conditions }) => [
        { verdict: verdicts.find(({ by }) => by === 'share')!, limited: conditions.find(({ type }) => type === 'BudgetLimited') },
      ])
      .filter(({ verdict: { from, to } }) => to < from)
    expect(cut.length).toBeGreaterThan(100)
    for (const { verdict, limited } of cut) {
      expect(verdict.why).toMatch(/^(?:fleet budget|budget of the tier): \d+ of \d+ replicas, /)
      expect(limited?.reason).toMatch(/^(?:FleetCap|TierCap)$/)
    }
    expect(cut.some(({ verdict }) => verdict.why.includes('enterprise and premium first'))).toBe(true)
  })
})
