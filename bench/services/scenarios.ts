import { safeRate } from '../../src/core/slo/queueing.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import type { Settings } from '../../src/resources/settings.ts'
import { metricScaleFor, type Scenario } from '../../src/sim/run.ts'
import { fullestShare, type ServiceOptions } from '../../src/sim/service.ts'
import { generate } from '../../src/sim/traffic/generate.ts'
import { PROFILES, type ProfileName } from '../../src/sim/traffic/profiles.ts'

/** A row of the table that the request asked for, with the model of its service. */
export interface ServiceType {
  readonly name: ProfileName
  /** Requests a second at the middle of a weekday: the rate of the table, so that every working day peaks above it. */
  readonly level: number
  /** The percentile that counts is the 99th. */
  readonly thresholdSeconds: number
  readonly errorRatio: number
  readonly costEfficiency: number
  /** What a stock HPA would follow. */
  readonly resource: 'cpu' | 'nvidia.com/gpu'
  readonly service: ServiceOptions
}

export const QUANTILE = 0.99
const DAY_MS = 86_400_000
const HISTORY_DAYS = 14
const SCORED_DAYS = 7
const TICK_MS = 15_000
const METRICS_DELAY_MS = 15_000
const MAX_REPLICAS = 500
const START_MS = Date.UTC(2026, 9, 5) // a Monday
/** Ordinary round robin over connections: the fullest third of the replicas gets 6 % more than the mean. */
const IMBALANCE = 0.05

export const SERVICE_TYPES: readonly ServiceType[] = [
  {
    name: 'api-gateway',
    level: 5000,
    thresholdSeconds: 0.025,
    errorRatio: 0.0001,
    costEfficiency: 0.85,
    resource: 'cpu',
    service: { serviceSeconds: 0.004, concurrency: 4, timeoutSeconds: 1, imbalance: IMBALANCE },
  },
  {
    name: 'audio-processor',
    level: 1000,
    thresholdSeconds: 5,
    errorRatio: 0.001,
    costEfficiency: 0.8,
    resource: 'nvidia.com/gpu',
    service: { serviceSeconds: 0.8, concurrency: 8, timeoutSeconds: 30, imbalance: IMBALANCE },
  },
  {
    name: 'ml-inference',
    level: 1000,
    thresholdSeconds: 0.1,
    errorRatio: 0.0005,
    costEfficiency: 0.9,
    resource: 'nvidia.com/gpu',
    service: { serviceSeconds: 0.015, concurrency: 2, timeoutSeconds: 2, imbalance: IMBALANCE },
  },
  {
    name: 'analytics',
    level: 10_000,
    thresholdSeconds: 0.05,
    errorRatio: 0.001,
    costEfficiency: 0.75,
    resource: 'cpu',
    service: { serviceSeconds: 0.008, concurrency: 8, timeoutSeconds: 5, imbalance: IMBALANCE },
  },
]

/** The greatest mean load per replica at which the fullest replica still keeps the promise: what a load test would have measured. */
function safeLoadOf({ service, thresholdSeconds, name }: ServiceType): number {
  const rate = safeRate(service, { quantile: QUANTILE, thresholdSeconds })
  if (rate === undefined) throw new Error(`${name}: no load is safe for ${thresholdSeconds} s`)
  return rate / fullestShare(service)
}

/** Two weeks of history and a week that is scored, under the policy of the profile as it is shipped. */
export async function scenarioOf(type: ServiceType, seed: number): Promise<{ scenario: Scenario; settings: Settings }> {
  const { settings: shipped } = await loadPolicy(`profile-${type.name}`)
  const capacityPerReplica = safeLoadOf(type)
  const settings = { ...shipped, prediction: { ...shipped.prediction, capacityPerReplica } }
  const shape = { ...PROFILES[type.name], level: type.level, capacityPerReplica }
  const { load } = generate(shape, { days: HISTORY_DAYS + SCORED_DAYS, seed, startMs: START_MS, tickMs: TICK_MS })
  const scenario: Scenario = {
    target: {
      id: `bench/${type.name}`,
      minReplicas: settings.minReplicas,
      maxReplicas: MAX_REPLICAS,
      metrics: [],
      ...(settings.behavior && { behavior: settings.behavior }),
      capacityPerReplica,
      startupMs: settings.prediction.startupSeconds! * 1000,
      periodMs: TICK_MS,
      objectives: settings.objectives,
    },
    load,
    scoredFrom: (HISTORY_DAYS * DAY_MS) / TICK_MS,
    metricsDelayMs: METRICS_DELAY_MS,
    metricScale: metricScaleFor(capacityPerReplica),
    seed,
    service: type.service,
  }
  return { scenario, settings }
}
