import { describe, expect, test } from 'vitest'
import type { Condition, Decision } from '../core/model.ts'
import { horizontalPodAutoscalerStatus } from '../resources/status.ts'
import { type StatusFacts, statusOf } from './status.ts'
import { createStatusWriter } from './status-writer.ts'

const fresh: Condition = { type: 'MetricsFresh', status: 'True', reason: 'Fresh', message: 'demand and metrics are there' }
const able: Condition = { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message: 'as wanted' }

const decision: Decision = {
  at: 1_000_500,
  target: 'shop/web',
  from: 3,
  to: 7,
  demand: 600,
  doubts: [],
  forecast: {
    by: 'seasonal-ridge',
    madeAt: 1_000_500,
    points: [
      { at: 1_300_500, quantiles: [600, 650, 660, 690, 700] },
      { at: 2_800_500, quantiles: [900, 950, 1000, 1100, 1200] },
    ],
    windows: [],
  },
  proposals: [
    { by: 'reactive', replicas: 6, why: '200 of 100 per pod' },
    { by: 'predictive', replicas: 12, why: 'in 60 s load reaches 1,000' },
  ],
  abstentions: [{ by: 'widen', why: 'no anomaly' }],
  verdicts: [
    { by: 'pace', from: 12, to: 7, why: 'limit 7' },
    { by: 'bounds', from: 7, to: 7, why: 'within 1..50' },
  ],
  conditions: [],
  plainHpa: { replicas: 6, why: 'requests_per_second above target' },
}

const facts: StatusFacts = {
  now: 1_000_900,
  generation: 4,
  replicas: { spec: 3, status: 3 },
  decision,
  conditions: [fresh, able],
  metrics: [
    {
      spec: { type: 'Pods', metric: 'requests_per_second', target: { type: 'AverageValue', averageValue: 100_000 } },
      status: { type: 'Pods', name: 'requests_per_second', average: 200_000 },
    },
    {
      spec: { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 50 } },
      status: { type: 'Resource', name: 'cpu', utilizationPercent: 81, average: 405 },
    },
  ],
  capacityPerReplica: 100,
  costPerReplicaHour: 0.1,
  currency: 'USD',
  mode: 'Auto',
  wasScaled: true,
}

describe('the status', () => {
  test('is what the schema of the resource accepts, with the whole argument of a change', () => {
    const status = statusOf(facts, undefined)
    expect(horizontalPodAutoscalerStatus.parse(structuredClone(status))).toEqual(status)
    expect(status).toMatchObject({
      observedGeneration: 4,
      currentReplicas: 3,
      desiredReplicas: 7,
      lastScaleTime: '1970-01-01T00:16:40Z',
      lastDecision: {
        rawDesiredReplicas: 12,
        finalDesiredReplicas: 7,
        direction: 'Up',
        selectedMetric: 'predictive',
        constraintsApplied: [{ name: 'pace', from: 12, to: 7 }],
        counterfactualReplicas: 6,
        costDeltaPerHour: '0.4',
      },
      forecast: { peak: { median: '900', p95: '1000', p99: '1100' }, replicasIn30Min: 10 },
      summary: { mode: 'Auto', forecast30: '3>10', costPerHour: '0.30 USD', reason: 'predictive' },
    })
    expect(status.currentMetrics).toEqual([
      { type: 'Pods', pods: { metric: { name: 'requests_per_second' }, current: { averageValue: '200' } } },
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 81, averageValue: '405m' } } },
    ])
  })

  test('says how good forecasts half an hour ahead were, and how far to trust them', () => {
    const horizon = { horizonSeconds: 1800, count: 900, mase: 0.61234, pinball: [], coverage: [0.5, 0.9, 0.957, 0.99, 1] }
    const drift = { pageHinkley: 0, pageHinkleyThreshold: 12, populationStabilityThreshold: 0.25, isDrifting: false }
    const { forecast } = statusOf({ ...facts, accuracy: { horizons: [horizon], drift, trust: 0.93 } }, undefined)
    expect(forecast).toMatchObject({ coverage7d: '0.957', mase7d: '0.612', trust: '0.93' })
    expect(statusOf(facts, undefined).forecast).not.toHaveProperty('trust')
  })

  test("lists HPA's conditions first; a time of transition moves only with the status", () => {
    const first = statusOf(facts, undefined)
    expect(first.conditions?.map(({ type }) => type)).toEqual(['AbleToScale', 'MetricsFresh'])
    const later = statusOf(
      {
        ...facts,
        now: 9_000_000,
        conditions: [
          { ...fresh, reason: 'Other' },
          { ...able, status: 'False' },
        ],
      },
      first,
    )
    const timeOf = (status: typeof first, type: string) => status.conditions?.find(one => one.type === type)?.lastTransitionTime
    expect(timeOf(later, 'MetricsFresh')).toBe(timeOf(first, 'MetricsFresh'))
    expect(timeOf(later, 'AbleToScale')).toBe('1970-01-01T02:30:00Z')
  })

  test('keeps the last change while decisions hold, and the last wish without a decision', () => {
    const first = statusOf(facts, undefined)
    const holds = statusOf({ ...facts, wasScaled: false, decision: { ...decision, from: 7, at: 5_000_000 } }, first)
    expect(holds.lastDecision).toEqual(first.lastDecision)
    expect(holds.lastScaleTime).toBe(first.lastScaleTime)
    const { decision: _, replicas: __, ...blind } = facts
    expect(statusOf(blind, first)).toMatchObject({ desiredReplicas: 7, lastDecision: first.lastDecision })
  })
})

describe('writing the status', () => {
  const owner = { namespace: 'shop', name: 'web', uid: 'u', found: undefined }
  const writing = () => {
    const applied: unknown[] = []
    return { applied, writer: createStatusWriter(async (_, status) => void applied.push(status)) }
  }

  test('happens on a change, and for figures alone once a minute', async () => {
    const { applied, writer } = writing()
    const moved = { ...facts, wasScaled: false, conditions: [{ ...fresh, message: 'another figure' }, able] }
    expect(await writer.write(owner, { ...facts, wasScaled: false })).toBe('written')
    expect(await writer.write(owner, moved)).toBe('unchanged')
    expect(await writer.write(owner, { ...moved, now: facts.now + 61_000 })).toBe('written')
    expect(await writer.write(owner, { ...moved, now: facts.now + 200_000 })).toBe('unchanged')
    expect(await writer.write(owner, { ...moved, now: facts.now + 201_000, replicas: { spec: 4, status: 3 } })).toBe('written')
    expect(applied).toHaveLength(3)
  })

  test('a refused write is tried again', async () => {
    let refuses = true
    const writer = createStatusWriter(async () => {
      if (refuses) throw new Error('no')
    })
    await expect(writer.write(owner, facts)).rejects.toThrow('no')
    refuses = false
    expect(await writer.write(owner, facts)).toBe('written')
  })

  test('goes on from the status of the process before', async () => {
    const { applied, writer } = writing()
    const found = statusOf(facts, undefined)
    await writer.write({ ...owner, found }, { ...facts, now: 9_000_000, wasScaled: false })
    expect(applied[0]).toMatchObject({ lastScaleTime: found.lastScaleTime, conditions: found.conditions })
  })
})
