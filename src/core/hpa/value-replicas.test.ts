import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Pod } from '../model.ts'
import { INT32_MAX, INT64_MAX } from './quantity.ts'
import { averageValueReplicas, valueReplicas } from './value-replicas.ts'

const pod = (ready: 'True' | 'False', phase: Pod['phase'] = 'Running'): Pod => ({
  name: 'web',
  phase,
  deleted: false,
  ready: { status: ready, since: 0 },
  containers: [],
})
const three = [pod('True'), pod('True'), pod('True')]
const facts = {
  replicas: 3,
  pods: three,
  values: [20_000],
  target: 10_000,
  tolerance: { down: 0.1, up: 0.1 },
  api: 'external' as const,
}

describe('a Value target', () => {
  test('multiplies the pods that are ready and running', () => {
    expect(valueReplicas(facts)).toEqual({ kind: 'counted', replicas: 6, usage: 20_000 })
    expect(valueReplicas({ ...facts, pods: [pod('True'), pod('False'), pod('True', 'Pending')] })).toMatchObject({ replicas: 2 })
  })

  test('stays within the tolerance', () => {
    expect(valueReplicas({ ...facts, values: [5_000, 6_000] })).toEqual({ kind: 'counted', replicas: 3, usage: 11_000 })
  })

  test('starts from zero without pods and without tolerance', () => {
    expect(valueReplicas({ ...facts, replicas: 0, pods: [], values: [10_001] })).toMatchObject({ replicas: 2 })
    expect(valueReplicas({ ...facts, replicas: 0, pods: [], values: [0] })).toMatchObject({ replicas: 0 })
  })

  test('needs pods and an answer', () => {
    expect(valueReplicas({ ...facts, pods: [] })).toMatchObject({ kind: 'failed', why: expect.stringContaining('no pods') })
    expect(valueReplicas({ ...facts, values: [] })).toMatchObject({ why: 'no metrics returned from external metrics API' })
  })

  test('never asks for more replicas than can be written', () => {
    expect(valueReplicas({ ...facts, values: [INT64_MAX, INT64_MAX], target: 1 })).toEqual({
      kind: 'counted',
      replicas: INT32_MAX,
      usage: INT64_MAX,
    })
  })
})

describe('an AverageValue target', () => {
  test('divides what there is by what one replica may have', () => {
    expect(averageValueReplicas({ ...facts, values: [86_000] })).toEqual({ kind: 'counted', replicas: 9, usage: 28_667 })
  })

  test('stays within the tolerance of the replicas that exist', () => {
    expect(averageValueReplicas({ ...facts, values: [33_000] })).toMatchObject({ replicas: 3 })
    expect(averageValueReplicas({ ...facts, values: [33_001] })).toMatchObject({ replicas: 4 })
  })

  test('starts from zero', () => {
    expect(averageValueReplicas({ ...facts, replicas: 0 })).toEqual({ kind: 'counted', replicas: 2, usage: INT64_MAX })
    expect(averageValueReplicas({ ...facts, replicas: 0, values: [0] })).toEqual({ kind: 'counted', replicas: 0, usage: 0 })
  })

  test('takes silence for a failure, never for zero', () => {
    expect(averageValueReplicas({ ...facts, values: [], api: 'custom' })).toEqual({
      kind: 'failed',
      why: 'no metrics returned from custom metrics API',
    })
  })

  test('never falls when the load rises', () => {
    const load = fc.integer({ min: 0, max: 1_000_000 })
    fc.assert(
      fc.property(load, load, fc.integer({ min: 0, max: 100 }), (one, more, replicas) => {
        const wanted = (value: number) => {
          const count = averageValueReplicas({ ...facts, replicas, values: [value] })
          return count.kind === 'counted' ? count.replicas : Number.NaN
        }
        expect(wanted(one + more)).toBeGreaterThanOrEqual(wanted(one))
      }),
    )
  })
})
