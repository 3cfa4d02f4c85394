import { type Kept, numbersPart, partsOf } from '../state.ts'

/** Linear least squares with a ridge penalty, fed row by row, old rows fading out exponentially. */
export interface Ridge extends Kept {
  /** Adds one row: the `width` entries of `features` from `from` (0) on, which count `weight` times (1). */
  add(features: Float64Array, target: number, row?: { readonly from?: number; readonly weight?: number }): void
  /** Multiplies the weight of everything added so far. */
  fade(factor: number): void
  /** Solves for the coefficients used from now on. Keeps the old ones if the system is singular. */
  solve(): void
  predict(features: Float64Array): number
  /** What all rows so far add up to, weighing as much as `rows` of them, had the features `without` always been 0. */
  lend(rows: number, without: readonly number[]): Float64Array
  /** Adds what a ridge of the same width lends, as if those rows had been added here. */
  borrow(sums: Float64Array, rows: number): void
  /** How many rows were added, old ones faded; whatever they count. */
  readonly weight: number
}

/**
 * Normal equations (X'X + penalty * diag(X'X) + tiny) w = X'y by Cholesky. The penalty is relative to each feature's own
 * sum of squares, so features need no scaling. 22 features cost about 0.3 us a row and 10 us a solve.
 */
export function createRidge(width: number, penalty: number): Ridge {
  // One buffer for all: a target has some twenty of these.
  const numbers = new Float64Array(startOf(width) + 2 * width)
  const gram = numbers.subarray(0, startOf(width)) // the lower triangle, row by row
  const moment = numbers.subarray(startOf(width), startOf(width) + width)
  const coefficients = numbers.subarray(startOf(width) + width)
  let weight = 0
  const part = () =>
    partsOf({
      numbers,
      weight: numbersPart(
        () => [weight],
        ([value = 0]) => {
          weight = value
        },
      ),
    })
  return {
    part,
    get weight() {
      return weight
    },
    add(features, target, { from = 0, weight: times = 1 } = {}) {
      weight += 1
      for (let row = 0; row < width; row++) {
        const value = features[from + row]! * times
        if (value === 0) continue
        moment[row]! += value * target
        const base = startOf(row)
        for (let column = 0; column <= row; column++) gram[base + column]! += value * features[from + column]!
      }
    },
    fade(factor) {
      weight *= factor
      for (let i = 0; i < gram.length; i++) gram[i]! *= factor
      for (let i = 0; i < width; i++) moment[i]! *= factor
    },
    solve() {
      const solution = solvePositive(gram, moment, penalty)
      if (solution !== undefined) coefficients.set(solution)
    },
    lend(rows, without) {
      const sums = numbers.slice(0, startOf(width) + width)
      const factor = rows / Math.max(1, weight)
      for (let i = 0; i < sums.length; i++) sums[i]! *= factor
      for (const left of without) {
        for (let other = 0; other < width; other++) sums[startOf(Math.max(left, other)) + Math.min(left, other)] = 0
        sums[startOf(width) + left] = 0
      }
      return sums
    },
    borrow(sums, rows) {
      for (let i = 0; i < sums.length; i++) numbers[i]! += sums[i]!
      weight += rows
    },
    predict(features) {
      let sum = 0
      for (let i = 0; i < width; i++) sum += coefficients[i]! * features[i]!
      return sum
    },
  }
}

/** Where a row of the lower triangle begins. */
const startOf = (row: number): number => (row * (row + 1)) / 2

/** Cholesky on the lower triangle; `undefined` when the matrix is not positive definite. */
function solvePositive(gram: Float64Array, moment: Float64Array, penalty: number): Float64Array | undefined {
  const width = moment.length
  const lower = new Float64Array(gram)
  for (let i = 0; i < width; i++) lower[startOf(i) + i]! += penalty * gram[startOf(i) + i]! + 1e-6
  for (let column = 0; column < width; column++) {
    for (let row = column; row < width; row++) {
      let sum = lower[startOf(row) + column]!
      for (let k = 0; k < column; k++) sum -= lower[startOf(row) + k]! * lower[startOf(column) + k]!
      if (row > column) lower[startOf(row) + column] = sum / lower[startOf(column) + column]!
      else if (sum > 0) lower[startOf(row) + row] = Math.sqrt(sum)
      else return undefined
    }
  }
  return substitute(lower, moment)
}

function substitute(lower: Float64Array, moment: Float64Array): Float64Array {
  const width = moment.length
  const solution = new Float64Array(moment)
  for (let row = 0; row < width; row++) {
    for (let k = 0; k < row; k++) solution[row]! -= lower[startOf(row) + k]! * solution[k]!
    solution[row]! /= lower[startOf(row) + row]!
  }
  for (let row = width - 1; row >= 0; row--) {
    for (let k = row + 1; k < width; k++) solution[row]! -= lower[startOf(k) + row]! * solution[k]!
    solution[row]! /= lower[startOf(row) + row]!
  }
  return solution
}
