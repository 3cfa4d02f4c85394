import { describe, expect, test } from 'vitest'
import type { Decision } from '../core/model.ts'
import type { ControllerConfiguration } from '../resources/documents.ts'
import { resolveSettings } from '../resources/policy.ts'
import { memoryStore } from '../store/memory.ts'
import { readAutoscaler } from './objects.ts'
import { planOf } from './plan.ts'
import { BUDGETS, createSharedBudgets } from './shared-budgets.ts'

const NOON = Date.UTC(2026, 10, 27, 12)
const HOUR = 3_600_000
const GROUP = 'autoscaling.spotify.ai/v2'

const autoscaler = (name: string, { spec = {}, status }: { spec?: object; status?: object } = {}) =>
  readAutoscaler({
    apiVersion: GROUP,
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'shop', uid: name, resourceVersion: '1' },
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
      maxReplicas: 30,
      prediction: { capacityPerReplica: '100', drivers: [{ metric: 'requests_per_second' }] },
      ...spec,
    },
    ...(status && { status }),
  })

const settingsOf = (object: ReturnType<typeof autoscaler>) => {
  if ('problem' in object.checked) throw new Error(object.checked.problem)
  return resolveSettings({ policies: [], object: object.checked.document })
}

const planFor = (object: ReturnType<typeof autoscaler>) => {
  if ('problem' in object.checked) throw new Error(object.checked.problem)
  const known = { pods: [], costPerReplicaHour: 1, manualFloorMs: 0, fallbackAfterMs: 0 }
  return planOf(object.checked.document, settingsOf(object), known)
}

const decisionOf = (target: string, { from, to, wanted = to }: { from: number; to: number; wanted?: number }): Decision => ({
  at: NOON,
  target,
  from,
  to,
  demand: 100 * wanted,
  doubts: [],
  proposals: [],
  abstentions: [],
  verdicts: [{ by: 'share', from: wanted, to, why: '' }],
  conditions: [],
  plainHpa: { replicas: to, why: '' },
})

interface Bed {
  readonly objects: readonly ReturnType<typeof autoscaler>[]
  readonly budgets?: NonNullable<ControllerConfiguration['cost']>['budgets']
  readonly store?: ReturnType<typeof memoryStore>
}

async function bed({ objects, budgets = { fleet: { perHour: '20' } }, store = memoryStore() }: Bed) {
  const state = { now: NOON }
  const shared = createSharedBudgets({
    clock: { now: () => state.now },
    store,
    settings: { costPerReplicaHour: 1 },
    configuration: { apiVersion: GROUP, kind: 'ControllerConfiguration', cost: { budgets } },
    settingsOf,
    autoscalers: () => objects,
  })
  await shared.begin()
  return { shared, state, store }
}

const scaled = { kind: 'scaled' } as const

