import { beforeAll, describe, expect, test } from 'vitest'
import { scalersFor } from '../../src/cli/scalers.ts'
import { sentenceOf } from '../../src/core/explain/explain.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision } from '../../src/core/model.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import { safeRate } from '../../src/core/slo/queueing.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { targetOf } from '../../src/resources/target.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'
import type { ServiceOptions } from '../../src/sim/service.ts'

const MINUTE = 60_000
const [HIGH_DAYS, LOW_DAYS] = [5, 8]
const PROMISE_SECONDS = 0.025

/** Two requests at a time of 2 ms each: a pod is full at 1,000 a second, and keeps P99 within 25 ms up to 810. */
const SERVICE: ServiceOptions = { serviceSeconds: 0.002, concurrency: 2 }
const SAFE = safeRate(SERVICE, { quantile: 0.99, thresholdSeconds: PROMISE_SECONDS })!

interface Played {
  readonly run: Run
  readonly decisions: readonly Decision[]
}

/** Days of a usual week under the object of the example with another averageValue, by Crescendo and by the stock HPA. */
async function play(
  averageValue: number,
  days: number,
  service = SERVICE,
): Promise<{ readonly ours: Played; readonly stock: Run }> {
  const { object, settings } = await loadPolicy('examples/latency-slo.yaml')
  const target = { ...targetOf(object!, settings), capacityPerReplica: averageValue, periodMs: MINUTE }
  const metrics = target.metrics.map(metric => ({
    ...metric,
    target: { type: 'AverageValue' as const, averageValue: averageValue * 1000 },
  }))
  const value = seasonalLoad({ seed: 11, ticks: days * 1440, stepMs: MINUTE, mean: 16_000, swing: 0.5, noise: 0.03 })
  const load = { startMs: Date.UTC(2026, 10, 2), tickMs: MINUTE, value: Float64Array.from(value) }
  const scenario: Scenario = { target: { ...target, metrics }, load, metricsDelayMs: MINUTE, seed: 1, scoredFrom: 0, service }
  const { rules, target: own } = await scalersFor(settings, 0).crescendo!(scenario, {})
  const decisions: Decision[] = []
  const run = await simulate(rules, { ...scenario, target: own }, { onDecision: decision => void decisions.push(decision) })
  return { ours: { run, decisions }, stock: await simulate(hpaRules(), scenario) }
}

/** Minutes of a day whose P99 was above the promise. */
function lateMinutes({ served }: Run, day: number): number {
  const minutes = served!.latencySeconds.subarray(day * 1440, (day + 1) * 1440)
  return minutes.filter(seconds => seconds > PROMISE_SECONDS).length
}

const meanReady = ({ ready }: Run, day: number) =>
  ready.subarray(day * 1440, (day + 1) * 1440).reduce((sum, count) => sum + count, 0) / 1440

const safeLoadAfter = ({ decisions }: Played, day: number) => decisions[(day + 1) * 1440 - 1]!.safeLoad!

describe('a target per pod that is too high for the promise', () => {
  const played: Partial<Awaited<ReturnType<typeof play>>> = {}
  beforeAll(async () => {
    Object.assign(played, await play(950, HIGH_DAYS))
  }, 120_000)

  test('the stock HPA breaks the promise every day', () => {
    for (let day = 0; day < HIGH_DAYS; day++) expect(lateMinutes(played.stock!, day)).toBeGreaterThan(100)
  })

  test('within two days the load that is safe is known', () => {
    const { perReplica, by, objective } = safeLoadAfter(played.ours!, 2)
    expect(perReplica / SAFE).toBeGreaterThan(0.9)
    expect(perReplica / SAFE).toBeLessThan(1.04)
    expect(by).not.toBe('written')
    expect(objective).toBe('P99 25 ms')
  })

  test('and kept from then on', () => {
    for (let day = 2; day < HIGH_DAYS; day++) expect(lateMinutes(played.ours!.run, day)).toBeLessThan(15)
  })

  test('the decision says it', () => {
    const last = played.ours!.decisions.at(-1)!
    expect(sentenceOf(last)).toMatch(/\d+ × \d+ carry it inside P99 25 ms/)
    expect(last.conditions).toContainEqual(expect.objectContaining({ type: 'ObjectivesReachable', status: 'True' }))
  })
})

describe('a target per pod that is far too low', () => {
  test('is raised as far as the promise holds, and saves what it wasted', async () => {
    const { ours, stock } = await play(400, LOW_DAYS)
    const safe = Array.from({ length: LOW_DAYS }, (_, day) => safeLoadAfter(ours, day).perReplica)
    for (const perReplica of safe) expect(perReplica).toBeLessThanOrEqual(1.05 * SAFE)
    expect(safe.at(-1)).toBeGreaterThan(0.9 * SAFE)
    expect(meanReady(ours.run, LOW_DAYS - 1)).toBeLessThan(0.65 * meanReady(stock, LOW_DAYS - 1))
    for (let day = 0; day < LOW_DAYS; day++) expect(lateMinutes(ours.run, day)).toBeLessThan(15)
  }, 120_000)
})

describe('a promise that no number of pods keeps', () => {
  test('is told, and not scaled for', async () => {
    const { ours, stock } = await play(450, 4, { serviceSeconds: 0.0065, concurrency: 4 }) // idle, its P99 is 30 ms
    const last = ours.decisions.at(-1)!
    expect(last.safeLoad).toMatchObject({ perReplica: 450, by: 'written', unreachable: ['P99 25 ms'] })
    expect(last.conditions).toContainEqual(
      expect.objectContaining({ type: 'ObjectivesReachable', status: 'False', reason: 'UnreachableByScaling' }),
    )
    expect(Math.max(...ours.run.ready)).toBeLessThan(1.3 * Math.max(...stock.ready))
  }, 120_000)
})
