import { describe, expect, test } from 'vitest'
import type { WatchedPod } from './objects.ts'
import { leadMsOf, type Startup, startupOf, tellStartup } from './startup.ts'

const pod = (seconds: number | undefined, waitedFor?: WatchedPod['waitedFor'], createdAt = 1000): WatchedPod => ({
  namespace: 'shop',
  name: 'p',
  labels: {},
  createdAt,
  phase: 'Running',
  deleted: false,
  containers: [],
  ...(seconds !== undefined && { ready: { status: 'True', since: createdAt + seconds * 1000 } }),
  ...(waitedFor && { waitedFor }),
})
const warm = (...seconds: number[]) => seconds.map(one => pod(one))
const cold = (...seconds: number[]) => seconds.map(one => pod(one, 'node'))
const known = (warmMs: number): Startup => ({ warmMs, isCold: false })

describe('the start-up time that pods show', () => {
  test('is the time within which nine of ten were ready, rounded up to five seconds', () => {
    expect(startupOf(warm(10, 20, 30, 41), undefined)).toEqual({ warmMs: 45_000, isCold: false })
  })

  test('is unknown while fewer than three pods tell, and keeps what was known', () => {
    expect(startupOf([pod(10), pod(20), pod(undefined)], undefined)).toBeUndefined()
    expect(startupOf([], known(60_000))).toEqual(known(60_000))
  })

  test('a pod that came back after hours says nothing of start-ups', () => {
    expect(startupOf(warm(10, 10, 10, 7200), undefined)?.warmMs).toBe(10_000)
  })

  test('stays what it was while it hardly moves', () => {
    expect(startupOf(warm(50, 50, 50), known(60_000))?.warmMs).toBe(60_000)
    expect(startupOf(warm(20, 20, 20), known(60_000))?.warmMs).toBe(20_000)
  })
})

describe('warm and cold starts', () => {
  test('are learnt apart: a few cold ones do not lengthen the lead', () => {
    const startup = startupOf([...warm(20, 20, 20, 20, 20, 20, 20), ...cold(180, 180, 190)], undefined)
    expect(startup).toEqual({ warmMs: 20_000, coldMs: 190_000, isCold: false })
    expect(leadMsOf(startup!)).toBe(20_000)
    expect(tellStartup(startup!)).toBe('starts are warm: nine of ten ready after 20 s (cold ones 190 s)')
  })

  test('until half of the newest ten are cold: then the lead is theirs', () => {
    const old = Array.from({ length: 20 }, () => pod(20))
    const lately = [1, 2, 3, 4, 5].map(age => pod(180, 'image', 90_000_000 - age))
    const startup = startupOf([...old, ...lately], known(20_000))
    expect(startup).toEqual({ warmMs: 20_000, coldMs: 180_000, isCold: true })
    expect(leadMsOf(startup!)).toBe(180_000)
    expect(tellStartup(startup!)).toBe(
      'starts are cold lately, for a node or an image: nine of ten ready after 180 s (warm ones 20 s)',
    )
  })

  test('and they are warm again when no more than two of ten are cold, not before', () => {
    const before: Startup = { warmMs: 20_000, coldMs: 180_000, isCold: true }
    const of = (colds: number) =>
      startupOf([...warm(...Array<number>(10 - colds).fill(20)), ...cold(...Array<number>(colds).fill(180))], before)
    expect(of(3)?.isCold).toBe(true)
    expect(of(2)?.isCold).toBe(false)
    expect(startupOf([pod(20)], before)?.isCold).toBe(true)
  })

  test('two cold starts are no habit', () => {
    expect(startupOf([...warm(20, 20), ...cold(180, 180)], undefined)).toEqual({ warmMs: 180_000, isCold: false })
  })

  test('where all starts are cold, theirs is all that is known', () => {
    const startup = startupOf(cold(60, 60, 60), undefined)
    expect(leadMsOf(startup!)).toBe(60_000)
    expect(tellStartup(startup!)).toContain('cold lately')
  })
})
