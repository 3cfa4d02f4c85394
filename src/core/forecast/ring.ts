/**
 * A series on a regular grid of ticks that remembers the newest `capacity` values. Ticks are absolute indices, so
 * `ring.get(tick - ticksPerDay)` is "the same time yesterday". Values are Float32: forecasts need no more.
 */
export interface Ring {
  /** The value at `tick`; only meaningful for the newest `capacity` ticks that were set. */
  get(tick: number): number
  set(tick: number, value: number): void
}

/** `atLeast` ticks are remembered; the buffer is rounded up to a power of two, so that an index is one mask. */
export function createRing(atLeast: number): Ring {
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(2, atLeast)))
  const values = new Float32Array(capacity)
  const mask = capacity - 1
  return {
    get: tick => values[tick & mask] ?? 0,
    set: (tick, value) => {
      values[tick & mask] = value
    },
  }
}
