import { describe, expect, test } from 'vitest'
import type { Lessons } from '../core/rules.ts'
import type { DurableStore, Fits } from '../ports.ts'
import { controllerTelemetry } from '../record/controller-telemetry.ts'
import type { Turn } from './agent.ts'
import { createStudy } from './study.ts'

const turn = { object: { id: 'shop/web', namespace: 'shop', createdAt: 0 }, plan: { settings: {} } } as unknown as Turn // all that is looked at

function studying(fit: Fits['fit'] | undefined) {
  const telemetry = controllerTelemetry()
  const adopted: unknown[] = []
  const lessons: Lessons = {
    pendingFit: () => (adopted.length === 0 ? { values: new Float32Array(3) } : undefined),
    adoptFit: one => void adopted.push(one),
    wantsShape: () => false,
    takeShape: () => undefined,
    life: () => ({ stage: 'weeks' }),
  }
  const fits = fit && {
    fit,
    learn: () => Promise.reject(new Error('not asked')),
    threads: 1,
    isClosed: () => false,
    close: async () => undefined,
  }
  const study = createStudy({
    ...(fits && { fits }),
    clock: { now: () => 1e12 },
    log: { info: () => undefined, warn: () => undefined },
    store: {} as DurableStore, // nothing is lent
    telemetry,
    within: 'Off',
    turns: () => [],
  })
  const counted = () => telemetry.families().find(({ name }) => name === 'crescendo_fits')?.samples ?? []
  const settle = () => new Promise(resolve => setImmediate(resolve))
  return { study, lessons, adopted, counted, settle }
}

describe('what is learnt between ticks', () => {
  test('the fit that is due is handed out, adopted and counted', async () => {
    const { study, lessons, adopted, counted, settle } = studying(async () => 'fitted')
    study.after(turn, lessons)
    expect(adopted).toEqual([])
    await settle()
    expect(adopted).toEqual(['fitted'])
    expect(counted()).toMatchObject([{ labels: { outcome: 'fitted' }, value: 1 }])
    study.forget('shop/web')
  })

  test('a fit that fails is counted, and the tick has long gone on', async () => {
    const { study, lessons, adopted, counted, settle } = studying(() => Promise.reject(new Error('no')))
    study.after(turn, lessons)
    await settle()
    expect(adopted).toEqual([])
    expect(counted()).toMatchObject([{ labels: { outcome: 'failed' }, value: 1 }])
  })

  test('nothing happens where there is nothing to learn, or no thread to fit in', async () => {
    const { study, lessons, adopted, settle } = studying(undefined)
    expect(study.fitting).toBeUndefined()
    study.after(turn, undefined)
    study.after(turn, lessons)
    await settle()
    expect(adopted).toEqual([])
    study.forget('shop/web')
  })
})
