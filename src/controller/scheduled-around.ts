import type { Instant, ScheduledWindow } from '../core/model.ts'
import { scheduledWindows } from '../resources/schedule-windows.ts'
import type { Plan } from './plan.ts'

/** What the schedules of a plan say of the time around `now`; `undefined` where that is nothing. */
export type ScheduledAround = (plan: Pick<Plan, 'settings' | 'target'>, now: Instant) => readonly ScheduledWindow[] | undefined

/** Windows are worked out for an hour at a time: time zones cost more than a decision. */
const WORKED_OUT_MS = 3_600_000
/** Metrics are that old at most when they are decided on; what lies between is told to the forecaster. */
const OLDEST_MS = 600_000
/** As far ahead as a forecast is asked for, beside the start-up that decisions look across twice. */
const AHEAD_MS = 3_600_000

interface WorkedOut {
  readonly key: string
  readonly from: Instant
  readonly windows: readonly ScheduledWindow[]
}

export function createScheduledAround(): ScheduledAround {
  let last: WorkedOut | undefined
  return ({ settings: { schedules }, target }, now) => {
    if (schedules.length === 0) return
    const aheadMs = AHEAD_MS + 2 * target.startupMs
    const key = JSON.stringify([schedules, aheadMs])
    if (last?.key !== key || now >= last.from + WORKED_OUT_MS || now < last.from) {
      const range = { fromMs: now - OLDEST_MS, toMs: now + WORKED_OUT_MS + aheadMs }
      last = { key, from: now, windows: scheduledWindows(schedules, range) }
    }
    const near = last.windows.filter(({ from, to }) => to > now - OLDEST_MS && from <= now + aheadMs)
    return near.length === 0 ? undefined : near
  }
}
