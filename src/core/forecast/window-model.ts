import { type Kept, partsOf } from '../state.ts'
import { type Center, type CenterPrior, COMMON_WIDTH, clamp } from './center.ts'
import type { Contest } from './contest.ts'
import { createResidualQuantiles } from './residual-quantiles.ts'
import { createRidge, type Ridge } from './ridge.ts'
import { createRing } from './ring.ts'
import type { Track } from './track.ts'

/** Ticks ahead of the newest value: the maximum over [from, to] is what is forecast; from = to is one point. */
export interface WindowTicks {
  readonly from: number
  readonly to: number
}

/** Direct forecast of the log maximum over one window: the middle by its center, spread by ridge on log |residual|, quantiles of both. */
export interface WindowModel extends Kept {
  /** Called once for each tick after the track took it in; `timeOfDay` is 0..1 at that tick. */
  advance(timeOfDay: number): void
  refit(): void
  /** What it has learnt, for another series on the same grid. */
  lend(): ModelPrior
  /** Begins with what a model of the same window has learnt elsewhere; before the first fit. */
  borrow(prior: ModelPrior): void
  /** Whether past forecasts were scored, so that the levels differ; before that every bound is the load of now. */
  isCalibrated(): boolean
  /** Who of several speaks in the middle, where there are several. */
  readonly contest: Contest | undefined
  /** Log-space bounds at the model's levels, as of the newest tick. Reused array: copy what must stay. */
  bounds(): Float64Array
}

/** What a model lends: its regressions as a few hours of rows, how wrong it was lately, and quantiles of its standardised errors. */
export interface ModelPrior {
  readonly center: CenterPrior
  readonly spread: Float64Array
  readonly residuals: Float64Array
  readonly scores: Float64Array
}

/** Hours of rows and of errors that are lent, chosen of 7, 12 and 24 on series to tune on; enough for a first fit on any grid. */
const [LENT_HOURS, LEAST_LENT_ROWS] = [8, 100]
/** Errors are lent as so many quantiles, in the middle of as many equal shares. */
const LENT_SCORES = 96
const LENT_LEVELS = Array.from({ length: LENT_SCORES }, (_, i) => (i + 0.5) / LENT_SCORES)
/** The load itself: it is another's. */
const SPREAD_NOT_LENT = [13]

const SPREAD_WIDTH = 14
/** Added to |residual| before the log: 0.5 % of the load is as good as exact. */
const EXACT = 0.005
/** Gibbs and Candes (2021), adaptive conformal inference: how far one miss moves an offset, in units of z. */
const ADAPTATION = 0.05
/** As the rows of the center. */
const HOURLY_FADE = Math.exp(-1 / (24 * 8))

export interface WindowModelOptions {
  readonly track: Track
  readonly window: WindowTicks
  readonly levels: readonly number[]
  readonly center: Center
}

export function createWindowModel(options: WindowModelOptions): WindowModel {
  const { track, window, center } = options
  const { perMinute } = track.grid
  const spreadAt = COMMON_WIDTH + center.ownWidth
  const spread = createRidge(SPREAD_WIDTH, 1e-3)
  const seasons = createSeasonalHistory(track, window)
  const residuals = createResidualHistory(track)
  const scores = createCalibration(options)
  const origins = createOrigins({ count: window.to + 1, perMinute, width: spreadAt + SPREAD_WIDTH })
  const solved = new Uint8Array(1)
  const part = () => partsOf({ center, spread, seasons, residuals, scores, origins, solved })

  /** The window of `origin` has passed: its forecast is scored, and its row teaches. */
  const mature = (origin: number) => {
    const slot = origins.slotOf(origin)
    const base = track.base.get(origin)
    const rise = seasons.close(origin) - base
    const [expected, deviation] = [origins.means[slot]!, origins.spreads[slot]!]
    const real = track.gap === 0 && origins.usable[slot] === 1
    const isScored = real && solved[0] === 1
    if (isScored) scores.add((rise - expected) / deviation)
    const residual = Math.abs(rise - expected)
    residuals.close(origin, isScored ? residual : undefined)
    const teaches = real && origin % perMinute === 0
    const row = origins.rowOf(origin)
    center.mature({ slot, rows: origins.rows, row, base, rise, expected, deviation, isScored, teaches })
    if (teaches && isScored) spread.add(origins.rows, Math.log(residual + EXACT), { from: row + spreadAt })
  }
  return {
    part,
    advance(timeOfDay) {
      const origin = track.tick - window.to
      if (origin >= 0) mature(origin)
      const slot = origins.slotOf(track.tick)
      seasons.describe(middleRow, timeOfDay)
      center.describeOwn(middleRow)
      residuals.describe(spreadRow)
      if (track.tick % perMinute === 0) origins.keep(track.tick, spreadAt)
      origins.usable[slot] = track.gap === 0 ? 1 : 0
      origins.means[slot] = solved[0] === 1 ? center.expect(middleRow, slot) : 0
      origins.spreads[slot] = solved[0] === 1 ? Math.exp(clamp(spread.predict(spreadRow) + 4, 6) - 4) : 0.2
    },
    ...lending({ track, center, spread, residuals, scores }),
    refit() {
      if (spread.weight > 0) spread.solve()
      spread.fade(HOURLY_FADE)
      scores.refresh()
      solved[0] = center.refit() ? 1 : 0
    },
    contest: center.contest,
    isCalibrated: () => scores.isKnown(),
    bounds() {
      const slot = origins.slotOf(track.tick)
      return scores.bounds(track.base.get(track.tick) + origins.means[slot]!, origins.spreads[slot]!)
    },
  }
}

