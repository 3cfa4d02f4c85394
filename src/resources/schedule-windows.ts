import { Cron } from 'croner'
import type { Instant, ScheduledWindow } from '../core/model.ts'
import type { ResourceDocument } from './documents.ts'
import { plainSchedule, type Schedule } from './settings.ts'

const UTC = 'UTC'
/** Occurrences of one schedule that are looked at in one range: a week of one each minute. */
const MOST_OCCURRENCES = 10_080

/**
 * The windows of `schedules` that reach into the range, by when they begin. Windows of a cron or of dates end by the clock on the
 * wall of their time zone: 22:00 and eight hours are over at 06:00, in the two nights too in which clocks change. A time that clocks
 * skip is the same distance from midnight, one that comes twice is meant the first time. Occurrences of one schedule that
 * overlap or touch are one window. Later than `MOST_OCCURRENCES` occurrences nothing is looked at: ranges are hours or days.
 */
export function scheduledWindows(
  schedules: readonly Schedule[],
  range: { readonly fromMs: Instant; readonly toMs: Instant },
): readonly ScheduledWindow[] {
  const windows = schedules.flatMap(schedule => {
    const { name, minReplicas, maxReplicas, expectedLoadFactor } = schedule
    return joined(spansOf(schedule, range)).map(span => ({
      name,
      ...span,
      ...(minReplicas !== undefined && { minReplicas }),
      ...(maxReplicas !== undefined && { maxReplicas }),
      ...(expectedLoadFactor !== undefined && { expectedLoadFactor }),
    }))
  })
  return windows.filter(({ from, to }) => to > range.fromMs && from <= range.toMs).toSorted((a, b) => a.from - b.from)
}

/** The next `count` windows of a schedule that are not over at `now`; fewer where there are no more. */
export function nextWindows(schedule: Schedule, now: Instant, count: number): readonly ScheduledWindow[] {
  const found: ScheduledWindow[] = []
  // Ever longer looks: what repeats does so within days mostly, and some schedules come once in four years.
  for (let days = 8; days <= 8 * 366 && found.length < count; days *= 3) {
    found.splice(0, found.length, ...scheduledWindows([schedule], { fromMs: now, toMs: now + days * DAY_MS }))
  }
  return found.slice(0, count)
}

/** The schedules that a document states, or states as a default. */
export function schedulesIn(document: ResourceDocument): readonly Schedule[] {
  if (document.kind === 'HorizontalPodAutoscaler') return (document.spec.schedules ?? []).map(plainSchedule)
  if (document.kind === 'ScalingPolicy') return (document.spec.defaults?.schedules ?? []).map(plainSchedule)
  return []
}

interface Span {
  readonly from: Instant
  readonly to: Instant
}

const DAY_MS = 86_400_000

function spansOf(schedule: Schedule, { fromMs, toMs }: { readonly fromMs: Instant; readonly toMs: Instant }): readonly Span[] {
  const { cron, start, dates, timeZone = UTC, durationSeconds, exceptDates = [] } = schedule
  const spanFrom = (from: Instant): Span => ({ from, to: wallClockEnd(from, durationSeconds * 1000, timeZone) })
  if (start !== undefined) {
    const from = Date.parse(start)
    return [{ from, to: from + durationSeconds * 1000 }]
  }
  if (dates !== undefined) return dates.flatMap(date => midnightOf(date, timeZone) ?? []).map(spanFrom)
  if (cron === undefined) return []
  // Whatever began earlier than the last one is over before it, or is one window with it; unless that one is an exception.
  const before = 1 + exceptDates.length
  const begins = beginningsOf(new Cron(cron, { mode: '5-part', timezone: timeZone }), { fromMs, toMs, before })
  return begins.filter(from => !exceptDates.includes(dateIn(from, timeZone))).map(spanFrom)
}

interface Asked {
  readonly fromMs: Instant
  readonly toMs: Instant
  /** How many that began before. */
  readonly before: number
}

/** Those before the range that may last into it, and those in it. */
function beginningsOf(cron: Cron, { fromMs, toMs, before }: Asked): readonly Instant[] {
  const found: Instant[] = []
  for (const at of cron.previousRuns(before, new Date(fromMs)).toReversed()) found.push(at.getTime())
  let next = cron.nextRun(new Date(fromMs))
  while (next !== null && next.getTime() <= toMs && found.length < MOST_OCCURRENCES) {
    found.push(next.getTime())
    next = cron.nextRun(next)
  }
  return found
}

function midnightOf(date: string, timeZone: string): Instant | undefined {
  return new Cron(`${date}T00:00:00`, { timezone: timeZone }).nextRun(new Date(0))?.getTime()
}

/** "2026-12-25", the date of `at` there. */
function dateIn(at: Instant, timeZone: string): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(at)
}

function wallClockEnd(from: Instant, durationMs: number, timeZone: string): Instant {
  const to = from + durationMs
  return to + offsetMs(from, timeZone) - offsetMs(to, timeZone)
}

/** How far the clocks there are ahead of UTC: "GMT+02:00", or "GMT" alone. */
function offsetMs(at: Instant, timeZone: string): number {
  if (timeZone === UTC) return 0
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' }).formatToParts(at)
  const [, sign = '+', hours = '0', minutes = '0'] =
    /^GMT([+-])(\d+):(\d+)/.exec(parts.find(({ type }) => type === 'timeZoneName')?.value ?? '') ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000
}

function joined(spans: readonly Span[]): readonly Span[] {
  const found: Span[] = []
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1)
    if (last === undefined || span.from > last.to) found.push(span)
    else if (span.to > last.to) found[found.length - 1] = { from: last.from, to: span.to }
  }
  return found
}
