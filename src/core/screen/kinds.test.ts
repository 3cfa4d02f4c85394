import { describe, expect, test } from 'vitest'
import { countHour } from './hours.ts'
import { freshKinds, watchKinds } from './kinds.ts'
import { rankCorrelation } from './periodicity.ts'
import type { Sighting } from './sighting.ts'
import { watchedSeries } from './watched-series.ts'

const MINUTE_MS = 60_000
const DAY_MS = 1440 * MINUTE_MS
const noise = (index: number) => 2 * (((Math.abs(Math.sin(index * 12.9898)) * 43758.5453) % 1) - 0.5)
const shape = (at: number) => 100 + 60 * Math.sin((2 * Math.PI * at) / DAY_MS)

/** Everything that is seen in a series of values every five minutes, through JSON at each step. */
function watch(days: number, valueAt: (at: number, index: number) => number) {
  const seen: (Sighting & { readonly seenAt: number })[] = []
  let state = freshKinds
  for (let index = 0; index < days * 288; index++) {
    const at = index * 5 * MINUTE_MS
    const { state: next, sightings } = watchKinds(state, { at, value: valueAt(at, index), expected: shape(at) })
    state = JSON.parse(JSON.stringify(next))
    seen.push(...sightings.map(one => ({ ...one, seenAt: at })))
  }
  const kinds = [...new Set(seen.map(({ kind }) => kind))]
  return { kinds, first: seen[0], last: seen.at(-1), seen, state }
}

const usual = (at: number, index: number) => shape(at) + 5 * noise(index)

test('a month of days with noise and a weekend that is half of a weekday has nothing unusual of these kinds', () => {
  const weekly = (at: number, index: number) => usual(at, index) * (Math.floor(at / DAY_MS) % 7 >= 5 ? 0.5 : 1)
  expect(watch(30, weekly).kinds).toEqual([])
})

test('what comes later changes nothing that was seen before', () => {
  const odd = (at: number, index: number) => (at > 12 * DAY_MS ? 50 : usual(at, index))
  const [short, long] = [watch(13, odd).seen, watch(14, (at, index) => (at > 13 * DAY_MS ? 1e6 : odd(at, index))).seen]
  expect(short.length).toBeGreaterThan(10)
  expect(long.slice(0, short.length)).toEqual(short)
})

describe('flat line', () => {
  test('a value that sticks is told within an hour or so, from where it began to stick', () => {
    const { first } = watch(3, (at, index) => (at >= 2 * DAY_MS ? 77 : usual(at, index)))
    expect(first).toMatchObject({ kind: 'flat line', startAt: 2 * DAY_MS, value: 77, expected: expect.any(Number) })
    expect(first!.sigma).toBeGreaterThanOrEqual(5)
    expect(first!.seenAt - first!.startAt).toBeLessThanOrEqual(60 * MINUTE_MS)
    expect(first!.why).toBe('the value 77 has come 12 times in a row, at most 1 times before')
  })

  test('zero is no flat line, and neither is a value that has always repeated for hours', () => {
    expect(watch(3, (at, index) => (at >= 2 * DAY_MS ? 0 : usual(at, index))).kinds).not.toContain('flat line')
    expect(watch(6, (_, index) => Math.floor(index / 20) % 3).kinds).not.toContain('flat line')
  })
})

describe('change of variance', () => {
  test('noise that grows fourfold is told with its start and by how much, and becomes usual in the end', () => {
    const { seen } = watch(40, (at, index) => shape(at) + (at >= 4 * DAY_MS ? 40 : 5) * noise(index))
    const own = seen.filter(({ kind }) => kind === 'change of variance')
    expect(own[0]?.startAt).toBeGreaterThanOrEqual(4 * DAY_MS - 150 * MINUTE_MS)
    expect(own[0]?.startAt).toBeLessThanOrEqual(4 * DAY_MS + 150 * MINUTE_MS)
    expect(own[0]!.value / own[0]!.expected).toBeGreaterThan(3)
    expect(own[0]?.why).toMatch(/^the mean step between values is \d+\.\d times the usual$/)
    expect(own.at(-1)!.seenAt).toBeLessThan(39 * DAY_MS)
  })

  test('noise that goes away is told too', () => {
    const { kinds, first } = watch(5, (at, index) => 100 + (at >= 4 * DAY_MS ? 1 : 20) * noise(index))
    expect(kinds).toContain('change of variance')
    expect(first!.value).toBeLessThan(first!.expected)
  })
})

