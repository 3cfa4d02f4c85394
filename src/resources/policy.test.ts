import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DOCUMENTS, type HorizontalPodAutoscaler, type PolicyDefaults, type ScalingPolicy } from './documents.ts'
import { resolveSettings } from './policy.ts'
import { defaultPolicies } from './policy-file.ts'

const apiVersion = 'autoscaling.spotify.ai/v2'

function policy(name: string, spec: ScalingPolicy['spec']): ScalingPolicy {
  return { apiVersion, kind: 'ScalingPolicy', metadata: { name }, spec }
}

function object(spec: PolicyDefaults & { policyRef?: { name: string } }): HorizontalPodAutoscaler {
  const { priority: _, ...fields } = spec
  const scaleTargetRef = { kind: 'Deployment', name: 'api' }
  return {
    apiVersion,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'api' },
    spec: { scaleTargetRef, maxReplicas: 200, ...fields },
  }
}

describe('precedence', () => {
  test('each layer outranks the ones below it, and the origin says which one it was', () => {
    const rungs: readonly (readonly [origin: string, periodSeconds: number])[] = [
      ['built-in', 15],
      ['global configuration', 20],
      ['tier Premium', 30],
      ['profile Generic', 40],
      ['behavior Balanced', 50],
      ['policy base', 60],
      ['policy second', 65],
      ['policy mine', 70],
      ['object api', 80],
    ]
    const value = Object.fromEntries(rungs)
    rungs.forEach(([top, expected], height) => {
      const at = (origin: string): PolicyDefaults =>
        rungs.findIndex(([name]) => name === origin) <= height ? { periodSeconds: value[origin] ?? 0 } : {}
      const settings = resolveSettings({
        policies: [
          policy('tier-premium', { defaults: at('tier Premium') }),
          policy('profile-generic', { defaults: at('profile Generic') }),
          policy('behavior-balanced', { defaults: at('behavior Balanced') }),
          policy('base', { defaults: at('policy base') }),
          policy('second', { defaults: at('policy second') }),
          policy('mine', { extends: ['base', 'second'], defaults: at('policy mine') }),
        ],
        configuration: { apiVersion, kind: 'ControllerConfiguration', controller: height === 0 ? {} : { periodSeconds: 20 } },
        object: object({
          policyRef: { name: 'mine' },
          tier: 'Premium',
          profile: 'Generic',
          behaviorPreset: 'Balanced',
          ...at('object api'),
        }),
      })
      expect([settings.periodSeconds, settings.origins.periodSeconds]).toEqual([expected, top])
    })
  })

  test('blocks merge field by field, objectives by type and metric, schedules by name, other lists as a whole', () => {
    const latency = (threshold: string) =>
      ({ type: 'Latency', metric: { name: 'seconds' }, percentile: '99', threshold }) as const
    const schedule = (name: string, minReplicas: number) => ({ name, cron: '0 8 * * *', durationSeconds: 60, minReplicas })
    const base = policy('base', {
      defaults: {
        prediction: { mode: 'Slo', startupSeconds: 30, drivers: [{ metric: 'a' }, { metric: 'b' }] },
        objectives: [latency('25m'), { type: 'ErrorRatio', threshold: '0.0001' }],
        schedules: [schedule('day', 5), schedule('night', 1)],
      },
    })
    const settings = resolveSettings({
      policies: [base],
      object: object({
        policyRef: { name: 'base' },
        prediction: { startupSeconds: 90, drivers: [{ metric: 'c' }] },
        objectives: [latency('40m')],
        schedules: [schedule('day', 9)],
      }),
    })
    expect(settings.prediction).toEqual({ mode: 'Slo', horizonSeconds: 1800, startupSeconds: 90, drivers: ['c'] })
    expect(settings.objectives).toEqual([
      { type: 'Latency', metric: 'seconds', percentile: 99, threshold: 0.04 },
      { type: 'ErrorRatio', threshold: 0.0001 },
    ])
    expect(settings.schedules.map(({ name, minReplicas }) => [name, minReplicas])).toEqual([
      ['day', 9],
      ['night', 1],
    ])
    expect(settings.origins['prediction.mode']).toBe('policy base')
    expect(settings.origins['prediction.startupSeconds']).toBe('object api')
  })

  test('an explicit behavior outranks the preset, field by field', async () => {
    const settings = resolveSettings({
      policies: await defaultPolicies(),
      object: object({
        behaviorPreset: 'Aggressive',
        behavior: { scaleDown: { stabilizationWindowSeconds: 7, tolerance: '50m' } },
      }),
    })
    expect(settings.behavior?.scaleUp?.policies?.[0]).toEqual({ type: 'Percent', value: 300, periodSeconds: 15 })
    expect(settings.behavior?.scaleDown?.stabilizationWindowSeconds).toBe(7)
    expect(settings.behavior?.scaleDown?.tolerance).toBe(0.05)
  })

  test('without any layer an object gets additive prediction and no behavior of its own', () => {
    const settings = resolveSettings({ policies: [], object: object({}) })
    expect(settings).toMatchObject({
      mode: 'Auto',
      minReplicas: 1,
      maxReplicas: 200,
      periodSeconds: 15,
      violationMinutesPerDay: 1.44,
    })
    expect(settings.prediction.mode).toBe('Additive')
    expect(settings.behavior).toBeUndefined()
    expect(settings.budget).toBeUndefined()
  })

  test('an object that names a policy which is not there is told so, and goes on without', () => {
    const settings = resolveSettings({ policies: [policy('checkout', {})], object: object({ policyRef: { name: 'chekout' } }) })
    expect(settings.warnings).toEqual(['policyRef chekout is not known; did you mean checkout?; it is left out'])
  })

  test('extends in a circle, and extends of nothing, are errors of one line', () => {
    const circle = [policy('a', { extends: ['b'] }), policy('b', { extends: ['a'] })]
    expect(() => resolveSettings({ policies: circle, object: object({ policyRef: { name: 'a' } }) })).toThrow(
      'policy a: extends itself by way of a -> b -> a, expected no circle',
    )
    const lost = [policy('a', { extends: ['tier-premum'] }), policy('tier-premium', {})]
    expect(() => resolveSettings({ policies: lost, object: object({ policyRef: { name: 'a' } }) })).toThrow(
      'policy a: extends tier-premum, which is not there; did you mean tier-premium?',
    )
    expect(() => resolveSettings({ policies: [], object: object({ tier: 'Basic' }) })).toThrow(
      'tier Basic: the policy tier-basic is not there; it belongs to the default policies',
    )
  })
})

