import { describe, expect, test } from 'vitest'
import type { Lessons } from '../core/rules.ts'
import { createFitting } from './fitting.ts'

const HOUR_MS = 3_600_000

/** Lessons with a new fit due each hour on the hour, as an ensemble has. */
function lessons(now: () => number) {
  const adopted: number[] = []
  let fittedHour = -1
  const one: Lessons = {
    pendingFit: () => (Math.floor(now() / HOUR_MS) > fittedHour ? { at: now() } : undefined),
    adoptFit(fit) {
      fittedHour = Math.floor(now() / HOUR_MS)
      adopted.push((fit as { at: number }).at)
    },
    life: () => ({ stage: 'weeks' }),
    wantsShape: () => false,
    takeShape: () => undefined,
  }
  return { one, adopted }
}

function world(fit: (input: unknown) => Promise<unknown> = async input => input) {
  let at = 20_000 * 24 * HOUR_MS
  const warnings: object[] = []
  const outcomes: string[] = []
  const fitting = createFitting({
    clock: { now: () => at },
    log: { info: () => undefined, warn: (_, facts = {}) => void warnings.push(facts) },
    fits: {
      fit,
      learn: () => Promise.reject(new Error('not asked')),
      threads: 1,
      isClosed: () => false,
      close: async () => undefined,
    },
    onFit: outcome => void outcomes.push(outcome),
  })
  const pass = (ms: number) => {
    at += ms
  }
  const settle = () => new Promise(resolve => setImmediate(resolve))
  return { fitting, warnings, outcomes, settle, now: () => at, pass }
}

describe('fits away from the loop', () => {
  test('what is due is fitted and adopted, and once an hour from then on', async () => {
    const { fitting, settle, now, pass, outcomes } = world()
    const { one, adopted } = lessons(now)
    const began = now()
    for (let tick = 0; tick < 5 * 240; tick++) {
      fitting.begin('shop/a', one)
      await settle()
      pass(15_000)
    }
    expect(adopted[0]).toBe(began)
    expect(adopted.length).toBeGreaterThanOrEqual(4)
    expect(adopted.length).toBeLessThanOrEqual(5)
    for (let i = 2; i < adopted.length; i++) expect(adopted[i]! - adopted[i - 1]!).toBe(HOUR_MS)
    expect(new Set(outcomes)).toEqual(new Set(['fitted']))
  })

  test('the fits of a thousand objects that begin together lie evenly over the hour', async () => {
    const { fitting, settle, now, pass } = world()
    const all = Array.from({ length: 1000 }, (_, i) => ({ id: `shop/${i}`, ...lessons(now) }))
    for (let tick = 0; tick < 3 * 60; tick++) {
      for (const { id, one } of all) fitting.begin(id, one)
      await settle()
      pass(60_000)
    }
    const minutes = new Int32Array(60)
    const lastHour = now() - HOUR_MS
    for (const { adopted } of all) for (const at of adopted) if (at >= lastHour) minutes[(at / 60_000) % 60]! += 1
    expect(minutes.reduce((sum, one) => sum + one, 0)).toBe(1000)
    expect(Math.max(...minutes)).toBeLessThan(25)
    expect(Math.min(...minutes)).toBeGreaterThan(10)
  })

  test('a fit that hangs delays nothing and is not begun twice', async () => {
    let begun = 0
    const { fitting, settle, now, pass } = world(() => {
      begun += 1
      return new Promise(() => undefined)
    })
    const { one, adopted } = lessons(now)
    for (let tick = 0; tick < 1000; tick++) {
      fitting.begin('shop/a', one)
      await settle()
      pass(15_000)
    }
    expect([begun, adopted.length]).toEqual([1, 0])
  })

  test('a fit that fails is told, leaves the one before, and is tried again ten minutes later', async () => {
    let fails = true
    const { fitting, settle, now, pass, warnings, outcomes } = world(async input => {
      if (fails) throw new Error('it took longer than 10 s, and was ended')
      return input
    })
    const { one, adopted } = lessons(now)
    const tick = async () => {
      fitting.begin('shop/a', one)
      await settle()
    }
    await tick()
    expect(fitting.trouble('shop/a')).toBe('it took longer than 10 s, and was ended')
    expect(warnings).toMatchObject([{ target: 'shop/a' }])
    fails = false
    pass(590_000)
    await tick()
    expect(adopted).toEqual([])
    pass(10_000)
    await tick()
    expect([adopted.length, outcomes]).toEqual([1, ['failed', 'fitted']])
    expect(fitting.trouble('shop/a')).toBeUndefined()
  })

  test('while the past is learnt one waits for the fit, which may fail', async () => {
    const { fitting, now } = world()
    const { one, adopted } = lessons(now)
    await fitting.complete('shop/a', one)
    await fitting.complete('shop/a', one)
    expect(adopted).toEqual([now()])
    const failing = world(() => Promise.reject('out of threads'))
    await failing.fitting.complete('shop/a', lessons(failing.now).one)
    expect(failing.fitting.trouble('shop/a')).toBe('out of threads')
    failing.fitting.forget('shop/a')
    expect(failing.fitting.trouble('shop/a')).toBeUndefined()
  })

  test('a clock that is set back by a day costs an object no more than an hour', async () => {
    const { fitting, settle, now, pass } = world()
    const { one, adopted } = lessons(now)
    fitting.begin('shop/a', one)
    await settle()
    pass(-24 * HOUR_MS)
    const due: Lessons = { ...one, pendingFit: () => ({ at: now() }) }
    fitting.begin('shop/a', due)
    await settle()
    expect(adopted).toHaveLength(2)
  })
})
