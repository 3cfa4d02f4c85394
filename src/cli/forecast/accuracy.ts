import { QUANTILES } from '../../core/model.ts'

/** Quantiles that an evaluation reports; a subset of those of a forecast. */
export const SCORED = [0.5, 0.9, 0.95, 0.99] as const

/** Values by quantile level, in the order of SCORED. */
export type ByQuantile = Readonly<Record<'0.5' | '0.9' | '0.95' | '0.99', number>>

/** `undefined` where it has no meaning: nothing scored, or nothing to divide by (a series of zeros, or that never changed). */
export interface PointAccuracy {
  /** Mean |error| of the median, divided by the mean |error| of a naive forecast in the history. */
  readonly mase: number | undefined
  /** Sum |error| / sum |actual|. */
  readonly wape: number | undefined
}

export interface Accuracy extends PointAccuracy {
  readonly points: number
  /** Mean pinball loss. */
  readonly pinball: ByQuantile | undefined
  /** Share of actual values at or below the quantile. */
  readonly coverage: ByQuantile | undefined
}

const INDICES = SCORED.map(level => QUANTILES.indexOf(level))

/** The SCORED quantiles of a forecast's QUANTILES. */
export const scoredOf = (quantiles: readonly number[]): readonly number[] => INDICES.map(index => quantiles[index]!)

/** |error| of one point forecast, added up. */
export function pointScore() {
  let [points, errors, actuals] = [0, 0, 0]
  return {
    add(forecast: number, actual: number) {
      points += 1
      errors += Math.abs(actual - forecast)
      actuals += Math.abs(actual)
    },
    accuracy: (scale: number): PointAccuracy => ({
      mase: points > 0 && scale > 0 ? errors / points / scale : undefined,
      wape: actuals > 0 ? errors / actuals : undefined,
    }),
  }
}

/** All that is said of quantile forecasts; `quantiles` are those of SCORED. */
export function quantileScore() {
  const median = pointScore()
  const losses = new Float64Array(SCORED.length)
  const covered = new Float64Array(SCORED.length)
  let points = 0
  const means = (sums: Float64Array) => (points === 0 ? undefined : byQuantile(index => sums[index]! / points))
  return {
    add(quantiles: readonly number[], actual: number) {
      points += 1
      median.add(quantiles[0]!, actual)
      for (let index = 0; index < SCORED.length; index++) {
        const above = actual - quantiles[index]!
        losses[index]! += Math.max(SCORED[index]! * above, (SCORED[index]! - 1) * above)
        if (above <= 0) covered[index]! += 1
      }
    },
    accuracy: (scale: number): Accuracy => ({
      ...median.accuracy(scale),
      points,
      pinball: means(losses),
      coverage: means(covered),
    }),
  }
}

export function byQuantile(at: (index: number) => number): ByQuantile {
  return { '0.5': at(0), '0.9': at(1), '0.95': at(2), '0.99': at(3) }
}
