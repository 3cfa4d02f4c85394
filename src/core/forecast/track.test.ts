import { describe, expect, test } from 'vitest'
import { createTrack, fromLog, gridOf } from './track.ts'

const HOURLY = gridOf(3_600_000)

/** Loads of one replica each tick, in an hourly grid unless told otherwise; `undefined` is a gap. */
function tracked(loads: readonly (number | undefined)[], grid = HOURLY) {
  const track = createTrack(grid, 1)
  for (const load of loads) track.push(load)
  return track
}

const loadAt = (track: ReturnType<typeof createTrack>, tick: number) => fromLog(track.level.get(tick), 1)
const hours = (count: number, load: (hour: number) => number | undefined) =>
  Array.from({ length: count }, (_, hour) => load(hour))

describe('the grid', () => {
  test('counts ticks in a minute, an hour and a day', () => {
    expect(gridOf(15_000)).toEqual({ perMinute: 4, perHour: 240, perDay: 5760 })
  })

  test('a step longer than a minute makes a minute one tick, and hours and days stay what they are', () => {
    expect(gridOf(300_000)).toEqual({ perMinute: 1, perHour: 12, perDay: 288 })
  })
})

describe('the logarithm of a load', () => {
  test('comes back as the load, in units of one replica', () => {
    const track = createTrack(HOURLY, 250)
    track.push(1000)
    expect(fromLog(track.level.get(0), 250)).toBeCloseTo(1000, 2)
  })

  test('no log value, however low, means a negative load', () => {
    expect(fromLog(-50, 1)).toBe(0)
  })

  test('a zero load is a value like any other', () => {
    expect(loadAt(tracked([0]), 0)).toBeCloseTo(0, 6)
  })
})

describe('a gap', () => {
  test('at the very start counts as no load', () => {
    const track = tracked([undefined])
    expect(track.gap).toBe(1)
    expect(loadAt(track, 0)).toBeCloseTo(0, 6)
  })

  test('on the first day leaves the load where it was', () => {
    const track = tracked([7, undefined, undefined])
    expect(loadAt(track, 2)).toBeCloseTo(7, 5)
    expect(track.gap).toBe(2)
  })

  test('later moves as the load moved a day ago, in proportion, and ends with the next value', () => {
    const ramp = (hour: number) => (hour < 24 ? 100 + 10 * hour : 200)
    const track = tracked(hours(31, hour => (hour >= 26 ? undefined : ramp(hour))))
    expect(track.gap).toBe(5)
    // 200.2 of the last value, times the rise from 01:00 to 06:00 on the day before.
    expect(loadAt(track, 30)).toBeCloseTo((200.2 * 160.2) / 110.2 - 0.2, 2)
    track.push(50)
    expect(track.gap).toBe(0)
    expect(loadAt(track, 31)).toBeCloseTo(50, 4)
  })
})

describe('what else is known of the series', () => {
  test('the base is the mean of the last minute, of what there is at the start', () => {
    const track = tracked([10, 20, 30, 40, 50], gridOf(15_000))
    expect(fromLog(track.base.get(1), 1)).toBeCloseTo(15, 4)
    expect(fromLog(track.base.get(4), 1)).toBeCloseTo(35, 4)
  })

  test('the base of a week ago is to the bit what it was then, in a track that was restored as well', () => {
    const grid = gridOf(300_000)
    const track = createTrack(grid, 1)
    const restored = createTrack(grid, 1)
    const then: number[] = []
    for (let tick = 0; tick <= 9 * grid.perDay; tick++) {
      track.push(tick % 50 === 7 ? undefined : 100 + 50 * Math.sin(tick / 40) + (tick % 13))
      restored.push(1)
      then.push(track.base.get(tick))
    }
    const days = [1, 2, 3, 7].map(day => 9 * grid.perDay - day * grid.perDay)
    for (const at of days) expect(restored.base.get(at)).not.toBe(then[at])
    expect(restored.part().load(track.part().save())).toBe(true)
    for (const at of days) for (const one of [track, track, restored]) expect(one.base.get(at)).toBe(then[at])
  })

  test('the largest load of a week is forgotten after it', () => {
    const spikeOnDay = (day: number, total: number) => tracked(hours(24 * total, hour => (hour === 24 * day + 5 ? 900 : 100)))
    expect(spikeOnDay(0, 7).weekMaximum).toBe(900)
    expect(spikeOnDay(0, 9).weekMaximum).toBe(100)
  })

  test('gaps make no maximum', () => {
    expect(tracked([undefined, undefined]).weekMaximum).toBe(0)
    expect(tracked([3, undefined, undefined]).weekMaximum).toBe(3)
  })

  test('the mean of the day fades towards a new level within days', () => {
    const level = (total: number) => fromLog(tracked(hours(total, hour => (hour < 48 ? 10 : 40))).dayMean, 1)
    expect(level(48)).toBeCloseTo(10, 3)
    expect(level(72)).toBeGreaterThan(20)
    expect(level(72)).toBeLessThan(30)
    expect(level(48 + 24 * 7)).toBeGreaterThan(39)
  })

  test('roughness is the usual step from tick to tick; the short memory reacts first and forgets first', () => {
    const track = tracked(
      hours(4000, () => 10),
      gridOf(15_000),
    )
    expect(Math.max(...track.roughness)).toBeLessThan(0.0021)
    track.push(20)
    const [minutes, quarter, hoursLong] = track.roughness
    expect(minutes).toBeGreaterThan(quarter)
    expect(quarter).toBeGreaterThan(hoursLong)
    for (let i = 0; i < 240; i++) track.push(20)
    expect(track.roughness[0]).toBeLessThan(track.roughness[2])
  })
})
