import { QUANTILES } from '../../model.ts'
import type { DriftFacts, HorizonAccuracy } from './accuracy.ts'

const P95 = QUANTILES.indexOf(0.95)
/** Before two days of matured forecasts, one each five minutes, they tell how young the forecaster is, and not how good. */
const FEWEST = 576
/** So far below 95 % a coverage is worth nothing. */
const LARGEST_SHORTFALL = 0.15
/** Twice as wrong as the better of two naive forecasts is worth nothing. */
const WORST_RATIO = 2
const [DRIFTING, UNSTABLE] = [0.5, 0.8]

/**
 * How far to rely on forecasts that were that good, 0 to 1: the product of what calibration (too few loads below the 95 % quantile), skill
 * (worse than the last value or the day before, whichever was better), one-sidedness (all errors of one sign) and drift leave of
 * it. `undefined` while too few have matured.
 */
export function trustIn(farthest: HorizonAccuracy | undefined, drift: DriftFacts): number | undefined {
  if (farthest === undefined || farthest.count < FEWEST) return undefined
  const { coverage, mase, overNaive, wape, bias } = farthest
  const calibration = share(1 - (0.95 - coverage[P95]!) / LARGEST_SHORTFALL)
  const ratio = Math.max(mase ?? 0, overNaive ?? 0)
  const skill = share((WORST_RATIO - ratio) / (WORST_RATIO - 1))
  const sided = wape === undefined || wape === 0 ? 0 : Math.abs(bias ?? 0) / wape
  const balance = 1 - share(sided - 0.5)
  const steadiness = drift.since !== undefined ? DRIFTING : drift.isDrifting ? UNSTABLE : 1
  return calibration * skill * balance * steadiness
}

const share = (value: number): number => Math.min(1, Math.max(0, value))
