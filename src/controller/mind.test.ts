import { afterEach, describe, expect, test } from 'vitest'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import { snapshotRules } from '../core/policy/rules-snapshot.ts'
import { learnLesson } from '../loop/lesson.ts'
import type { DurableStore, Learners } from '../ports.ts'
import { openStore } from '../store/open-store.ts'
import { createMind, type Mind, takingTurns } from './mind.ts'
import type { Plan } from './plan.ts'

const STEP_MS = 60_000
const NOW = 20_000 * 86_400_000
const clock = { now: () => NOW }

const plan = {
  target: {
    id: 'shop/web',
    minReplicas: 1,
    maxReplicas: 50,
    metrics: [],
    capacityPerReplica: 100,
    startupMs: 60_000,
    periodMs: STEP_MS,
  },
  drivers: ['requests_per_second'],
  driver: 'requests_per_second',
  prediction: 'Slo',
  options: { manual: { manualFloorMs: 900_000 }, blind: { fallbackAfterMs: 120_000 } },
  delayMs: 15_000,
  costPerReplicaHour: 0,
  settings: { schedules: [] },
} as unknown as Plan // of the settings only the schedules are looked at

const values = seasonalLoad({ seed: 4, ticks: 2 * 1440, stepMs: STEP_MS, mean: 1000, swing: 0.5, noise: 0.05 })

const endings: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of endings.splice(0)) await end()
})

/** A mind of that past, when it has learnt it, and what was warned of. */
async function learnt(learners?: Learners): Promise<{ mind: Mind; warnings: readonly string[] }> {
  const warnings: string[] = []
  const log = { info: () => undefined, warn: (event: string) => void warnings.push(event) }
  const store = await openStore({ type: 'Memory' }, { clock, log })
  endings.push(() => store.close())
  const history = async () =>
    values.map((value, i) => {
      const at = NOW - (values.length - i) * STEP_MS
      return { at, demand: { kind: 'value' as const, at, value } }
    })
  const mind = createMind(plan, {
    store,
    clock,
    log,
    history,
    backfillMs: 2 * 86_400_000,
    settlesAt: NOW,
    inTurn: takingTurns(),
    ...(learners && { learners }),
  })
  expect(mind.learning()).toBe('learning the past')
  expect(mind.rules().forecaster).toBeUndefined()
  while (mind.learning() === 'learning the past') await new Promise(resolve => setTimeout(resolve, 5))
  return { mind, warnings }
}

const learnersThat = (learn: Learners['learn'], isClosed = false): Learners => ({
  learn,
  threads: 1,
  isClosed: () => isClosed,
  close: async () => undefined,
})

describe('what no history tells', () => {
  const objectives = [{ type: 'Latency', metric: 'request_duration_seconds', percentile: 99, threshold: 0.1 }]
  const promised = (delayMs: number) =>
    ({
      ...plan,
      delayMs,
      target: { ...plan.target, objectives },
      options: { ...plan.options, learnsSafeLoad: true },
    }) as unknown as Plan

  test('the load that is safe, outlives a change of policy', async () => {
    const log = { info: () => undefined, warn: () => undefined }
    const store = await openStore({ type: 'Memory' }, { clock, log })
    endings.push(() => store.close())
    const options = { store, clock, log, history: async () => [], backfillMs: 86_400_000, settlesAt: NOW, inTurn: takingTurns() }
    const ready = async (one: Plan) => {
      const mind = createMind(one, options)
      while (mind.learning() !== undefined) await new Promise(resolve => setTimeout(resolve, 5))
      return mind
    }
    const before = await ready(promised(15_000))
    for (let minute = 0; minute < 2 * 1440; minute++) {
      const at = NOW + minute * STEP_MS
      const load = 60 + (minute % 60)
      const demand = { kind: 'value' as const, at, value: 10 * load }
      const objective = { kind: 'value' as const, at, value: load > 80 ? 0.3 : 0.02 }
      const replicas = { spec: 10, status: 10, ready: 10 }
      const observation = { at, replicas, pods: [], answers: [], demand, objectives: [objective] }
      before.rules().safeLoad!.absorb({ observation, demand: 10 * load, doubts: [] }, STEP_MS)
    }
    const learnt = before.rules().safeLoad!.inForce()
    expect(learnt.perReplica).toBeLessThan(85)
    await before.keep()
    expect((await ready(promised(30_000))).rules().safeLoad!.inForce()).toEqual(learnt)
  })
})

describe('the past of an object', () => {
  test('is learnt elsewhere as it would be on the loop, to the last bit', async () => {
    const elsewhere = await learnt(learnersThat(async lesson => structuredClone(learnLesson(structuredClone(lesson)))))
    const onLoop = await learnt()
    expect(elsewhere.warnings).toEqual([])
    expect(elsewhere.mind.learning()).toBeUndefined()
    expect(snapshotRules(elsewhere.mind.rules())).toEqual(snapshotRules(onLoop.mind.rules()))
    expect(elsewhere.mind.lesson()).toEqual(onLoop.mind.lesson())
    expect(elsewhere.mind.lesson()).toBeUndefined()
  })

  test('is learnt on the loop where the thread fails, or answers for other rules', async () => {
    const failing = await learnt(learnersThat(() => Promise.reject(new Error('it took longer than 300 s'))))
    const other = await learnt(learnersThat(async () => ({ rules: { kind: 'other', version: 1, state: {} }, slots: {} })))
    for (const { mind, warnings } of [failing, other]) {
      expect(warnings).toEqual(['a past could not be learnt in a thread; it is learnt on the loop'])
      expect(mind.rules().forecaster?.predict(NOW)).toMatchObject({ by: 'seasonal-ridge' })
    }
  })

  test('is given up where the threads are closed: the process ends', async () => {
    const { mind, warnings } = await learnt(learnersThat(() => Promise.reject(new Error('closed')), true))
    expect(warnings).toEqual([])
    expect(mind.learning()).toBe('its past could not be read; it learns from now on')
  })
})

