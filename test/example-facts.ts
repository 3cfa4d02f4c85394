import type { ForecastAccuracy } from '../src/core/forecast/accuracy/accuracy.ts'
import { type Decision, QUANTILES, WINDOW_LEVELS } from '../src/core/model.ts'
import type { Facts, News, WorkloadFact } from '../src/show/facts.ts'

export const NOW = Date.UTC(2026, 10, 24, 14, 32)

export const decisionOf = (minute: number, to: number): Decision => ({
  at: NOW - 600_000 + minute * 60_000,
  target: 'shop/checkout',
  from: 12,
  to,
  demand: 820,
  doubts: [],
  forecast: {
    by: 'seasonal',
    madeAt: NOW,
    points: [{ at: NOW + 60_000, quantiles: QUANTILES.map(level => 800 * level) }],
    windows: [{ fromMs: 75_000, toMs: 90_000, quantiles: WINDOW_LEVELS.map(level => 900 * level) }],
  },
  proposals: [{ by: 'reactive', replicas: 13, why: '820 rps' }],
  abstentions: [],
  verdicts: [{ by: 'bounds', from: 19, to: 16, why: 'max 16' }],
  conditions: [{ type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas', message: 'max' }],
  plainHpa: { replicas: 13, why: '820 rps' },
})

const exampleAccuracy: ForecastAccuracy = {
  horizons: [300, 1800].map(horizonSeconds => ({
    horizonSeconds,
    count: 2000,
    mase: 0.6,
    overNaive: 0.7,
    wape: 0.08,
    bias: -0.01,
    pinball: QUANTILES.map(level => 10 * (1 - level)),
    coverage: [0.5, 0.9, 0.95, 0.99, 1],
  })),
  window: { fromSeconds: 60, toSeconds: 660, count: 1900, coverage: WINDOW_LEVELS.map(level => level) },
  drift: {
    pageHinkley: 3,
    pageHinkleyThreshold: 12,
    since: NOW - 3_600_000,
    populationStability: 0.1,
    populationStabilityThreshold: 0.25,
    isDrifting: true,
  },
  champion: { name: 'long', since: NOW - 7_200_000, candidates: [{ name: 'ensemble', meanAbsoluteError: 12 }] },
  trust: 0.5,
  lentBy: 'shop/basket',
}

const decisions = [decisionOf(0, 13), decisionOf(5, 14), decisionOf(10, 16)]

export const exampleWorkload: WorkloadFact = {
  namespace: 'shop',
  name: 'checkout',
  profile: 'api-gateway',
  minReplicas: 2,
  maxReplicas: 40,
  capacityPerReplica: 65,
  startupSeconds: 60,
  price: 0.12,
  currency: 'USD',
  load: 820,
  neededReplicas: 13,
  accuracy: exampleAccuracy,
  anomalyScore: 0.25,
  scalers: ['crescendo', 'hpa'].map((name, index) => ({
    name,
    readyReplicas: 12 + index,
    desiredReplicas: 16,
    sloViolationMinutes: 1.5 * index,
    replicaHours: 10 + index,
    cost: 1.2 + index,
    scaleUps: 3,
    scaleDowns: 2,
  })),
  lastDecision: decisions[2]!,
}

/** One workload with three decisions; `changes` replace any fact. */
export function exampleFacts(changes: Partial<Facts> = {}) {
  const listeners = new Set<(news: News) => void>()
  const facts: Facts = {
    version: '0.1.0',
    now: () => NOW,
    notReady: () => undefined,
    workloads: () => [exampleWorkload],
    decisions: () => decisions.toReversed(),
    decisionAt: (_id, at) => decisions.findLast(decision => decision.at <= at),
    pastForecasts: id => [
      { target: id, by: 'seasonal', madeAt: NOW - 3_600_000, dueAt: NOW - 1_800_000, quantiles: [1, 2, 3, 4, 5], actual: 2 },
    ],
    explain: decision => ({ sentence: `to ${decision.to}`, text: 'because' }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    ...changes,
  }
  const tell = (news: News) => {
    for (const listener of listeners) listener(news)
  }
  return { facts, tell, listeners }
}
