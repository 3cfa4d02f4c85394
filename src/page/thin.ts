/** A thinned line: seconds since the start of the chart, and values, equally long; `undefined` lifts the pen. */
export interface Line {
  readonly seconds: readonly number[]
  readonly values: readonly (number | undefined)[]
}

/** Times in milliseconds since the epoch, ascending, and a value each. */
export interface Column {
  readonly at: ArrayLike<number>
  readonly value: ArrayLike<number | undefined>
}

/**
 * Keeps of every bucket of ticks its lowest and its highest value, in the order in which they came, and one gap where the
 * bucket has only gaps. At most `2 * buckets` points come out, and no peak is lost. Short columns pass through unchanged.
 * Seconds count from `from`, by default the first time of the column; they are exact to the millisecond.
 */
export function thinLine({ at, value }: Column, buckets: number, from: number = at[0] ?? 0): Line {
  const seconds: number[] = []
  const values: (number | undefined)[] = []
  const size = at.length > 2 * buckets ? at.length / buckets : 1
  for (let first = 0; first < at.length; first += size) {
    for (const index of extremes(value, Math.floor(first), Math.min(at.length, Math.floor(first + size)))) {
      seconds.push(Math.round(at[index]! - from) / 1000)
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
 * Counts as steps: only the ticks where the count changes, exact, as long as there are at most `most` of them; else lowest and
 * highest of each bucket. The last tick is always there, so that the line reaches the end.
 */
export function thinSteps(column: { readonly at: ArrayLike<number>; readonly value: ArrayLike<number> }, most: number): Line {
  const { at, value } = column
  const from = at[0] ?? 0
  const seconds: number[] = []
  const values: number[] = []
  for (let index = 0; index < at.length; index++) {
    if (index > 0 && index < at.length - 1 && value[index] === value[index - 1]) continue
    if (seconds.length === most) return thinLine(column, Math.max(1, Math.floor(most / 2)))
    seconds.push(Math.round(at[index]! - from) / 1000)
    values.push(value[index]!)
  }
  return { seconds, values }
}
