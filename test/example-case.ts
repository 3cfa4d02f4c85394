import { DEFAULT_SERVER } from '../src/cli/default-server.ts'
import type { Case } from '../src/cli/doctor/check.ts'
import { pastOf } from '../src/cli/doctor/past.ts'
import type { DecisionView, ForecastView, WorkloadView } from '../src/show/contract.ts'
import { NOW } from './example-facts.ts'

const HOURS = 6
const MINUTES = HOURS * 60

type Condition = WorkloadView['conditions'][number]

export const condition = (type: string, status: Condition['status'], reason: string): Condition => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
})

/** Nothing is wrong with it: ten replicas for a load that needs nine, decided once a minute for six hours. */
const calm: Omit<DecisionView, 'time'> = {
  target: 'shop/checkout',
  from: 10,
  to: 10,
  demand: 900,
  sentence: 'holds 10',
  doubts: [],
  proposals: [{ by: 'reactive', replicas: 10, why: 'load' }],
  abstentions: [],
  verdicts: ['stabilise', 'pace', 'bounds', 'hold', 'breaker'].map(by => ({ by, from: 10, to: 10, why: 'free' })),
  conditions: [condition('ForecastReliable', 'True', 'Calibrated')],
  plainHpa: { replicas: 10, why: 'load' },
}

/** What is different about the decision of that minute, 0 to 359. */
export type Course = (minute: number) => Partial<DecisionView>

/** Oldest first. */
export function decisionsOf(course: Course = () => ({}), minutes = MINUTES): readonly DecisionView[] {
  return Array.from({ length: minutes }, (_, minute) => ({
    ...calm,
    time: new Date(NOW - (minutes - minute) * 60_000).toISOString(),
    ...course(minute),
  }))
}

/** The verdicts of a decision in which one guard made `to` of `from`. */
export function verdictsOf(by: string, [from, to]: readonly [number, number], why = 'because'): DecisionView['verdicts'] {
  return [...calm.verdicts.filter(verdict => verdict.by !== by), { by, from, to, why }]
}

export const accurate: Extract<ForecastView, { kind: 'forecast' }> = {
  kind: 'forecast',
  by: 'seasonal ridge',
  madeAt: new Date(NOW).toISOString(),
  quantiles: [0.5],
  points: [{ time: new Date(NOW + 1_800_000).toISOString(), values: [900] }],
  windowQuantiles: [0.9, 0.95],
  windows: [],
  past: [],
  accuracy: {
    trust: 0.9,
    horizons: [{ horizonSeconds: 1800, count: 2000, mase: 0.6, pinball: [1], coverage: [0.5] }],
    window: { fromSeconds: 60, toSeconds: 660, count: 1900, coverage: [0.9, 0.95] },
    drift: { pageHinkley: 3, pageHinkleyThreshold: 12, populationStabilityThreshold: 0.25, isDrifting: false },
  },
}

export const healthy: WorkloadView = {
  namespace: 'shop',
  name: 'checkout',
  mode: 'Auto',
  minReplicas: 2,
  maxReplicas: 40,
  capacityPerReplica: 100,
  startupSeconds: 60,
  price: 0.5,
  currency: 'EUR',
  load: 900,
  conditions: [
    condition('MetricsFresh', 'True', 'Fresh'),
    condition('ScalingActive', 'True', 'ValidMetricFound'),
    condition('ForecastReliable', 'True', 'Calibrated'),
    condition('BreakerOpen', 'False', 'Closed'),
    condition('Emergency', 'False', 'NotNeeded'),
    condition('ConflictingWriter', 'False', 'NobodyInterferes'),
    condition('AbleToScale', 'True', 'ReadyForNewScale'),
    condition('Ready', 'True', 'Deciding'),
  ],
  scalers: [{ name: 'crescendo', readyReplicas: 10, desiredReplicas: 10, sloViolationMinutes: 0 }],
  lastDecision: { ...calm, time: new Date(NOW).toISOString() },
}

/** `healthy` with another condition of that type. */
export function withCondition(changed: Condition): Partial<WorkloadView> {
  return { conditions: [...healthy.conditions.filter(({ type }) => type !== changed.type), changed] }
}

export interface Changes {
  readonly workload?: Partial<WorkloadView>
  readonly course?: Course
  readonly minutes?: number
  readonly forecast?: Case['forecast']
  readonly alerts?: Case['alerts']
}

/** A workload that every check finds well, but for the changes. */
export function caseOf({ workload, course, minutes, forecast = accurate, alerts = [] }: Changes = {}): Case {
  const past = pastOf(decisionsOf(course, minutes), NOW)
  return { workload: { ...healthy, ...workload }, past, forecast, alerts, server: DEFAULT_SERVER }
}
