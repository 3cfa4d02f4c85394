import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { AutoscalingSystemManager, type ManagerOptions } from './index.ts'

const scratch = mkdtempSync(join(tmpdir(), 'crescendo-library-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const policyFile = join(scratch, 'policies.yaml')
writeFileSync(
  policyFile,
  `apiVersion: autoscaling.spotify.ai/v2
kind: ScalingPolicy
metadata: { name: checkout }
spec: { extends: [tier-premium], defaults: { minReplicas: 9 } }
---
apiVersion: autoscaling.spotify.ai/v2
kind: ScalingPolicy
metadata: { name: watch-only }
spec: { defaults: { mode: Recommend } }
`,
)

const told: { readonly event: string; readonly facts?: object }[] = []
const log = {
  info: (event: string, facts?: object) => void told.push({ event, ...(facts && { facts }) }),
  warn: (event: string, facts?: object) => void told.push({ event, ...(facts && { facts }) }),
}
const managers: AutoscalingSystemManager[] = []
afterEach(async () => {
  await Promise.all(managers.splice(0).map(manager => manager.shutdown()))
  told.length = 0
})
/** A small past, learnt in a moment, and a day that passes in minutes. */
function create(options: ManagerOptions = {}): AutoscalingSystemManager {
  const manager = new AutoscalingSystemManager({ log, embedded: { historyDays: 1, speed: 1200 }, ...options })
  managers.push(manager)
  return manager
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 20))
}

