import { createFeed, stepsPerDay } from '../../src/cli/forecast/feed.ts'
import { type Steps, toSteps, valueAt } from '../../src/cli/forecast/steps.ts'
import { type Forecast, QUANTILES, WINDOW_LEVELS } from '../../src/core/model.ts'
import type { Peer } from './peers.ts'
import type { BenchSeries, Half } from './splits.ts'

/** Mean absolute error of one forecaster, and of the last value at the same origins and targets. */
export interface Error {
  readonly name: string
  readonly error: number
  readonly naive: number
}

/** What one series says of the forecaster. */
export interface Scored {
  readonly name: string
  readonly folder: string
  readonly half: Half
  /** From every step of the last 30 %; a day and a week ago at the same ones. */
  readonly rolling: readonly Error[]
  /** From every sixth hour of the last three days, with the peers, which are fitted anew at each. */
  readonly sparse: readonly Error[]
  /** Shares at or below the 95 % quantile: of the points, and of the maxima over the whole horizon. */
  readonly coverage: number
  readonly peakCoverage: number
  readonly forecasts: number
}

const HORIZON_MS = 1_800_000
const OURS = 'crescendo'
const SCORED_SHARE = 0.3
const SPARSE_DAYS = 3
const SPARSE_PER_DAY = 4
const P95 = QUANTILES.indexOf(0.95)
const WINDOW_P95 = WINDOW_LEVELS.indexOf(0.95)

/** Rolling origin: everything said at an origin comes from what was absorbed up to it. */
export function scoreSeries({ name, folder, half, samples }: BenchSeries, stepMs: number, peers: readonly Peer[]): Scored {
  const steps = toSteps(samples, stepMs)
  const horizon = HORIZON_MS / stepMs
  const total = steps.value.length
  const day = stepsPerDay(stepMs)
  const first = Math.floor(total * (1 - SCORED_SHARE))
  const firstSparse = total - SPARSE_DAYS * day - horizon
  const isSparse = (origin: number) =>
    origin >= firstSparse && (total - horizon - 1 - origin) % Math.round(day / SPARSE_PER_DAY) === 0
  const feed = createFeed(steps, { horizonSteps: horizon, withMaximum: true })
  const [rolling, sparse] = [rollingErrors(steps, horizon), sparseErrors(steps, { horizon, peers })]
  for (let origin = 0; origin < total - 1; origin++) {
    feed.absorb()
    if ((origin < first && !isSparse(origin)) || valueAt(steps, origin) === undefined) continue
    const said = feed.forecast()
    if (said === undefined) continue
    if (isSparse(origin)) sparse.add(origin, said)
    if (origin >= first) rolling.add(origin, said)
  }
  return { name, folder, half, sparse: sparse.errors(), ...rolling.scored() }
}

/** Ours and the naive forecasts, and what lies below the 95 % quantiles. */
function rollingErrors(steps: Steps, horizon: number) {
  const day = stepsPerDay(steps.stepMs)
  const sums = { ours: 0, naive: 0, day: 0, week: 0 }
  let [points, covered, peaks, coveredPeaks] = [0, 0, 0, 0]
  const mean = (name: string, sum: number): Error => ({ name, error: sum / points, naive: sums.naive / points })
  return {
    add(origin: number, { points: said, windows }: Forecast) {
      const actuals = said.map((_, index) => valueAt(steps, origin + index + 1))
      said.forEach(({ quantiles }, index) => {
        const [target, actual] = [origin + index + 1, actuals[index]]
        if (actual === undefined) return
        points += 1
        sums.ours += Math.abs(actual - quantiles[0]!)
        sums.naive += Math.abs(actual - steps.value[origin]!)
        sums.day += Math.abs(actual - heldAt(steps, target - day))
        sums.week += Math.abs(actual - heldAt(steps, target - 7 * day))
        if (actual <= quantiles[P95]!) covered += 1
      })
      const known = actuals.filter(actual => actual !== undefined)
      if (known.length < horizon) return
      peaks += 1
      if (Math.max(...known) <= windows[0]!.quantiles[WINDOW_P95]!) coveredPeaks += 1
    },
    scored: () => ({
      rolling: [mean(OURS, sums.ours), mean('a day ago', sums.day), mean('a week ago', sums.week)],
      coverage: covered / points,
      peakCoverage: coveredPeaks / peaks,
      forecasts: points,
    }),
  }
}

/** Ours and the peers at a few origins. A peer that finds no model at an origin is given the last value there. */
function sparseErrors(steps: Steps, { horizon, peers }: { readonly horizon: number; readonly peers: readonly Peer[] }) {
  const names = [OURS, ...peers.map(peer => peer.name)]
  const sums = new Float64Array(names.length)
  let [naive, points] = [0, 0]
  return {
    add(origin: number, said: Forecast) {
      const ours = said.points.map(({ quantiles }) => quantiles[0]!)
      const history = Float64Array.from({ length: origin + 1 }, (_, step) => heldAt(steps, step))
      const paths = [ours, ...peers.map(peer => pathOf(peer, history, { stepMs: steps.stepMs, horizon }))]
      for (let index = 0; index < horizon; index++) {
        const actual = valueAt(steps, origin + index + 1)
        if (actual === undefined) continue
        points += 1
        naive += Math.abs(actual - history[origin]!)
        paths.forEach((path, i) => {
          sums[i]! += Math.abs(actual - path[index]!)
        })
      }
    },
    errors: (): readonly Error[] => names.map((name, i) => ({ name, error: sums[i]! / points, naive: naive / points })),
  }
}

function pathOf(peer: Peer, history: Float64Array, { stepMs, horizon }: { stepMs: number; horizon: number }): ArrayLike<number> {
  const last = history.at(-1)!
  try {
    const path = peer.pathOf(history, stepMs, horizon)
    return path.every(Number.isFinite) ? path : path.fill(last)
  } catch {
    return new Float64Array(horizon).fill(last)
  }
}

/** The value of a step, or where it is in a gap the last one before; that of the first step before there was any. */
function heldAt(steps: Steps, step: number): number {
  for (let one = Math.max(0, step); one >= 0; one--) if (steps.present[one] === 1) return steps.value[one]!
  return steps.value[0]!
}
