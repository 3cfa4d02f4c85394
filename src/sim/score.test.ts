import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isViolated, neededReplicas, ticksOf } from './load.ts'
import { metricScaleFor, type Run, withLoadMetric } from './run.ts'
import { score } from './score.ts'

const TICK = 15_000

type Rows = { readonly load: readonly number[]; readonly ready: readonly number[]; readonly desired: readonly number[] }

function runOf({ load, ready, desired }: Rows, over: Partial<Run> = {}): Run {
  return {
    name: 'one',
    tickMs: TICK,
    scoredFrom: 0,
    time: Float64Array.from(load, (_, tick) => tick * TICK),
    load: Float64Array.from(load),
    ready: Int32Array.from(ready),
    desired: Int32Array.from(desired),
    ...over,
  }
}

const bill = { capacityPerReplica: 10, price: 0.5 }

describe('the score', () => {
  test('adds up violations, unserved load, bills, idle replicas and changes, tick by tick', () => {
    const run = runOf({ load: [15, 25, 5, 30], ready: [2, 2, 2, 2], desired: [2, 3, 3, 1] })
    const figures = score(run, bill)
    expect(figures.sloViolationMinutes).toBe(0.5)
    expect(figures.sloViolationRatio).toBe(0.5)
    expect(figures.unservedLoad).toBe((5 + 10) * 15)
    expect(figures.replicaHours).toBeCloseTo((9 * 15) / 3600)
    expect(figures.cost).toBeCloseTo((0.5 * 9 * 15) / 3600)
    // needed are 2, 3, 1, 3: only the third tick bills two too many; the last one's shortage does not make up for it
    expect(figures.overProvisionedReplicaHours).toBeCloseTo((2 * 15) / 3600)
    expect([figures.scaleUps, figures.scaleDowns]).toEqual([1, 1])
  })

  test('leaves out history and holes of the recording; the first scored tick has no change before it', () => {
    const missing = Uint8Array.from([0, 0, 1, 0])
    const figures = score(
      runOf({ load: [99, 5, 99, 5], ready: [0, 1, 0, 1], desired: [9, 1, 7, 2] }, { scoredFrom: 1, missing }),
      bill,
    )
    expect(figures.sloViolationMinutes).toBe(0)
    expect(figures.replicaHours).toBeCloseTo((3 * 15) / 3600)
    expect([figures.scaleUps, figures.scaleDowns]).toEqual([1, 0])
  })

  test('a scored part without a tick has a ratio of zero, not of nothing divided by nothing', () => {
    expect(score(runOf({ load: [], ready: [], desired: [] }), bill)).toMatchObject({ sloViolationRatio: 0, replicaHours: 0 })
  })
})

describe('need and violation', () => {
  test('what is needed never violates, and one replica less does', () => {
    const loads = fc.double({ min: 0, max: 1e9, noNaN: true })
    const capacities = fc.double({ min: 1e-6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(loads, capacities, (load, capacity) => {
        const needed = neededReplicas(load, capacity)
        expect(isViolated(load, needed, capacity)).toBe(false)
        if (needed > 1 && needed < 1e6) expect(isViolated(load, needed - 1, capacity)).toBe(true)
      }),
    )
  })

  test('0.3 is carried by three replicas of 0.1, and a violation is what multiplying and comparing says', () => {
    expect(neededReplicas(0.1 + 0.2, 0.1)).toBe(3)
    expect(isViolated(0.1 + 0.2, 3, 0.1)).toBe(false)
    expect([56.1 > 17 * 3.3, 56.1 / 3.3, isViolated(56.1, 17, 3.3), neededReplicas(56.1, 3.3)]).toEqual([true, 17, true, 18])
  })

  test('a duration takes whole ticks, rounded up', () => {
    expect([0, 1, 15_000, 15_001, 60_000].map(ms => ticksOf(ms, TICK))).toEqual([0, 1, 1, 2, 4])
  })
})

describe('the load metric', () => {
  const target = { id: 'a/b', minReplicas: 1, maxReplicas: 9, metrics: [], startupMs: 0, periodMs: TICK }

  test('gives every replica its share of the safe load', () => {
    expect(withLoadMetric({ ...target, capacityPerReplica: 200 }, 0.7).metrics).toEqual([
      { type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue: 140_000 } },
    ])
  })

  test('the scale keeps a replica at a size that thousandths can tell and 64 bits can hold', () => {
    expect([100, 5e6, 1e9].map(metricScaleFor)).toEqual([1, 1, 1])
    for (const capacity of [1e-12, 0.003, 3, 99, 2e9, 1e17]) {
      const scaled = capacity * metricScaleFor(capacity)
      expect(scaled).toBeGreaterThanOrEqual(999)
      expect(scaled).toBeLessThan(10_001)
    }
  })
})
