import { describe, expect, test } from 'vitest'
import { contextAt } from '../guard/timeline.ts'
import type { SafeLoad } from '../model.ts'
import { carried, safeLoadFloor, safeLoadText } from './safe-load.ts'

const learnt: SafeLoad = {
  perReplica: 4950,
  by: 'observed',
  written: 6000,
  since: Date.UTC(2026, 10, 24),
  objective: 'P99 25 ms',
  unreachable: [],
}
const written: SafeLoad = { perReplica: 6000, by: 'written', written: 6000, unreachable: [] }

const said = (safeLoad: SafeLoad | undefined, demand: number | 'missing' = 88_100) =>
  safeLoadFloor().propose({ ...contextAt({ seconds: 0, asked: 10, demand }), ...(safeLoad && { safeLoad }) })

describe('the floor of the load that is safe', () => {
  test('is what the load of now needs at it, and never takes anything away', () => {
    expect(said(learnt)).toMatchObject({
      kind: 'proposes',
      floor: true,
      replicas: 18,
      why: 'the load of now is 88,100; 18 × 4,950 carry it inside P99 25 ms',
      conditions: [{ type: 'ObjectivesReachable', status: 'True', reason: 'SafeLoadLearnt' }],
    })
  })

  test('is silent before anything was learnt, without a demand, and where nothing is learnt at all', () => {
    expect(said(written)).toMatchObject({
      kind: 'abstains',
      why: 'nothing was learnt yet, 6,000 for a replica hold',
      conditions: [{ status: 'Unknown', reason: 'NothingLearnt' }],
    })
    expect(said(learnt, 'missing')).toMatchObject({ kind: 'abstains', why: 'demand is missing' })
    expect(said(undefined)).toMatchObject({ kind: 'abstains' })
  })

  test('says what no number of replicas keeps', () => {
    const { conditions } = said({ ...written, unreachable: ['P99 25 ms', 'errors 0.01 %'] })
    expect(conditions).toMatchObject([
      {
        status: 'False',
        reason: 'UnreachableByScaling',
        message: expect.stringContaining('miss P99 25 ms and errors 0.01 %: more replicas do not help'),
      },
    ])
  })
})

describe('where the load is from', () => {
  test('is told with its author and its age', () => {
    const since = 'since 2026-11-24T00:00:00Z; the target says 6,000'
    expect(safeLoadText(learnt)).toBe(`4,950 inside P99 25 ms, as observed, ${since}`)
    expect(safeLoadText({ ...learnt, by: 'model' })).toBe(`4,950 inside P99 25 ms, as a queue of its kind would carry, ${since}`)
    expect(safeLoadText(written)).toBe('6,000, as the target says: nothing was learnt yet')
  })

  test('is no part of a sentence where nothing was learnt', () => {
    expect(carried(18, undefined)).toBe('')
    expect(carried(18, written)).toBe('')
  })
})
