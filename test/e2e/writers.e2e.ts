import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crds } from '../../src/resources/crd.ts'
import { deploymentObject, eventually, stockHpaObject } from './bed/cluster-objects.ts'
import { conditionOf } from './controller/scene.ts'
import { autoscaler, NAMESPACE, type Running, type Stage, startStage } from './controller/stage.ts'
import { type Condition, conditionIn, createSubject, eventsOf, externalMetric, setNeed, statusOf } from './controller/subject.ts'
import { scaledObjectDefinition } from './keda-definition.ts'

/** Others who set the replicas, targets that go and come, and objects that make no sense. */

const MANUAL_FLOOR_SECONDS = 20

let stage: Stage
let crescendo: Running

beforeAll(async () => {
  stage = await startStage({ controlPlane: { hpaSyncSeconds: 2 } })
  await stage.apply(scaledObjectDefinition, fleetDefinition)
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=30s')
  crescendo = await stage.crescendo({ configuration: { controller: { manualFloorSeconds: MANUAL_FLOOR_SECONDS } } })
  await crescendo.ready()
})
afterAll(async () => {
  await stage?.stop()
})

const kubectl = (...args: string[]) => stage.plane.kubectl(args)
const isTrue = ({ status }: Condition) => status === 'True'
const isFalse = ({ status }: Condition) => status === 'False'
const reasonsAbout = async (name: string) => (await eventsOf(stage, name)).map(({ reason }) => reason)

/** An own kind that can be scaled, whose replicas no controller acts on. */
const fleetDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'fleets.shop.example.com' },
  spec: {
    group: 'shop.example.com',
    scope: 'Namespaced',
    names: { kind: 'Fleet', plural: 'fleets', singular: 'fleet' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        subresources: {
          status: {},
          scale: {
            specReplicasPath: '.spec.replicas',
            statusReplicasPath: '.status.replicas',
            labelSelectorPath: '.status.selector',
          },
        },
      },
    ],
  },
}

describe.concurrent('another autoscaler on the same target', () => {
  const keda = {
    apiVersion: 'keda.sh/v1alpha1',
    kind: 'ScaledObject',
    metadata: { name: 'kept', namespace: NAMESPACE },
    spec: { scaleTargetRef: { name: 'kept' }, triggers: [{ type: 'kafka', metadata: {} }] },
  }
  const stock = stockHpaObject({ namespace: NAMESPACE, name: 'contested', minReplicas: 3, maxReplicas: 3, cpuPercent: 80 })

  test.each([
    ['stock HPA', 'contested', stock],
    ['ScaledObject', 'kept', keda],
  ])('F13: a %s stops our writes, with condition and event, until it is deleted', async (_, name, rival) => {
    await stage.apply(rival)
    const subject = await createSubject(stage, name)
    const { reason, message } = await subject.condition('ConflictingWriter', isTrue)
    expect([reason, message]).toEqual(['OtherAutoscaler', expect.stringContaining(`${NAMESPACE}/${name}`)])
    subject.needs(8)
    await eventually('the recommendation', 20_000, async () =>
      (await subject.status()).desiredReplicas === 8 ? true : undefined,
    )
    expect(await subject.watched(7000)).toEqual([3])
    expect(await reasonsAbout(name)).toContain('OtherAutoscaler')
    expect(await reasonsAbout(name)).not.toContain('SuccessfulRescale')
    await stage.plane.kubectl(['delete', '-f', '-'], JSON.stringify(rival))
    await subject.until('is ours again', replicas => replicas === 8, 15_000)
    await subject.condition('ConflictingWriter', isFalse)
  })

  test('F14: of two of ours the oldest acts; once it is deleted the other does', async () => {
    const older = await createSubject(stage, 'elder')
    await older.condition('ScalingActive', isTrue)
    await sleep(1100)
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'elder' }
    setNeed(stage, { name: 'younger', namespace: NAMESPACE }, 9)
    await stage.apply(autoscaler('younger', { scaleTargetRef, metrics: [externalMetric('younger')] }))
    const { message } = await conditionIn(() => statusOf(stage, 'younger'), { type: 'ConflictingWriter', wanted: isTrue })
    expect(message).toContain(`${NAMESPACE}/elder`)
    older.needs(5)
    await older.until('has what the older wants', replicas => replicas === 5, 15_000)
    expect(await older.watched(7000)).toEqual([5])
    expect((await older.condition('ConflictingWriter', () => true)).status).toBe('False')
    await kubectl('delete', 'chpa', 'elder', '-n', NAMESPACE)
    await older.until('has what the younger wants', replicas => replicas === 9, 15_000)
  })
})

