import { expect, test } from 'vitest'
import { HeldTarget } from './held-target.ts'

const forecast = (dueAt: number) => ({ target: 'a', by: 'x', madeAt: 0, dueAt, quantiles: [1] })
const held = (...dueAt: readonly number[]) => {
  const target = new HeldTarget('a', { writtenHours: 2, unwrittenHours: 24 })
  for (const one of dueAt) target.expect(forecast(one))
  return target
}

test('a forecast that is due between two samples gets the nearest, wherever it lies', () => {
  for (const [dueAt, actual] of [
    [100_000, 1],
    [107_000, 1],
    [108_000, 2],
    [114_000, 2],
    [122_000, 2],
    [123_000, 3],
  ] as const) {
    const target = held(dueAt)
    const matured = [100_000, 115_000, 130_000].flatMap((at, k) => target.mature(at, k + 1, 15_000))
    expect(matured, `due at ${dueAt}`).toEqual([{ ...forecast(dueAt), actual }])
  }
})

test('samples that come late, more than a step apart, leave no forecast without a value', () => {
  const dueAt = Array.from({ length: 600 }, (_, k) => 20_000 + k * 1000)
  const target = held(...dueAt)
  const matured = Array.from({ length: 50 }, (_, k) => k).flatMap(k => target.mature(k * 15_900, k, 15_000))
  expect(matured.map(one => one.dueAt)).toEqual(dueAt)
  for (const one of matured) expect(Math.abs(one.actual! * 15_900 - one.dueAt)).toBeLessThanOrEqual(0.75 * 15_000)
})

test('what fell due while nothing was measured stays without a value, and a value far from it is not taken', () => {
  const target = held(115_000, 130_000)
  expect(target.mature(100_000, 1, 15_000)).toEqual([])
  expect(target.mature(115_000, undefined, 15_000)).toEqual([])
  expect(target.mature(145_000, 4, 15_000)).toEqual([])
  expect(target.mature(160_000, 5, 15_000)).toEqual([])
})

test('of a memory only what changed is handed on, and a slot that is gone is emptied', () => {
  const target = held()
  const slow = { n: 1 }
  expect(target.remember({ slots: { slow, quick: 1 } }).map(({ part }) => part)).toEqual(['slot/slow', 'slot/quick'])
  expect(target.remember({ slots: { slow, quick: 2 } })).toEqual([{ target: 'a', part: 'slot/quick', state: '2' }])
  expect(target.remember({ slots: { slow: { n: 1 } } })).toEqual([{ target: 'a', part: 'slot/quick', state: '' }])
})
