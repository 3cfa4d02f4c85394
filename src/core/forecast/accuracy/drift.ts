import { type Kept, partsOf } from '../../state.ts'
import type { DriftFacts } from './accuracy.ts'
import { createDays, type Days } from './days.ts'

/**
 * Two looks at change. Page's test in Hinkley's form (Page 1954; Gama et al. 2014, 3.2) on absolute errors in units of what the
 * forecast itself expected, over their long mean: have errors grown for good? The population stability index on the loads of the
 * last week against those of the week before: does the series look unlike what was learnt from? Whole weeks, because a Sunday
 * is no drift.
 */
export interface Drift extends Kept {
  /** A forecast fell due at step `at` (counted from the epoch): how far off it was in units of its own spread. */
  error(at: number, scaledError: number): void
  /** The load of one step; `day` counts days since the epoch. */
  load(day: number, load: number): void
  facts(at: number, day: number): DriftFacts
}

/**
 * Chosen on recorded series (none to two alarms a week, where incidents lie) and on a generated load that rose by 60 %, moved by four
 * hours or became four times as noisy: told after 20 to 55 minutes.
 */
const [TOLERANCE, THRESHOLD] = [0.5, 12]
/** One error counts as no more than that many usual ones: an outlier is no drift. */
const LARGEST = 5
/** Errors of about that many days are the usual. */
const MEAN_DAYS = 3
/** Until so many were seen there is no usual. */
const FEWEST = 36
const HELD_HOURS = 6

/** Above 0.25 a population has shifted, by the usual reading of the index (Siddiqi 2006). */
const STABILITY_THRESHOLD = 0.25
const [WEEK, DAYS] = [7, 15]
const FEWEST_DAYS = 5
const BINS = 48
/** Bins are a quarter of an octave wide, around the unit. */
const [PER_OCTAVE, MIDDLE] = [4, 24]
const GROUPS = 10

const [STATISTIC, MEAN, SEEN, ALARM_AT] = [0, 1, 2, 3] as const

export function createDrift({ stepsPerDay, unit }: { readonly stepsPerDay: number; readonly unit: number }): Drift {
  const test = new Float64Array(4)
  const counts = new Uint16Array(DAYS * BINS)
  const days = createDays(counts, DAYS)
  const heldSteps = (HELD_HOURS / 24) * stepsPerDay

  return {
    part: () => partsOf({ test, days }),
    error(at, scaledError) {
      const mean = test[MEAN]!
      test[SEEN]! += 1
      test[MEAN]! += (scaledError - mean) * Math.max(1 / test[SEEN]!, 1 / (stepsPerDay * MEAN_DAYS))
      if (test[SEEN]! <= FEWEST || mean === 0) return
      test[STATISTIC] = Math.max(0, test[STATISTIC]! + Math.min(LARGEST, scaledError / mean) - 1 - TOLERANCE)
      if (test[STATISTIC] <= THRESHOLD) return
      test[STATISTIC] = 0
      test[ALARM_AT] = at
    },
    load(day, load) {
      days.reach(day)
      const octaves = load > 0 ? Math.log2(load / unit) : Number.NEGATIVE_INFINITY
      const bin = Math.min(BINS - 1, Math.max(0, Math.round(octaves * PER_OCTAVE) + MIDDLE))
      counts[days.startOf(day) + bin]! += 1
    },
    facts(at, day) {
      const since = test[ALARM_AT]! > 0 && at - test[ALARM_AT]! < heldSteps ? test[ALARM_AT]! : undefined
      const stability = populationStability(counts, { days, day, stepsPerDay })
      return {
        pageHinkley: test[STATISTIC]!,
        pageHinkleyThreshold: THRESHOLD,
        ...(since !== undefined && { since }),
        ...(stability !== undefined && { populationStability: stability }),
        populationStabilityThreshold: STABILITY_THRESHOLD,
        isDrifting: since !== undefined || (stability ?? 0) > STABILITY_THRESHOLD,
      }
    },
  }
}

interface Today {
  readonly days: Days
  readonly day: number
  readonly stepsPerDay: number
}

/** Of the seven whole days before `day` against the seven before them; `undefined` where five days of either are not known. */
function populationStability(counts: Uint16Array, { days, day, stepsPerDay }: Today): number | undefined {
  const actual = new Float64Array(BINS)
  const expected = new Float64Array(BINS)
  for (let back = 1; back < DAYS; back++) {
    const start = days.startOf(day - back)
    for (let bin = 0; bin < BINS; bin++) (back <= WEEK ? actual : expected)[bin]! += counts[start + bin]!
  }
  const [own, reference] = [sum(actual), sum(expected)]
  if (Math.min(own, reference) < FEWEST_DAYS * stepsPerDay) return undefined
  let [index, inActual, inExpected] = [0, 0, 0]
  for (let bin = 0; bin < BINS; bin++) {
    inActual += actual[bin]!
    inExpected += expected[bin]!
    if (inExpected < reference / GROUPS && bin < BINS - 1) continue
    // Half a value more in each group, so that an empty one has a logarithm.
    const [share, usual] = [(inActual + 0.5) / (own + GROUPS / 2), (inExpected + 0.5) / (reference + GROUPS / 2)]
    index += (share - usual) * Math.log(share / usual)
    inActual = 0
    inExpected = 0
  }
  return index
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0)
