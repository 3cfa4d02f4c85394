import { type Forecast, type Instant, QUANTILES } from '../../model.ts'
import type { Forecaster, Restorable } from '../../rules.ts'
import { isRestorable, type Kept, partsOf, restorable, restorablePart } from '../../state.ts'
import type { ForecastAccuracy } from './accuracy.ts'
import { createDrift } from './drift.ts'
import { createScoreboard } from './scoreboard.ts'
import { trustIn } from './trust.ts'
import { createWindowScore } from './window-score.ts'

export interface MeasuredOptions {
  /** Distance of the points of the fan; values are compared as means of as long. */
  readonly stepMs: number
  /** Times ahead that are compared, ascending; those that the fan does not hold have no accuracy. */
  readonly horizonsMs: readonly number[]
  /** The load that one replica carries. */
  readonly unit: number
}

const DAY_MS = 86_400_000
const LEVELS = QUANTILES.length
const P95 = QUANTILES.indexOf(0.95)

/**
 * A forecaster that compares what it says with what comes, once each step, and says how good that was (`accuracy`). Forecasts pass through
 * as they are; a past that is replayed is compared like one that was lived through, because no forecast knows what follows it.
 */
export function measured(inner: Forecaster, options: MeasuredOptions): Forecaster {
  const points = createPoints(options)
  const window = createWindowScore()
  const step = createStep(options.stepMs)
  let report: { readonly step: number; readonly accuracy: ForecastAccuracy } | undefined

  const accuracy = () => {
    if (report?.step !== step.closed()) {
      const { horizons, drift } = points.accuracy(step.closed())
      const trust = trustIn(horizons.at(-1), drift)
      const champion = inner.champion?.()
      const maxima = window.accuracy(step.closed() * options.stepMs)
      report = {
        step: step.closed(),
        accuracy: {
          horizons,
          ...(maxima && { window: maxima }),
          drift,
          ...(champion && { champion }),
          ...(trust !== undefined && { trust }),
        },
      }
    }
    return report.accuracy
  }
  return {
    name: inner.name,
    absorb(at, demand) {
      inner.absorb(at, demand)
      window.absorb(at, demand)
      step.absorb(at, demand, (closed, mean) => points.settle(closed, mean))
    },
    predict(now) {
      const forecast = inner.predict(now)
      if ('abstains' in forecast || !step.isNew()) return forecast
      points.note(step.closed(), forecast)
      window.note(forecast)
      step.noted()
      return forecast
    },
    accuracy,
    ...(inner.lend && { lend: inner.lend }),
    ...(inner.borrow && { borrow: inner.borrow }),
    ...(inner.prior && { prior: inner.prior }),
    ...(isRestorable(inner) && restored(inner)),
  }

  function restored(one: Restorable): Restorable {
    const kept = restorable(() => ({ kind: `measured ${JSON.stringify(options)}`, version: 1 }), {
      part: () => partsOf({ inner: restorablePart(one), points, window, step }),
    })
    return {
      snapshot: kept.snapshot,
      restore(snapshot) {
        report = undefined
        return kept.restore(snapshot)
      },
    }
  }
}

/** Means of the values of each step, as the fan is taught them: a value that ends with the step belongs to it. */
function createStep(stepMs: number) {
  const [SUM, COUNT, OPEN, NOTED] = [0, 1, 2, 3] as const
  const state = new Float64Array(4).fill(0)
  return {
    part: () => partsOf({ state }),
    /** The newest step that is over; 0 before the first. */
    closed: () => Math.max(0, state[OPEN]! - 1),
    isNew: () => state[OPEN]! - 1 > state[NOTED]!,
    noted() {
      state[NOTED] = state[OPEN]! - 1
    },
    absorb(at: Instant, demand: number | undefined, close: (step: number, mean: number | undefined) => void) {
      const now = Math.ceil(at / stepMs)
      if (now > state[OPEN]!) {
        if (state[OPEN]! > 0) close(state[OPEN]!, state[COUNT]! > 0 ? state[SUM]! / state[COUNT]! : undefined)
        state.fill(0, SUM, OPEN)
        state[OPEN] = now
      }
      if (demand === undefined) return
      state[SUM]! += demand
      state[COUNT]! += 1
    },
  }
}

/** How far off a median was, in units of how far off it expected to be; a forecast that is sure of itself expects a percent. */
function scaledError(quantiles: Float64Array, actual: number): number {
  const spread = Math.max(quantiles[P95]! - quantiles[0]!, 0.01 * Math.abs(quantiles[0]!))
  return spread > 0 ? Math.abs(quantiles[0]! - actual) / spread : actual === quantiles[0] ? 0 : 1
}

/** Forecasts for single steps that wait for their value, and what has become of those before. */
function createPoints({ stepMs, horizonsMs, unit }: MeasuredOptions) {
  const perDay = Math.round(DAY_MS / stepMs)
  const ahead = horizonsMs.map(ms => Math.round(ms / stepMs))
  const farthest = ahead.at(-1)!
  const board = createScoreboard(horizonsMs.map(ms => ms / 1000))
  const drift = createDrift({ stepsPerDay: perDay, unit })
  const slots = farthest + 1
  const width = LEVELS + 2 // the step that it is for, and the newest value when it was made
  const waiting = new Float64Array(ahead.length * slots * width)
  const lastDay = new Float32Array(perDay).fill(Number.NaN)
  /** The newest mean, and the step that it is of. */
  const last = new Float64Array(2).fill(Number.NaN)
  const dayOf = (step: number) => Math.floor(step / perDay)
  const slotOf = (horizon: number, step: number) => {
    const start = (horizon * slots + (step % slots)) * width
    return waiting.subarray(start, start + width)
  }

  const settle = (step: number, horizon: number, actual: number) => {
    const slot = slotOf(horizon, step)
    if (slot[0] !== step) return
    const dayBefore = lastDay[step % perDay]!
    const due = { actual, lastValue: slot[1]!, ...(!Number.isNaN(dayBefore) && { dayBefore }) }
    board.score({ day: dayOf(step), horizon }, slot.subarray(2), due)
    if (horizon === 0) drift.error(step, scaledError(slot.subarray(2), actual))
  }
  const kept: Kept = { part: () => partsOf({ board, drift, waiting, lastDay, last }) }
  return {
    ...kept,
    settle(step: number, mean: number | undefined) {
      last.set([mean ?? Number.NaN, step])
      if (mean !== undefined) {
        for (let horizon = 0; horizon < ahead.length; horizon++) settle(step, horizon, mean)
        drift.load(dayOf(step), mean)
      }
      lastDay[step % perDay] = mean ?? Number.NaN
    },
    note(step: number, { points }: Forecast) {
      if (Number.isNaN(last[0]) || last[1] !== step) return // after a gap the fan is of before it
      for (const { at, quantiles } of points) {
        const target = Math.round(at / stepMs)
        const horizon = ahead.indexOf(target - step)
        if (horizon < 0) continue
        const slot = slotOf(horizon, target)
        slot[0] = target
        slot[1] = last[0]!
        slot.set(quantiles.slice(0, LEVELS), 2)
      }
    },
    accuracy: (step: number) => ({ horizons: board.accuracy(dayOf(step)), drift: driftAt(step) }),
  }

  function driftAt(step: number) {
    const { since, ...facts } = drift.facts(step, dayOf(step))
    return { ...facts, ...(since !== undefined && { since: since * stepMs }) }
  }
}
