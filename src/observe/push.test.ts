import { describe, expect, test } from 'vitest'
import { createPushBuffer } from './push.ts'

function buffer(options: { maxSeries?: number } = {}) {
  let now = 1_700_000_000_000
  const pushed = createPushBuffer({ clock: { now: () => now }, maxAgeMs: 120_000, ...options })
  return { pushed, pass: (ms: number) => (now += ms), seconds: (offset = 0) => now / 1000 + offset }
}

const item = { namespace: 'shop', name: 'requests_per_second', value: 5 }

describe('pushed values', () => {
  test('the last one counts, for pods, for workloads and for the namespace', () => {
    const { pushed } = buffer()
    const metrics = [
      { ...item, pod: 'web-1' },
      { ...item, pod: 'web-1', value: 7 },
      { ...item, workload: 'web', value: 70 },
      { ...item, value: 700 },
    ]
    expect(pushed.accept({ metrics })).toEqual({ accepted: 4, refused: [] })
    expect(pushed.ofPods('shop', item.name, ['web-1', 'web-2'])).toEqual(
      new Map([['web-1', { at: 1_700_000_000_000, value: 7 }]]),
    )
    expect([pushed.total('shop', item.name, 'web')?.value, pushed.total('shop', item.name)?.value]).toEqual([70, 700])
    expect([pushed.total('bank', item.name), pushed.ofPods('bank', item.name, ['web-1']).size]).toEqual([undefined, 0])
  })

  test('after a clock was set back, what was taken before is nothing, and what comes now is taken', () => {
    const { pushed, pass } = buffer()
    pushed.accept({ metrics: [{ ...item, workload: 'web', value: 70 }] })
    pass(-3_600_000)
    expect(pushed.total('shop', item.name, 'web')).toBeUndefined()
    expect(pushed.accept({ metrics: [{ ...item, workload: 'web', value: 80 }] })).toEqual({ accepted: 1, refused: [] })
    expect(pushed.total('shop', item.name, 'web')?.value).toBe(80)
  })

  test('each that is wrong is refused with its reason, and the others are taken', () => {
    const { pushed, seconds } = buffer()
    pushed.accept({ metrics: [{ ...item, workload: 'newer', timestamp: seconds(-1) }] })
    const { accepted, refused } = pushed.accept({
      metrics: [
        { ...item, value: Number.NaN },
        { ...item, value: Number.POSITIVE_INFINITY },
        { ...item, value: -1 },
        { ...item, timestamp: seconds(11) },
        { ...item, timestamp: seconds(-121) },
        { ...item, workload: 'newer', timestamp: seconds(-2) },
        { ...item, name: 'revenue_per_request', value: -1 },
        { ...item, timestamp: seconds(-60) },
      ],
    })
    expect(accepted).toBe(2)
    expect(refused.map(({ index, why }) => `${index} ${why}`)).toEqual([
      '0 NotANumber: expected a finite number',
      '1 NotANumber: expected a finite number',
      '2 Negative: expected 0 or more',
      '3 Future: the timestamp lies 11 s ahead; it is in seconds since the epoch',
      '4 Stale: the timestamp lies 121 s back; at most 120 s are taken',
      '5 Stale: a newer value is there already',
    ])
  })

  test('a value grows old and is gone', () => {
    const { pushed, pass } = buffer()
    pushed.accept({ metrics: [{ ...item, workload: 'web' }] })
    pass(120_000)
    expect(pushed.total('shop', item.name, 'web')?.value).toBe(5)
    pass(1)
    expect(pushed.total('shop', item.name, 'web')).toBeUndefined()
  })

  test('there are never more series than allowed; dead ones make room', () => {
    const { pushed, pass } = buffer({ maxSeries: 3 })
    const pods = (...names: string[]) => ({ metrics: names.map(pod => ({ ...item, pod })) })
    expect(pushed.accept(pods('a', 'b', 'c', 'd'))).toMatchObject({
      accepted: 3,
      refused: [{ index: 3, why: 'TooLarge: 3 series are alive, no other is taken' }],
    })
    expect(pushed.accept(pods('a'))).toMatchObject({ accepted: 1 })
    pass(120_001)
    expect([pushed.accept(pods('d', 'e')).accepted, pushed.size]).toEqual([2, 2])
  })
})
