import { beforeAll, describe, expect, test } from 'vitest'
import { scalersFor } from '../../src/cli/scalers.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { targetOf } from '../../src/resources/target.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'
import { score } from '../../src/sim/score.ts'
import { servedAt, serviceScore } from '../../src/sim/served.ts'
import { readingsOf, type ServiceOptions } from '../../src/sim/service.ts'
import { generate } from '../../src/sim/traffic/generate.ts'
import { PROFILES, type ProfileName } from '../../src/sim/traffic/profiles.ts'

const MINUTE = 60_000
const HISTORY_DAYS = 8
const SCORED_DAYS = 4
/** 99.9 % of all minutes. */
const LATE_MINUTES = 0.001
const START = Date.UTC(2026, 9, 5) // a Monday

interface Story {
  readonly name: ProfileName
  /** Requests a second at the middle of a weekday. */
  readonly level: number
  readonly promise: { readonly seconds: number; readonly errors: number }
  readonly resource: 'cpu' | 'nvidia.com/gpu'
  readonly service: ServiceOptions
  /** How busy a replica is when it just keeps its promise; a CPU target above it breaks it, one below it is waste. */
  readonly safeBusy: string
  readonly doesStockKeepIt: boolean
  /** What keeping it may cost, in replica-hours of the stock HPA. */
  readonly mostOfStock: number
}

const STORIES: readonly Story[] = [
  {
    name: 'api-gateway',
    level: 40_000,
    promise: { seconds: 0.025, errors: 0.0001 },
    resource: 'cpu',
    service: { serviceSeconds: 0.003, concurrency: 16, timeoutSeconds: 1, imbalance: 0.03 },
    safeBusy: '94 %',
    doesStockKeepIt: true,
    mostOfStock: 0.95,
  },
  {
    name: 'audio-processor',
    level: 1000,
    promise: { seconds: 5, errors: 0.001 },
    resource: 'nvidia.com/gpu',
    service: {
      serviceSeconds: 0.8,
      concurrency: 8,
      timeoutSeconds: 30,
      imbalance: 0.05,
      guards: {
        audio_quality_score: { healthy: 0.98, saturated: 0.85 },
        codec_efficiency_ratio: { healthy: 0.86, saturated: 0.7 },
      },
    },
    safeBusy: '80 %',
    doesStockKeepIt: true,
    mostOfStock: 1.2,
  },
  {
    name: 'ml-inference',
    level: 1000,
    promise: { seconds: 0.1, errors: 0.0005 },
    resource: 'nvidia.com/gpu',
    service: {
      serviceSeconds: 0.018,
      concurrency: 2,
      timeoutSeconds: 2,
      imbalance: 0.05,
      guards: { model_accuracy_ratio: { healthy: 0.97, saturated: 0.97 } },
    },
    safeBusy: '36 %',
    doesStockKeepIt: false,
    mostOfStock: 2.6,
  },
  {
    name: 'analytics',
    level: 10_000,
    promise: { seconds: 0.05, errors: 0.001 },
    resource: 'cpu',
    service: { serviceSeconds: 0.008, concurrency: 4, timeoutSeconds: 5, imbalance: 0.05 },
    safeBusy: '70 %',
    doesStockKeepIt: false,
    mostOfStock: 1.3,
  },
]

/** Twelve days of the type's traffic under its example, and the same under a stock HPA that keeps 70 % of the CPU or GPU busy. */
async function play({ name, level, service, resource }: Story) {
  const { settings, object } = await loadPolicy(`examples/${name}-hpa.yaml`)
  const target = { ...targetOf(object!, settings), periodMs: MINUTE, objectives: settings.objectives }
  const shape = { ...PROFILES[name], level, capacityPerReplica: target.capacityPerReplica }
  const { load } = generate(shape, { days: HISTORY_DAYS + SCORED_DAYS, seed: 3, startMs: START, tickMs: MINUTE })
  const scenario: Scenario = { target, load, metricsDelayMs: MINUTE, seed: 1, scoredFrom: HISTORY_DAYS * 1440, service }
  const { rules, target: own } = await scalersFor(settings, 0).crescendo!(scenario, {})
  const { behavior: _, ...plain } = target
  const averageUtilizationPercent = 70
  const metrics = [{ type: 'Resource' as const, resource, target: { type: 'Utilization' as const, averageUtilizationPercent } }]
  return {
    scenario,
    crescendo: await simulate(rules, { ...scenario, target: own }),
    stock: await simulate(hpaRules(), { ...scenario, target: { ...plain, metrics } }),
  }
}

const replicaHours = (run: Run) => score(run, { capacityPerReplica: 1, price: 0 }).replicaHours

/** Share of the scored minutes whose own P99 was above the promise. */
function lateMinutes({ served, scoredFrom }: Run, { promise }: Story): number {
  const minutes = served!.latencySeconds.subarray(scoredFrom)
  return minutes.filter(seconds => seconds > promise.seconds).length / minutes.length
}

/** What each guard of the objectives has as its least, and the lowest value that it had. */
function guardsOf(run: Run, { target, service, load }: Scenario) {
  const guards = (target.objectives ?? []).flatMap(objective => (objective.type === 'Guard' ? [objective] : []))
  return guards.map(guard => {
    const values = Array.from(run.ready.keys(), tick => {
      const told = { at: run.time[tick]!, perSecond: load.value[tick]!, served: servedAt(run.served!, tick) }
      const [reading] = readingsOf(service!, [guard], told)
      return reading?.kind === 'value' ? reading.value : Number.NaN
    })
    return { least: guard.min, value: Math.min(...values.slice(run.scoredFrom)) }
  })
}

describe.each(STORIES)('$name, whose replicas keep their promise up to $safeBusy busy', story => {
  const played: Partial<Awaited<ReturnType<typeof play>>> = {}
  beforeAll(async () => {
    Object.assign(played, await play(story))
  }, 180_000)

  test('keeps latency and errors over all requests of four days, and the latency in nearly every single minute', () => {
    const { latencySeconds, errorRatio } = serviceScore(played.crescendo!, story.service, 0.99)!
    expect(latencySeconds).toBeLessThan(story.promise.seconds)
    expect(errorRatio).toBeLessThan(story.promise.errors)
    expect(lateMinutes(played.crescendo!, story)).toBeLessThan(LATE_MINUTES)
  })

  test('never lets what it guards below its least', () => {
    for (const { least, value } of guardsOf(played.crescendo!, played.scenario!)) expect(value).toBeGreaterThanOrEqual(least)
  })

  test(`beside a stock HPA at 70 %, which ${story.doesStockKeepIt ? 'keeps it too' : 'does not keep it'}`, () => {
    expect(lateMinutes(played.stock!, story) < LATE_MINUTES).toBe(story.doesStockKeepIt)
    expect(replicaHours(played.crescendo!) / replicaHours(played.stock!)).toBeLessThan(story.mostOfStock)
  })
})
