import { expect, test } from 'vitest'
import { judge } from './judge.ts'
import type { DayFigures } from './replay-past.ts'

const figures = (replicaHours: readonly number[], badMinutes: readonly number[]): DayFigures => ({
  replicaHours: Float64Array.from(replicaHours),
  badMinutes: Float64Array.from(badMinutes),
  actions: new Float64Array(replicaHours.length),
  hourlyBadMinutes: new Float64Array(24 * replicaHours.length),
})

const flat = (value: number) => Array.from({ length: 8 }, () => value)
const days = { from: 0, to: 8, seed: 1 }
const before = figures(flat(100), [0, 2, 1, 0, 3, 0, 1, 2])

test('cheaper every day with the same bad minutes is accepted, and says so', () => {
  const verdict = judge({ before, after: { ...before, replicaHours: Float64Array.from(flat(97)) } }, days)
  expect(verdict).toMatchObject({ days: 8, isAccepted: true })
  expect(verdict.replicaHours).toMatchObject({ before: 800, after: 776, isBetter: true })
  expect(verdict.why).toBe('the cost is better with 95 % confidence, and bad minutes are no more than 2 % worse')
})

test('fewer bad minutes for one percent more are accepted, for three percent more they are not', () => {
  const badMinutes = Float64Array.from([0, 0, 0, 0, 1, 0, 0, 0])
  const one = judge({ before, after: { ...before, badMinutes, replicaHours: Float64Array.from(flat(101)) } }, days)
  expect(one.isAccepted).toBe(true)
  expect(one.why).toMatch(/^bad minutes are better/)
  const three = judge({ before, after: { ...before, badMinutes, replicaHours: Float64Array.from(flat(103)) } }, days)
  expect(three).toMatchObject({ isAccepted: false, why: 'the cost may be more than 2 % worse' })
})

test('cheaper, but with bad minutes that might be more on other days, is refused', () => {
  const badMinutes = Float64Array.from([1, 1, 1, 1, 3, 0, 1, 1])
  const verdict = judge({ before, after: figures(flat(90), [...badMinutes]) }, days)
  expect(verdict).toMatchObject({ isAccepted: false, why: 'bad minutes may be more than 2 % worse' })
})

test('days on which no replica ran prove nothing, however many bad minutes are gone', () => {
  const verdict = judge({ before: figures(flat(0), flat(9)), after: figures(flat(0), flat(1)) }, days)
  expect(verdict.badMinutes.isBetter).toBe(true)
  expect(verdict).toMatchObject({ isAccepted: false, why: 'no replica ran on these days: there is no cost to promise' })
})

test('what other days might turn round is no difference', () => {
  const after = figures([92, 101, 100, 101, 100, 101, 100, 101], [...before.badMinutes])
  expect(judge({ before, after }, days)).toMatchObject({
    isAccepted: false,
    why: 'neither cost nor bad minutes are better with 95 % confidence',
  })
})

test('only the days that were asked for count', () => {
  const after = figures([900, 97, 97, 97, 97, 97, 97, 900], [...before.badMinutes])
  expect(judge({ before, after }, { from: 1, to: 7, seed: 1 })).toMatchObject({ days: 6, isAccepted: true })
  const both = figures(flat(90), flat(0))
  expect(judge({ before, after: both }, days).why).toBe('cost and bad minutes are better with 95 % confidence')
})
