import { afterEach, describe, expect, test } from 'vitest'
import type { Milli } from '../core/model.ts'
import type { KubeCall, KubeClient, KubeObject, WatchEvent } from '../kube/api.ts'
import type { Measured } from '../observe/workload.ts'
import type { Learners } from '../ports.ts'
import { controllerTelemetry } from '../record/controller-telemetry.ts'
import { openStore } from '../store/open-store.ts'
import { createController } from './controller.ts'

const clock = { now: () => Date.now() }
const log = { info: () => undefined, warn: () => undefined }
const OURS = '/apis/autoscaling.spotify.ai/v2/horizontalpodautoscalers'

const autoscaler = (more: { uid?: string; generation?: number; spec?: object } = {}) => ({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: more.uid ?? 'first',
    generation: more.generation ?? 1,
    resourceVersion: String(1 + (more.generation ?? 1)),
    creationTimestamp: '2026-11-25T00:00:00Z',
  },
  spec: {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    minReplicas: 1,
    maxReplicas: 10,
    periodSeconds: 60,
    prediction: { mode: 'Off' },
    metrics: [{ type: 'External', external: { metric: { name: 'queue' }, target: { type: 'Value', value: '10' } } }],
    ...more.spec,
  },
})

const deployment = {
  metadata: { name: 'web', namespace: 'shop', uid: 'd', resourceVersion: '5' },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } } },
  status: { replicas: 2, readyReplicas: 2 },
}

const pod = (name: string) => ({
  metadata: { name, namespace: 'shop', uid: name, resourceVersion: '3', labels: { app: 'web' } },
  spec: { containers: [{ name: 'app' }] },
  status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-11-25T00:01:00Z' }] },
})