interface Lending {
  readonly track: Track
  readonly center: Center
  readonly spread: Ridge
  readonly residuals: ReturnType<typeof createResidualHistory>
  readonly scores: ReturnType<typeof createCalibration>
}

function lending({ track: { grid }, center, spread, residuals, scores }: Lending): Pick<WindowModel, 'lend' | 'borrow'> {
  const rows = Math.max(LEAST_LENT_ROWS, (LENT_HOURS * grid.perHour) / grid.perMinute)
  return {
    lend: () => ({
      center: center.lend(rows),
      spread: spread.lend(rows, SPREAD_NOT_LENT),
      residuals: residuals.lend(),
      scores: scores.lend(),
    }),
    borrow(prior) {
      center.borrow(prior.center, rows)
      spread.borrow(prior.spread, rows)
      residuals.borrow(prior.residuals)
      scores.borrow(prior.scores)
    },
  }
}

/** The rows of the tick in hand, filled anew by every model at every tick; what must stay is copied. */
const middleRow = new Float64Array(COMMON_WIDTH + 16)
const spreadRow = new Float64Array(SPREAD_WIDTH)

interface OriginsOptions {
  readonly count: number
  readonly perMinute: number
  readonly width: number
}

/** What was predicted at the newest `count` origins, kept until their window has passed; rows only of those that will teach. */
function createOrigins({ count, perMinute, width }: OriginsOptions) {
  const kept = Math.ceil(count / perMinute) + 1
  const rows = new Float64Array(kept * width)
  const means = new Float64Array(count)
  const spreads = new Float64Array(count).fill(1)
  const usable = new Uint8Array(count)
  const rowOf = (tick: number) => (Math.floor(tick / perMinute) % kept) * width
  return {
    part: () => partsOf({ rows, means, spreads, usable }),
    rows,
    means,
    spreads,
    usable,
    slotOf: (tick: number) => tick % count,
    rowOf,
    keep(tick: number, spreadAt: number) {
      rows.set(middleRow.subarray(0, spreadAt), rowOf(tick))
      rows.set(spreadRow, rowOf(tick) + spreadAt)
    },
  }
}

/** Empirical quantiles of the standardised residuals, each level corrected online by its own misses. */
function createCalibration({ levels, track, center: { isMedian } }: WindowModelOptions) {
  const scores = createResidualQuantiles(track.grid.perDay * 7)
  const offsets = new Float64Array(levels.length)
  const bound = new Float64Array(levels.length)
  const quantiles = new Float64Array(levels.length)
  const known = new Uint8Array(1)
  const part = () => partsOf({ scores, offsets, quantiles, known })
  return {
    part,
    isKnown: () => known[0] === 1,
    lend: () => scores.quantiles(LENT_LEVELS),
    borrow(lent: Float64Array) {
      const times = Math.max(1, Math.round((LENT_HOURS * track.grid.perHour) / LENT_SCORES))
      for (const score of lent) for (let i = 0; i < times; i++) scores.add(score)
    },
    add(score: number) {
      scores.add(score)
      for (let i = 0; i < levels.length; i++) {
        const miss = score > quantiles[i]! + offsets[i]! ? 1 : 0
        offsets[i] = Math.min(4, Math.max(-1, offsets[i]! + ADAPTATION * (miss - (1 - levels[i]!))))
      }
    },
    refresh() {
      if (scores.count === 0) return
      quantiles.set(scores.quantiles(levels))
      known[0] = 1
    },
    bounds(center: number, spread: number): Float64Array {
      for (let i = 0; i < levels.length; i++) bound[i] = center + (quantiles[i]! + offsets[i]!) * spread
      if (isMedian) bound[levels.indexOf(0.5)] = center
      return bound
    },
  }
}

