import { describe, expect, test } from 'vitest'
import type { Samples } from '../../ports.ts'
import { toSteps, valueAt } from './steps.ts'

const MINUTE = 60_000
const START = 1_763_942_430_000 // not on a round minute

function samples(rows: readonly (readonly [minute: number, value: number])[]): Samples {
  return {
    at: Float64Array.from(rows, ([minute]) => START + minute * MINUTE),
    value: Float64Array.from(rows, ([, value]) => value),
  }
}

/** Minute and value of every step; `undefined` in a gap. */
function told(rows: readonly (readonly [number, number])[], stepMinutes: number) {
  const steps = toSteps(samples(rows), stepMinutes * MINUTE)
  return Array.from(steps.value, (_, step) => {
    const value = valueAt(steps, step)
    return value === undefined ? undefined : [(steps.at[step]! - START) / MINUTE, value]
  })
}

describe('toSteps', () => {
  test('a series that comes every step keeps its own times and values, and its gaps', () => {
    const rows = [
      [0, 1],
      [5, 2],
      [15, 4],
      [20, 5],
    ] as const
    expect(told(rows, 5)).toEqual([[0, 1], [5, 2], undefined, [15, 4], [20, 5]])
  })

  test('of a finer series a step is its last sample, as it is: no mean, and nothing that comes after it', () => {
    const rows = Array.from({ length: 11 }, (_, minute) => [minute, minute ** 2] as const)
    expect(told(rows, 5)).toEqual([
      [0, 0],
      [5, 25],
      [10, 100],
    ])
  })

  test('where the sample at the end of a step is missing, the last one before it in the step stands for it, with its own time', () => {
    const rows = [0, 1, 2, 3, 6, 7, 8, 9, 10, 16, 17, 18, 19, 20].map(minute => [minute, minute ** 2] as const)
    expect(told(rows, 5)).toEqual([[0, 0], [3, 9], [10, 100], undefined, [20, 400]])
  })

  test('a last step that is not complete is left out', () => {
    const rows = Array.from({ length: 9 }, (_, minute) => [minute, 1] as const)
    expect(told(rows, 5)).toEqual([
      [0, 1],
      [5, 1],
    ])
  })

  test('the time of a step is that of its last sample, so that it is always one of the file', () => {
    const rows = [0, 2, 4, 6, 8, 10, 12, 14].map(minute => [minute, minute] as const)
    expect(told(rows, 5)).toEqual([
      [0, 0],
      [6, 6], // half a spacing of tolerance: 6 belongs to the step that ends at 5
      [10, 10],
    ])
  })

  test('jitter below half a spacing moves no sample to another step', () => {
    const rows = [0, 5.4, 9.7, 15.2, 19.9, 25].map((minute, index) => [minute, index] as const)
    expect(told(rows, 5).map(row => row?.[1])).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('a coarser series keeps its own spacing', () => {
    const steps = toSteps(
      samples([
        [0, 1],
        [30, 2],
        [60, 3],
      ]),
      5 * MINUTE,
    )
    expect(steps).toMatchObject({ stepMs: 30 * MINUTE, startMs: START })
    expect([...steps.value]).toEqual([1, 2, 3])
  })

  test('a time stamp that is years off is refused, with what to do', () => {
    const rows = [
      [0, 1],
      [1, 1],
      [2, 1],
      [3, 1],
      [1e9, 1],
    ] as const
    expect(() => toSteps(samples(rows), MINUTE)).toThrow(
      /spans 1000000001 steps of 60 s, expected at most 10000000; check its time stamps/,
    )
  })
})
