import { isAlike, type Kept } from '../state.ts'
import { createBinQueue } from './bin-queue.ts'

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

/** Filled anew for every call: quantiles are asked for once an hour, a histogram for each model would cost more than it saves. */
const counts = new Int32Array(BINS)
let unpacked = new Uint16Array()

export function createResidualQuantiles(capacity: number): ResidualQuantiles {
  const bins = createBinQueue()
  const part = () => ({
    save: () => {
      const saved = new Uint16Array(bins.length)
      bins.copyTo(saved)
      return saved
    },
    load: (state: unknown) => {
      if (!isAlike(state, new Uint16Array()) || state.length > capacity || state.some(bin => bin >= BINS)) return false
      bins.clear()
      for (const bin of state) bins.push(bin)
      return true
    },
  })
  return {
    part,
    get count() {
      return bins.length
    },
    add(z) {
      if (bins.length === capacity) bins.shift()
      bins.push(Math.max(0, Math.min(BINS - 1, Math.floor((z - LOW) / BIN))))
    },
    quantiles(levels) {
      const total = bins.length
      if (unpacked.length < total) unpacked = new Uint16Array(2 * total)
      bins.copyTo(unpacked)
      counts.fill(0)
      for (let i = 0; i < total; i++) counts[unpacked[i]!]! += 1
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
