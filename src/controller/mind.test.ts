import { afterEach, describe, expect, test } from 'vitest'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import { snapshotRules } from '../core/policy/rules-snapshot.ts'
import { learnLesson } from '../loop/lesson.ts'
import type { Learners } from '../ports.ts'
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
