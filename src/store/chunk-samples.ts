import type { Instant } from '../core/model.ts'
import type { Samples } from '../ports.ts'

/** The columns of a stored blob of samples. */
export interface Stretch {
  readonly t0: Instant
  readonly stepMs: number
  readonly values: Float32Array
}

/** Bytes from a database as Float32 columns. Copied: a driver's buffer may begin at any byte of a larger one. */
export function valuesOf(data: Uint8Array): Float32Array {
  const whole = data.length - (data.length % Float32Array.BYTES_PER_ELEMENT)
  return new Float32Array(new Uint8Array(data.subarray(0, whole)).buffer)
}

/** The samples of stretches in [since, until), ascending; gaps are absent, and where stretches overlap the earlier one stands. */
export function samplesOf(
  stretches: readonly Stretch[],
  { since, until }: { readonly since: Instant; readonly until: Instant },
): Samples {
  const most = stretches.reduce((sum, { values }) => sum + values.length, 0)
  const at = new Float64Array(most)
  const value = new Float64Array(most)
  let length = 0
  let last = Number.NEGATIVE_INFINITY
  for (const { t0, stepMs, values } of stretches) {
    for (let k = 0; k < values.length; k++) {
      const time = t0 + k * stepMs
      const one = values[k]!
      if (Number.isNaN(one) || time <= last || time < since || time >= until) continue
      at[length] = last = time
      value[length++] = one
    }
  }
  return { at: at.slice(0, length), value: value.slice(0, length) }
}

/** Two runs of samples one after the other; the first ends before the second begins. */
export function joined(first: Samples, second: Samples): Samples {
  if (first.at.length === 0) return second
  const at = new Float64Array(first.at.length + second.at.length)
  const value = new Float64Array(at.length)
  at.set(first.at)
  at.set(second.at, first.at.length)
  value.set(first.value)
  value.set(second.value, first.value.length)
  return { at, value }
}

/** Means over slots of `stepMs` from `t0`, each slot under the time it begins; a slot without a sample is NaN. */
export function means(
  { at, value }: Samples,
  slots: { readonly t0: Instant; readonly stepMs: number; readonly count: number },
): Float32Array {
  const sums = new Float64Array(slots.count)
  const counts = new Uint32Array(slots.count)
  for (let i = 0; i < at.length; i++) {
    const slot = Math.floor((at[i]! - slots.t0) / slots.stepMs)
    if (slot < 0 || slot >= slots.count) continue
    sums[slot] = sums[slot]! + value[i]!
    counts[slot] = counts[slot]! + 1
  }
  return Float32Array.from(sums, (sum, slot) => (counts[slot] === 0 ? Number.NaN : sum / counts[slot]!))
}