describe('a load without a past', () => {
  const DAY = 1440
  const kin = { ...plan, kin: 'profile ApiGateway' }
  const young = { ...kin, target: { ...plan.target, id: 'shop/new', capacityPerReplica: 40 } }

  /** A mind with that much past, in a store of its own unless it is given one; and what was told of lenders. */
  async function living(
    of: Plan,
    { days = 0, seed = 4, peers = [] as readonly Mind[], kept = undefined as DurableStore | undefined },
  ) {
    const told: object[] = []
    const log = {
      info: (event: string, facts?: object) => void (event.includes('young') && told.push(facts ?? {})),
      warn: () => undefined,
    }
    const store = kept ?? (await openStore({ type: 'Memory' }, { clock, log }))
    if (kept === undefined) endings.push(() => store.close())
    const past = seasonalLoad({ seed, ticks: days * DAY, stepMs: STEP_MS, mean: 1000, swing: 0.5, noise: 0.05 })
    const history = async () =>
      past.map((value, i) => {
        const at = NOW - (past.length - i) * STEP_MS
        return { at, demand: { kind: 'value' as const, at, value } }
      })
    const mind = createMind(of, {
      ...{ store, clock, log, history, settlesAt: NOW, inTurn: takingTurns() },
      backfillMs: 8 * 86_400_000,
      peers: () => peers,
    })
    while (mind.learning() === 'learning the past') await new Promise(resolve => setTimeout(resolve, 5))
    return { mind, told, store }
  }
  const live = (mind: Mind, minutes: number) => {
    const loads = seasonalLoad({ seed: 9, ticks: minutes, stepMs: STEP_MS, mean: 300, swing: 0.5, noise: 0.05 })
    for (const [minute, load] of loads.entries()) mind.rules().forecaster?.absorb(NOW + minute * STEP_MS, load)
    return mind.rules().forecaster?.predict(NOW + minutes * STEP_MS)
  }

  test('begins with what the most trusted of its kind has learnt, says from whom for a day, and speaks after three hours', async () => {
    const [lender, other] = [
      await living(kin, { days: 4 }),
      await living({ ...kin, target: { ...kin.target, id: 'shop/b' } }, { days: 1 }),
    ]
    const { mind, told } = await living(young, { peers: [other.mind, lender.mind] })
    expect(told).toEqual([{ target: 'shop/new', from: 'shop/web' }])
    expect(live(mind, 179)).toHaveProperty('abstains')
    expect(live(mind, 181)).toHaveProperty('windows')
    expect(mind.accuracy()?.lentBy).toBe('shop/web')
    live(mind, DAY + 1)
    expect(mind.accuracy()?.lentBy).toBeUndefined()
  })

  test('is lent nothing by another kind, by another metric, by itself, nor by a load of which nobody said what it is like', async () => {
    const lenders = [
      { ...kin, kin: 'profile Analytics' },
      { ...kin, driver: 'cpu' },
      { ...kin, target: { ...kin.target, id: 'shop/new' } },
      plan,
    ]
    const peers = await Promise.all(lenders.map(async one => (await living(one, { days: 4 })).mind))
    const { mind, told } = await living(young, { peers })
    expect(told).toEqual([])
    expect(live(mind, 200)).toEqual({ abstains: '3.3 h of the 6 h of history that a forecast needs' })
  })

  test('asks again when it is kept, while nobody knew enough; a load with a past of its own does not', async () => {
    const peers: Mind[] = []
    const late = await living(young, { peers })
    const grown = await living({ ...young, target: { ...young.target, id: 'shop/old' } }, { days: 1, peers })
    peers.push((await living(kin, { days: 4 })).mind)
    for (const { mind } of [late, late, grown]) await mind.keep()
    expect(late.told).toEqual([{ target: 'shop/new', from: 'shop/web' }])
    expect(grown.told).toEqual([])
  })

  test('after a restart still knows who has lent', async () => {
    const lender = await living(kin, { days: 4 })
    const before = await living(young, { peers: [lender.mind] })
    live(before.mind, 200)
    await before.mind.keep()
    const after = await living(young, { kept: before.store })
    expect(after.mind.accuracy()?.lentBy).toBe('shop/web')
    expect(after.told).toEqual([])
  })
})

describe('turns', () => {
  test('are taken by as many at once as may, and a failed one holds nobody up', async () => {
    const inTurn = takingTurns(2)
    const ends: ((why?: Error) => void)[] = []
    const learn = () => new Promise<void>((resolve, reject) => void ends.push(why => (why ? reject(why) : resolve())))
    const all = [1, 2, 3, 4].map(() => inTurn(learn).catch(() => undefined))
    const settle = () => new Promise(resolve => setImmediate(resolve))
    await settle()
    expect(ends).toHaveLength(2)
    ends[0]?.(new Error('no'))
    ends[1]?.()
    await settle()
    expect(ends).toHaveLength(4)
    for (const end of ends) end()
    await Promise.all(all)
  })
})
