import type { Parameters } from '../rules.ts'
import type { LearntScalars } from './learnt-scalars.ts'

/** Prices of a missing replica, in replica-ticks; one level of safety each. */
export const PRICES = [10, 30, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 50_000, 200_000, 1_000_000] as const
const KEEP_SHIFTS = [-2, 0, 2]
const HOLD_SECONDS = [60, 360]

/** One way to decide; `price` and `keep` are places in PRICES. */
export interface Candidate {
  readonly price: number
  readonly keep: number
  readonly orderToMedian: boolean
  readonly holdSeconds: number
}

/** The same for every target. */
export const CANDIDATES: readonly Candidate[] = PRICES.flatMap((_, price) =>
  KEEP_SHIFTS.flatMap(shift =>
    [false, true].flatMap(orderToMedian =>
      HOLD_SECONDS.map(holdSeconds => ({
        price,
        keep: Math.max(0, Math.min(PRICES.length - 1, price + shift)),
        orderToMedian,
        holdSeconds,
      })),
    ),
  ),
)

export type RuleScalars = Pick<LearntScalars, 'orderAhead' | 'deadband' | 'holdScale'>

export function parametersOf(
  { price, keep, orderToMedian, holdSeconds }: Candidate,
  { orderAhead, deadband, holdScale, periodMs }: RuleScalars & { readonly periodMs: number },
): Parameters {
  return {
    missingPrice: PRICES[price]!,
    keepPrice: PRICES[keep]!,
    orderAhead,
    orderToMedian,
    deadband,
    holdTicks: Math.round((holdSeconds * holdScale * 1000) / periodMs),
  }
}
