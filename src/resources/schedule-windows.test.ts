import { describe, expect, test } from 'vitest'
import { nextWindows, scheduledWindows } from './schedule-windows.ts'
import type { Schedule } from './settings.ts'

const floor = (said: Partial<Schedule>): Schedule => ({ name: 'floor', durationSeconds: 3600, minReplicas: 20, ...said })
const told = (windows: readonly { readonly from: number; readonly to: number }[]) =>
  windows.map(({ from, to }) => `${new Date(from).toISOString().slice(0, 16)} ${new Date(to).toISOString().slice(0, 16)}`)
const windowsOf = (schedule: Schedule, from: string, to: string) =>
  told(scheduledWindows([schedule], { fromMs: Date.parse(from), toMs: Date.parse(to) }))

const nights = floor({ cron: '0 22 * * *', timeZone: 'Europe/Stockholm', durationSeconds: 8 * 3600 })

describe('when schedules are on', () => {
  test('business hours are on workdays, in winter and in summer by the clock on the wall', () => {
    const hours = floor({ cron: '0 8 * * 1-5', timeZone: 'Europe/Stockholm', durationSeconds: 36_000 })
    expect(windowsOf(hours, '2026-11-26T00:00Z', '2026-11-30T12:00Z')).toEqual([
      '2026-11-26T07:00 2026-11-26T17:00',
      '2026-11-27T07:00 2026-11-27T17:00',
      '2026-11-30T07:00 2026-11-30T17:00',
    ])
    expect(windowsOf(hours, '2026-07-01T00:00Z', '2026-07-01T12:00Z')).toEqual(['2026-07-01T06:00 2026-07-01T16:00'])
  })

  test('a night ends at six when clocks go forward in it, after seven hours', () => {
    expect(windowsOf(nights, '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toEqual(['2026-03-28T21:00 2026-03-29T04:00'])
  })

  test('a night ends at six when clocks go back in it, after nine hours', () => {
    expect(windowsOf(nights, '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual(['2026-10-24T20:00 2026-10-25T05:00'])
  })

  test('half past two happens once in each of these nights: at half past three, and the first time', () => {
    const job = floor({ cron: '30 2 * * *', timeZone: 'Europe/Stockholm', durationSeconds: 600 })
    expect(windowsOf(job, '2026-03-28T12:00Z', '2026-03-29T12:00Z')).toHaveLength(1)
    expect(windowsOf(job, '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual(['2026-10-25T00:30 2026-10-25T00:40'])
  })

  test('a window that began before the range is told, one that ended is not', () => {
    expect(windowsOf(nights, '2026-11-26T03:00Z', '2026-11-26T03:01Z')).toEqual(['2026-11-25T21:00 2026-11-26T05:00'])
    expect(windowsOf(nights, '2026-11-26T05:00Z', '2026-11-26T12:00Z')).toEqual([])
  })

  test('one that is there once, with its own offset', () => {
    const drop = floor({ start: '2026-12-04T23:45:00+01:00', durationSeconds: 7200 })
    expect(windowsOf(drop, '2026-12-04T00:00Z', '2026-12-06T00:00Z')).toEqual(['2026-12-04T22:45 2026-12-05T00:45'])
  })

  test('holidays begin at midnight there, and neighbours are one window', () => {
    const dates = ['2026-12-24', '2026-12-25', '2026-12-31']
    const holidays = floor({ dates, timeZone: 'Europe/Stockholm', durationSeconds: 86_400 })
    expect(windowsOf(holidays, '2026-12-01T00:00Z', '2027-01-02T00:00Z')).toEqual([
      '2026-12-23T23:00 2026-12-25T23:00',
      '2026-12-30T23:00 2026-12-31T23:00',
    ])
  })

  test('a schedule that repeats leaves its exceptions out, also where the one before lasts long', () => {
    const hours = floor({ cron: '0 8 * * *', exceptDates: ['2026-12-25', '2026-12-26'] })
    expect(windowsOf(hours, '2026-12-24T00:00Z', '2026-12-27T23:00Z')).toEqual([
      '2026-12-24T08:00 2026-12-24T09:00',
      '2026-12-27T08:00 2026-12-27T09:00',
    ])
    const long = { ...hours, durationSeconds: 60 * 3600 }
    expect(windowsOf(long, '2026-12-26T12:00Z', '2026-12-26T13:00Z')).toEqual(['2026-12-24T08:00 2026-12-26T20:00'])
  })

  test('one every minute that lasts an hour is one window', () => {
    const always = floor({ cron: '* * * * *' })
    expect(scheduledWindows([always], { fromMs: 0, toMs: 3_600_000 })).toHaveLength(1)
  })

  test('the next ones, however far away, and fewer where there are no more', () => {
    const now = Date.UTC(2026, 10, 26, 6)
    expect(told(nextWindows(nights, now, 2))).toEqual(['2026-11-26T21:00 2026-11-27T05:00', '2026-11-27T21:00 2026-11-28T05:00'])
    const leap = floor({ cron: '0 0 29 2 *' })
    expect(told(nextWindows(leap, now, 1))).toEqual(['2028-02-29T00:00 2028-02-29T01:00'])
    expect(nextWindows(floor({ start: '2020-01-01T00:00:00Z' }), now, 3)).toEqual([])
  })
})
