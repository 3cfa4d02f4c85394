import { isViolated, neededReplicas } from '../load.ts'

/** A thinned line: seconds since `from` and values, equally long; `undefined` lifts the pen. */
export interface Line {
  readonly seconds: readonly number[]
  readonly values: readonly (number | undefined)[]
}

/** A stretch of violation: seconds since the start of the page's axis, and the most replicas that were missing in it. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly missing: number
}

/**
 * Keeps of every bucket of ticks its lowest and its highest value, in the order in which they came, and one gap where the
 * bucket has only gaps. At most `2 * buckets` points come out, and no peak is lost. Short columns pass through unchanged.
 */
export function thinLine(
  column: { readonly at: ArrayLike<number>; readonly value: ArrayLike<number | undefined> },
  buckets: number,
): Line {
  const { at, value } = column
  const from = at[0] ?? 0
  const seconds: number[] = []
  const values: (number | undefined)[] = []
  const size = at.length > 2 * buckets ? at.length / buckets : 1
  for (let first = 0; first < at.length; first += size) {
    for (const index of extremes(value, Math.floor(first), Math.min(at.length, Math.floor(first + size)))) {
      seconds.push(Math.round((at[index]! - from) / 1000))
      values.push(value[index])
    }
  }
  return { seconds, values }
}

/** Indices of the lowest and the highest value in [first, end), in order of time; the first index where there is no value. */
function extremes(value: ArrayLike<number | undefined>, first: number, end: number): readonly number[] {
  const known = []
  for (let index = first; index < end; index++) if (value[index] !== undefined) known.push(index)
  if (known.length === 0) return first < end ? [first] : []
  const low = known.reduce((best, index) => (value[index]! < value[best]! ? index : best))
  const high = known.reduce((best, index) => (value[index]! > value[best]! ? index : best))
  return low === high ? [low] : [Math.min(low, high), Math.max(low, high)]
}

/**
 * Replica counts as steps: only the ticks where the count changes, exact, as long as there are at most `most` of them;
 * else lowest and highest of each bucket. The last tick is always there, so that the line reaches the end.
 */
export function thinSteps(column: { readonly at: ArrayLike<number>; readonly value: ArrayLike<number> }, most: number): Line {
  const { at, value } = column
  const from = at[0] ?? 0
  const seconds: number[] = []
  const values: number[] = []
  for (let index = 0; index < at.length; index++) {
    if (index > 0 && index < at.length - 1 && value[index] === value[index - 1]) continue
    if (seconds.length === most) return thinLine(column, Math.max(1, Math.floor(most / 2)))
    seconds.push(Math.round((at[index]! - from) / 1000))
    values.push(value[index]!)
  }
  return { seconds, values }
}

/**
 * Every stretch in which the load exceeds ready x capacity, from `scoredFrom` on. More than `most` stretches are joined over
 * the shortest pauses between them, so a violation can grow on the page but never vanish.
 */
export function violationStretches(
  run: {
    readonly at: ArrayLike<number>
    readonly load: ArrayLike<number | undefined>
    readonly ready: ArrayLike<number>
    readonly capacityPerReplica: number
    readonly tickSeconds: number
    readonly scoredFrom: number
  },
  most: number,
): readonly Stretch[] {
  const stretches: { from: number; to: number; missing: number }[] = []
  const start = run.at[0] ?? 0
  for (let index = 0; index < run.at.length; index++) {
    const [at, load, ready] = [run.at[index]!, run.load[index], run.ready[index]!]
    if (at < run.scoredFrom || load === undefined || !isViolated(load, ready, run.capacityPerReplica)) continue
    const from = Math.round((at - start) / 1000)
    const missing = neededReplicas(load, run.capacityPerReplica) - ready
    const last = stretches.at(-1)
    if (last !== undefined && from <= last.to) {
      last.to = from + run.tickSeconds
      last.missing = Math.max(last.missing, missing)
    } else stretches.push({ from, to: from + run.tickSeconds, missing })
  }
  return stretches.length <= most ? stretches : joinNearest(stretches, most)
}

function joinNearest(stretches: readonly Stretch[], most: number): readonly Stretch[] {
  const pauses = stretches.slice(1).map((stretch, index) => stretch.from - stretches[index]!.to)
  const limit = pauses.toSorted((a, b) => b - a)[most - 1] ?? Number.POSITIVE_INFINITY
  const joined: { from: number; to: number; missing: number }[] = [{ ...stretches[0]! }]
  for (const [index, stretch] of stretches.slice(1).entries()) {
    const last = joined.at(-1)!
    if (pauses[index]! > limit) joined.push({ ...stretch })
    else {
      last.to = stretch.to
      last.missing = Math.max(last.missing, stretch.missing)
    }
  }
  return joined
}
