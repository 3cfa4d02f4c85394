/** Linear least squares with a ridge penalty, fed row by row, old rows fading out exponentially. */
export interface Ridge {
  /** Adds one row; `features` has `width` entries. */
  add(features: Float64Array, target: number): void
  /** Multiplies the weight of everything added so far. */
  fade(factor: number): void
  /** Solves for the coefficients used from now on. Keeps the old ones if the system is singular. */
  solve(): void
  predict(features: Float64Array): number
  /** Sum of the (faded) row weights. */
  readonly weight: number
}

/**
 * Normal equations (X'X + penalty * diag(X'X) + tiny) w = X'y by Cholesky. The penalty is relative to each feature's own
 * sum of squares, so features need no scaling. 22 features cost about 0.3 us a row and 10 us a solve.
 */
export function createRidge(width: number, penalty: number): Ridge {
  const gram = new Float64Array(width * width)
  const moment = new Float64Array(width)
  const coefficients = new Float64Array(width)
  let weight = 0
  return {
    get weight() {
      return weight
    },
    add(features, target) {
      weight += 1
      for (let row = 0; row < width; row++) {
        const value = features[row]!
        if (value === 0) continue
        moment[row]! += value * target
        const base = row * width
        for (let column = 0; column <= row; column++) gram[base + column]! += value * features[column]!
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
    predict(features) {
      let sum = 0
      for (let i = 0; i < width; i++) sum += coefficients[i]! * features[i]!
      return sum
    },
  }
}

/** Cholesky on the lower triangle; `undefined` when the matrix is not positive definite. */
function solvePositive(gram: Float64Array, moment: Float64Array, penalty: number): Float64Array | undefined {
  const width = moment.length
  const lower = new Float64Array(gram)
  for (let i = 0; i < width; i++) lower[i * width + i]! += penalty * gram[i * width + i]! + 1e-6
  for (let column = 0; column < width; column++) {
    for (let row = column; row < width; row++) {
      let sum = lower[row * width + column]!
      for (let k = 0; k < column; k++) sum -= lower[row * width + k]! * lower[column * width + k]!
      if (row > column) lower[row * width + column] = sum / lower[column * width + column]!
      else if (sum > 0) lower[row * width + row] = Math.sqrt(sum)
      else return undefined
    }
  }
  return substitute(lower, moment)
}

function substitute(lower: Float64Array, moment: Float64Array): Float64Array {
  const width = moment.length
  const solution = new Float64Array(moment)
  for (let row = 0; row < width; row++) {
    for (let k = 0; k < row; k++) solution[row]! -= lower[row * width + k]! * solution[k]!
    solution[row]! /= lower[row * width + row]!
  }
  for (let row = width - 1; row >= 0; row--) {
    for (let k = row + 1; k < width; k++) solution[row]! -= lower[k * width + row]! * solution[k]!
    solution[row]! /= lower[row * width + row]!
  }
  return solution
}
