import { isAlike, type Kept } from '../state.ts'

/**
 * A series on a regular grid of ticks that remembers the newest `capacity` values. Ticks are absolute indices, so
 * `ring.get(tick - ticksPerDay)` is "the same time yesterday". Values are Float32: forecasts need no more.
 */
export interface Ring extends Kept {
  /** The value at `tick`; only meaningful for the newest `capacity` ticks that were set. */
  get(tick: number): number
  /** The largest value of the ticks from `first` to `last`. */
  maximum(first: number, last: number): number
  /** Ticks come one after the other from 0. */
  set(tick: number, value: number): void
}

const SMALLEST = 64

/** `capacity` ticks are remembered; the buffer grows as they come, by doubling, so that a young series costs little. */
export function createRing(capacity: number): Ring {
  let values = new Float32Array(Math.min(SMALLEST, capacity))
  const grow = (tick: number) => {
    let length = values.length
    while (length < capacity && length <= tick) length = Math.min(capacity, 2 * length)
    const grown = new Float32Array(length)
    grown.set(values)
    values = grown
  }
  return {
    get: tick => values[tick < values.length || values.length < capacity ? tick : tick % capacity] ?? 0,
    maximum: (first, last) => {
      let largest = Number.NEGATIVE_INFINITY
      let place = first % values.length // before the buffer has its full length, the tick itself
      for (let left = last - first; left >= 0; left--) {
        if (values[place]! > largest) largest = values[place]!
        place = place + 1 === values.length ? 0 : place + 1
      }
      return largest
    },
    set: (tick, value) => {
      // Before the buffer has its full length no tick comes round.
      if (tick >= values.length && values.length < capacity) grow(tick)
      values[tick % values.length] = value
    },
    part: () => ({
      save: () => values.slice(),
      load: state => {
        if (!isAlike(state, values) || state.length < Math.min(SMALLEST, capacity) || state.length > capacity) return false
        values = new Float32Array(state)
        return true
      },
    }),
  }
}
