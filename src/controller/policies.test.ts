import { describe, expect, test } from 'vitest'
import type { ScalingPolicy } from '../resources/documents.ts'
import { readAutoscaler } from './objects.ts'
import { createSettings } from './policies.ts'

const policy = (periodSeconds: number): ScalingPolicy => ({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'ScalingPolicy',
  metadata: { name: 'house' },
  spec: { defaults: { periodSeconds, mode: 'Recommend' } },
})

const object = (spec: object = {}, resourceVersion = '1') =>
  readAutoscaler({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { namespace: 'shop', name: 'web', uid: 'u', resourceVersion },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      maxReplicas: 10,
      policyRef: { name: 'house' },
      ...spec,
    },
  })

function settings() {
  const state = { now: 0, cluster: [policy(30)] }
  const settingsOf = createSettings({
    clock: { now: () => state.now },
    defaults: [],
    cluster: () => state.cluster,
  })
  return { state, settingsOf }
}

describe('the settings in force', () => {
  test('a policy of the cluster that changed holds once it is told, and not before', () => {
    const { state, settingsOf } = settings()
    expect(settingsOf(object()).periodSeconds).toBe(30)
    state.cluster = [policy(60)]
    expect(settingsOf(object()).periodSeconds).toBe(30)
    settingsOf.forget()
    expect(settingsOf(object()).periodSeconds).toBe(60)
  })

  test('are kept while the object stays as it is, and made anew when it changed or was dropped', () => {
    const { settingsOf } = settings()
    const first = settingsOf(object())
    expect(settingsOf(object())).toBe(first)
    expect(settingsOf(object({ maxReplicas: 20 }, '2')).maxReplicas).toBe(20)
    const second = settingsOf(object({}, '3'))
    settingsOf.drop('u')
    expect(settingsOf(object({}, '3'))).not.toBe(second)
  })

  test('a mode ends at modeExpiresAt, and the mode of the policy holds again', () => {
    const { state, settingsOf } = settings()
    const paused = object({ mode: 'Paused', modeExpiresAt: '1970-01-01T00:01:00Z' })
    expect(settingsOf(paused).mode).toBe('Paused')
    state.now = 60_000
    expect(settingsOf(paused).mode).toBe('Recommend')
  })

  test('of a policy that makes no sense any more, the last good one stays in force and says why', () => {
    const { state, settingsOf } = settings()
    const circle = { ...policy(60), spec: { extends: ['house'], defaults: { periodSeconds: 60 } } }
    state.cluster = [circle]
    expect(() => settingsOf(object())).toThrow('extends itself')
    state.cluster = [policy(30)]
    settingsOf.forget()
    expect(settingsOf(object()).refused).toBeUndefined()
    state.cluster = [circle]
    settingsOf.forget()
    expect(settingsOf(object())).toMatchObject({ periodSeconds: 30, refused: expect.stringContaining('extends itself') })
    // What a person says of the object itself still counts: a pause is a pause.
    expect(settingsOf(object({ mode: 'Paused' }, '2'))).toMatchObject({ periodSeconds: 30, mode: 'Paused' })
    state.cluster = [policy(60)]
    settingsOf.forget()
    expect(settingsOf(object({ mode: 'Paused' }, '2'))).toMatchObject({ periodSeconds: 60, mode: 'Paused' })
    expect(settingsOf(object({ mode: 'Paused' }, '2')).refused).toBeUndefined()
  })

  test('a policy that is not there is warned of', () => {
    const { settingsOf } = settings()
    expect(settingsOf(object({ policyRef: { name: 'hous' } })).warnings.join()).toContain('policyRef hous is not known')
  })

  test('a budget in another currency than the prices is warned of', () => {
    const { settingsOf } = settings()
    const inCurrency = (currency: string) => object({ budget: { currency, perHour: '40' } }, currency)
    expect(settingsOf(inCurrency('USD')).warnings).toEqual([])
    expect(settingsOf(inCurrency('EUR')).warnings.join()).toContain('the budget is in EUR and prices are in USD')
  })
})