describe('bounds', () => {
  test('cut what an object asks for beyond them, and say so', () => {
    const bounded = policy('mine', {
      bounds: {
        maxReplicas: { max: 50 },
        minReplicas: { min: 3 },
        periodSeconds: { min: 10, max: 30 },
        emergencyMaxReplicas: { max: 80 },
      },
    })
    const settings = resolveSettings({
      policies: [bounded],
      object: object({ policyRef: { name: 'mine' }, minReplicas: 1, periodSeconds: 60 }),
    })
    expect(settings).toMatchObject({ minReplicas: 3, maxReplicas: 50, periodSeconds: 30, emergency: { maxReplicas: 80 } })
    expect(settings.warnings).toEqual([
      'minReplicas 1 is outside the bounds of policy mine; 3 holds',
      'maxReplicas 200 is outside the bounds of policy mine; 50 holds',
      'periodSeconds 60 is outside the bounds of policy mine; 30 holds',
      'emergency.maxReplicas 500 is outside the bounds of policy mine; 80 holds',
    ])
    expect(settings.origins['emergency.maxReplicas']).toBe('bounds of policy mine')
  })

  test('locked fields keep the value of the policy, whole blocks and single fields alike', () => {
    const locking = policy('mine', {
      defaults: { budget: { perHour: '40' }, prediction: { mode: 'Additive' } },
      bounds: { locked: ['budget', 'prediction.mode'] },
    })
    const settings = resolveSettings({
      policies: [locking],
      object: object({
        policyRef: { name: 'mine' },
        budget: { perHour: '9000' },
        prediction: { mode: 'Slo', startupSeconds: 9 },
      }),
    })
    expect(settings.budget).toEqual({ currency: 'USD', enforcement: 'Cap', perHour: 40 })
    expect(settings.prediction).toMatchObject({ mode: 'Additive', startupSeconds: 9 })
    expect(settings.warnings).toEqual([
      "budget of api is locked by its policy; the policy's value holds",
      "prediction.mode of api is locked by its policy; the policy's value holds",
    ])
  })

  test('whatever the layers say, the minimum never exceeds the maximum', () => {
    const counts = fc.record({ minReplicas: fc.integer({ min: 0, max: 400 }), maxReplicas: fc.integer({ min: 1, max: 400 }) })
    fc.assert(
      fc.property(counts, counts, fc.integer({ min: 1, max: 400 }), (lower, upper, max) => {
        const policies = [
          policy('base', { defaults: lower, bounds: { maxReplicas: { max } } }),
          policy('mine', { extends: ['base'], defaults: upper }),
        ]
        const settings = resolveSettings({ policies, policy: policies[1]! })
        expect(settings.minReplicas).toBeLessThanOrEqual(settings.maxReplicas)
        expect(settings.maxReplicas).toBeLessThanOrEqual(max)
      }),
    )
  })
})

describe('the default policies', () => {
  test.each([
    ['Enterprise', 0.144],
    ['Premium', 0.72],
    ['Basic', 1.44],
  ] as const)('%s leaves %d minutes of violation a day', async (tier, minutes) => {
    const settings = resolveSettings({ policies: await defaultPolicies(), object: object({ tier }) })
    expect(settings.violationMinutesPerDay).toBe(minutes)
    expect(settings.origins['spot.maxShare']).toBe(`tier ${tier}`)
  })

  test('the API gateway promises what the mission says', async () => {
    const { objectives, behaviorPreset } = resolveSettings({
      policies: await defaultPolicies(),
      object: object({ profile: 'ApiGateway' }),
    })
    expect(behaviorPreset).toBe('Aggressive')
    expect(objectives).toEqual([
      { type: 'Throughput', metric: 'requests_per_second', min: 5000 },
      { type: 'Latency', metric: 'request_duration_seconds', percentile: 99, threshold: 0.025 },
      { type: 'ErrorRatio', threshold: 0.0001 },
      { type: 'Availability', threshold: 0.9999 },
    ])
  })

  test('every tier, profile and preset of the schema has its policy', async () => {
    const policies = await defaultPolicies()
    const { tier, profile, behaviorPreset } = DOCUMENTS.ScalingPolicy.shape.spec.shape.defaults.unwrap().shape
    for (const name of tier.unwrap().options)
      expect(resolveSettings({ policies, object: object({ tier: name }) }).tier).toBe(name)
    for (const name of profile.unwrap().options)
      expect(resolveSettings({ policies, object: object({ profile: name }) }).profile).toBe(name)
    for (const name of behaviorPreset.unwrap().options) {
      expect(resolveSettings({ policies, object: object({ behaviorPreset: name }) }).behavior).toBeDefined()
    }
  })
})
