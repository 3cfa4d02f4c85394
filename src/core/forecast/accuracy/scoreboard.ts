import { QUANTILES } from '../../model.ts'
import type { Kept } from '../../state.ts'
import type { HorizonAccuracy } from './accuracy.ts'
import { createDays } from './days.ts'

/** A median's neighbours at the time when it falls due. */
export interface Due {
  readonly actual: number
  /** The newest value when the forecast was made. */
  readonly lastValue: number
  /** The value a day before `actual`; absent where that is not known. */
  readonly dayBefore?: number
}

/** Sums of errors by day and horizon: a week of them is all that is remembered. */
export interface Scoreboard extends Kept {
  /** `day`: days since the epoch; a new one forgets the oldest. `horizon`: place in the list of them. */
  score(place: { readonly day: number; readonly horizon: number }, quantiles: ArrayLike<number>, due: Due): void
  /** As of `day`, which forgets what is older than a week. */
  accuracy(day: number): readonly HorizonAccuracy[]
}

const DAYS = 7
const LEVELS = QUANTILES.length
/** Places of the sums of one day and horizon. */
const [COUNT, ERROR, LOAD, SIGNED, NAIVE, PAIRED_ERROR, SEASONAL, PINBALL] = [0, 1, 2, 3, 4, 5, 6, 7] as const
const COVERED = PINBALL + LEVELS
const WIDTH = COVERED + LEVELS

/** Pinball loss (Koenker & Bassett 1978) of a quantile at `level`; load units. */
export function pinballLoss(level: number, quantile: number, actual: number): number {
  return actual >= quantile ? level * (actual - quantile) : (1 - level) * (quantile - actual)
}

export function createScoreboard(horizonsSeconds: readonly number[]): Scoreboard {
  const dayWidth = horizonsSeconds.length * WIDTH
  const sums = new Float64Array(DAYS * dayWidth)
  const days = createDays(sums, DAYS)

  const total = (horizon: number) => {
    const own = new Float64Array(WIDTH)
    for (let start = horizon * WIDTH; start < sums.length; start += dayWidth)
      for (let i = 0; i < WIDTH; i++) own[i]! += sums[start + i]!
    return own
  }
  return {
    part: () => days.part(),
    score({ day, horizon }, quantiles, { actual, lastValue, dayBefore }) {
      days.reach(day)
      const own = sums.subarray(days.startOf(day) + horizon * WIDTH, days.startOf(day) + (horizon + 1) * WIDTH)
      const error = quantiles[0]! - actual
      own[COUNT]! += 1
      own[ERROR]! += Math.abs(error)
      own[LOAD]! += Math.abs(actual)
      own[SIGNED]! += error
      own[NAIVE]! += Math.abs(actual - lastValue)
      if (dayBefore !== undefined) {
        own[PAIRED_ERROR]! += Math.abs(error)
        own[SEASONAL]! += Math.abs(actual - dayBefore)
      }
      for (let i = 0; i < LEVELS; i++) {
        own[PINBALL + i]! += pinballLoss(QUANTILES[i]!, quantiles[i]!, actual)
        own[COVERED + i]! += actual <= quantiles[i]! ? 1 : 0
      }
    },
    accuracy(day) {
      days.reach(day)
      return horizonsSeconds.flatMap((seconds, horizon) => {
        const own = total(horizon)
        return own[COUNT]! === 0 ? [] : [told(own, seconds)]
      })
    },
  }
}

function told(own: Float64Array, horizonSeconds: number): HorizonAccuracy {
  const ratio = (name: string, above: number, below: number) => (below > 0 ? { [name]: above / below } : {})
  const count = own[COUNT]!
  const shares = (from: number) => Array.from(own.subarray(from, from + LEVELS), sum => sum / count)
  return {
    horizonSeconds,
    count,
    ...ratio('mase', own[PAIRED_ERROR]!, own[SEASONAL]!),
    ...ratio('overNaive', own[ERROR]!, own[NAIVE]!),
    ...ratio('wape', own[ERROR]!, own[LOAD]!),
    ...ratio('bias', own[SIGNED]!, own[LOAD]!),
    pinball: shares(PINBALL),
    coverage: shares(COVERED),
  }
}
