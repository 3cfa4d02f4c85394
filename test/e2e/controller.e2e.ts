import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './bed/cluster-objects.ts'
import { autoscaler, NAMESPACE, PER_REPLICA, type Played, type Running, type Stage, startStage } from './controller/stage.ts'

describe('crescendo run on a real control plane', () => {
  let stage: Stage
  let web: Played
  let crescendo: Running

  beforeAll(async () => {
    stage = await startStage({ kubelet: { startupSeconds: 2 } })
    web = await stage.workload('web', 3)
    web.load(250)
    await stage.apply(autoscaler('web'))
    crescendo = await stage.crescendo()
    await crescendo.ready()
  })
  afterAll(async () => {
    await stage?.stop()
  })

  const kubectl = (...args: string[]) => stage.plane.kubectl(args)

  test('scales a Deployment to what its load needs', async () => {
    web.load(1500)
    await web.until('carries 1,500 requests a second', replicas => replicas >= 1500 / PER_REPLICA)
    expect(await web.replicas()).toBeLessThanOrEqual(17)
  })

  test('says why in status, events and the managed fields', async () => {
    const status = await eventually('the status tells the change', 15_000, async () => {
      const object = JSON.parse(await kubectl('get', 'chpa', 'web', '-n', NAMESPACE, '-o', 'json'))
      return object.status?.lastDecision?.direction === 'Up' ? object.status : undefined
    })
    expect(status.conditions.map(({ type }: { type: string }) => type).slice(0, 4)).toEqual([
      'AbleToScale',
      'ScalingActive',
      'ScalingLimited',
      'Ready',
    ])
    expect(status.currentMetrics[0].pods.metric.name).toBe('requests_per_second')
    const events = await kubectl('get', 'events', '-n', NAMESPACE, '--field-selector', 'reason=SuccessfulRescale', '-o', 'json')
    expect(JSON.parse(events).items[0].note ?? JSON.parse(events).items[0].message).toContain('replicas')
    const managed = await kubectl('get', 'deployment', 'web', '-n', NAMESPACE, '-o', 'json', '--show-managed-fields')
    const managers = JSON.parse(managed).metadata.managedFields as { manager: string; subresource?: string }[]
    expect(managers).toContainEqual(expect.objectContaining({ manager: 'crescendo', subresource: 'scale' }))
  })
})
