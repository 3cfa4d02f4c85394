import { describe, expect, test } from 'vitest'
import { accurate, type Changes, caseOf, condition, verdictsOf, withCondition } from '../../../test/example-case.ts'
import type { Case } from './check.ts'
import { WORKLOAD_CHECKS } from './checks.ts'

const askedOf = (name: string) => WORKLOAD_CHECKS.find(check => check.name === name)!
const outcomeOf = (name: string, known: Case) => askedOf(name).examine(known)
const inSlo = {
  proposals: [{ by: 'predictive', replicas: 10, why: 'forecast' }],
  abstentions: [{ by: 'reactive', why: 'stands by with 9 (load): the forecast decides' }],
}
const { accuracy } = accurate

const alarm = (workload: string, reason: string) => ({
  ...({ name: 'Anomaly', severity: 'warning', namespace: 'shop', message: 'it repeats', since: '2026-11-24T12:00:00Z' } as const),
  ...{ workload, reason },
})

/** What makes each check speak, with a part of its evidence and of its fix. */
const SICK: readonly (readonly [name: string, when: string, changes: Changes, evidence: string, fix: string])[] = [
  [
    'metrics-missing',
    'the metrics of now are missing',
    { workload: withCondition(condition('MetricsFresh', 'False', 'MetricsMissing')) },
    'MetricsFresh MetricsMissing: MetricsFresh is False',
    'metric-source',
  ],
  [
    'metrics-missing',
    'a metric of the spec failed',
    { workload: withCondition(condition('ScalingActive', 'False', 'FailedGetPodsMetric')) },
    'ScalingActive FailedGetPodsMetric',
    'metric-source',
  ],
  [
    'metrics-missing',
    'the load was missing for ten minutes',
    { course: minute => (minute < 10 ? { demand: undefined } : {}) },
    'missing for 10 min of the last 6.0 h',
    'metric-source',
  ],
  [
    'slow-start',
    'replicas were ordered, but later than a start-up before',
    {
      workload: { startupSeconds: 300 },
      course: minute => (minute < 100 ? { to: minute === 99 ? 14 : 10 } : { from: 14, to: 14, demand: 1350 }),
    },
    'start-up takes 5 min; for 4 min of the last 6.0 h the load needed replicas that were ordered, but not a start-up before (4 at most)',
    'shorten the start',
  ],
  [
    'slow-start',
    'two start-ups are longer than the forecast',
    { workload: { startupSeconds: 1000 } },
    'the forecast reaches 30 min',
    'shorten the start',
  ],
  [
    'scale-up-pace',
    'the rate limit cuts growth',
    {
      course: minute =>
        minute < 5 ? { to: 12, verdicts: verdictsOf('pace', [18, 12], 'limit 12: 2 replicas up in 60 s from 10') } : {},
    },
    'cut for 5 min of the last 6.0 h, by 6 replicas at most: limit 12: 2 replicas up in 60 s from 10',
    'behaviorPreset: Aggressive',
  ],
  [
    'scale-up-window',
    'the window of the way up cuts growth',
    { course: minute => (minute < 5 ? { verdicts: verdictsOf('stabilise', [18, 10], 'held at 10 instead of 18') } : {}) },
    'by 8 replicas at most: held at 10 instead of 18',
    'scaleUp.stabilizationWindowSeconds to 0',
  ],
  [
    'forecast-silent',
    'there is no forecast yet',
    { workload: { ...withCondition(condition('ForecastReliable', 'False', 'NoForecast')), learning: 'day 1 of 7' } },
    'ForecastReliable NoForecast: ForecastReliable is False; day 1 of 7',
    'six hours of history',
  ],
  [
    'forecast-silent',
    'a reason is newer than this program',
    { workload: withCondition(condition('ForecastReliable', 'False', 'Asleep')) },
    'ForecastReliable Asleep',
    'docs/conditions.md',
  ],
  [
    'forecast-silent',
    'nothing adds up to a load',
    { workload: { conditions: [], capacityPerReplica: undefined } },
    'nothing in spec.metrics adds up to a load',
    'spec.prediction.drivers',
  ],
  [
    'demand-doubted',
    'growth is withheld from an attack',
    { course: minute => (minute < 5 ? { verdicts: verdictsOf('envelope', [30, 10], 'withheld 20 replicas') } : {}) },
    'by 20 replicas at most: withheld 20 replicas',
    'crescendo explain checkout --namespace shop tells',
  ],
  [
    'surge-budget',
    'growth is withheld from a surge',
    { course: minute => (minute < 5 ? { verdicts: verdictsOf('surge', [30, 10], 'withheld 20 replicas') } : {}) },
    'by 20 replicas at most: withheld 20 replicas',
    'raise spec.protection.surgeBudgetPerDay',
  ],
  [
    'mode',
    'it only recommends',
    { workload: { mode: 'Recommend' }, course: minute => (minute < 36 ? { to: 12 } : {}) },
    'mode Recommend, 10 replicas run and 10 were decided; another count was decided in 10 % of the time',
    'spec.mode: Auto',
  ],
  [
    'over-provisioned',
    'twice as many run as are needed, because a metric of the spec asks for them',
    { course: () => ({ from: 20, to: 20, proposals: [{ by: 'reactive', replicas: 20, why: 'cpu' }] }) },
    '20.0 replicas ran on average over 6.0 h and the load needed 9.0 (minReplicas 2 and schedules included), 132.00 EUR a day too much; reactive asks for most',
    'spec.prediction.mode to Slo',
  ],
  [
    'over-provisioned',
    'a proposer asks that this program does not know',
    { course: () => ({ from: 20, to: 20, proposals: [{ by: 'newcomer', replicas: 20, why: 'night' }] }) },
    'newcomer asks for most',
    'crescendo explain checkout',
  ],
  [
    'over-provisioned',
    'one proposer asks for most in the beginning, another for longer',
    { course: minute => ({ from: 20, proposals: [{ by: minute < 100 ? 'reactive' : 'predictive', replicas: 20, why: '' }] }) },
    'predictive asks for most',
    'capacityPerReplica',
  ],
  [
    'over-provisioned',
    'nobody proposes anything',
    { course: () => ({ from: 20, to: 20, proposals: [] }) },
    'nobody asks for most',
    'crescendo explain checkout',
  ],
  [
    'min-replicas',
    'the minimum is twice what is needed all day',
    {
      workload: { minReplicas: 10 },
      course: minute => ({ demand: minute === 9 ? 450 : 300 }),
    },
    'minReplicas 10 was all that held replicas for 6.0 h of the last 6.0 h; the load needed 3.0 on average, 5 at most, 83.93 EUR a day',
    'spec.minReplicas to 5',
  ],
  [
    'scale-down-window',
    'the window keeps a fifth of the replicas',
    { course: () => ({ verdicts: verdictsOf('stabilise', [8, 10], 'held at 10 instead of 8') }) },
    '12.0 of 60.0 replica-hours in 6.0 h (20 %) were kept by it: held at 10 instead of 8, 24.00 EUR a day',
    '300 by default',
  ],
  [
    'scale-down-window',
    'it holds beside the forecast, be it little',
    { course: minute => ({ ...inSlo, ...(minute < 36 && { verdicts: verdictsOf('stabilise', [7, 10]) }) }) },
    '(3 %) were kept by it',
    'in mode Slo the forecast holds',
  ],
  [
    'scale-down-pace',
    'the rate limit keeps a fifth of the replicas',
    { course: () => ({ verdicts: verdictsOf('pace', [8, 10]) }) },
    '(20 %) were kept by it',
    'spec.behavior.scaleDown.policies',
  ],
  [
    'scale-down-pace',
    'the mode never takes away',
    { workload: { mode: 'ScaleOutOnly' }, course: () => ({ verdicts: verdictsOf('pace', [8, 10]) }) },
    '(20 %) were kept by it',
    'ScaleOutOnly never takes a replica away',
  ],
  [
    'nothing-taken-away',
    'missing metrics hold replicas',
    { course: minute => (minute < 60 ? { verdicts: verdictsOf('hold', [6, 10], 'holds 10: demand is missing') } : {}) },
    '4.0 of 60.0 replica-hours in 6.0 h (6.67 %) were kept by it: holds 10: demand is missing',
    'spec.anomaly.response: AlertOnly',
  ],
  [
    'hpa-cheaper',
    'the stock HPA does with less, in mode Additive',
    { course: () => ({ from: 14, to: 14, plainHpa: { replicas: 11, why: '' } }) },
    '14.0 replicas were decided on average, the stock HPA would ask for 11.0 over 6.0 h; too few for 0 s against 0 s, 36.00 EUR a day',
    'prediction.mode: Slo',
  ],
  [
    'scale-down-window',
    'mode Slo, though of late the reactive target speaks too',
    {
      course: minute => ({
        ...(minute < 300 ? inSlo : { conditions: [condition('ForecastReliable', 'False', 'Unfamiliar')] }),
        ...(minute < 36 && { verdicts: verdictsOf('stabilise', [7, 10]) }),
      }),
    },
    '(3 %) were kept by it',
    'in mode Slo the forecast holds',
  ],
  [
    'hpa-cheaper',
    'the stock HPA does with less, in mode Slo',
    { course: () => ({ ...inSlo, from: 14, to: 14, plainHpa: { replicas: 11, why: '' } }) },
    'would ask for 11.0',
    'crescendo backtest --trace FILE',
  ],
  [
    'budget',
    'the budget only warns',
    { workload: withCondition(condition('BudgetLimited', 'False', 'OverBudget')) },
    'BudgetLimited OverBudget: BudgetLimited is False; it cut for 0 s of the last 6.0 h',
    'spec.budget',
  ],
  [
    'budget',
    'it cut an hour ago',
    {
      workload: withCondition(condition('BudgetLimited', 'False', 'WithinBudget')),
      course: minute => (minute === 300 ? { verdicts: verdictsOf('budget', [14, 10]) } : {}),
    },
    'it cut for 1 min',
    'spec.budget',
  ],
  [
    'budget',
    'nobody knows the price',
    { workload: withCondition(condition('BudgetLimited', 'Unknown', 'PriceUnknown')) },
    'PriceUnknown',
    'cost.costPerReplicaHour',
  ],
  [
    'short-of-replicas',
    'the load passes what is ordered',
    { course: minute => (minute >= 100 && minute < 103 ? { demand: minute === 101 ? 1400 : 1200 } : {}) },
    'for 3 min of the last 6.0 h; 0.0 min of violation were counted since the start; 4 too few at worst',
    'crescendo explain checkout --namespace shop --at 2026-11-24T10:13:00.000Z',
  ],
  [
    'max-replicas',
    'the maximum cuts',
    {
      workload: { maxReplicas: 10 },
      course: minute => (minute < 3 ? { verdicts: verdictsOf('bounds', [12 + minute, 10]) } : {}),
    },
    'maxReplicas 10 cut what was wanted for 3 min of the last 6.0 h; 14 were wanted at most, because',
    'to 14 or more',
  ],
  [
    'hpa-safer',
    'the stock HPA has more, and ours are too few',
    { course: minute => ({ plainHpa: { replicas: 14, why: '' }, ...(minute < 5 && { demand: 1300 }) }) },
    '10.0 replicas were decided on average, the stock HPA would ask for 14.0 over 6.0 h; too few for 5 min',
    'prediction.mode: Additive',
  ],
  [
    'pods-not-ready',
    'three of ten are not ready, long after they were ordered',
    {
      workload: { startupSeconds: 240, scalers: [{ name: 'crescendo', readyReplicas: 7, desiredReplicas: 10 }] },
      course: minute => (minute < 340 ? { from: 7, to: 10 } : {}),
    },
    '7 of 10 replicas are ready, 20 min after the last increase',
    'kubectl -n shop describe deployment/checkout',
  ],
  [
    'scaling-does-not-help',
    'the breaker is open',
    { workload: withCondition(condition('BreakerOpen', 'True', 'ScalingDoesNotHelp')) },
    'BreakerOpen ScalingDoesNotHelp: BreakerOpen is True; it withheld replicas for 0 s of the last 6.0 h',
    'more replicas are no cure',
  ],
  [
    'scaling-does-not-help',
    'it was open an hour ago',
    { course: minute => (minute === 300 ? { verdicts: verdictsOf('breaker', [16, 10], 'open, withheld 6') } : {}) },
    'it withheld replicas for 1 min of the last 6.0 h (open, withheld 6)',
    'more replicas are no cure',
  ],
  [
    'emergency',
    'there is one',
    { workload: withCondition(condition('Emergency', 'True', 'Overload')) },
    'Emergency Overload',
    'spec.maxReplicas',
  ],
  [
    'emergency',
    'it ended by its time',
    { workload: withCondition(condition('Emergency', 'False', 'Expired')) },
    'Emergency Expired',
    'spec.maxReplicas',
  ],
  [
    'anomaly',
    'an alarm of this workload goes on',
    { alerts: [alarm('checkout', 'flat line'), alarm('cart', 'spike')] },
    'flat line: it repeats, since 2026-11-24T12:00:00Z',
    'GET /api/v1/workloads/shop/checkout/anomalies',
  ],
  [
    'anomaly',
    'the condition says so, where nobody keeps alarms',
    { alerts: [{ ...alarm('checkout', 'Hold'), name: 'Anomalous', since: undefined }] },
    'Hold: it repeats',
    'a label, true or false',
  ],
  [
    'flapping',
    'replicas rise for a minute, eight times in six hours',
    { course: minute => ({ from: minute % 45 === 20 ? 12 : 10 }) },
    'taken back within 15 min: 8 in 6.0 h, 32.0 a day',
    'spec.behaviorPreset: Conservative',
  ],
  [
    'other-writer',
    'another autoscaler has the same target',
    { workload: withCondition(condition('ConflictingWriter', 'True', 'OtherAutoscaler')) },
    'OtherAutoscaler: ConflictingWriter is True',
    'spec.replicas',
  ],
  [
    'other-writer',
    'replicas were changed by hand again and again',
    { course: minute => (minute % 100 === 50 ? { from: 17 } : {}) },
    'nor what was decided: 4 in 6.0 h, last at 2026-11-24T14:22:00.000Z',
    'spec.replicas',
  ],
  [
    'write-failed',
    'the scale cannot be written',
    { workload: withCondition(condition('AbleToScale', 'False', 'FailedUpdateScale')) },
    'FailedUpdateScale',
    'crescendo manifests',
  ],
  [
    'object-ready',
    'the object makes no sense',
    { workload: withCondition(condition('Ready', 'False', 'InvalidSpec')) },
    'Ready InvalidSpec',
    'crescendo validate',
  ],
  [
    'forecast-coverage',
    'too many loads pass the quantile',
    { forecast: { ...accurate, accuracy: { ...accuracy!, window: { ...accuracy!.window!, coverage: [0.8, 0.85] } } } },
    '85 % of 1900 loads stayed below the 95 % quantile; trust 0.90; error 0.60 of that of repeating the day before',
    'Additive',
  ],
  [
    'forecast-coverage',
    'trust is lost',
    { forecast: { ...accurate, accuracy: { ...accuracy!, trust: 0.2, horizons: [] } } },
    'trust 0.20',
    'Additive',
  ],
  [
    'forecast-drift',
    'errors grew for good',
    {
      forecast: {
        ...accurate,
        accuracy: {
          ...accuracy!,
          champion: { name: 'short', candidates: [] },
          drift: {
            ...accuracy!.drift,
            pageHinkley: 14,
            populationStability: 0.1,
            since: '2026-11-24T12:00:00Z',
            isDrifting: true,
          },
        },
      },
    },
    'Page-Hinkley 14.0 of 12; stability index 0.10 of 0.25; errors grew at 2026-11-24T12:00:00Z; short speaks half an hour ahead',
    'within days',
  ],
]

describe('each check speaks', () => {
  test.each(SICK)('%s: %s', (...[name, , changes, evidence, fix]) => {
    const outcome = outcomeOf(name, caseOf(changes))
    const told = { evidence: expect.stringContaining(evidence), fix: expect.stringContaining(fix) }
    expect(outcome).toMatchObject({ kind: 'finding', ...told })
  })

  test('there is at least one such case for every check', () => {
    expect([...new Set(SICK.map(([name]) => name))].toSorted()).toEqual(WORKLOAD_CHECKS.map(({ name }) => name).toSorted())
  })
})
