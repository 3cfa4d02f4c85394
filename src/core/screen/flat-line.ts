import type { Instant } from '../model.ts'
import type { Sample, Watched } from './sighting.ts'

/** The run of equal values that goes on, and what is known of the runs before it. */
export interface FlatLineState {
  readonly value: number
  readonly startAt: Instant
  readonly run: number
  readonly longest: number
  /** Values, and repeated ones among them, of the runs that are over. */
  readonly count: number
  readonly repeats: number
}

const SILENT_FIRST = 100
const SHORTEST = 12
/** A run must be longer than that multiple of the longest before it. */
const LONGER = 3
const FEWEST_SIGMA = 5

/**
 * A stuck sensor: the value repeats exactly, three times longer than it ever did, and so often that chance explains it less than
 * five sigma. Zero is no flat line: a service may be idle, and a fall to zero is a drop.
 */
export function watchFlatLine(before: FlatLineState | undefined, { at, value, expected }: Sample): Watched<FlatLineState> {
  if (before === undefined) return { state: { value, startAt: at, run: 1, longest: 0, count: 0, repeats: 0 } }
  if (value !== before.value) return { state: afresh(before, at, value) }
  const state = { ...before, run: before.run + 1 }
  const { run, longest, count, repeats, startAt } = state
  const chance = (repeats + 1) / (count + 2)
  const sigma = Math.sqrt(-2 * (run - 1) * Math.log(chance)) // exp(-sigma^2 / 2) is the tail of a normal distribution
  if (value === 0 || count < SILENT_FIRST || run < SHORTEST || run <= LONGER * longest || sigma < FEWEST_SIGMA) return { state }
  const why = `the value ${value} has come ${run} times in a row, at most ${longest} times before`
  return { state, sighting: { kind: 'flat line', startAt, sigma, value, expected, why } }
}

function afresh({ run, longest, count, repeats }: FlatLineState, at: Instant, value: number): FlatLineState {
  return { value, startAt: at, run: 1, longest: Math.max(longest, run), count: count + run, repeats: repeats + run - 1 }
}
