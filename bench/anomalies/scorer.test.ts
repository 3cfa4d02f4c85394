import { describe, expect, test } from 'vitest'
import { bestThreshold, candidatesOf, PROFILES, scoreAt } from './scorer.ts'
import type { Labelled } from './splits.ts'

/** Twenty rows, the first four for learning, windows 6..9 and 14..17. */
const series: Labelled = {
  name: 'one',
  at: Float64Array.from({ length: 20 }, (_, row) => row),
  value: new Float64Array(20),
  probation: 4,
  windows: [
    [6, 9],
    [14, 17],
  ],
}
const scored = (rows: Readonly<Record<number, number>>) =>
  candidatesOf(
    series,
    Array.from({ length: 20 }, (_, row) => rows[row] ?? 0),
  )
const sigmoid = (place: number) => 2 / (1 + Math.exp(5 * place)) - 1

describe("NAB's scorer", () => {
  test('nothing found is 0, each window found at its first row is 100', () => {
    expect(scoreAt(scored({}), { windows: 2, threshold: 0.5 }).score).toBe(0)
    expect(scoreAt(scored({ 6: 1, 14: 1 }), { windows: 2, threshold: 0.5 })).toMatchObject({ score: 100, hits: 2, falseRows: 0 })
  })

  test('late in a window is worth less, and only the best row of a window counts', () => {
    const last = sigmoid(-1 / 4) / sigmoid(-1)
    expect(scoreAt(scored({ 9: 1 }), { windows: 2, threshold: 0.5 }).score).toBeCloseTo((100 * (1 + last)) / 4, 9)
    expect(scoreAt(scored({ 9: 1, 6: 1, 7: 1 }), { windows: 2, threshold: 0.5 }).score).toBeCloseTo(50, 9)
  })

  test('a row outside costs a weight, less shortly behind a window; before the first one it costs all of it', () => {
    expect(scoreAt(scored({ 5: 1 }), { windows: 2, threshold: 0.5 }).score).toBeCloseTo((100 * -0.11) / 4, 9)
    expect(scoreAt(scored({ 10: 1 }), { windows: 2, threshold: 0.5 }).score).toBeCloseTo((100 * 0.11 * sigmoid(1 / 3)) / 4, 9)
    expect(scoreAt(scored({ 5: 1 }), { windows: 2, threshold: 0.5, profile: PROFILES['reward low FP'] }).score).toBeCloseTo(
      (100 * -0.22) / 4,
      9,
    )
    expect(scoreAt(scored({ 6: 1 }), { windows: 2, threshold: 0.5, profile: PROFILES['reward low FN'] }).score).toBeCloseTo(
      (100 * 3) / 6,
      9,
    )
  })

  test('rows of the probation count for nothing, nor does a score of 0 at a threshold of 0', () => {
    expect(scored({ 0: 1, 3: 1 })).toEqual([])
    expect(scoreAt(scored({}), { windows: 2, threshold: 0 }).falseRows).toBe(0)
  })

  test('the best threshold is the one that scoreAt agrees with, rows of one score together', () => {
    const candidates = scored({ 4: 0.2, 5: 0.7, 6: 0.9, 11: 0.3, 14: 0.7, 18: 0.7 })
    const best = bestThreshold(candidates, 2)
    expect(best.threshold).toBe(0.7)
    expect(scoreAt(candidates, { windows: 2, threshold: best.threshold })).toEqual({
      ...best,
      score: expect.closeTo(best.score, 9),
    })
    for (const threshold of [0.2, 0.3, 0.9, 1])
      expect(scoreAt(candidates, { windows: 2, threshold: threshold }).score).toBeLessThan(best.score)
  })
})
