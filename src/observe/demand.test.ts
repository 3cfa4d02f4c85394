import { describe, expect, test } from 'vitest'
import { readingOf, totalOf } from './demand.ts'
import { createLastSigns } from './last-signs.ts'
import type { ObservedPod } from './workload.ts'

const NOW = 1_000_000
const now = { at: NOW, graceMs: 60_000 }
const pod = (name: string, more: Partial<ObservedPod> = {}): ObservedPod => ({
  name,
  phase: 'Running',
  deleted: false,
  ready: { status: 'True', since: 0 },
  containers: [],
  ...more,
})
const pods = (count: number) => Array.from({ length: count }, (_, index) => pod(`p${index}`))
const samples = (count: number, value = 2000) => ({
  kind: 'pods' as const,
  samples: Array.from({ length: count }, (_, index) => ({ pod: `p${index}`, at: NOW - index, windowMs: 60_000, value })),
})

describe('the total', () => {
  test('sums over the pods, in whole units, as old as the oldest sample', () => {
    expect(totalOf(samples(3), pods(3), now)).toEqual({ kind: 'found', value: { at: NOW - 2, value: 6 } })
  })

  test('is missing where fewer than nine in ten ready pods reported: a part is no fall', () => {
    expect(totalOf(samples(9), pods(10), now)).toMatchObject({ value: { value: 18 } })
    expect(totalOf(samples(8), pods(10), now)).toMatchObject({ kind: 'missing', why: 'NoData: only 8 of 10 ready pods reported' })
    expect(totalOf(samples(1), pods(2), now)).toMatchObject({ kind: 'missing' })
  })

  test.each([
    ['just ready', { ready: { status: 'True' as const, since: NOW - 59_999 } }],
    ['not ready', { ready: { status: 'False' as const, since: 0 } }],
    ['pending', { phase: 'Pending' as const }],
    ['on its way out', { deleted: true }],
  ])('does not wait for a pod that is %s', (_, more) => {
    expect(totalOf(samples(1), [pod('p0'), pod('other', more)], now)).toMatchObject({ kind: 'found' })
  })

  test('resources count by container, values as they are, and less than nothing is missing', () => {
    const answer = {
      kind: 'pods' as const,
      samples: [{ pod: 'p0', at: NOW, windowMs: 0, byContainer: { app: 250, proxy: 2n ** 60n } }],
    }
    expect(totalOf(answer, pods(1), now)).toMatchObject({ value: { value: Number(2n ** 60n + 250n) / 1000 } })
    const values = totalOf({ kind: 'values', values: [-5000], at: NOW }, [], now)
    expect(readingOf(values, NOW)).toMatchObject({ kind: 'missing', why: 'Negative: the total is below zero' })
  })
})

describe('what is still known while the demand is missing', () => {
  test('the last good value, and other drivers in its unit', () => {
    let time = 0
    const signs = createLastSigns({ now: () => time })
    const totals = (entries: Record<string, number>) =>
      new Map(Object.entries(entries).map(([driver, value]) => [driver, { at: time, value }]))
    for (; time < 10; time++) signs.note('a/b', { driver: 'rps', totals: totals({ rps: 1000, cpu: 4 }) })
    expect(signs.signs('a/b')).toBeUndefined()
    for (; time < 13; time++) signs.note('a/b', { driver: 'rps', totals: totals({ cpu: 6 }), why: 'Timeout: x' })
    expect(signs.signs('a/b')).toEqual({
      since: 10,
      why: 'Timeout: x',
      lastGood: { at: 9, value: 1000 },
      others: [{ driver: 'cpu', at: 12, value: 1500 }],
    })
    signs.note('a/b', { driver: 'rps', totals: totals({ rps: 900, cpu: 6 }) })
    expect([signs.signs('a/b'), signs.driverOf('a/b'), signs.driverOf('c/d')]).toEqual([undefined, 'rps', undefined])
  })

  test('a workload that nobody reads any more is forgotten', () => {
    let time = 0
    const signs = createLastSigns({ now: () => time })
    signs.note('gone', { driver: 'rps', totals: new Map() })
    time = 3_700_000
    signs.note('here', { driver: 'rps', totals: new Map() })
    expect([signs.driverOf('gone'), signs.driverOf('here')]).toEqual([undefined, 'rps'])
  })
})