describe.concurrent('a person who scales by hand', () => {
  test('up is a floor for as long as the configuration says, and no longer', async () => {
    const subject = await createSubject(stage, 'raised')
    await subject.condition('ScalingActive', isTrue)
    await subject.scaleByHand(8)
    expect(await subject.watched((MANUAL_FLOOR_SECONDS - 5) * 1000)).toEqual([8])
    const { text } = await crescendo.get<{ text: string }>(`/api/v1/workloads/${NAMESPACE}/raised/explain`)
    expect(text).toContain('somebody else raised the replicas to 8')
    await subject.until('is what is needed', replicas => replicas === 3, 25_000)
  })

  test('down is decided anew at once', async () => {
    const subject = await createSubject(stage, 'lowered', { replicas: 5 })
    await subject.condition('ScalingActive', isTrue)
    await subject.scaleByHand(2)
    await subject.until('is back', replicas => replicas === 5, 10_000)
  })

  test('to zero is a pause that only a person ends', async () => {
    const subject = await createSubject(stage, 'zeroed')
    await subject.condition('ScalingActive', isTrue)
    await subject.scaleByHand(0)
    const { reason } = await subject.condition('ScalingActive', isFalse)
    expect(reason).toBe('ScalingDisabled')
    expect(await subject.watched(7000)).toEqual([0])
    await subject.scaleByHand(1)
    await subject.until('goes on', replicas => replicas === 3, 15_000)
  })

  test('a machine that resets the replicas again and again is told, and nothing is taken away meanwhile', async () => {
    const subject = await createSubject(stage, 'gitops', { replicas: 2 })
    await subject.condition('ScalingActive', isTrue)
    subject.needs(6)
    let resets = 0
    const machine = setInterval(async () => {
      if ((await subject.replicas().catch(() => 2)) === 2) return
      await subject.scaleByHand(2)
      resets += 1
    }, 2000)
    try {
      const { reason, message } = await subject.condition('ConflictingWriter', isTrue, 60_000)
      expect(reason).toBe('ReplicasReset')
      expect(message).toMatch(/reset the replicas [3-9] times, to 2 .* remove spec.replicas from the manifest/)
      expect(resets).toBeGreaterThanOrEqual(3)
    } finally {
      clearInterval(machine)
    }
    await subject.until('has what is needed', replicas => replicas === 6, 20_000)
    subject.needs(2)
    expect(await subject.watched(15_000)).toEqual([6])
    expect(await reasonsAbout('gitops')).toContain('ReplicasReset')
  })
})

