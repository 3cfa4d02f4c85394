import { type Kept, partsOf } from '../state.ts'

/** What was read at about one load per replica. */
export interface CurvePoint {
  /** Mean load per ready replica. */
  readonly load: number
  /** What nine of ten readings stay within, as a share of the objective's threshold: above 1 it is missed. */
  readonly ratio: number
  /** Minutes that it rests on; older ones count less. */
  readonly minutes: number
}

/** Readings of one objective by load per replica, in bounded memory: counts by bins of both. */
export interface LoadCurve extends Kept {
  note(sample: { readonly load: number; readonly ratio: number; readonly minutes: number }): void
  /** Ascending loads, each with five minutes at least; fewer minutes than that give nothing. */
  points(): readonly CurvePoint[]
  minutes(): number
  /** Lets what was noted count less: 0.85 keeps 85 % of its weight, 0 forgets it. */
  fade(share: number): void
  /** Takes over what `other` has noted. */
  take(other: LoadCurve): void
  readonly counts: Float32Array
  readonly loads: Float32Array
}

/** Loads from an eighth of the written capacity to four times it, in steps of 6 %; what is beyond counts at the ends. */
const LOAD_BINS = 60
const LOAD_STEP = Math.log(1.06)
const LOWEST_LOAD = 1 / 8
/** Readings from a sixteenth of the threshold to eight times it, in sixths of a doubling. */
const RATIO_BINS = 42
const RATIO_STEP = Math.LN2 / 6
const LOWEST_RATIO = 1 / 16
/** Readings above are taken for that. */
export const HIGHEST_RATIO = LOWEST_RATIO * Math.exp(RATIO_BINS * RATIO_STEP)

const LEVEL = 0.9
const LEAST_MINUTES = 5

export function createLoadCurve(unit: number): LoadCurve {
  const counts = new Float32Array(LOAD_BINS * RATIO_BINS)
  const loads = new Float32Array(LOAD_BINS)
  return {
    counts,
    loads,
    part: () => partsOf({ counts, loads }),
    note({ load, ratio, minutes }) {
      const bin = binOf(load / unit / LOWEST_LOAD, LOAD_STEP, LOAD_BINS)
      counts[bin * RATIO_BINS + binOf(ratio / LOWEST_RATIO, RATIO_STEP, RATIO_BINS)]! += minutes
      loads[bin]! += load * minutes
    },
    points: () => pointsOf(counts, loads),
    minutes: () => sum(counts),
    fade(share) {
      for (let i = 0; i < counts.length; i++) counts[i]! *= share
      for (let i = 0; i < loads.length; i++) loads[i]! *= share
    },
    take(other) {
      for (let i = 0; i < counts.length; i++) counts[i]! += other.counts[i]!
      for (let i = 0; i < loads.length; i++) loads[i]! += other.loads[i]!
    },
  }
}

/** Everything at or below 1 falls into the first bin. */
function binOf(relative: number, step: number, bins: number): number {
  return relative <= 1 ? 0 : Math.min(bins - 1, Math.floor(Math.log(relative) / step))
}

const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0)

/** Neighbouring bins together, until they hold enough minutes; what is left at the top joins the last of them. */
function pointsOf(counts: Float32Array, loads: Float32Array): readonly CurvePoint[] {
  const groups: Group[] = []
  let open = emptyGroup()
  for (let bin = 0; bin < LOAD_BINS; bin++) {
    open = joined(open, { load: loads[bin]!, ratios: counts.subarray(bin * RATIO_BINS, (bin + 1) * RATIO_BINS) })
    if (open.minutes < LEAST_MINUTES) continue
    groups.push(open)
    open = emptyGroup()
  }
  const last = groups.pop()
  if (last !== undefined) groups.push(joined(last, open))
  return groups.map(({ load, ratios, minutes }) => ({ load: load / minutes, ratio: quantileOf(ratios, minutes), minutes }))
}

interface Group {
  readonly load: number
  readonly ratios: Float32Array
  readonly minutes: number
}

const emptyGroup = (): Group => ({ load: 0, ratios: new Float32Array(RATIO_BINS), minutes: 0 })

function joined(group: Group, { load, ratios }: Omit<Group, 'minutes'>): Group {
  return {
    load: group.load + load,
    ratios: group.ratios.map((count, i) => count + ratios[i]!),
    minutes: group.minutes + sum(ratios),
  }
}

/** Within its bin the quantile is found by interpolation. */
function quantileOf(ratios: Float32Array, minutes: number): number {
  let left = LEVEL * minutes
  let bin = 0
  while (bin < RATIO_BINS - 1 && left > ratios[bin]!) left -= ratios[bin++]!
  const within = ratios[bin]! > 0 ? Math.min(1, left / ratios[bin]!) : 1
  return LOWEST_RATIO * Math.exp((bin + within) * RATIO_STEP)
}
