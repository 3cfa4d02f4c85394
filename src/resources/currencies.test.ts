import { expect, test } from 'vitest'
import { DOCUMENTS } from './documents.ts'
import { resolveSettings } from './policy.ts'

const GROUP = 'autoscaling.spotify.ai/v2'

function resolve(policyBudget: object | undefined, own: object | undefined) {
  const policy = DOCUMENTS.ScalingPolicy.parse({
    apiVersion: GROUP,
    kind: 'ScalingPolicy',
    metadata: { name: 'house' },
    spec: policyBudget ? { defaults: { budget: policyBudget } } : {},
  })
  const object = DOCUMENTS.HorizontalPodAutoscaler.parse({
    apiVersion: GROUP,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 9,
      policyRef: { name: 'house' },
      ...(own && { budget: own }),
    },
  })
  const configuration = { apiVersion: GROUP, kind: 'ControllerConfiguration', cost: { currency: 'SEK' } } as const
  return resolveSettings({ policies: [policy], object, configuration }).budget
}

test('amounts of one layer are not taken for amounts in the currency of another', () => {
  expect(() => resolve({ currency: 'USD', perDay: '700' }, { currency: 'EUR', perHour: '40' })).toThrow(
    'budget.perDay of policy house is in USD, and budget.currency of object web is EUR: expected one currency; write all amounts of the budget in EUR',
  )
  expect(() => resolve({ perMonth: '700' }, { currency: 'EUR', perHour: '40' })).toThrow(
    'budget.perMonth of policy house is in SEK, and budget.currency of object web is EUR',
  )
})

test('one currency, stated once or more often, or a budget that is overridden as a whole, is fine', () => {
  expect(resolve({ currency: 'EUR', perDay: '700' }, { perHour: '40' })).toMatchObject({
    currency: 'EUR',
    perHour: 40,
    perDay: 700,
  })
  expect(resolve({ currency: 'EUR', perDay: '700' }, { currency: 'EUR', perMonth: '9k' })).toMatchObject({ perMonth: 9000 })
  expect(resolve({ currency: 'USD', perDay: '700' }, { currency: 'EUR', perDay: '600' })).toMatchObject({ perDay: 600 })
  expect(resolve(undefined, { perHour: '40' })).toMatchObject({ currency: 'SEK' })
  expect(resolve(undefined, undefined)).toBeUndefined()
})