describe('lost periodicity', () => {
  test('a day without its shape is told a day later, and after a week it is the new life', () => {
    const { seen } = watch(30, (at, index) => (at >= 10 * DAY_MS ? 100 : shape(at)) + 5 * noise(index))
    const own = seen.filter(({ kind }) => kind === 'lost periodicity')
    expect(own[0]!.startAt).toBeGreaterThan(10 * DAY_MS)
    expect(own[0]!.startAt).toBeLessThanOrEqual(11 * DAY_MS)
    expect(own[0]).toMatchObject({ expected: expect.closeTo(1, 1) })
    expect(own[0]!.value).toBeLessThan(0.6)
    expect(own[0]!.seenAt - own[0]!.startAt).toBeGreaterThanOrEqual(18 * 60 * MINUTE_MS)
    expect(own.at(-1)!.seenAt - own[0]!.startAt).toBeLessThanOrEqual(7 * DAY_MS + 60 * MINUTE_MS)
  })

  test('a Sunday that comes five hours later is no lost shape', () => {
    const evening = (at: number) => 100 + 60 * Math.sin((2 * Math.PI * at) / DAY_MS + 1.35)
    const weekly = (at: number, index: number) => (Math.floor(at / DAY_MS) % 7 === 6 ? evening(at) : shape(at)) + 5 * noise(index)
    expect(watch(35, weekly).kinds).not.toContain('lost periodicity')
  })

  test('a giant spike is no lost shape', () => {
    expect(watch(14, (at, index) => (index === 3000 ? 1e5 : usual(at, index))).kinds).not.toContain('lost periodicity')
  })

  test('ranks: equal values share their places, and what never moves is like nothing', () => {
    expect(rankCorrelation([1, 2, 3, 4], [10, 20, 30, 900])).toBe(1)
    expect(rankCorrelation([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1)
    expect(rankCorrelation([1, 1, 2, 2], [5, 5, 9, 9])).toBe(1)
    expect(rankCorrelation([1, 2, 3], [7, 7, 7])).toBe(0)
  })
})

describe('drift', () => {
  const creeping = (at: number, index: number) => usual(at, index) + (at >= 14 * DAY_MS ? ((at - 14 * DAY_MS) / DAY_MS) * 6 : 0)

  test('a level that creeps up day by day is told after six days, with the level it came from', () => {
    const { seen } = watch(24, creeping)
    const own = seen.filter(({ kind }) => kind === 'drift')
    expect(own[0]?.why).toBe('the mean of the day has risen 6 days in a row')
    expect(own[0]!.seenAt).toBeLessThanOrEqual(22 * DAY_MS)
    expect(own[0]!.startAt).toBeLessThanOrEqual(15 * DAY_MS)
    expect(Math.abs(own[0]!.expected - 100)).toBeLessThan(10)
    expect(own[0]!.value - own[0]!.expected).toBeGreaterThan(20)
  })

  test('downwards too, and it ends with the first day the other way', () => {
    const down = (at: number, index: number) =>
      200 + usual(at, index) - (at < 14 * DAY_MS ? 0 : at < 22 * DAY_MS ? ((at - 14 * DAY_MS) / DAY_MS) * 12 : 0)
    const own = watch(26, down).seen.filter(({ kind }) => kind === 'drift')
    expect(own[0]?.why).toContain('fallen')
    expect(own.at(-1)!.seenAt).toBeLessThan(24 * DAY_MS)
  })
})

describe('hours', () => {
  const HOUR_MS = 60 * MINUTE_MS
  const play = (hours: readonly (readonly [hour: number, value: number])[]) => {
    let state: ReturnType<typeof countHour>['state'] | undefined
    for (const [hour, value] of hours) state = countHour(state, { at: hour * HOUR_MS, value }).state
    return state!.means
  }

  test('the mean of an hour is known when the next begins; a missing hour is as the one before', () => {
    expect(
      play([
        [0, 2],
        [0.5, 4],
        [1, 10],
        [4, 7],
      ]),
    ).toEqual([3, 10, 10, 10])
  })

  test('a missing hour is as yesterday where that is known, and a long gap begins anew', () => {
    const day = Array.from({ length: 25 }, (_, hour) => [hour, hour] as const)
    expect(play([...day, [26, 0]]).slice(-2)).toEqual([24, 1])
    expect(play([...day, [40, 0]])).toEqual([])
  })
})

test('a recorded series tells each as one episode from start to end, where it was most unusual, above the threshold only', () => {
  const episodesOf = (threshold: number) => {
    const series = watchedSeries(threshold)
    for (let index = 0; index < 6 * 288; index++) {
      const at = index * 5 * MINUTE_MS
      const isStuck = at >= 2 * DAY_MS && at < 2.2 * DAY_MS
      const isRough = at >= 4 * DAY_MS && at < 4.5 * DAY_MS
      const value = isStuck ? 77 : shape(at) + (isRough ? 60 : 5) * noise(index)
      series.hear({ at, value, expected: shape(at) })
    }
    return series.episodes()
  }
  const found = episodesOf(2.5)
  expect(found.map(({ kind }) => kind)).toEqual(['flat line', 'change of variance'])
  expect(found[0]).toMatchObject({ startAt: 2 * DAY_MS, value: 77, severity: 'critical' })
  expect(found[0]!.endAt).toBeGreaterThanOrEqual(2.2 * DAY_MS - 10 * MINUTE_MS)
  expect(found[0]!.endAt).toBeLessThan(2.2 * DAY_MS)
  expect(found[1]!.endAt - found[1]!.startAt).toBeGreaterThan(0.3 * DAY_MS)
  expect(episodesOf(1000)).toEqual([])
})
