import type { Parameters } from '../rules.ts'

/** Prices of a missing replica, in replica-ticks; one level of safety each. */
export const PRICES = [10, 30, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 50_000, 200_000, 1_000_000] as const
export const ORDER_AHEAD = 0.05
const KEEP_SHIFTS = [-2, 0, 2]
const HOLD_SECONDS = [60, 360]
const DEADBAND = 0.1

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

export function parametersOf({ price, keep, orderToMedian, holdSeconds }: Candidate, periodMs: number): Parameters {
  return {
    missingPrice: PRICES[price]!,
    keepPrice: PRICES[keep]!,
    orderAhead: ORDER_AHEAD,
    orderToMedian,
    deadband: DEADBAND,
    holdTicks: Math.round((holdSeconds * 1000) / periodMs),
  }
}
