import type { Samples } from '../ports.ts'

/** Two columns that grow without rows as objects: 16 bytes a sample, and moving to a larger place keeps no second copy. */
export interface Columns {
  push(at: number, value: number): void
  /** The samples so far; the columns are given away and must not be used again. */
  take(): Samples
  readonly length: () => number
}

export function columns(): Columns {
  let capacity = 4096
  let length = 0
  let at = new Float64Array(capacity)
  let value = new Float64Array(capacity)
  const resize = (to: number) => {
    capacity = to
    at = new Float64Array(at.buffer.transfer(to * 8))
    value = new Float64Array(value.buffer.transfer(to * 8))
  }
  return {
    push(when, what) {
      if (length === capacity) resize(capacity + (capacity >> 1))
      at[length] = when
      value[length++] = what
    },
    take() {
      resize(length)
      return { at, value }
    },
    length: () => length,
  }
}
