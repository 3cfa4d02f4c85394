import { isAlike, type Kept, partsOf } from '../state.ts'

const LOW = -12
const BIN = 0.02
const BINS = 2400 // up to z = 36
/** Above this many exceedances the empirical quantile is trusted; beyond it an exponential tail takes over. */
const TAIL_EXCEEDANCES = 30

/** Quantiles of the standardised residuals of the newest `capacity` forecasts, in bins of 0.02. */
export interface ResidualQuantiles extends Kept {
  add(z: number): void
  /** Quantiles at the given ascending levels; beyond the data an exponential tail (mean excess) extrapolates. */
  quantiles(levels: readonly number[]): Float64Array<ArrayBuffer>
  readonly count: number
}

const FIRST_ROOM = 64
/** Filled anew for every call: quantiles are asked for once an hour, a histogram for each model would cost more than it saves. */
const counts = new Int32Array(BINS)

export function createResidualQuantiles(capacity: number): ResidualQuantiles {
  let bins = new Uint16Array(Math.min(FIRST_ROOM, capacity))
  let added = 0
  const grow = () => {
    const grown = new Uint16Array(Math.min(capacity, 2 * bins.length))
    grown.set(bins)
    bins = grown
  }
  const count = () => Math.min(added, capacity)
  const part = () =>
    partsOf({
      added: {
        save: () => added,
        load: state => {
          if (typeof state !== 'number' || !Number.isSafeInteger(state) || state < 0) return false
          added = state
          return true
        },
      },
      bins: {
        save: () => bins.slice(0, count()),
        load: state => {
          if (!isAlike(state, bins) || state.length !== count()) return false
          while (bins.length < state.length) grow()
          bins.set(state)
          return true
        },
      },
    })
  return {
    part,
    get count() {
      return count()
    },
    add(z) {
      if (added >= bins.length && bins.length < capacity) grow()
      bins[added % bins.length] = Math.max(0, Math.min(BINS - 1, Math.floor((z - LOW) / BIN)))
      added += 1
    },
    quantiles(levels) {
      const total = count()
      counts.fill(0)
      for (let i = 0; i < total; i++) counts[bins[i]!]! += 1
      return walk(counts, total, levels)
    },
  }
}

/** Walks down from the top bin, so that the extreme levels, which matter, are found first. */
function walk(counts: Int32Array, total: number, levels: readonly number[]): Float64Array<ArrayBuffer> {
  const found = new Float64Array(levels.length)
  const tail = tailOf(counts, total)
  let bin = BINS
  let above = 0
  for (let i = levels.length - 1; i >= 0; i--) {
    const share = (1 - levels[i]!) * total
    if (share < tail.exceedances) {
      found[i] = tail.from + tail.meanExcess * Math.log(tail.exceedances / share)
      continue
    }
    while (bin > 0 && above + counts[bin - 1]! < share) {
      bin -= 1
      above += counts[bin]!
    }
    found[i] = LOW + bin * BIN
  }
  return found
}

/** Where the exponential tail begins and its mean excess (the maximum-likelihood scale of an exponential). */
function tailOf(counts: Int32Array, total: number): { from: number; exceedances: number; meanExcess: number } {
  const wanted = Math.min(TAIL_EXCEEDANCES, total * 0.5)
  let [bin, above, sum] = [BINS, 0, 0]
  while (bin > 0 && above < wanted) {
    bin -= 1
    above += counts[bin]!
    sum += counts[bin]! * (LOW + (bin + 0.5) * BIN)
  }
  const from = LOW + bin * BIN
  return { from, exceedances: above, meanExcess: above === 0 ? 0 : Math.max(BIN, sum / above - from) }
}
