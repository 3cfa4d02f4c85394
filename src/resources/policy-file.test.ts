import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { loadPolicy } from './policy-file.ts'

const folder = mkdtempSync(join(tmpdir(), 'crescendo-policy-'))
afterAll(() => rmSync(folder, { recursive: true }))

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const policy = (name: string, defaults: string) =>
  `apiVersion: autoscaling.spotify.ai/v2\nkind: ScalingPolicy\nmetadata: { name: ${name} }\nspec: { defaults: ${defaults} }\n`

describe('--policy NAME', () => {
  test.each([
    ['tier-enterprise', 'tier-enterprise'],
    ['Enterprise', 'tier-enterprise'],
    ['ApiGateway', 'profile-api-gateway'],
    ['ml-inference', 'profile-ml-inference'],
    ['aggressive', 'behavior-aggressive'],
  ])('%s is %s', async (given, name) => {
    expect((await loadPolicy(given)).settings.name).toBe(name)
  })

  test('a misspelt name is one line with a suggestion', async () => {
    await expect(loadPolicy('Enterprize')).rejects.toThrow(
      /^found no policy and no file Enterprize, expected a file or one of .+; did you mean enterprise\?$/,
    )
  })

  test('none at all: the configuration decides', async () => {
    const { settings } = await loadPolicy()
    expect(settings.origins['prediction.mode']).toBe('global configuration')
  })
})

describe('--policy FILE', () => {
  test('an object with the policies it refers to, in one file', async () => {
    const { settings, object } = await loadPolicy('examples/checkout-policy.yaml')
    expect(object?.metadata.name).toBe('checkout')
    expect(settings).toMatchObject({ minReplicas: 6, maxReplicas: 200, warnings: [] })
    expect(settings.prediction).toMatchObject({ mode: 'Slo', capacityPerReplica: 480, startupSeconds: 45 })
    expect(settings.budget).toEqual({ currency: 'USD', perHour: 40, perDay: 700, enforcement: 'Cap' })
    expect(settings.simulation).toEqual({
      nodeStartupSeconds: 90,
      metricsDelaySeconds: 15,
      costPerReplicaHour: 0.12,
      warmupPercent: 50,
    })
    expect(settings.schedules[1]?.expectedLoadFactor).toBe(6)
    expect(settings.protection).toEqual({ envelope: 'Enforce', surgeBudgetPerDay: 50 })
  })

  test('one policy; of several, the one after the #', async () => {
    const one = fileOf('one.yaml', policy('a', '{ minReplicas: 4 }'))
    expect((await loadPolicy(one)).settings.minReplicas).toBe(4)
    const two = fileOf('two.yaml', `${policy('a', '{ minReplicas: 4 }')}---\n${policy('b', '{ minReplicas: 5 }')}`)
    expect((await loadPolicy(`${two}#b`)).settings.minReplicas).toBe(5)
    await expect(loadPolicy(two)).rejects.toThrow(
      `${two}: found ScalingPolicy a, ScalingPolicy b, expected one; say which with ${two}#a`,
    )
    await expect(loadPolicy(`${two}#c`)).rejects.toThrow(`${two}: found ScalingPolicy a, ScalingPolicy b, expected c`)
  })

  test('a configuration in the file takes the place of the shipped one', async () => {
    const own =
      'apiVersion: autoscaling.spotify.ai/v2\nkind: ControllerConfiguration\nprediction: { mode: Off }\ncost: { costPerReplicaHour: "2" }\n'
    const { settings } = await loadPolicy(fileOf('own.yaml', `${own}---\n${policy('a', '{}')}`))
    expect(settings.prediction.mode).toBe('Off')
    expect(settings.simulation.costPerReplicaHour).toBe(2)
  })

  test('min above max is one line with its place', async () => {
    const path = fileOf('bad.yaml', policy('a', '{ minReplicas: 9, maxReplicas: 3 }'))
    await expect(loadPolicy(path)).rejects.toThrow(
      `${path}:4:34: spec.defaults.minReplicas: found 9, expected at most maxReplicas (3)`,
    )
  })

  test('a file that is not there, and one without any policy', async () => {
    await expect(loadPolicy('none.yaml')).rejects.toThrow('none.yaml: no such file or folder')
    await expect(loadPolicy('config/global-config.yaml')).rejects.toThrow(
      'config/global-config.yaml: found neither, expected a HorizontalPodAutoscaler or a ScalingPolicy',
    )
  })
})
