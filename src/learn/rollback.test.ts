import { expect, test } from 'vitest'
import type { DayFigures } from './replay-past.ts'
import { rollbackReason } from './rollback.ts'

/** Two days with bad minutes at hours counted from the first midnight. */
function lived(bad: Readonly<Record<number, number>>, hoursADay = 100): DayFigures {
  const hourlyBadMinutes = new Float64Array(48)
  for (const [hour, minutes] of Object.entries(bad)) hourlyBadMinutes[Number(hour)] = minutes
  return {
    replicaHours: Float64Array.of(hoursADay, hoursADay),
    badMinutes: new Float64Array(2),
    actions: new Float64Array(2),
    hourlyBadMinutes,
  }
}

/** 24 bad minutes a day: one an hour. */
const reason = (learnt: DayFigures, old: DayFigures, promisedCost = 1) =>
  rollbackReason({ learnt, old, days: { from: 0, to: 2 }, badMinutesPerDay: 24, tickMinutes: 1, promisedCost })

test('a budget that burns more than twice as fast for an hour is one', () => {
  expect(reason(lived({ 5: 2 }), lived({}))).toBeUndefined()
  expect(reason(lived({ 5: 3 }), lived({}))).toBe(
    '3 bad minutes within 1 h burn 3.0 times the error budget, the policy before it would have had 0 bad minutes',
  )
})

test('so is one that is spent within six hours, bit by bit', () => {
  const slow = { 5: 1.5, 6: 1.5, 7: 1.5, 9: 1.75 }
  expect(reason(lived(slow), lived({}))).toMatch(/^6\.25 bad minutes within 6 h burn 1\.0 times/)
  expect(reason(lived({ ...slow, 9: 1.25 }), lived({}))).toBeUndefined()
})

test('what the old policy could not have served either is no fault of the new one', () => {
  expect(reason(lived({ 5: 30 }), lived({ 5: 20 }))).toBeUndefined()
  expect(reason(lived({ 5: 30, 40: 9 }), lived({ 5: 20 }))).toMatch(/^9 bad minutes within 1 h/)
})

test('a cost of more than 115 % of what was promised is one too', () => {
  expect(reason(lived({}, 109), lived({}, 100), 0.95)).toBeUndefined()
  expect(reason(lived({}, 112), lived({}, 100), 0.95)).toBe('224 replica-hours are 118 % of the 190 that it promised')
})

test('evidence without a replica promised nothing: then the cost of the old policy is the measure', () => {
  for (const nothing of [0 / 0, 1 / 0]) {
    expect(reason(lived({}, 114), lived({}, 100), nothing)).toBeUndefined()
    expect(reason(lived({}, 116), lived({}, 100), nothing)).toBe('232 replica-hours are 116 % of the 200 that it promised')
  }
})

test('one bad tick alone is bad luck, whatever rate it makes', () => {
  const told = { old: lived({}), days: { from: 0, to: 2 }, badMinutesPerDay: 1.44, tickMinutes: 1, promisedCost: 1 }
  expect(rollbackReason({ ...told, learnt: lived({ 5: 1, 20: 1 }) })).toBeUndefined()
  expect(rollbackReason({ ...told, learnt: lived({ 5: 2 }) })).toMatch(/^2 bad minutes within 1 h burn 33\.3 times/)
})

test('only the days since the revision is in force count', () => {
  const days = { from: 1, to: 2 }
  const told = { old: lived({}), days, badMinutesPerDay: 24, tickMinutes: 1, promisedCost: 1 }
  expect(rollbackReason({ ...told, learnt: lived({ 5: 30 }) })).toBeUndefined()
  expect(rollbackReason({ ...told, learnt: lived({ 30: 30 }) })).toBeDefined()
})
