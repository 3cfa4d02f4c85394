import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually, namespaceObject } from './bed/cluster-objects.ts'
import { autoscaler, NAMESPACE, PER_REPLICA, type Played, type Running, type Stage, startStage } from './controller/stage.ts'
import { counted, createSubject, eventsOf, type Subject, statusOf } from './controller/subject.ts'

let stage: Stage
let web: Played
let crescendo: Running

beforeAll(async () => {
  stage = await startStage({ kubelet: { startupSeconds: 2 } })
  web = await stage.workload('web', 3)
  web.load(250)
  await stage.apply(autoscaler('web'))
  crescendo = await stage.crescendo({ configuration: { controller: { namespaces: [NAMESPACE] } } })
  await crescendo.ready()
})
afterAll(async () => {
  await stage?.stop()
})

const kubectl = (...args: string[]) => stage.plane.kubectl(args)

interface Versioned {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}
const versionOf = async (path: string) => (await stage.plane.api.call<Versioned>(path)).metadata.resourceVersion
const autoscalerPath = (name: string, namespace = NAMESPACE) =>
  `/apis/autoscaling.spotify.ai/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`

describe('crescendo run on a real control plane', () => {
  test('scales a Deployment to what its load needs', async () => {
    web.load(1500)
    // The rate climbs for ten seconds: whoever orders at 1,400 is within the tolerance of 10 % at 1,500, and rests.
    await web.until('carries 1,500 requests a second', replicas => replicas * PER_REPLICA * 1.1 >= 1500)
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
    const [event] = (await eventsOf(stage, 'web')).filter(({ reason }) => reason === 'SuccessfulRescale')
    expect(event?.note).toContain('replicas')
    const managed = await kubectl('get', 'deployment', 'web', '-n', NAMESPACE, '-o', 'json', '--show-managed-fields')
    const managers = JSON.parse(managed).metadata.managedFields as { manager: string; subresource?: string }[]
    expect(managers).toContainEqual(expect.objectContaining({ manager: 'crescendo', subresource: 'scale' }))
  })

  test('kubectl shows it: columns, describe with conditions and events, explain with every field', async () => {
    const [head = '', row = ''] = (await kubectl('get', 'chpa', 'web', '-n', NAMESPACE)).split('\n')
    expect(head.split(/\s+/)).toEqual('NAME TARGET MIN MAX CUR DES FCST30 SLO COST/H MODE READY AGE'.split(' '))
    expect(row).toMatch(/^web +web +2 +30 +\d+ +\d+ .*\d\.\d\d USD +Auto +True /)
    const described = await kubectl('describe', 'chpa', 'web', '-n', NAMESPACE)
    for (const words of ['AbleToScale', 'ScalingActive', 'ConflictingWriter', 'SuccessfulRescale', 'requests_per_second'])
      expect(described).toContain(words)
    const explained = await kubectl('explain', 'chpa.spec.prediction', '--api-version=autoscaling.spotify.ai/v2')
    expect(explained).toMatch(/horizonSeconds\t<integer>\n\s+\S/)
  })
})

describe('what is written', () => {
  test('the status is left alone while nothing changes', async () => {
    const calm = await createSubject(stage, 'calm')
    await calm.condition('Ready', ({ status }) => status === 'True')
    await calm.condition('ScalingActive', ({ status }) => status === 'True')
    expect(await calm.watched(4000)).toEqual([3])
    const [before, decisions, unchanged] = [await versionOf(autoscalerPath('calm')), await decisionsOf('calm'), await spared()]
    await calm.watched(10_000)
    expect(await versionOf(autoscalerPath('calm'))).toBe(before)
    expect((await decisionsOf('calm')) - decisions).toBeGreaterThanOrEqual(2)
    expect((await spared()) - unchanged, 'statuses that were not even sent').toBeGreaterThanOrEqual(2)
  })

  test('many changes make one event a minute of each reason, and no refused one', async () => {
    const busy = await createSubject(stage, 'busy')
    await busy.condition('ScalingActive', ({ status }) => status === 'True')
    for (const wanted of [6, 9, 12, 15]) {
      busy.needs(wanted)
      await busy.until(`has ${wanted}`, replicas => replicas === wanted, 20_000)
    }
    const scaled = await eventually('four changes counted', 10_000, async () => {
      const count = await counted(crescendo.url, 'crescendo_scales_total', { autoscaler: 'busy', outcome: 'scaled' })
      return count >= 4 ? count : undefined
    })
    const told = (await eventsOf(stage, 'busy')).filter(({ reason }) => reason === 'SuccessfulRescale')
    expect(told.length).toBeGreaterThanOrEqual(1)
    expect(told.length).toBeLessThan(scaled)
    for (const [index, { eventTime }] of told.entries())
      if (index > 0) expect(Date.parse(eventTime) - Date.parse(told[index - 1]!.eventTime)).toBeGreaterThanOrEqual(60_000)
    expect(await counted(crescendo.url, 'crescendo_events_total', { outcome: 'repeated' })).toBeGreaterThanOrEqual(2)
    expect(await counted(crescendo.url, 'crescendo_events_total', { outcome: 'failed' })).toBe(0)
  })

  const spared = () => counted(crescendo.url, 'crescendo_status_writes_total', { outcome: 'unchanged' })
  const decisionsOf = (name: string) => counted(crescendo.url, 'crescendo_decisions_total', { autoscaler: name })
})

