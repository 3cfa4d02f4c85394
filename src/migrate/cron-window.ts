import { Cron } from 'croner'

/** Occurrences that are looked at: five years of a monthly schedule, two months of a daily one. */
const OCCURRENCES = 60

/**
 * How many seconds pass from each time of `start` until the next time of `end`, by the clock on the wall; both five cron fields that
 * have a next time. `undefined` where it is not always the same: one schedule with one duration cannot say that.
 * "0 8 * * 1-5" to "0 18 * * 1-5" gives 36000; "0 8 * * *" to "0 18 * * 1-5" differs on a Saturday.
 */
export function windowSeconds(start: string, end: string): number | undefined {
  const [begins, ends] = [start, end].map(expression => new Cron(expression, { mode: '5-part', timezone: 'UTC' }))
  const reference = new Date(Date.UTC(2026, 0, 1)) // any: what is asked is whether all windows are alike
  const durations = (begins?.nextRuns(OCCURRENCES, reference) ?? []).map(at => {
    const until = ends?.nextRun(at)
    return until ? (until.getTime() - at.getTime()) / 1000 : undefined
  })
  const [first] = durations
  return durations.every(duration => duration === first) ? first : undefined
}
