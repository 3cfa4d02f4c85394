import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSchedule, type ScheduleOptions } from './schedule.ts'

const clock = { now: () => Date.now() }

describe('the schedule', () => {
  beforeEach(() => void vi.useFakeTimers({ now: 0 }))
  afterEach(() => void vi.useRealTimers())

  const counting = (more: Partial<ScheduleOptions> = {}) => {
    const ran: string[] = []
    const run = async (id: string) => void ran.push(id)
    return { ran, schedule: createSchedule({ clock, workers: 4, run, ...more }) }
  }

  test('ticks each object at once and then by its own period', async () => {
    const { ran, schedule } = counting()
    schedule.set('slow', 15_000)
    schedule.set('fast', 3000)
    await vi.advanceTimersByTimeAsync(29_900)
    expect(ran.filter(id => id === 'slow')).toHaveLength(2)
    expect(ran.filter(id => id === 'fast')).toHaveLength(11) // its second tick comes after a part of a period
    await schedule.stop()
  })

  test('objects that come together are spread over the period from their second tick on', async () => {
    const at: number[] = []
    const schedule = createSchedule({ clock, workers: 200, run: async () => void at.push(Date.now()) })
    for (let index = 0; index < 150; index++) schedule.set(`object-${index}`, 15_000)
    await vi.advanceTimersByTimeAsync(45_000)
    const perSecond = Array.from({ length: 15 }, (_, second) => at.filter(ms => Math.floor(ms / 1000) === 20 + second).length)
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(13)
    expect(Math.min(...perSecond)).toBeGreaterThanOrEqual(7)
    await schedule.stop()
  })

  test('an object that hangs is skipped and counted, and nobody waits for it', async () => {
    const ran: string[] = []
    const skipped: string[] = []
    const run = (id: string) => {
      ran.push(id)
      return id === 'hangs' ? new Promise<void>(() => undefined) : Promise.resolve()
    }
    const schedule = createSchedule({ clock, workers: 2, run, onSkip: id => skipped.push(id) })
    schedule.set('lives', 5000)
    schedule.set('hangs', 5000)
    await vi.advanceTimersByTimeAsync(19_900)
    expect(ran.filter(id => id === 'hangs')).toHaveLength(1)
    expect(ran.filter(id => id === 'lives')).toHaveLength(4)
    expect(skipped).toEqual(['hangs', 'hangs', 'hangs', 'hangs'])
  })

  test('never runs more than its workers, and starts the longest waiting first', async () => {
    const ends: (() => void)[] = []
    const ran: string[] = []
    const run = (id: string) => {
      ran.push(id)
      return new Promise<void>(resolve => void ends.push(resolve))
    }
    const schedule = createSchedule({ clock, workers: 1, run })
    for (const id of ['a', 'b', 'c']) schedule.set(id, 60_000)
    await vi.advanceTimersByTimeAsync(100)
    expect(ran).toEqual(['a'])
    expect(schedule.state()).toMatchObject({ objects: 3, running: 1, waiting: 2 })
    ends[0]?.()
    await vi.advanceTimersByTimeAsync(100)
    expect(ran).toEqual(['a', 'b'])
  })

  test('a trigger ticks out of turn, once', async () => {
    const { ran, schedule } = counting()
    schedule.set('a', 15_000)
    await vi.advanceTimersByTimeAsync(5000)
    schedule.trigger('a')
    await vi.advanceTimersByTimeAsync(5000)
    expect(ran).toHaveLength(2)
    await schedule.stop()
  })

  test('a trigger while a tick runs is not lost: another follows when that one ends', async () => {
    const ends: (() => void)[] = []
    const run = () => new Promise<void>(resolve => void ends.push(resolve))
    const schedule = createSchedule({ clock, workers: 4, run })
    schedule.set('a', 3_600_000)
    await vi.advanceTimersByTimeAsync(100)
    schedule.trigger('a')
    await vi.advanceTimersByTimeAsync(1000)
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await vi.advanceTimersByTimeAsync(100)
    expect(ends).toHaveLength(2)
    ends[1]?.()
    await vi.advanceTimersByTimeAsync(1000)
    expect(ends).toHaveLength(2)
  })

  test('a clock that is set back by an hour costs nobody more than a period', async () => {
    const ran: string[] = []
    let setBackMs = 0
    const turned = { now: () => Date.now() - setBackMs }
    const schedule = createSchedule({ clock: turned, workers: 4, run: async id => void ran.push(id) })
    schedule.set('a', 15_000)
    await vi.advanceTimersByTimeAsync(5000)
    setBackMs = 3_600_000
    await vi.advanceTimersByTimeAsync(40_000)
    expect(ran.length).toBeGreaterThanOrEqual(3)
    expect(ran.length).toBeLessThanOrEqual(5)
    await schedule.stop()
  })

  test('a period that became shorter counts from now on, not after the longer one', async () => {
    const { ran, schedule } = counting()
    schedule.set('a', 3_600_000)
    await vi.advanceTimersByTimeAsync(1000)
    schedule.set('a', 15_000)
    await vi.advanceTimersByTimeAsync(31_000)
    expect(ran.length).toBeGreaterThanOrEqual(3)
    await schedule.stop()
  })

  test('what was removed or stopped does not tick any more', async () => {
    const { ran, schedule } = counting()
    schedule.set('a', 1000)
    schedule.set('b', 1000)
    await vi.advanceTimersByTimeAsync(100)
    schedule.remove('a')
    await vi.advanceTimersByTimeAsync(5000)
    expect(ran.filter(id => id === 'a')).toHaveLength(1)
    await schedule.stop()
    const before = ran.length
    await vi.advanceTimersByTimeAsync(5000)
    expect(ran).toHaveLength(before)
  })
})
