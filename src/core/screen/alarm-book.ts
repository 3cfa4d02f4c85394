import type { Instant } from '../model.ts'
import { HOLD_OFF_MS } from './detector.ts'
import { type Episode, severityOf } from './episodes.ts'
import { type Label, thresholdFrom } from './labels.ts'
import type { Sighting, UnusualKind } from './sighting.ts'

/** An episode with what became of it. Only an alarm is told to people; the others are shown to who asks, and may be labelled. */
export interface KeptEpisode extends Omit<Episode, 'kind'> {
  readonly kind: UnusualKind
  readonly alarm: boolean
  readonly why: string
  readonly pod?: string
  readonly label?: Label
}

/** The newest episodes of one service, oldest first; JSON-safe. */
export interface AlarmBook {
  readonly episodes: readonly KeptEpisode[]
}

export const emptyBook: AlarmBook = { episodes: [] }

const MOST_EPISODES = 100
/** What was not seen for so long is over. */
const QUIET_MS = 600_000

const POINTS: readonly string[] = ['spike', 'drop', 'level shift', 'attack-like']

/** Spikes, drops and shifts are one score, so one threshold and one hold-off; every other kind is judged by itself. */
const groupOf = (kind: UnusualKind) => (POINTS.includes(kind) ? 'score' : kind)

/** The threshold of this kind of thing, as the labels of the episodes want it. */
export function alarmSigma({ episodes }: AlarmBook, kind: UnusualKind): number {
  return thresholdFrom(episodes.filter(one => groupOf(one.kind) === groupOf(kind)))
}

/** Takes in what was sighted. `alarms`: episodes that have become an alarm now; each does so once. */
export function noteSightings(
  book: AlarmBook,
  seen: { readonly at: Instant; readonly sightings: readonly Sighting[] },
): { readonly book: AlarmBook; readonly alarms: readonly KeptEpisode[] } {
  const alarms: KeptEpisode[] = []
  const episodes = [...book.episodes]
  for (const sighting of seen.sightings) {
    const isAlarm = sighting.sigma >= alarmSigma(book, sighting.kind)
    const place = episodes.findLastIndex(one => goesOn(one, sighting, seen.at))
    const before = episodes[place]
    const after = before === undefined ? opened(sighting, seen.at) : prolonged(before, sighting, seen.at)
    const kept = { ...after, alarm: isAlarm || (before?.alarm ?? false) }
    if (before === undefined) episodes.push(kept)
    else episodes[place] = kept
    if (kept.alarm && !before?.alarm) alarms.push(kept)
  }
  return { book: { episodes: episodes.slice(-MOST_EPISODES) }, alarms }
}

const goesOn = ({ kind, pod, endAt }: KeptEpisode, sighting: Sighting, at: Instant) =>
  groupOf(kind) === groupOf(sighting.kind) && pod === sighting.pod && at - endAt < HOLD_OFF_MS

function opened({ kind, startAt, sigma, value, expected, why, pod }: Sighting, at: Instant): KeptEpisode {
  const known = { kind, startAt, endAt: at, severity: severityOf(sigma), sigma, value, expected, why, alarm: false }
  return pod === undefined ? known : { ...known, pod }
}

/** It is told as it was most unusual; an attack stays one, and a spike that stays is a level shift. */
function prolonged(before: KeptEpisode, sighting: Sighting, at: Instant): KeptEpisode {
  const kind = lasting(before.kind) ?? lasting(sighting.kind)
  const { startAt, alarm, label } = before
  const peak = sighting.sigma > before.sigma ? opened(sighting, at) : before
  return { ...peak, startAt, alarm, endAt: at, kind: kind ?? peak.kind, ...(label && { label }) }
}

const lasting = (kind: UnusualKind) => (kind === 'attack-like' || kind === 'level shift' ? kind : undefined)

/** Labels every episode that began then, to the millisecond (of that kind, where one is given). `labelled`: how many. */
export function labelEpisodes(
  book: AlarmBook,
  { startAt, kind, label }: { readonly startAt: Instant; readonly kind?: UnusualKind; readonly label: Label },
): { readonly book: AlarmBook; readonly labelled: number } {
  const isMeant = (one: KeptEpisode) => Math.trunc(one.startAt) === startAt && (kind === undefined || one.kind === kind)
  const labelled = book.episodes.filter(isMeant).length
  return { book: { episodes: book.episodes.map(one => (isMeant(one) ? { ...one, label } : one)) }, labelled }
}

/** Alarms that go on: those that a person did not call false. */
export function activeAlarms({ episodes }: AlarmBook, now: Instant): readonly KeptEpisode[] {
  return episodes.filter(({ alarm, endAt, label }) => alarm && label !== 'false' && now - endAt < QUIET_MS)
}
