import type { Kept } from '../state.ts'
import type { Contest } from './contest.ts'
import { createRidge } from './ridge.ts'

/** An origin whose window has passed. */
export interface Matured {
  /** Where `Center.expect` was told to keep what belongs to the origin. */
  readonly slot: number
  /** The rows kept, and where the origin's begins; only where it `teaches`. */
  readonly rows: Float64Array
  readonly row: number
  readonly base: number
  /** What came, above the base. */
  readonly rise: number
  /** What was expected, and the usual distance from it. */
  readonly expected: number
  readonly deviation: number
  /** The center had been fitted when the expectation was made, and neither end lies in a gap. */
  readonly isScored: boolean
  readonly teaches: boolean
}

/** What a window model expects in the middle: the rise of the window over the load of now, in log space. */
export interface Center extends Kept {
  /** Features of a row that are its own, behind the `COMMON_WIDTH` that every center gets. */
  readonly ownWidth: number
  describeOwn(row: Float64Array): void
  /** The expectation at the newest tick, whatever it rests on kept in `slot`. Only after a fit. */
  expect(row: Float64Array, slot: number): number
  mature(matured: Matured): void
  /** What it has learnt, as `rows` rows of a series that is younger than a day. */
  lend(rows: number): CenterPrior
  /** Begins with what a center of the same kind lends, as if those rows had been its own. */
  borrow(prior: CenterPrior, rows: number): void
  /** Fits; whether there is enough to expect anything. */
  refit(): boolean
  /** Whether what it expects is a median as it stands; else the median is taken of the errors too. */
  readonly isMedian: boolean
  /** Who of several speaks, where there are several. */
  readonly contest?: Contest
}

/** Sums of rows of each regression, and the errors of the members that need no other day, in shares of the usual load. */
export interface CenterPrior {
  readonly sums: readonly Float64Array[]
  readonly errors: Float64Array
}

/** Common features that are not lent: those of other days, which a series younger than one lacks, and the load itself: it is another's. */
export const NOT_LENT: readonly number[] = [10, 11, 12, 13, 14, 15, 17]
/** Features that every center and `window-model.ts` know of. */
export const COMMON_WIDTH = 22
/** Rows fade with a time constant of eight days. */
const HOURLY_FADE = Math.exp(-1 / (24 * 8))
/** A single monster (a flash crowd, an attack that slipped through) must not bend the fit. */
const LARGEST_DEVIATIONS = 8

export const clamp = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value))

/** The mean by one ridge regression: what decisions rest on, with quantiles of its errors. */
export function createRidgeCenter(): Center {
  const mean = createRidge(COMMON_WIDTH, 1e-3)
  const fitted = new Uint8Array(1)
  return {
    ownWidth: 0,
    isMedian: false,
    part: () => mean.part(),
    lend: rows => ({ sums: [mean.lend(rows, NOT_LENT)], errors: new Float64Array() }),
    borrow: ({ sums }, rows) => mean.borrow(sums[0]!, rows),
    describeOwn: () => undefined,
    expect: row => mean.predict(row),
    mature({ rows, row, rise, expected, deviation, teaches }) {
      if (!teaches) return
      const lesson = fitted[0] === 1 ? expected + clamp(rise - expected, LARGEST_DEVIATIONS * deviation) : rise
      mean.add(rows, lesson, { from: row })
    },
    refit() {
      mean.solve()
      mean.fade(HOURLY_FADE)
      fitted[0] = mean.weight > COMMON_WIDTH * 3 ? 1 : 0
      return fitted[0] === 1
    },
  }
}