describe('the shared budgets of a controller', () => {
  const web = autoscaler('web', { status: { desiredReplicas: 12 } })
  const mail = autoscaler('mail', { spec: { minReplicas: 2 } })

  test('hold for all objects where the fleet has one, else for those of the tiers that have', async () => {
    const { shared } = await bed({ objects: [] })
    expect(shared.holdFor(settingsOf(web))).toBe(true)
    const ofTier = await bed({ objects: [], budgets: { basic: { perHour: '5' } } })
    expect(ofTier.shared.holdFor(settingsOf(web))).toBe(false)
    expect(ofTier.shared.holdFor({ ...settingsOf(web), tier: 'Basic' })).toBe(true)
    expect(ofTier.shared.allowance(planFor(web), 3)).toBeUndefined()
    expect(ofTier.shared.claim(planFor(web), 30)).toBeUndefined()
  })

  test('know before the first turn what objects have on order: by their status, else their minimum', async () => {
    const broken = autoscaler('broken', { spec: { maxReplicas: 0 } })
    const { shared } = await bed({ objects: [web, mail, broken] })
    expect(shared.allowance(planFor(mail), 2)?.replicas).toBe(8)
    expect(shared.allowance(planFor(autoscaler('new')), 4)?.replicas).toBe(6)
  })

  test('two that decide at the same moment do not both get the last of the money', async () => {
    const { shared } = await bed({ objects: [web, mail] })
    expect(shared.claim(planFor(web), 18)).toBeUndefined()
    expect(shared.claim(planFor(mail), 8)).toMatchObject({ by: 'Budget', why: expect.stringContaining('meanwhile') })
    shared.note(planFor(web), { decision: decisionOf('shop/web', { from: 12, to: 18 }), outcome: { kind: 'failed', why: 'no' } })
    expect(shared.claim(planFor(mail), 8)).toBeUndefined()
  })

  test('a floor that a schedule sets passes a claim, and is put aside from what others get', async () => {
    const { shared } = await bed({ objects: [web, mail], budgets: { fleet: { perHour: '14' } } })
    const plan = planFor(mail)
    const floored = { ...plan, target: { ...plan.target, minReplicas: 10 } }
    shared.allowance(floored, 2)
    expect(shared.claim(floored, 10)).toBeUndefined()
    expect(shared.allowance(planFor(web), 12)?.replicas).toBe(4)
  })

  test('an object that leaves its tier is charged to it no longer', async () => {
    const { shared } = await bed({ objects: [], budgets: { basic: { perHour: '20' } } })
    const plan = planFor(web)
    const done = { decision: decisionOf('shop/web', { from: 12, to: 12 }), outcome: undefined }
    shared.note({ ...plan, settings: { ...plan.settings, tier: 'Basic' } }, done)
    expect(shared.facts()).toMatchObject([{ orderedPerHour: 12 }])
    shared.note(plan, done)
    expect(shared.facts()).toMatchObject([{ orderedPerHour: 0 }])
  })

  test('what was spent goes on after a restart, and what is gone has spent its part', async () => {
    const budgets = { fleet: { perDay: '100' } }
    const { shared, state, store } = await bed({ objects: [web], budgets })
    const done = { decision: decisionOf('shop/web', { from: 12, to: 12 }), outcome: undefined }
    shared.note(planFor(web), done)
    state.now += 2 * HOUR
    shared.note(planFor(web), done)
    shared.forget(web.id)
    expect((await store.recall(BUDGETS)).slots).toMatchObject({ fleet: { at: NOON + 2 * HOUR, spentToday: 24 } })
    expect(shared.facts()).toMatchObject([{ name: 'fleet', orderedPerHour: 0, spentToday: 24 }])
    const again = await bed({ objects: [mail], budgets, store })
    again.state.now = NOON + 4 * HOUR
    // 100 - 24 - two hours of two replicas leave 72; the floor of two for eight hours is put aside, and 56 are free.
    expect(again.shared.allowance(planFor(mail), 2)?.replicas).toBe(58)
  })

  test('an object that nothing is written for keeps what it has, whatever it would decide', async () => {
    const { shared } = await bed({ objects: [mail] })
    const paused = autoscaler('web', { spec: { mode: 'Paused', minReplicas: 1 } })
    shared.note(planFor(paused), { decision: decisionOf('shop/web', { from: 9, to: 3, wanted: 3 }), outcome: undefined })
    expect(shared.allowance(planFor(mail), 2)?.replicas).toBe(11)
  })

  test('an object whose write was taken counts with what it was given', async () => {
    const { shared } = await bed({ objects: [web, mail] })
    shared.note(planFor(web), { decision: decisionOf('shop/web', { from: 12, to: 4 }), outcome: scaled })
    expect(shared.allowance(planFor(mail), 2)?.replicas).toBe(16)
  })

  test('without any in the configuration nothing of it does anything', async () => {
    const shared = createSharedBudgets({
      clock: { now: () => NOON },
      store: memoryStore(),
      settings: { costPerReplicaHour: 1 },
      settingsOf,
      autoscalers: () => [web],
    })
    await shared.begin()
    shared.note(planFor(web), { decision: decisionOf('shop/web', { from: 1, to: 2 }), outcome: scaled })
    shared.forget(web.id)
    expect(shared.allowance(planFor(web), 1)).toBeUndefined()
    expect(shared.claim(planFor(web), 30)).toBeUndefined()
    expect(shared.facts()).toEqual([])
  })
})
