import type { Instant } from '../model.ts'
import { HOURS_A_DAY } from './hours.ts'
import type { Sighting, Watched } from './sighting.ts'

/** How alike two days in a row usually are. */
export interface PeriodicityState {
  readonly usual: number
  readonly count: number
  readonly lostSince?: Instant
  readonly sightings: readonly Sighting[]
}

/** Three days of comparisons before anything is said. */
const SILENT_FIRST = 3 * HOURS_A_DAY
const MEMORY_HOURS = 14 * HOURS_A_DAY
/** A series whose days are less alike has no shape to lose. */
const ALIKE = 0.7
const LOST = 0.2
/** While nobody is told yet, it is back from there on; once told from the other on: chance alone makes days a little alike. */
const RECOVERED = 0.4
const FOUND = 0.6
/** A Sunday is unlike the Monday after it, for some hours of a window of 24. */
const SUSTAINED_MS = 18 * 3_600_000
const RELEASE_MS = 7 * 86_400_000

export const unknownPeriodicity: PeriodicityState = { usual: 0, count: 0, sightings: [] }

/**
 * The shape of the day is gone: the last 24 hourly means were usually like the 24 before them (rank correlation of at least 0.7), and
 * are no longer (below 0.2), for 18 hours. Ranks, so one giant spike does not count as a lost shape. After a week the new life is the usual one. A weekday whose
 * shape is the opposite of its neighbours (an office tool on Sunday against Monday) is told though it comes every week.
 */
export function watchPeriodicity(
  before: PeriodicityState,
  { means, at }: { readonly means: readonly number[]; readonly at: Instant },
): Watched<PeriodicityState> {
  if (means.length < 2 * HOURS_A_DAY) return { state: { usual: before.usual, count: before.count, sightings: [] } }
  const alike = rankCorrelation(means.slice(-HOURS_A_DAY), means.slice(-2 * HOURS_A_DAY, -HOURS_A_DAY))
  const { usual, count } = before
  const lostSince = before.lostSince ?? at
  const isLost = count >= SILENT_FIRST && usual >= ALIKE && alike < limitOf(before, at)
  if (isLost && at - lostSince < RELEASE_MS) {
    if (at - lostSince < SUSTAINED_MS) return { state: { usual, count, lostSince, sightings: [] } }
    const sighting = tell({ alike, usual, startAt: lostSince })
    return { state: { usual, count, lostSince, sightings: [sighting] }, sighting }
  }
  if (isLost) return { state: unknownPeriodicity }
  const weight = Math.max(1 / (count + 1), 1 / MEMORY_HOURS)
  return { state: { usual: usual + weight * (alike - usual), count: count + 1, sightings: [] } }
}

function limitOf({ lostSince }: PeriodicityState, at: Instant): number {
  if (lostSince === undefined) return LOST
  return at - lostSince < SUSTAINED_MS ? RECOVERED : FOUND
}

function tell({ alike, usual, startAt }: { alike: number; usual: number; startAt: Instant }): Sighting {
  // Fisher's z: its deviation is 1 / sqrt(n - 3).
  const fisher = (correlation: number) => Math.atanh(Math.max(-0.99, Math.min(0.99, correlation)))
  const sigma = (fisher(usual) - fisher(alike)) * Math.sqrt(HOURS_A_DAY - 3)
  const why = `the last day is like the day before by ${alike.toFixed(2)}, usually by ${usual.toFixed(2)} (rank correlation)`
  return { kind: 'lost periodicity', startAt, sigma, value: alike, expected: usual, why }
}

/** Spearman's; 0 where one of them never moves. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)]
  const middle = (a.length - 1) / 2
  let [cross, left, right] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [x[i]! - middle, y[i]! - middle]
    cross += p * q
    left += p * p
    right += q * q
  }
  return left === 0 || right === 0 ? 0 : cross / Math.sqrt(left * right)
}

/** From 0; equal values share the mean of their places. */
function ranks(values: readonly number[]): readonly number[] {
  return values.map(value => {
    const below = values.filter(other => other < value).length
    const equal = values.filter(other => other === value).length
    return below + (equal - 1) / 2
  })
}