describe('modes', () => {
  const explanation = async (name: string) =>
    (await crescendo.get<{ text: string }>(`/api/v1/workloads/${NAMESPACE}/${name}/explain`)).text

  test.each([
    ['Recommend', 'False'],
    ['Paused', 'True'],
  ])('%s writes nothing, and says what it would do', async (mode, isPaused) => {
    const subject = await createSubject(stage, `mode-${mode.toLowerCase()}`, { spec: { mode } })
    subject.needs(8)
    await eventually('the recommendation', 20_000, async () =>
      (await subject.status()).lastDecision?.finalDesiredReplicas === 8 ? true : undefined,
    )
    expect(await subject.watched(7000)).toEqual([3])
    const status = await subject.status()
    expect([status.currentReplicas, status.desiredReplicas]).toEqual([3, 8])
    expect((await subject.condition('Paused', () => true)).status).toBe(isPaused)
    expect((await subject.condition('Ready', () => true)).message).toContain(`mode ${mode}: nothing is written`)
    expect(await explanation(subject.name)).toMatch(/3 (→|->|to) 8|8 replicas/)
    expect((await eventsOf(stage, subject.name)).map(({ reason }) => reason)).not.toContain('SuccessfulRescale')
  })

  test('ScaleOutOnly goes up and never down', async () => {
    const subject = await createSubject(stage, 'mode-out', { spec: { mode: 'ScaleOutOnly' } })
    subject.needs(8)
    await subject.until('has 8', replicas => replicas === 8, 20_000)
    subject.needs(2)
    expect(await subject.watched(15_000)).toEqual([8])
  })
})

describe('a dry run', () => {
  const DRY = 'dry'
  const WRITES = ['create', 'update', 'patch', 'delete', 'post', 'put', 'apply']

  test('decides and records, and writes neither scale nor status nor Lease nor events', async () => {
    await stage.apply(namespaceObject(DRY))
    const subject: Subject = await createSubject(stage, 'rehearsed', { namespace: DRY })
    const dry = await stage.crescendo({
      args: ['--dry-run'],
      configuration: { controller: { namespaces: [DRY], leaderElection: { leaseName: 'dry' } } },
    })
    await dry.ready()
    const before = await versionOf(autoscalerPath('rehearsed', DRY))
    subject.needs(9)
    const decided = await eventually('a decision for 9', 20_000, async () => {
      const path = `/api/v1/workloads/${DRY}/rehearsed/decisions?limit=20`
      const { decisions } = await dry.get<{ decisions: readonly { from: number; to: number }[] }>(path)
      return decisions.find(({ to }) => to === 9)
    })
    expect(decided).toMatchObject({ from: 3, to: 9 })
    expect(await subject.watched(7000)).toEqual([3])
    expect(await versionOf(autoscalerPath('rehearsed', DRY))).toBe(before)
    expect(await statusOf(stage, 'rehearsed', DRY)).toEqual({})
    expect(await eventsOf(stage, 'rehearsed', DRY)).toEqual([])
    expect(await kubectl('get', 'leases', '-A', '-o', 'name')).not.toContain('/dry')
    expect(await counted(dry.url, 'crescendo_api_requests_total', { verb: 'watch' })).toBeGreaterThan(0)
    for (const verb of WRITES) expect(await counted(dry.url, 'crescendo_api_requests_total', { verb }), verb).toBe(0)
    await dry.kill()
  })
})
