import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hasMoved, type Lately, lengthened, levelOf } from './lately.ts'

const MINUTE_MS = 60_000
const of = (distances: readonly number[], spacingMs = MINUTE_MS) =>
  distances.reduce<Lately>((lately, distance, index) => lengthened(lately, { at: index * spacingMs, distance }), [])

test('the mean is that of the values of the last hour and a half, however dense', () => {
  expect(levelOf([])).toBe(0)
  expect(levelOf(of([9, 1, 2], 3_600_000))).toBe(1.5)
  expect(levelOf(of([7, ...Array(17).fill(1)], 5 * MINUTE_MS))).toBeCloseTo(24 / 18, 9)
  expect(levelOf(of([7, ...Array(18).fill(1)], 5 * MINUTE_MS))).toBe(1)
  expect(levelOf(of([...Array(200).fill(7), ...Array(90).fill(1)]))).toBe(1)
})

test('the size does not grow with the number of values', () => {
  expect(of(Array(5000).fill(1), 1000)).toHaveLength(17)
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1e12, max: 4e12 }), { maxLength: 200 }), times => {
      const lately = times.reduce<Lately>((before, at) => lengthened(before, { at, distance: 1 }), [])
      expect(lately.length).toBeLessThanOrEqual(18)
      expect(levelOf(lately)).toBe(times.length === 0 ? 0 : 1)
    }),
  )
})

test('a clock that goes backwards forgets what is later', () => {
  expect(lengthened(of([5, 5, 5], 10 * MINUTE_MS), { at: 9 * MINUTE_MS, distance: 1 })).toHaveLength(2)
})

test('one giant spike is no move of the level, half an hour and more is', () => {
  const quiet = Array(20).fill(0)
  expect(hasMoved(of([...quiet, 100], 5 * MINUTE_MS), 0)).toBe(false)
  expect(hasMoved(of([0, 100], 3_600_000), 0)).toBe(false)
  expect(hasMoved(of([...quiet, ...Array(10).fill(100)], 5 * MINUTE_MS), 0)).toBe(true)
  expect(hasMoved(of([-100, -100], 3_600_000), 0)).toBe(true)
})