/** A cluster of one autoscaler and one Deployment, which takes every write and sends the events that the test says. */
function cluster(spec: object = {}) {
  const lists: Record<string, readonly object[]> = {
    [OURS]: [autoscaler({ spec })],
    '/apis/apps/v1/deployments': [deployment],
    '/api/v1/pods': [pod('a'), pod('b')],
  }
  const written: string[] = []
  const senders = new Map<string, (event: WatchEvent) => void>()
  const client: KubeClient = {
    server: '',
    async request<T>({ method, path, body }: KubeCall) {
      if (method === 'GET') return { metadata: { resourceVersion: '9' }, items: lists[path] ?? [] } as T
      written.push(`${method} ${path}`)
      const { spec } = (body ?? {}) as { spec?: object }
      return { metadata: { uid: 'd', resourceVersion: '10' }, spec, status: { replicas: 2, selector: 'app=web' } } as T
    },
    async *watch({ path }, signal) {
      const ended = new Promise<undefined>(resolve => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
      while (!signal.aborted) {
        const next = new Promise<WatchEvent>(resolve => void senders.set(path, resolve))
        const event = await Promise.race([next, ended])
        if (event !== undefined) yield event
      }
    },
  }
  const send = (type: WatchEvent['type'], object: KubeObject) => senders.get(OURS)?.({ type, object })
  return { client, send, scales: () => written.filter(call => call.endsWith('/scale')) }
}

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

interface Circumstances {
  readonly spec?: object
  /** What all objects may cost together in an hour; a replica costs 1. */
  readonly fleetPerHour?: number
  readonly learners?: Learners
  /** What the source remembers. */
  readonly past?: readonly { readonly at: number; readonly value: number }[]
  readonly demand?: number
  /** How its objectives stand. */
  readonly objectives?: readonly number[]
}

/** A controller of that cluster, whose one source answers when the test lets it: the load wants twice the replicas. */
async function running({ spec, learners, past = [], demand, objectives, fleetPerHour }: Circumstances = {}) {
  const { client, ...rest } = cluster(spec)
  const answers: (() => void)[] = []
  const read = () => {
    const at = clock.now()
    const measured: Measured = {
      answers: [{ kind: 'values', at, values: [20_000n as Milli] }],
      demand: demand === undefined ? { kind: 'missing', at, why: 'none' } : { kind: 'value', at, value: demand },
      ...(objectives && { objectives: objectives.map(value => ({ kind: 'value' as const, at, value })) }),
    }
    if (demand !== undefined) return Promise.resolve(measured)
    return new Promise<Measured>(resolve => void answers.push(() => resolve(measured)))
  }
  const store = await openStore({ type: 'Memory' }, { clock, log })
  const controller = createController({
    client,
    store,
    clock,
    log,
    sources: () => ({ read, history: async () => past, health: () => [] }),
    ...(learners && { learners }),
    telemetry: controllerTelemetry(),
    policies: [],
    ...(fleetPerHour !== undefined && {
      configuration: {
        apiVersion: 'autoscaling.spotify.ai/v2',
        kind: 'ControllerConfiguration',
        cost: { budgets: { fleet: { perHour: fleetPerHour } } },
      },
    }),
    settings: {
      identity: 'test',
      namespaces: [],
      workers: 4,
      isDryRun: false,
      backfillMs: 86_400_000,
      costPerReplicaHour: fleetPerHour === undefined ? 0 : 1,
      currency: 'USD',
      manualFloorMs: 0,
      fallbackAfterMs: 120_000,
    },
  })
  const stop = new AbortController()
  const run = controller.run(stop.signal)
  endings.push(async () => {
    stop.abort()
    for (const answer of answers.splice(0)) answer()
    await run
    await store.close()
  })
  const asked = (times: number) => expect.poll(() => answers.length, { timeout: 5000 }).toBe(times)
  return { controller, answers, asked, ...rest }
}

describe('a controller whose source is slow', () => {
  test('scales when the answer comes', async () => {
    const { controller, answers, asked, scales } = await running()
    await asked(1)
    answers[0]?.()
    await expect.poll(scales, { timeout: 5000 }).toEqual(['PUT /apis/apps/v1/namespaces/shop/deployments/web/scale'])
    await expect.poll(() => controller.turn('shop/web')?.outcome).toEqual({ kind: 'scaled' })
  })

  test('writes nothing for an object that was deleted meanwhile, and keeps nothing of it', async () => {
    const { controller, answers, asked, send, scales } = await running()
    await asked(1)
    send('DELETED', autoscaler())
    await expect.poll(() => controller.periodMs('shop/web'), { timeout: 5000 }).toBeUndefined()
    answers[0]?.()
    await new Promise(resolve => setTimeout(resolve, 200))
    expect([scales(), controller.turns()]).toEqual([[], []])
  })

  test('decides anew at once, and not on the old word, for an object that was paused meanwhile', async () => {
    const { controller, answers, asked, send, scales } = await running()
    await asked(1)
    send('MODIFIED', autoscaler({ generation: 2, spec: { mode: 'Paused' } }))
    await new Promise(resolve => setTimeout(resolve, 100))
    answers[0]?.()
    await asked(2)
    answers[1]?.()
    await expect.poll(() => controller.turn('shop/web')?.object.generation).toBe(2)
    expect(scales()).toEqual([])
    expect(controller.turn('shop/web')?.withheld?.by).toBe('Mode')
  })

  test('another object of the same name is decided by itself', async () => {
    const { controller, answers, asked, send, scales } = await running()
    await asked(1)
    send('MODIFIED', autoscaler({ uid: 'second' }))
    await asked(2)
    answers[0]?.()
    await new Promise(resolve => setTimeout(resolve, 200))
    expect([scales(), controller.turns()]).toEqual([[], []])
    answers[1]?.()
    await expect.poll(() => controller.turn('shop/web')?.object.uid, { timeout: 5000 }).toBe('second')
    expect(scales()).toHaveLength(1)
  })
})

test('a Utilization objective is followed from the decision after it was first read, and a broken Guard is told', async () => {
  const spec = {
    periodSeconds: 3,
    prediction: { mode: 'Additive', capacityPerReplica: '10', drivers: [{ metric: 'queue' }] },
    objectives: [
      { type: 'Utilization', resource: 'nvidia.com/gpu', percent: 80 },
      { type: 'Guard', metric: { name: 'audio_quality_score' }, min: '0.95' },
    ],
  }
  const { controller } = await running({ spec, demand: 15, objectives: [90, 0.9] })
  const metrics = () => controller.turn('shop/web')?.plan?.target.metrics.map(({ type }) => type)
  await expect.poll(metrics, { timeout: 5000 }).toEqual(['External'])
  await expect.poll(metrics, { timeout: 9000 }).toEqual(['External', 'Resource'])
  expect(controller.turn('shop/web')?.decision?.conditions).toContainEqual(
    expect.objectContaining({ type: 'QualityGuard', status: 'True', reason: 'BelowMinimum' }),
  )
}, 15_000)

describe('a controller whose threads hang', () => {
  test('decides by its period all the same, and says that the past is still being learnt', async () => {
    const asked: string[] = []
    const hanging = (what: string) => () => {
      asked.push(what)
      return new Promise<never>(() => undefined)
    }
    const learners: Learners = {
      learn: hanging('learn'),
      threads: 1,
      isClosed: () => false,
      close: async () => undefined,
    }
    const now = clock.now()
    const past = Array.from({ length: 1200 }, (_, i) => ({ at: now - (1200 - i) * 60_000, value: 15 }))
    const spec = {
      periodSeconds: 3,
      prediction: { mode: 'Additive', capacityPerReplica: '10', drivers: [{ metric: 'queue' }] },
    }
    const { controller } = await running({ spec, learners, past, demand: 15 })
    const turns: number[] = []
    controller.onTurn(({ at, decision }) => decision !== undefined && turns.push(at))
    await expect.poll(() => turns.length, { timeout: 9000 }).toBe(3)
    expect(asked).toEqual(['learn'])
    expect(turns[2]! - turns[1]!).toBeLessThan(4000)
    expect(controller.turn('shop/web')?.learning).toBe('learning the past')
  }, 12_000)
})

test('a controller whose objects share a budget cuts to it, with prediction Off too, and says so', async () => {
  const { controller, answers, asked, scales } = await running({ fleetPerHour: 3 })
  await asked(1)
  answers[0]?.()
  await expect.poll(() => controller.turn('shop/web')?.outcome, { timeout: 5000 }).toEqual({ kind: 'scaled' })
  const { decision } = controller.turn('shop/web')!
  expect(decision?.verdicts.find(({ by }) => by === 'share')).toEqual({
    by: 'share',
    from: 4,
    to: 3,
    why: 'fleet budget: 3 of 4 replicas, nobody before it, 2.00 of 3.00 USD an hour on order',
  })
  expect(decision?.conditions.find(({ type }) => type === 'BudgetLimited')).toMatchObject({ status: 'True', reason: 'FleetCap' })
  expect(scales()).toHaveLength(1)
})
