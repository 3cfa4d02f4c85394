import type { Instant } from '../model.ts'
import type { Restorable } from '../rules.ts'

/**
 * What the history so far is good for: `naive` has seen less than three hours and repeats the last value, `hours` less than a day,
 * `days` less than two weeks (a day ago is known), `weeks` knows the week before too.
 */
export type LifeStage = 'naive' | 'hours' | 'days' | 'weeks'

/**
 * Models a series on a regular grid and tells the path that it expects; how far reality strays from it is not its business
 * (`calibrated` makes quantiles of any of these). An accumulator, like a Forecaster: no clock, no randomness, advanced in place.
 */
export interface PathModel extends Restorable {
  readonly name: string
  /** Takes in the value of the next step; `undefined` is a gap. Times ascend by one step. */
  absorb(at: Instant, value: number | undefined): void
  /** Expected values at 1..path.length steps after the newest absorbed one, written into `path`; or why there are none. */
  predict(path: Float64Array): { readonly abstains: string } | undefined
  readonly stage: LifeStage
}
