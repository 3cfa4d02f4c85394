import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { AutoscalingSystemManager } from '../../src/index.ts'
import { autoscaler, NAMESPACE, PER_REPLICA, type Played, type Stage, startStage } from './controller/stage.ts'

const scratch = mkdtempSync(join(tmpdir(), 'crescendo-library-e2e-'))
const policyFile = join(scratch, 'policies.yaml')
writeFileSync(
  policyFile,
  `apiVersion: autoscaling.spotify.ai/v2
kind: ScalingPolicy
metadata: { name: checkout }
spec: { extends: [tier-premium], defaults: { budget: { currency: USD, perHour: "40", enforcement: Cap } } }
`,
)

describe('AutoscalingSystemManager on a real cluster', () => {
  let stage: Stage
  let web: Played
  const managers: AutoscalingSystemManager[] = []
  const manager = (cluster: { dryRun?: boolean } = {}) => {
    const made = new AutoscalingSystemManager({ kubeconfig: stage.plane.kubeconfig, cluster })
    managers.push(made)
    return made
  }
  const policyRef = async () => {
    const object = JSON.parse(await stage.plane.kubectl(['get', 'chpa', 'web', '-n', NAMESPACE, '-o', 'json']))
    return object.spec.policyRef?.name
  }
  const policies = () => stage.plane.kubectl(['get', 'scalingpolicies', '-o', 'name'])

  beforeAll(async () => {
    stage = await startStage({ kubelet: { startupSeconds: 2 } })
    web = await stage.workload('web', 3)
    web.load(250)
    await stage.apply(autoscaler('web'))
  })
  afterAll(async () => {
    await Promise.all(managers.map(one => one.shutdown()))
    await stage?.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  test('a dry run tells what would hold, and writes nothing', async () => {
    const dry = manager({ dryRun: true })
    await dry.initialize()
    await dry.policyEngine.loadPolicies(policyFile)
    const [applied] = await dry.applyPolicies({ serviceName: 'web', policy: 'checkout' })
    expect(applied).toMatchObject({ namespace: NAMESPACE, serviceName: 'web', settings: { budget: { perHour: 40 } } })
    await dry.metricsCollector.startCollection()
    const { services } = await dry.getRealTimeMetrics()
    expect(services.map(({ serviceName }) => serviceName)).toEqual(['web'])
    web.load(900)
    await new Promise(resolve => setTimeout(resolve, 10_000))
    expect([await web.replicas(), await policyRef(), await policies()]).toEqual([3, undefined, ''])
    web.load(250)
    await dry.shutdown()
  })

  test('policies become ScalingPolicies, the object refers to one, and the loop scales what is measured', async () => {
    const real = manager()
    await real.initialize()
    await real.policyEngine.loadPolicies(policyFile)
    const [applied] = await real.applyPolicies({ serviceName: 'web', namespace: NAMESPACE, policy: 'checkout' })
    expect(applied?.settings.origins['budget.perHour']).toBe('policy checkout')
    expect([await policyRef(), await policies()]).toEqual(['checkout', 'scalingpolicy.autoscaling.spotify.ai/checkout\n'])
    await real.metricsCollector.startCollection()
    web.load(900)
    await web.until('carries 900 requests a second', replicas => replicas >= 900 / PER_REPLICA)
    const metrics = await real.getRealTimeMetrics()
    expect(metrics).toMatchObject({ mode: 'cluster', isCollecting: true })
    expect(metrics.services[0]).toMatchObject({ namespace: NAMESPACE, serviceName: 'web', scaled: { kind: 'Deployment' } })
    expect(metrics.services[0]?.load).toBeGreaterThan(0)
    await real.metricsCollector.stopCollection()
    expect((await real.getRealTimeMetrics()).isCollecting).toBe(false)
  })

  test('an unknown service names those that there are', async () => {
    const one = manager()
    await one.initialize()
    await expect(one.applyPolicies({ serviceName: 'wbe' })).rejects.toMatchObject({
      code: 'CRS_UNKNOWN_SERVICE',
      message: `found no service wbe, expected one of ${NAMESPACE}/web`,
    })
  })

  test('a cluster that does not answer is one clear line', async () => {
    const kubeconfig = join(scratch, 'nowhere.kubeconfig')
    writeFileSync(
      kubeconfig,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
        users: [{ name: 'u', user: { token: 'none' } }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    )
    await expect(new AutoscalingSystemManager({ kubeconfig }).initialize()).rejects.toMatchObject({
      code: 'CRS_CLUSTER',
      message: expect.stringContaining('https://127.0.0.1:1'),
    })
  })
})
