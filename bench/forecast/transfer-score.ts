import { type Steps, toSteps, valueAt } from '../../src/cli/forecast/steps.ts'
import { seasonalRidge } from '../../src/core/forecast/seasonal-ridge.ts'
import { QUANTILES, WINDOW_LEVELS } from '../../src/core/model.ts'
import type { Forecaster, Snapshot } from '../../src/core/rules.ts'
import type { BenchSeries, Half } from './splits.ts'

/** A series that is young again and again in the second half of its recording, and lends what it knew at the end of the first. */
export interface Pupil {
  readonly name: string
  readonly folder: string
  readonly half: Half
  readonly steps: Steps
  /** Load of a replica. */
  readonly unit: number
}

/** Of forecasts made between two ages. Where nothing was said, the last value stands in: somebody has to scale. */
export interface Tally {
  points: number
  error: number
  naive: number
  spoken: number
  covered: number
  peaks: number
  coveredPeaks: number
}

const STEP_MS = 300_000
const STEPS_PER_HOUR = 12
const HORIZON = 6
const P95 = QUANTILES.indexOf(0.95)
const WINDOW_P95 = WINDOW_LEVELS.indexOf(0.95)
/** Times at which a series begins, evenly over the second half of its recording. */
const STARTS = 8
/** Replicas for the median load: three to twenty-two, others for each series, so that nothing rests on loads being alike. */
const replicasOf = (name: string): number => 3 + ((name.length * 7) % 20)

/** Ends of the ages, in hours; each begins where the one before ends. */
export const AGES = [3, 6, 12, 24, 48] as const
const OLDEST = AGES[AGES.length - 1]! * STEPS_PER_HOUR

export function pupilOf({ name, folder, half, samples }: BenchSeries): Pupil {
  const steps = toSteps(samples, STEP_MS)
  const positive = steps.value.filter((value, i) => steps.present[i] === 1 && value > 0).sort()
  return { name, folder, half, steps, unit: positive[positive.length >> 1]! / replicasOf(name) }
}

const forecasterOf = (unit: number) =>
  seasonalRidge({
    stepMs: STEP_MS,
    delayMs: -STEP_MS,
    unit,
    pointsMs: Array.from({ length: HORIZON }, (_, i) => (i + 1) * STEP_MS),
    windows: [{ fromMs: STEP_MS, toMs: HORIZON * STEP_MS }],
  })

/** What a series has learnt in the first half of its recording. */
export function priorOf({ name, steps, unit }: Pupil): Snapshot {
  const forecaster = forecasterOf(unit)
  for (let step = 0; step < steps.value.length >> 1; step++)
    forecaster.absorb(steps.startMs + step * STEP_MS, valueAt(steps, step))
  const prior = forecaster.lend()
  if (prior === undefined) throw new Error(`${name} has learnt too little to lend`)
  return prior
}

/** A tally for each of AGES, over all starts; every forecast comes from values since its start, and the prior. */
export function scoreYouth({ steps, unit }: Pupil, prior?: Snapshot): readonly Tally[] {
  const tallies = AGES.map(() => ({ points: 0, error: 0, naive: 0, spoken: 0, covered: 0, peaks: 0, coveredPeaks: 0 }))
  const first = steps.value.length >> 1
  const room = steps.value.length - HORIZON - OLDEST - first
  for (let start = 0; start < STARTS; start++) {
    const from = first + Math.floor((start * room) / (STARTS - 1))
    const forecaster = forecasterOf(unit)
    if (prior !== undefined && !forecaster.borrow(prior)) throw new Error('the prior is of another shape')
    for (let age = 0; age < OLDEST; age++) {
      const at = steps.startMs + (from + age) * STEP_MS
      forecaster.absorb(at, valueAt(steps, from + age))
      const said = forecaster.predict(at)
      const tally = tallies[AGES.findIndex(hours => age < hours * STEPS_PER_HOUR)]!
      if (valueAt(steps, from + age) !== undefined) addTo(tally, { steps, origin: from + age, said })
    }
  }
  return tallies
}

interface Saying {
  readonly steps: Steps
  readonly origin: number
  readonly said: ReturnType<Forecaster['predict']>
}

function addTo(tally: Tally, { steps, origin, said }: Saying): void {
  const actuals = Array.from({ length: HORIZON }, (_, i) => valueAt(steps, origin + i + 1))
  for (const [i, actual] of actuals.entries()) {
    if (actual === undefined) continue
    const naive = Math.abs(actual - steps.value[origin]!)
    tally.points += 1
    tally.naive += naive
    if ('abstains' in said) tally.error += naive
    else {
      const { quantiles } = said.points[i]!
      tally.spoken += 1
      tally.error += Math.abs(actual - quantiles[0]!)
      if (actual <= quantiles[P95]!) tally.covered += 1
    }
  }
  const known = actuals.filter(actual => actual !== undefined)
  if ('abstains' in said || known.length < HORIZON) return
  tally.peaks += 1
  if (Math.max(...known) <= said.windows[0]!.quantiles[WINDOW_P95]!) tally.coveredPeaks += 1
}
