import type { OutsideForecasts } from '../core/forecast/seasonal-ridge.ts'
import type { OwnModel } from './open-model.ts'

/** A series on a regular grid: step `i` ends at `startMs + i * stepMs`; what is not `present` is a gap. */
export interface Grid {
  readonly stepMs: number
  readonly startMs: number
  readonly value: Float64Array
  readonly present: Uint8Array
}

/** Rows of one call. */
const BATCH = 256

/**
 * What a model says at every step that has a value and enough steps before it, each from that step and those before. Its input is divided
 * by its own mean, and its output multiplied by it, so that a model serves series of any size; a gap holds the last value. What is
 * not finite is no forecast.
 */
export async function outsideForecasts(model: OwnModel, grid: Grid): Promise<OutsideForecasts> {
  const { context, horizon } = model
  const held = withoutGaps(grid)
  const told = new Float32Array(grid.value.length * horizon).fill(Number.NaN)
  const origins = Array.from(grid.present.keys()).filter(step => step >= context - 1 && grid.present[step] === 1)
  for (let from = 0; from < origins.length; from += BATCH) {
    const some = origins.slice(from, from + BATCH)
    const levels = some.map(step => meanOf(held, step + 1 - context, step + 1))
    const history = new Float32Array(some.length * context)
    some.forEach((step, row) => {
      for (let i = 0; i < context; i++) history[row * context + i] = held[step + 1 - context + i]! / levels[row]!
    })
    const made = await model.forecast(history)
    some.forEach((step, row) => {
      for (let i = 0; i < horizon; i++) told[step * horizon + i] = made[row * horizon + i]! * levels[row]!
    })
  }
  return {
    name: model.name,
    at(at, steps) {
      const value = steps <= horizon ? told[Math.round((at - grid.startMs) / grid.stepMs) * horizon + steps - 1] : undefined
      return value !== undefined && Number.isFinite(value) ? value : undefined
    },
  }
}

/** A mean of nothing is one: then all is zero, and stays so. */
function meanOf(values: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let i = from; i < to; i++) sum += values[i]!
  return sum > 0 ? sum / (to - from) : 1
}

function withoutGaps({ value, present }: Grid): Float64Array {
  let last = 0
  return value.map((one, step) => {
    if (present[step] === 1) last = one
    return last
  })
}
