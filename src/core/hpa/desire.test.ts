import { describe, expect, test } from 'vitest'
import type { MetricAnswer, MetricSpec } from '../model.ts'
import { desireOfBounds, desireOfMetrics, tellFailures } from './desire.ts'
import { stockSettings } from './settings.ts'

const queue = (metric: string): MetricSpec => ({ type: 'External', metric, target: { type: 'AverageValue', averageValue: 1000 } })
const length = (value: number): MetricAnswer => ({ kind: 'values', values: [value * 1000], at: 0 })
const silent: MetricAnswer = { kind: 'missing', why: 'timeout' }

function desire(answers: readonly MetricAnswer[], replicas = 5, tolerance?: number) {
  return desireOfMetrics({
    metrics: answers.map((_, index) => queue(`queue-${index}`)),
    answers,
    behavior: tolerance === undefined ? undefined : { scaleUp: { tolerance } },
    facts: { now: 0, settings: stockSettings, pods: [], specReplicas: replicas, statusReplicas: replicas },
  })
}

describe('several metrics', () => {
  test('the highest count wins, the earlier metric at a tie', () => {
    expect(desire([length(3), length(9), length(9)])).toMatchObject({
      kind: 'wanted',
      replicas: 9,
      metric: 'external metric queue-1(nil)',
    })
  })

  test('one that failed lets the others scale up', () => {
    expect(desire([silent, length(9)])).toMatchObject({
      kind: 'wanted',
      replicas: 9,
      failure: { why: expect.stringContaining('timeout') },
    })
  })

  test('one that failed forbids scaling down', () => {
    expect(desire([length(2), silent])).toMatchObject({ kind: 'failed', failure: { reason: 'FailedGetExternalMetric' } })
  })

  test('none that can be told is a failure, told with the first reason', () => {
    const failed = desire([silent, { kind: 'missing', why: 'later' }])
    expect(failed.kind === 'failed' && tellFailures(failed)).toBe(
      'invalid metrics (2 invalid out of 2), first error is: unable to get external metric queue-0: timeout',
    )
  })

  test('none given is CPU at 80 %, as the API has it', () => {
    expect(desire([])).toMatchObject({ kind: 'failed', failure: { reason: 'FailedGetResourceMetric' } })
  })

  test('each direction has its own tolerance where behavior sets one', () => {
    expect(desire([length(5.4)])).toMatchObject({ replicas: 5 })
    expect(desire([length(5.4)], 5, 0)).toMatchObject({ replicas: 6 })
    expect(desire([length(4.6)], 5, 0)).toMatchObject({ replicas: 5 })
  })
})

test('the bounds speak before any metric is read', () => {
  const bounds = { minReplicas: 2, maxReplicas: 8 }
  expect(desireOfBounds(9, bounds)).toMatchObject({ kind: 'outright', replicas: 8 })
  expect(desireOfBounds(1, bounds)).toMatchObject({ kind: 'outright', replicas: 2 })
  expect(desireOfBounds(0, bounds)).toEqual({ kind: 'disabled' })
  expect(desireOfBounds(0, { minReplicas: 0, maxReplicas: 8 })).toBeUndefined()
  expect(desireOfBounds(8, bounds)).toBeUndefined()
})
