import { describe, expect, test } from 'vitest'
import type { HorizontalPodAutoscaler, ScalingPolicy } from './documents.ts'
import { resolveSettings } from './policy.ts'
import { policyOptions } from './rules-options.ts'

const policy = (scalars?: object) =>
  ({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'ScalingPolicy',
    metadata: { name: 'checkout' },
    spec: { defaults: { minReplicas: 3, ...(scalars && { learning: { scalars } }) } },
  }) as ScalingPolicy // a document as it is read
const object = (scalars?: object) =>
  ({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'web', namespace: 'shop' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 9,
      policyRef: { name: 'checkout' },
      ...(scalars && { learning: { scalars } }),
    },
  }) as HorizontalPodAutoscaler // a document as it is read
const learnt = { revision: 3, scalars: { deadband: 0.08, orderAhead: 0.04 } }
const given = { price: 0, mode: 'Slo' } as const

describe('what was learnt', () => {
  test('is a layer of its own, told as the origin, and reaches the rules', () => {
    const settings = resolveSettings({ policies: [policy()], object: object(), learnt })
    expect(settings.learning).toEqual({ mode: 'Shadow', scalars: { deadband: 0.08, orderAhead: 0.04 } })
    expect(settings.origins['learning.scalars.deadband']).toBe('learnt revision 3')
    expect(policyOptions(settings, given).learnt).toEqual({ deadband: 0.08, orderAhead: 0.04 })
  })

  test('never replaces what a person wrote, in the object or in a policy', () => {
    const settings = resolveSettings({ policies: [policy({ deadband: '150m' })], object: object({ orderAhead: 0.1 }), learnt })
    expect(settings.learning.scalars).toEqual({ deadband: 0.15, orderAhead: 0.1 })
    expect(settings.origins['learning.scalars.deadband']).toBe('policy checkout')
    expect(settings.origins['learning.scalars.orderAhead']).toBe('object web')
  })

  test('changes nothing where nothing is learnt and nothing is written', () => {
    const settings = resolveSettings({ policies: [policy()], object: object() })
    expect(settings.learning).toEqual({ mode: 'Shadow' })
    expect(policyOptions(settings, given)).not.toHaveProperty('learnt')
  })
})
