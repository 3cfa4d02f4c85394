import type { Instant } from '../model.ts'
import type { Sample, Sighting, Watched } from './sighting.ts'

/** Steps between values, in blocks, and what is known of the blocks before: mean and variance of the logarithm of the mean step. */
export interface VarianceState {
  readonly last: number
  readonly block: { readonly startAt: Instant; readonly count: number; readonly sum: number }
  readonly firstAt: Instant
  readonly blocks: number
  readonly mean: number
  readonly variance: number
  /** Unusual blocks in a row, and when the first of them began. */
  readonly odd: number
  readonly oddSince: Instant
  /** A list of one, or empty. */
  readonly sightings: readonly Sighting[]
}

const BLOCK = 30
const DAY_MS = 86_400_000
const SILENT_BLOCKS = 20
const MEMORY_BLOCKS = 500
const FEWEST_SIGMA = 4
const SMALLEST_DEVIATION = 0.1
/** A change by less is no change that anybody acts on. */
const FACTOR = 2.5
const IN_A_ROW = 2

/**
 * The load has become rougher or smoother: the mean step from one value to the next, over blocks of 30 values, is 2.5 times the
 * usual, or less than its 2.5th part, and four deviations of its logarithm away, in two blocks running. Steps know neither level nor the shape of the day.
 * Silent for the first day; the new roughness is learnt slowly, so a change that stays becomes usual.
 */
export function watchVariance(before: VarianceState | undefined, { at, value }: Sample): Watched<VarianceState> {
  if (before === undefined) return { state: begin(at, value) }
  const { startAt, count, sum } = before.block
  const block = { startAt, count: count + 1, sum: sum + Math.abs(value - before.last) }
  const moved = { ...before, last: value, block }
  const state = block.count < BLOCK ? moved : closed(moved, at)
  const sighting = state.sightings[0]
  return sighting === undefined ? { state } : { state, sighting }
}

function begin(at: Instant, value: number): VarianceState {
  const block = { startAt: at, count: 0, sum: 0 }
  return { last: value, block, firstAt: at, blocks: 0, mean: 0, variance: 0, odd: 0, oddSince: at, sightings: [] }
}

function closed(state: VarianceState, at: Instant): VarianceState {
  const { block, blocks, mean, variance, firstAt } = state
  const next = { ...state, block: { startAt: at, count: 0, sum: 0 } }
  if (block.sum === 0) return { ...next, odd: 0, sightings: [] } // a flat line is told as such
  const size = Math.log(block.sum / BLOCK)
  const deviation = Math.max(Math.sqrt(variance), SMALLEST_DEVIATION)
  const away = size - mean
  const isOdd = Math.abs(away) >= Math.max(Math.log(FACTOR), FEWEST_SIGMA * deviation)
  const isKnown = blocks >= SILENT_BLOCKS && at - firstAt >= DAY_MS
  const weight = 1 / Math.min(blocks + 1, MEMORY_BLOCKS)
  const step = isKnown ? Math.max(-3 * deviation, Math.min(3 * deviation, away)) : away
  const learnt = { blocks: blocks + 1, mean: mean + weight * step, variance: (1 - weight) * (variance + weight * step * step) }
  if (!isKnown || !isOdd) return { ...next, ...learnt, odd: 0, sightings: [] }
  const odd = state.odd + 1
  const oddSince = state.odd === 0 ? block.startAt : state.oddSince
  const sighting = tell({ startAt: oddSince, value: Math.exp(size), expected: Math.exp(mean), sigma: Math.abs(away) / deviation })
  return { ...next, ...learnt, odd, oddSince, sightings: odd >= IN_A_ROW ? [sighting] : [] }
}

function tell(seen: Pick<Sighting, 'startAt' | 'value' | 'expected' | 'sigma'>): Sighting {
  const times = (seen.value / seen.expected).toFixed(1)
  return { kind: 'change of variance', ...seen, why: `the mean step between values is ${times} times the usual` }
}
