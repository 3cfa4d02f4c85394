import { beforeAll, describe, expect, test } from 'vitest'
import { crescendoContender } from '../../src/cli/crescendo-contender.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision } from '../../src/core/model.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { policyOptions } from '../../src/resources/rules-options.ts'
import type { Settings } from '../../src/resources/settings.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const START = Date.UTC(2026, 10, 27)
/** The odd day is the fourth: a client breaks at two and half of the load is gone for an hour; a sale nobody announced comes at six. */
const BROKEN = START + 3 * DAY + 14 * 60 * MINUTE
const SALE = START + 3 * DAY + 18 * 60 * MINUTE
const HOUR = 60 * MINUTE

const factorAt = (at: number) => (at >= BROKEN && at < BROKEN + HOUR ? 0.45 : at >= SALE && at < SALE + HOUR ? 1.5 : 1)

type Response = Settings['anomaly']['response']

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

/** The same four days under the policy of the example, with another response. */
async function play(response: Response): Promise<Played> {
  const { settings } = await loadPolicy('examples/anomaly-policy.yaml')
  const usual = seasonalLoad({ seed: 11, ticks: 3.9 * 1440, stepMs: MINUTE, mean: 2000, swing: 0.4, noise: 0.02 })
  const scenario: Scenario = {
    target: {
      id: 'shop/web',
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics: [],
      capacityPerReplica: settings.prediction.capacityPerReplica!,
      startupMs: settings.prediction.startupSeconds! * 1000,
      periodMs: MINUTE,
    },
    load: {
      startMs: START,
      tickMs: MINUTE,
      value: Float64Array.from(usual, (load, minute) => load * factorAt(START + minute * MINUTE)),
    },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
  }
  const options = policyOptions({ ...settings, anomaly: { ...settings.anomaly, response } }, { price: 0.1, mode: 'Slo' })
  const { rules, target } = crescendoContender(scenario, options)
  const decisions: Decision[] = []
  const run = await simulate(rules, { ...scenario, target }, { onDecision: one => void decisions.push(one) })
  return { run, decisions }
}

const anomalousOf = ({ conditions }: Decision) => conditions.find(({ type }) => type === 'Anomalous')
const isOdd = (decision: Decision) => anomalousOf(decision)?.status === 'True'
const within = ({ decisions }: Played, from: number) => decisions.filter(({ at }) => at >= from && at < from + HOUR)

describe('the same odd day, answered as the policy says', () => {
  const played: Partial<Record<Response, Played>> = {}
  beforeAll(async () => {
    for (const response of ['Hold', 'Widen', 'Ignore', 'AlertOnly'] as const) played[response] = await play(response)
  }, 120_000)

  test('it is noticed when it begins, and not on the days before', () => {
    const { decisions } = played.AlertOnly!
    for (const from of [BROKEN, SALE]) {
      const first = within(played.AlertOnly!, from).find(isOdd)
      expect(first!.at - from).toBeLessThanOrEqual(4 * MINUTE)
    }
    const before = decisions.filter(({ at }) => at >= START + DAY && at < BROKEN)
    expect(before.filter(isOdd).length / before.length).toBeLessThan(0.05)
  })

  test('AlertOnly tells it, and decides in every tick what Ignore decides, who does not look', () => {
    expect(played.AlertOnly!.run.desired).toEqual(played.Ignore!.run.desired)
    expect(played.Ignore!.decisions.filter(decision => anomalousOf(decision) !== undefined)).toEqual([])
  })

  test('Hold takes nothing away while it lasts; who only tells takes away', () => {
    const odd = played.Hold!.decisions.filter(isOdd)
    expect(odd.length).toBeGreaterThan(10)
    expect(odd.filter(({ from, to }) => to < from)).toEqual([])
    expect(odd.some(({ verdicts }) => verdicts.some(({ by, why }) => by === 'hold' && why.startsWith('holds')))).toBe(true)
    expect(played.AlertOnly!.decisions.filter(isOdd).some(({ from, to }) => to < from)).toBe(true)
  })

  test('Widen has a quarter more than the load needs while it lasts, also where who only tells has less', () => {
    const quarterMore = ({ demand = 0 }: Decision) => Math.ceil((1.25 * demand) / 100 - 1e-9)
    const odd = played.Widen!.decisions.filter(isOdd)
    expect(odd.length).toBeGreaterThan(10)
    for (const decision of odd) {
      expect(anomalousOf(decision)?.reason).toBe('Widen')
      expect(decision.proposals).toContainEqual(expect.objectContaining({ by: 'widen', replicas: quarterMore(decision) }))
    }
    const isPaced = ({ verdicts }: Decision) => verdicts.some(({ by, from, to }) => by === 'pace' && to < from)
    expect(odd.filter(decision => decision.to < quarterMore(decision) && !isPaced(decision))).toEqual([])
    expect(played.AlertOnly!.decisions.some(one => isOdd(one) && one.to < quarterMore(one) && !isPaced(one))).toBe(true)
  })
})
