import type { Instant } from '../model.ts'
import { HOURS_A_DAY } from './hours.ts'
import type { Sighting, Watched } from './sighting.ts'

/** The run of days that all moved one way, and how far a day usually moves. */
export interface DriftState {
  readonly day: number
  readonly last: number
  /** Usual size of a move from one day to the next, of so many moves. */
  readonly usual: number
  readonly moves: number
  /** Days in a row in one direction, from which level and since when. */
  readonly run: number
  readonly sign: number
  readonly from: number
  readonly startAt: Instant
  readonly sightings: readonly Sighting[]
}

const DAY_MS = 86_400_000
/** A week has no more than five working days to rise, or fall, in a row. */
const DAYS_IN_A_ROW = 6
const KNOWN_MOVES = 4
const FEWEST_SIGMA = 3.5
/** A drift by less is not worth telling. */
const SMALLEST_SHARE = 0.1

/**
 * A level that creeps, too slowly for any source of the score: the mean of the day has moved one way six days in a row, further than
 * days usually move by chance (a random walk of as many steps), and by a tenth at least. Told until a day goes the other way.
 */
export function watchDrift(
  before: DriftState | undefined,
  { means, at }: { readonly means: readonly number[]; readonly at: Instant },
): Watched<DriftState | undefined> {
  const day = Math.floor(at / DAY_MS)
  if (means.length < HOURS_A_DAY || day === before?.day) return told(before)
  const mean = meanOf(means.slice(-HOURS_A_DAY))
  if (before === undefined) {
    const state: DriftState = { day, last: mean, usual: 0, moves: 0, run: 0, sign: 0, from: mean, startAt: at, sightings: [] }
    return { state }
  }
  return told(moved(before, { day, at, mean }))
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

function told<T extends DriftState | undefined>(state: T): Watched<T> {
  const sighting = state?.sightings[0]
  return sighting === undefined ? { state } : { state, sighting }
}

function moved(before: DriftState, { day, at, mean }: { day: number; at: Instant; mean: number }): DriftState {
  const move = mean - before.last
  const goesOn = Math.sign(move) === before.sign && move !== 0
  const run = goesOn ? before.run + 1 : 1
  const [from, startAt] = goesOn ? [before.from, before.startAt] : [before.last, at - DAY_MS]
  const learns = run <= 2
  const weight = Math.max(1 / (before.moves + 1), 0.1)
  const usual = learns ? before.usual + weight * (Math.abs(move) - before.usual) : before.usual
  const moves = before.moves + (learns ? 1 : 0)
  const total = mean - from
  const sigma = Math.abs(total) / Math.max(1.2533 * usual * Math.sqrt(run), 1e-9 * Math.abs(from) + 1e-12)
  const isDrift = run >= DAYS_IN_A_ROW && moves >= KNOWN_MOVES && sigma >= FEWEST_SIGMA
  const isLarge = Math.abs(total) >= SMALLEST_SHARE * Math.abs(from)
  const why = `the mean of the day has ${total > 0 ? 'risen' : 'fallen'} ${run} days in a row`
  const sighting: Sighting = { kind: 'drift', startAt, sigma, value: mean, expected: from, why }
  const sightings = isDrift && isLarge ? [sighting] : []
  return { day, last: mean, usual, moves, run, sign: Math.sign(move), from, startAt, sightings }
}
