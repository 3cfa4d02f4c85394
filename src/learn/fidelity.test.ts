import { expect, test } from 'vitest'
import { fidelityOf, replicaHoursByDay } from './fidelity.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 2)
const simulated = (replicaHours: readonly number[]) => ({
  replicaHours: Float64Array.from(replicaHours),
  badMinutes: new Float64Array(replicaHours.length),
  actions: new Float64Array(replicaHours.length),
  hourlyBadMinutes: new Float64Array(24 * replicaHours.length),
})

test('recorded replicas become replica-hours by day; a day that was not recorded as a whole is none', () => {
  const at = Float64Array.of(START - HOUR, START + 12 * HOUR, START + DAY + 6 * HOUR, START + 2 * DAY, START + 2 * DAY + HOUR)
  const { replicaHours } = replicaHoursByDay({ at, value: Float64Array.of(2, 4, 10, 1, 1) }, { startMs: START, days: 3 })
  expect([...replicaHours]).toEqual([12 * 2 + 12 * 4, 6 * 4 + 18 * 10, Number.NaN])
})

test('within five percent the simulator is believed, beyond it is not, and both say by how much', () => {
  const recorded = { replicaHours: Float64Array.of(100, 100, Number.NaN) }
  expect(fidelityOf(simulated([104, 103, 500]), recorded, { from: 0, to: 3 })).toEqual({
    simulatedHours: 207,
    recordedHours: 200,
    days: 2,
    isFaithful: true,
    why: 'simulated replica-hours are within 5 % of the recorded (+3.5 %)',
  })
  const off = fidelityOf(simulated([80, 90, 0]), recorded, { from: 0, to: 3 })
  expect(off.isFaithful).toBe(false)
  expect(off.why).toMatch(/^simulated replica-hours are -15\.0 % off the recorded, expected within 5 %/)
})

test('where nothing was recorded nothing is believed', () => {
  const none = { replicaHours: Float64Array.of(Number.NaN) }
  expect(fidelityOf(simulated([1]), none, { from: 0, to: 1 }).why).toMatch(/^no whole day of replicas was recorded/)
})
