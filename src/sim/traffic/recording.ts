import { CrescendoError } from '../../errors.ts'
import type { Samples } from '../../ports.ts'

/** A gap is longer than so many times the usual spacing. */
const GAP_FACTOR = 10
/** 20 million ticks are nine years at 15 s; more is a mistake in a time stamp, not a recording. */
const MAX_TICKS = 20_000_000

export interface Cut {
  readonly tickMs: number
  /** Default 10 times the median spacing. */
  readonly gapFactor?: number
}

/** How a recording falls into ticks: its grid, its usual spacing, and until when each sample holds. */
export interface Recording {
  readonly samples: Samples
  readonly tickMs: number
  readonly ticks: number
  /** Median distance of two samples. */
  readonly spacingMs: number
  /** Distances above this are gaps: what happened in them is unknown. */
  readonly gapMs: number
  /** Time until which sample `index` says something: the next sample, or one usual spacing where a gap (or the end) follows. */
  readonly holdsUntil: (index: number) => number
}

/**
 * The grid starts at the first sample and covers the last one, which holds for the usual spacing. Throws on fewer than two
 * samples (the spacing would be a guess) and on times that do not ascend.
 */
export function recordingOf(samples: Samples, { tickMs, gapFactor = GAP_FACTOR }: Cut): Recording {
  const { at } = samples
  const last = at.length - 1
  if (last < 1) {
    const found = last < 0 ? 'no sample' : 'one sample'
    throw new CrescendoError('CRS_TRACE_TOO_SHORT', `the series holds ${found}; a replay needs at least two`)
  }
  const distances = new Float64Array(last)
  for (let index = 0; index < last; index++) distances[index] = at[index + 1]! - at[index]!
  const sorted = distances.toSorted()
  if (!(sorted[0]! > 0)) throw new CrescendoError('CRS_TRACE_MALFORMED', 'the times of the series do not ascend')
  const spacingMs = sorted[last >> 1]!
  const gapMs = spacingMs * gapFactor
  const endMs = at[last]! + spacingMs
  const ticks = Math.max(1, Math.round((endMs - at[0]!) / tickMs))
  if (ticks > MAX_TICKS) throw tooLong(ticks, tickMs)
  const holdsUntil = (index: number) => (index < last && distances[index]! <= gapMs ? at[index + 1]! : at[index]! + spacingMs)
  return { samples, tickMs, ticks, spacingMs, gapMs, holdsUntil }
}

function tooLong(ticks: number, tickMs: number): CrescendoError {
  return new CrescendoError(
    'CRS_USAGE',
    `the series spans ${ticks} ticks of ${tickMs / 1000} s, at most ${MAX_TICKS} can be replayed; check its time stamps or choose a longer --tick`,
  )
}

/** Calls `visit` for every piece of a sample that lies in a tick, in order, with the length of the piece. */
export function eachPiece(recording: Recording, visit: (piece: { tick: number; index: number; lengthMs: number }) => void): void {
  const { samples, tickMs, ticks, holdsUntil } = recording
  const start = samples.at[0]!
  const piece = { tick: 0, index: 0, lengthMs: 0 }
  for (let index = 0; index < samples.at.length; index++) {
    const [from, to] = [samples.at[index]! - start, holdsUntil(index) - start]
    const lastTick = Math.min(ticks - 1, Math.ceil(to / tickMs) - 1)
    for (let tick = Math.floor(from / tickMs); tick <= lastTick; tick++) {
      piece.tick = tick
      piece.index = index
      piece.lengthMs = Math.min(to, (tick + 1) * tickMs) - Math.max(from, tick * tickMs)
      visit(piece)
    }
  }
}
