import { expect, test } from 'vitest'
import { fleetSettingsFrom } from './fleet-settings.ts'

test('shared budgets are those of the configuration in plain numbers; Cap unless they say Warn', () => {
  const budgets = {
    fleet: { perHour: '40', perDay: '1k' },
    enterprise: { perMonth: '2500m' },
    premium: { perDay: 9 },
    basic: { perHour: 5, enforcement: 'Warn' },
  } as const
  expect(fleetSettingsFrom({ currency: 'EUR', budgets })).toEqual({
    currency: 'EUR',
    fleet: { perHour: 40, perDay: 1000, enforcement: 'Cap' },
    tiers: {
      Enterprise: { perMonth: 2.5, enforcement: 'Cap' },
      Premium: { perDay: 9, enforcement: 'Cap' },
      Basic: { perHour: 5, enforcement: 'Warn' },
    },
  })
  expect(fleetSettingsFrom({ budgets: { basic: { perHour: 5 } } })).toEqual({
    currency: 'USD',
    tiers: { Basic: { perHour: 5, enforcement: 'Cap' } },
  })
})

test('without any there is nothing to share', () => {
  expect(fleetSettingsFrom(undefined)).toBeUndefined()
  expect(fleetSettingsFrom({ currency: 'EUR' })).toBeUndefined()
  expect(fleetSettingsFrom({ budgets: {} })).toBeUndefined()
})