describe('AutoscalingSystemManager on the simulated cluster', () => {
  test('initializes, loads and applies policies, collects, tells what is measured, and shuts down', async () => {
    const manager = create()
    await manager.initialize()
    expect(await manager.policyEngine.loadPolicies()).toContain('tier-enterprise')
    const [applied] = await manager.applyPolicies({ serviceName: 'api-gateway' })
    expect(applied).toMatchObject({ namespace: 'shop', serviceName: 'api-gateway', settings: { profile: 'ApiGateway' } })
    expect(applied?.settings.origins.behaviorPreset).toBe('profile ApiGateway')
    await manager.metricsCollector.startCollection()
    const metrics = await manager.getRealTimeMetrics()
    expect(metrics).toMatchObject({ mode: 'embedded', isCollecting: true })
    expect(metrics.services.map(({ serviceName }) => serviceName)).toEqual([
      'api-gateway',
      'audio-processor',
      'ml-inference',
      'analytics',
    ])
    for (const { load, neededReplicas, readyReplicas, lastDecision } of metrics.services) {
      expect(load).toBeGreaterThan(0)
      expect(readyReplicas).toBeGreaterThanOrEqual(neededReplicas ?? Number.POSITIVE_INFINITY)
      expect(lastDecision?.why).toMatch(/replicas/)
    }
    await manager.shutdown()
    await expect(manager.getRealTimeMetrics()).rejects.toMatchObject({ code: 'CRS_NOT_INITIALIZED' })
  })

  test('learns the past while it collects, and then forecasts', async () => {
    const manager = create()
    await manager.initialize()
    await manager.metricsCollector.startCollection()
    const first = (await manager.getRealTimeMetrics()).services[0]
    expect(first?.learning).toMatch(/^learning the history: \d+ %$/)
    expect(first?.forecast).toBeUndefined()
    await until(async () => (await manager.getRealTimeMetrics()).services.every(({ forecast }) => forecast !== undefined))
    const { services } = await manager.getRealTimeMetrics()
    for (const { forecast, learning } of services) {
      expect(learning).toBeUndefined()
      const quantiles = forecast?.points.at(-1)?.quantiles ?? {}
      expect(quantiles['0.5']).toBeGreaterThan(0)
      expect(quantiles['0.99']).toBeGreaterThanOrEqual(quantiles['0.5'] ?? Number.NaN)
    }
  })

  test('a policy that is applied holds from the next decision on, and its learning is kept', async () => {
    const manager = create()
    await manager.initialize()
    expect(await manager.policyEngine.loadPolicies(policyFile)).toContain('checkout')
    await manager.metricsCollector.startCollection()
    await until(async () => (await manager.getRealTimeMetrics()).services.every(({ forecast }) => forecast !== undefined))
    const before = (await manager.getRealTimeMetrics()).services.find(({ serviceName }) => serviceName === 'analytics')
    const [applied] = await manager.applyPolicies({ serviceName: 'analytics', namespace: 'data', policy: 'watch-only' })
    expect(applied?.settings).toMatchObject({ mode: 'Recommend', origins: { mode: 'policy watch-only' } })
    await until(async () => (await manager.getRealTimeMetrics()).time > new Date(Date.UTC(2026, 10, 24, 1)).toISOString())
    const after = (await manager.getRealTimeMetrics()).services.find(({ serviceName }) => serviceName === 'analytics')
    expect(after?.desiredReplicas).toBe(before?.desiredReplicas) // it only recommends
    expect(after?.forecast?.by).toBe(before?.forecast?.by)
    const [again] = await manager.applyPolicies({ serviceName: 'analytics', policy: 'checkout' })
    expect(again?.settings).toMatchObject({ mode: 'Auto', minReplicas: 9, origins: { minReplicas: 'policy checkout' } })
    const [kept] = await manager.applyPolicies({ serviceName: 'analytics' })
    expect(kept?.settings.minReplicas).toBe(9)
    await until(async () => {
      const now = (await manager.getRealTimeMetrics()).services.find(({ serviceName }) => serviceName === 'analytics')
      return now?.minReplicas === 9 && now.desiredReplicas >= 9
    })
  })

  test('a service or a policy that is not there is one line that names those that are', async () => {
    const manager = create()
    await manager.initialize()
    await expect(manager.applyPolicies({ serviceName: 'api-gatewya' })).rejects.toMatchObject({
      code: 'CRS_UNKNOWN_SERVICE',
      message:
        'found no service api-gatewya, expected one of shop/api-gateway, audio/audio-processor, ml/ml-inference, data/analytics',
    })
    await expect(manager.applyPolicies({ serviceName: 'api-gateway', namespace: 'ml' })).rejects.toMatchObject({
      code: 'CRS_UNKNOWN_SERVICE',
    })
    await expect(manager.applyPolicies({ serviceName: 'api-gateway', policy: 'enterprize' })).rejects.toMatchObject({
      code: 'CRS_USAGE',
      message: expect.stringContaining('did you mean enterprise'),
    })
  })

  test('stopping ends the measuring, starting goes on where it was', async () => {
    const manager = create()
    await manager.initialize()
    await manager.metricsCollector.startCollection()
    await manager.metricsCollector.startCollection()
    await manager.metricsCollector.stopCollection()
    const { time, isCollecting } = await manager.getRealTimeMetrics()
    await new Promise(resolve => setTimeout(resolve, 60))
    expect([(await manager.getRealTimeMetrics()).time, isCollecting]).toEqual([time, false])
    await manager.metricsCollector.startCollection()
    expect(manager.metricsCollector.isCollecting).toBe(true)
    await until(async () => (await manager.getRealTimeMetrics()).time > time)
  })

  test('before initialize every call says what is missing; initialize twice is once, and again after shutdown', async () => {
    const manager = create()
    expect(() => manager.policyEngine.policies()).toThrow('loadPolicies')
    for (const call of [
      () => manager.getRealTimeMetrics(),
      () => manager.applyPolicies({ serviceName: 'api-gateway' }),
      () => manager.metricsCollector.startCollection(),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'CRS_NOT_INITIALIZED' })
    await Promise.all([manager.initialize(), manager.initialize()])
    await manager.shutdown()
    await manager.shutdown()
    await manager.initialize()
    expect((await manager.getRealTimeMetrics()).services).toHaveLength(4)
  })

  test('detailed logging tells every decision with its reason, from the start or from now on', async () => {
    const decided = () => told.filter(({ event }) => event === 'decided').length
    const quiet = create()
    await quiet.initialize()
    await quiet.metricsCollector.startCollection()
    expect(decided()).toBe(0)
    await quiet.enableDetailedLogging()
    await until(async () => decided() > 4)
    await quiet.shutdown()
    told.length = 0
    const loud = create({ debug: true })
    await loud.initialize()
    await loud.metricsCollector.startCollection()
    expect(told.map(({ event }) => event)).toEqual(expect.arrayContaining(['initialized', 'decided']))
    expect(told.find(({ event }) => event === 'decided')?.facts).toMatchObject({ target: 'shop/api-gateway', why: /./ })
  })
})