describe.concurrent('targets', () => {
  test('F12: one that is deleted is told and never made anew; once it is back it is scaled again', async () => {
    const subject = await createSubject(stage, 'leaving')
    await subject.condition('ScalingActive', isTrue)
    await kubectl('delete', 'deployment', 'leaving', '-n', NAMESPACE)
    const { reason, message } = await subject.condition('AbleToScale', isFalse)
    expect([reason, message]).toEqual([
      'FailedGetScale',
      expect.stringContaining('Deployment leaving is not in the namespace shop'),
    ])
    await sleep(5000)
    await expect(subject.replicas()).rejects.toThrow('404')
    await stage.apply(deploymentObject({ namespace: NAMESPACE, name: 'leaving', replicas: 2 }))
    subject.needs(5)
    await subject.until('is scaled again', replicas => replicas === 5, 20_000)
    await subject.condition('AbleToScale', isTrue)
  })

  test('F12: a kind that the cluster does not know is told', async () => {
    const scaleTargetRef = { apiVersion: 'shop.example.com/v1', kind: 'Flotilla', name: 'first' }
    await stage.apply(autoscaler('unknown-kind', { scaleTargetRef }))
    const able = { type: 'AbleToScale', wanted: isFalse }
    const { reason, message } = await conditionIn(() => statusOf(stage, 'unknown-kind'), able)
    expect([reason, message]).toEqual(['FailedGetScale', expect.stringContaining('Flotilla')])
  })

  test('a custom resource with a scale of its own is scaled', async () => {
    const path = `/apis/shop.example.com/v1/namespaces/${NAMESPACE}/fleets/first`
    await stage.apply({
      apiVersion: 'shop.example.com/v1',
      kind: 'Fleet',
      metadata: { name: 'first', namespace: NAMESPACE },
      spec: { replicas: 3 },
    })
    const body = { status: { replicas: 3, selector: 'fleet=first' } }
    await stage.plane.api.call(`${path}/status`, { method: 'PATCH', body })
    setNeed(stage, { name: 'first', namespace: NAMESPACE }, 7)
    const scaleTargetRef = { apiVersion: 'shop.example.com/v1', kind: 'Fleet', name: 'first' }
    await stage.apply(autoscaler('first', { scaleTargetRef, metrics: [externalMetric('first')] }))
    await eventually('seven in the fleet', 20_000, async () => {
      const { spec } = await stage.plane.api.call<{ readonly spec: { readonly replicas: number } }>(path)
      return spec.replicas === 7 ? true : undefined
    })
  })
})

describe('objects that make no sense', () => {
  const policy = (name: string, spec: object) => ({
    apiVersion: 'autoscaling.spotify.ai/v2',
    kind: 'ScalingPolicy',
    metadata: { name },
    spec,
  })
  const definition = () => crds().find(crd => crd.metadata.name === 'horizontalpodautoscalers.autoscaling.spotify.ai')!

  test('F17: each is not ready and says why; the others are scaled all the same', async () => {
    const sane = await createSubject(stage, 'sane')
    await stage.apply(policy('left', { extends: ['right'] }), policy('right', { extends: ['left'] }))
    const lost = await createSubject(stage, 'no-such-policy', { spec: { policyRef: { name: 'nowhere' } } })
    const { message } = await lost.condition('Ready', ({ reason }) => reason === 'PolicyNotFound')
    expect(message).toContain('policyRef nowhere is not known')
    await stage.apply(autoscaler('circle', { policyRef: { name: 'left' } }))
    await smuggle(
      autoscaler('upside-down', { minReplicas: 9, maxReplicas: 3 }),
      autoscaler('not-a-number', { maxReplicas: 'many' }),
      autoscaler('no-zone', { schedules: [{ name: 'day', cron: '0 8 * * *', timeZone: 'Mars/Olympus', durationSeconds: 3600 }] }),
    )
    for (const [name, words] of [
      ['circle', /False policy left: extends itself/],
      ['upside-down', /False .*(minReplicas|maxReplicas)/],
      ['not-a-number', /False .*maxReplicas/],
      ['no-zone', /False .*(Mars|timeZone)/],
    ] as const) {
      const told = await eventually(`Ready of ${name}`, 20_000, async () => {
        const ready = conditionOf(await statusOf(stage, name), 'Ready')
        return ready.status === '' ? undefined : ready
      })
      expect(`${name}: ${told.status} ${told.message}`).toMatch(words)
    }
    sane.needs(7)
    await sane.until('is scaled', replicas => replicas === 7, 20_000)
    expect(crescendo.running()).toBe(true)
  })

  /** Past the schema: it is taken away for as long as the objects need to be stored. */
  async function smuggle(...objects: readonly object[]): Promise<void> {
    const open = definition()
    const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
    const versions = open.spec.versions.map(version => ({ ...version, schema: { openAPIV3Schema } }))
    await stage.apply({ ...open, spec: { ...open.spec, versions } })
    await eventually('objects without a schema', 30_000, async () => {
      await stage.apply(...objects)
      return true
    })
    await stage.apply(definition())
    await sleep(1000)
  }
})
