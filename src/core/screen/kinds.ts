import { type DriftState, watchDrift } from './drift.ts'
import { type FlatLineState, watchFlatLine } from './flat-line.ts'
import { countHour, type HoursState } from './hours.ts'
import { type PeriodicityState, unknownPeriodicity, watchPeriodicity } from './periodicity.ts'
import type { Sample, Sighting } from './sighting.ts'
import { type VarianceState, watchVariance } from './variance.ts'

/** What the watchers of one series remember: some hundred numbers, JSON-safe. */
export interface KindsState {
  readonly flatLine?: FlatLineState
  readonly variance?: VarianceState
  readonly hours?: HoursState
  readonly periodicity?: PeriodicityState
  readonly drift?: DriftState
}

export const freshKinds: KindsState = {}

/**
 * What no single value shows: flat lines, changes of variance, lost periodicity, drift. Constant memory, no look-ahead. Values must
 * come in the order of time; days are UTC days.
 */
export function watchKinds(
  before: KindsState,
  sample: Sample,
): { readonly state: KindsState; readonly sightings: readonly Sighting[] } {
  const flatLine = watchFlatLine(before.flatLine, sample)
  const variance = watchVariance(before.variance, sample)
  const { state: hours, ended } = countHour(before.hours, sample)
  const slow = ended === undefined ? slowOf(before) : watchSlow(before, { means: hours.means, at: ended })
  const sightings = [flatLine.sighting, variance.sighting, ...slow.sightings].filter(one => one !== undefined)
  return { state: { flatLine: flatLine.state, variance: variance.state, hours, ...slow.state }, sightings }
}

type Slow = Pick<KindsState, 'periodicity' | 'drift'>

/** What was found when the last hour ended holds until the next one does. */
function slowOf({ periodicity, drift }: KindsState): { state: Slow; sightings: readonly Sighting[] } {
  const sightings = [...(periodicity?.sightings ?? []), ...(drift?.sightings ?? [])]
  return { state: { ...(periodicity && { periodicity }), ...(drift && { drift }) }, sightings }
}

function watchSlow(before: Slow, hour: { readonly means: readonly number[]; readonly at: number }) {
  const periodicity = watchPeriodicity(before.periodicity ?? unknownPeriodicity, hour).state
  const drift = watchDrift(before.drift, hour).state
  return slowOf({ periodicity, ...(drift && { drift }) })
}