/** How wrong we were lately, at this time on the days before and at this minute of the hour: the features of the spread. */
function createResidualHistory(track: Track) {
  const { perMinute, perHour, perDay } = track.grid
  const fades = [perMinute * 2, perMinute * 10, perHour, perHour * 6].map(ticks => 1 / (1 + ticks))
  const means = new Float64Array(4).fill(0.1)
  const around = createRing(perDay * 2)
  const profile = new Float64Array(perHour).fill(0.1)
  return {
    part: () => partsOf({ means, around, profile }),
    lend: () => means.slice(),
    borrow(lent: Float64Array) {
      means.set(lent)
      profile.fill(lent[3]!)
    },
    close(origin: number, residual: number | undefined) {
      if (residual !== undefined) {
        for (let i = 0; i < 4; i++) means[i]! += fades[i]! * (residual - means[i]!)
        profile[origin % perHour]! += (residual - profile[origin % perHour]!) / 12
      }
      around.set(origin, means[1]!)
    },
    describe(row: Float64Array) {
      const tick = track.tick
      const now = track.base.get(tick)
      row[0] = 1
      for (let i = 0; i < 4; i++) row[1 + i] = Math.log(means[i]! + EXACT)
      // The fading mean lags: ten minutes later on that day it covers the time around this origin.
      const later = perMinute * 10
      row[5] = tick >= perDay ? Math.log(around.get(tick - perDay + later) + EXACT) : row[3]!
      row[6] = tick >= 2 * perDay ? Math.log(around.get(tick - 2 * perDay + later) + EXACT) : row[5]!
      row[7] = Math.log(profile[tick % perHour]! + EXACT)
      for (let i = 0; i < 3; i++) row[8 + i] = Math.log(track.roughness[i]! + EXACT)
      row[11] = now - track.dayMean
      row[12] = Math.abs(now - track.base.get(Math.max(0, tick - perMinute * 5)))
      row[13] = now
    },
  }
}

/**
 * What the window's maximum was at the same time on other days, and the features made of it. The maxima are read off the level
 * each time: that costs less than a week of them for every window.
 */
function createSeasonalHistory(track: Track, window: WindowTicks) {
  const { perMinute, perHour, perDay } = track.grid
  const smooth = createRing(perDay)
  const profile = new Float64Array(perHour)
  const lags = [perMinute, perMinute * 2, perMinute * 5, perMinute * 15, perHour, perHour * 4]
  const week = 7 * perDay
  const running = new Float64Array(1)

  const maximumOf = (origin: number) => track.level.maximum(origin + window.from, origin + window.to)
  const rise = (tick: number) => maximumOf(tick) - track.base.get(tick)
  const otherDays = (row: Float64Array, now: number) => {
    const yesterday = track.tick - perDay
    const days = Math.min(3, Math.floor(track.tick / perDay))
    const maximum = maximumOf(yesterday)
    let shape = maximum - track.base.get(yesterday)
    row[10] = shape
    for (let day = 2; day <= days; day++) shape += rise(track.tick - day * perDay)
    row[11] = now - track.base.get(yesterday)
    row[12] = shape / days
    row[13] = maximum - smooth.get(yesterday + perMinute * 10)
  }
  const lastWeek = (row: Float64Array, now: number) => {
    row[14] = rise(track.tick - week)
    row[15] = now - track.base.get(track.tick - week)
  }
  const part = () => partsOf({ smooth, profile, running })
  return {
    part,
    close(origin: number): number {
      const maximum = maximumOf(origin)
      running[0]! += (maximum - running[0]!) / (1 + perMinute * 10)
      smooth.set(origin, running[0]!)
      profile[origin % perHour]! += (maximum - track.base.get(origin) - profile[origin % perHour]!) / 12
      return maximum
    },
    describe(row: Float64Array, timeOfDay: number): void {
      const tick = track.tick
      const now = track.base.get(tick)
      row[0] = 1
      row[1] = track.level.get(tick) - now
      row[2] = track.level.get(Math.max(0, tick - 1)) - now
      for (let i = 0; i < lags.length; i++) row[3 + i] = tick >= lags[i]! ? now - track.base.get(tick - lags[i]!) : 0
      row[9] = now - track.dayMean
      row.fill(0, 10, 16) // nothing is known yet of a day before the first
      if (tick >= perDay) otherDays(row, now)
      if (tick >= week) lastWeek(row, now)
      row[16] = profile[tick % perHour]!
      row[17] = now
      const angle = 2 * Math.PI * timeOfDay
      row[18] = Math.sin(angle)
      row[19] = Math.cos(angle)
      row[20] = Math.sin(2 * angle)
      row[21] = Math.cos(2 * angle)
    },
  }
}
