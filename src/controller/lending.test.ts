import { describe, expect, test } from 'vitest'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import type { DailyShape } from '../core/forecast/transfer.ts'
import type { Lessons } from '../core/rules.ts'
import type { Turn } from './agent.ts'
import { createLending, type LendingOptions } from './lending.ts'

const DAY_MS = 86_400_000
const NOW = 20_000 * DAY_MS
const STEP_MS = 300_000

const load = (days: number, swing = 0.6) =>
  seasonalLoad({ seed: 3, ticks: days * 288, stepMs: STEP_MS, mean: 1000, swing, noise: 0.05 })

/** The newest values of a series that ends now. */
function samples(values: readonly number[]) {
  const first = NOW - values.length * STEP_MS
  return { at: Float64Array.from(values, (_, i) => first + (i + 1) * STEP_MS), value: Float64Array.from(values) }
}

const turn = (
  id: string,
  { profile = 'ApiGateway', createdAt = 0, learning }: { profile?: string; createdAt?: number; learning?: string } = {},
) => ({ object: { id, namespace: id.split('/')[0], createdAt }, plan: { settings: { profile } }, learning }) as unknown as Turn // all that is looked at

function student() {
  const taken: DailyShape[] = []
  const lessons: Lessons = {
    pendingFit: () => undefined,
    adoptFit: () => undefined,
    life: () => ({ stage: 'weeks' }),
    wantsShape: () => taken.length === 0,
    takeShape: shape => void taken.push(shape),
  }
  return { lessons, lenders: () => taken.map(({ from }) => from) }
}

function world(turns: readonly Turn[], more: Partial<LendingOptions> = {}) {
  let at = NOW
  const read: string[] = []
  const histories: Record<string, readonly number[]> = { 'shop/flat': load(14, 0), 'shop/young': load(1) }
  const history = async (id: string) => {
    read.push(id)
    return samples(histories[id] ?? load(14))
  }
  const log = { info: () => undefined, warn: () => void read.push('warned') }
  const lending = createLending({
    store: { history },
    clock: { now: () => at },
    log,
    within: 'Namespace',
    turns: () => turns,
    ...more,
  })
  const settle = () => new Promise(resolve => setTimeout(resolve, 5))
  const pass = (ms: number) => {
    at += ms
  }
  return { lending, read, settle, pass }
}

const fresh = turn('shop/new', { createdAt: 9 })

describe('the day that a service lends another', () => {
  test('is that of the oldest of its profile and namespace that has a rhythm', async () => {
    const turns = [
      fresh,
      turn('shop/flat', { createdAt: 1 }),
      turn('shop/young', { createdAt: 2 }),
      turn('shop/b', { createdAt: 4 }),
    ]
    const { lending, settle } = world([...turns, turn('shop/a', { createdAt: 3 }), turn('other/c', { createdAt: 1 })])
    const { lessons, lenders } = student()
    lending.offer(fresh, lessons)
    await settle()
    expect(lenders()).toEqual(['shop/a'])
  })

  test.each([
    ['of another namespace', turn('other/a')],
    ['of another profile', turn('shop/a', { profile: 'Analytics' })],
    ['that is still learning its past', turn('shop/a', { learning: 'learning the past' })],
    ['that is itself', turn('shop/new')],
  ])('is not that of one %s', async (_, other) => {
    const { lending, settle, read } = world([fresh, other])
    const { lessons, lenders } = student()
    lending.offer(fresh, lessons)
    await settle()
    expect([lenders(), read]).toEqual([[], []])
  })

  test.each(['Generic', undefined])('is nobody’s for a service of profile %s', async profile => {
    const settings = profile === undefined ? {} : { profile }
    const plain = { ...fresh, plan: { settings } } as unknown as Turn
    const { lending, settle, read } = world([plain, { ...turn('shop/a'), plan: plain.plan! }])
    lending.offer(plain, student().lessons)
    await settle()
    expect(read).toEqual([])
  })

  test('may be of another namespace where the configuration says so, and is nobody’s where it says Off', async () => {
    const { lessons, lenders } = student()
    const cluster = world([fresh, turn('other/a')], { within: 'Cluster' })
    cluster.lending.offer(fresh, lessons)
    await cluster.settle()
    expect(lenders()).toEqual(['other/a'])
    const off = world([fresh, turn('shop/a')], { within: 'Off' })
    off.lending.offer(fresh, student().lessons)
    await off.settle()
    expect(off.read).toEqual([])
  })

  test('is looked for once an hour, and read once for all who ask', async () => {
    const { lending, settle, pass, read } = world([fresh, turn('shop/flat')])
    for (const id of ['shop/new', 'shop/newer']) {
      const asking = turn(id, { createdAt: 9 })
      lending.offer(asking, student().lessons)
      lending.offer(asking, student().lessons)
    }
    await settle()
    expect(read.filter(id => id === 'shop/flat')).toHaveLength(1)
    pass(6 * 3_600_000)
    lending.offer(fresh, student().lessons)
    await settle()
    expect(read.filter(id => id === 'shop/flat')).toHaveLength(2)
  })

  test('a store that fails is told, and asked again', async () => {
    const history = () => Promise.reject(new Error('disk full'))
    const { lending, settle, read } = world([fresh, turn('shop/a')], { store: { history } })
    lending.offer(fresh, student().lessons)
    await settle()
    expect(read).toEqual(['warned'])
    lending.forget('shop/new')
    lending.offer(fresh, student().lessons)
    await settle()
    expect(read).toEqual(['warned', 'warned'])
  })
})
