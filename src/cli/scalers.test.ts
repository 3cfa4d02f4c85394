import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { notActedOn } from '../resources/not-acted-on.ts'
import { loadPolicy } from '../resources/policy-file.ts'
import { policyOptions } from '../resources/rules-options.ts'

const folder = mkdtempSync(join(tmpdir(), 'scalers-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The settings of a policy whose defaults are these. */
async function settingsOf(defaults: object) {
  const path = join(folder, 'policy.json')
  const metadata = { name: 'written' }
  writeFileSync(
    path,
    JSON.stringify({ apiVersion: 'autoscaling.spotify.ai/v2', kind: 'ScalingPolicy', metadata, spec: { defaults } }),
  )
  return (await loadPolicy(path)).settings
}

const optionsOf = async (defaults: object) => policyOptions(await settingsOf(defaults), { price: 1, mode: 'Slo' })

test('where nobody wrote anything Crescendo plays mode Slo, notes anomalies, and stays within maxReplicas', async () => {
  expect(await optionsOf({})).toMatchObject({
    mode: 'Slo',
    badMinutesPerDay: 1.44,
    guards: { emergency: 'Off' },
    screens: { attack: { mode: 'Enforce' }, anomaly: { response: 'AlertOnly' } },
  })
  expect(notActedOn(await settingsOf({}), 'Backtest')).toEqual([])
})

test('the tier Enterprise, and no other, guards its own violations', async () => {
  expect((await optionsOf({ tier: 'Enterprise' })).guardsOwnViolations).toBe(true)
  expect(await optionsOf({ tier: 'Premium' })).not.toHaveProperty('guardsOwnViolations')
})

test('an anomaly threshold acts without a response, and a response with its threshold', async () => {
  expect((await optionsOf({ anomaly: { thresholdSigma: '4' } })).screens?.anomaly).toEqual({
    response: 'AlertOnly',
    thresholdSigma: 4,
  })
  expect((await optionsOf({ anomaly: { response: 'Widen' } })).screens?.anomaly).toEqual({
    response: 'Widen',
    thresholdSigma: 2.5,
  })
})

test.each(['Off', 'Observe', 'Enforce'] as const)('protection.envelope %s is the mode of the attack screen', async envelope => {
  expect((await optionsOf({ protection: { envelope } })).screens?.attack).toEqual({ mode: envelope })
})

test('an emergency plays when either of its fields is written', async () => {
  const maxDurationSeconds = 600
  expect((await optionsOf({ emergency: { maxDurationSeconds } })).guards?.emergency).toEqual({
    maxReplicas: 500,
    maxDurationSeconds,
  })
  expect((await optionsOf({ emergency: { maxReplicas: 60 } })).guards?.emergency).toMatchObject({ maxReplicas: 60 })
})

test('what a back-test does not play is named, and only where it would change something', async () => {
  const idle = { mode: 'Auto', objectives: [{ type: 'Availability', threshold: '0.99' }], spot: { maxShare: '0' } }
  expect(notActedOn(await settingsOf(idle), 'Backtest')).toEqual([])
  const all = {
    mode: 'Paused',
    objectives: [{ type: 'ErrorRatio', threshold: '0.01' }],
    prediction: { horizonSeconds: 600, drivers: [{ metric: 'requests_per_second' }] },
    protection: { surgeBudgetPerDay: '5' },
    learning: { mode: 'Promote' },
    spot: { maxShare: '0.5' },
  }
  expect(notActedOn(await settingsOf(all), 'Backtest')).toEqual([
    'mode',
    'objectives other than Availability',
    'prediction.horizonSeconds',
    'prediction.drivers',
    'learning.mode',
    'spot.maxShare',
  ])
})

test('of these, a controller acts on mode, drivers and priority', async () => {
  const all = {
    mode: 'Paused',
    priority: 80,
    periodSeconds: 30,
    prediction: { mode: 'Slo', horizonSeconds: 600, drivers: [{ metric: 'requests_per_second' }] },
    anomaly: { response: 'Widen' },
    emergency: { maxReplicas: 100 },
    budget: { perHour: '40', perDay: '700' },
    protection: { envelope: 'Enforce', surgeBudgetPerDay: '5' },
  }
  expect(notActedOn(await settingsOf(all), 'Controller')).toEqual(['prediction.horizonSeconds'])
})
