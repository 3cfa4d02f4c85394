import { expect, test } from 'vitest'
import type { Settings } from '../resources/settings.ts'
import type { Plan } from './plan.ts'
import { createScheduledAround } from './scheduled-around.ts'

const HOUR = 3_600_000
const EIGHT = Date.UTC(2026, 10, 26, 8)
const planOf = (schedules: Settings['schedules'], startupMs = 60_000) =>
  ({ settings: { schedules }, target: { startupMs } }) as Pick<Plan, 'settings' | 'target'> // the rest is not looked at
const morning = { name: 'morning', cron: '0 8 * * *', durationSeconds: 3600, minReplicas: 5 }

test('windows are told from a forecast and two start-ups before they begin until metrics of them have arrived', () => {
  const around = createScheduledAround()
  const namesAt = (now: number) => around(planOf([morning]), now)?.map(({ name }) => name)
  expect(namesAt(EIGHT - HOUR - 121_000)).toBeUndefined()
  expect(namesAt(EIGHT - HOUR - 120_000)).toEqual(['morning'])
  expect(namesAt(EIGHT + HOUR + 599_999)).toEqual(['morning'])
  expect(namesAt(EIGHT + HOUR + 600_000)).toBeUndefined()
  expect(namesAt(EIGHT + 12 * HOUR)).toBeUndefined()
  expect(namesAt(EIGHT + 24 * HOUR)).toEqual(['morning'])
  expect(namesAt(EIGHT)).toEqual(['morning'])
})

test('a schedule that was changed is worked out anew', () => {
  const around = createScheduledAround()
  expect(around(planOf([morning]), EIGHT)).toHaveLength(1)
  expect(around(planOf([{ ...morning, cron: '0 14 * * *' }]), EIGHT)).toBeUndefined()
  expect(around(planOf([]), EIGHT)).toBeUndefined()
})
