import { type Kept, numbersPart, partsOf } from '../state.ts'
import { createRing, type Ring } from './ring.ts'

/** How the series is laid out in time. All counts are ticks. */
export interface Grid {
  readonly perMinute: number
  readonly perHour: number
  readonly perDay: number
}

/** A tick longer than a minute makes "one minute" one tick; hours and days stay what they are. */
export function gridOf(stepMs: number): Grid {
  const ticks = (ms: number) => Math.max(1, Math.round(ms / stepMs))
  return { perMinute: ticks(60_000), perHour: ticks(3_600_000), perDay: ticks(86_400_000) }
}

/**
 * The series so far, in log space: `level` is log(load / unit + FLOOR), `base` the same of the one-minute mean. Loads far
 * below one unit (one replica) look alike on purpose: nothing is decided by them.
 */
export interface Track extends Kept {
  readonly grid: Grid
  /** Remembered for a week, and the hour and minute before it. */
  readonly level: Pick<Ring, 'get' | 'maximum'>
  /** As far back as the level, which it is computed of: only the newest hours are kept, what is older is asked for less often. */
  readonly base: Pick<Ring, 'get'>
  /** Index of the newest tick; -1 before the first. */
  readonly tick: number
  /** Ticks since the last real value: 0 is live, above 0 is a gap that was filled. */
  readonly gap: number
  /** Fading mean of `base` over about a day. */
  readonly dayMean: number
  /** Fading mean of |change| from tick to tick, over about 2 and 15 minutes and 4 hours. */
  readonly roughness: readonly [number, number, number]
  /** Largest load of the newest 7 days or so (the daily maxima), for the cap. */
  readonly weekMaximum: number
  /** Every load so far was a whole number. */
  readonly isCount: boolean
  push(load: number | undefined): void
}

const FLOOR = 0.2

/** log(load / unit + FLOOR) */
export const toLog = (load: number, unit: number): number => Math.log(load / unit + FLOOR)
/** The load behind a log value; never negative. */
export const fromLog = (log: number, unit: number): number => Math.max(0, (Math.exp(log) - FLOOR) * unit)

/** The longest lag of the recent past that models look at, and the window of an origin, lie within. */
const RECENT_HOURS = 5

export function createTrack(grid: Grid, unit: number): Track {
  const level = createRing(grid.perDay * 7 + grid.perHour + grid.perMinute + 1)
  const base = createBase(level, grid)
  const maxima = createDailyMaxima(grid.perDay)
  const fades = [grid.perMinute * 2, grid.perMinute * 15, grid.perHour * 4].map(ticks => 1 / (1 + ticks))
  const roughness: [number, number, number] = [0.02, 0.02, 0.02]
  let [tick, gap, dayMean, isCount] = [-1, 0, 0, true]

  const part = () =>
    partsOf({
      level,
      base,
      maxima,
      now: numbersPart(
        () => [tick, gap, dayMean, Number(isCount), ...roughness],
        ([first = -1, second = 0, third = 0, fourth = 1, ...rest]) => {
          ;[tick, gap, dayMean, isCount] = [first, second, third, fourth === 1]
          rest.forEach((value, i) => {
            roughness[i] = value
          })
        },
      ),
    })
  return {
    part,
    grid,
    level,
    base,
    get tick() {
      return tick
    },
    get gap() {
      return gap
    },
    get dayMean() {
      return dayMean
    },
    roughness,
    get isCount() {
      return isCount
    },
    get weekMaximum() {
      return maxima.largest()
    },
    push(load) {
      tick += 1
      gap = load === undefined ? gap + 1 : 0
      if (load !== undefined) {
        maxima.add(tick, load)
        isCount &&= Number.isInteger(load)
      }
      level.set(tick, load === undefined ? fill(level, tick, grid.perDay) : toLog(load, unit))
      const mean = base.push(tick)
      dayMean = tick === 0 ? mean : dayMean + (mean - dayMean) / (1 + Math.min(tick, grid.perDay))
      const change = tick === 0 ? 0 : Math.abs(level.get(tick) - level.get(tick - 1))
      for (let i = 0; i < 3; i++) roughness[i]! += fades[i]! * (change - roughness[i]!)
    },
  }
}

/** Means of a minute of the level. The newest are kept; the few older ones that models ask for are computed again, to the same bit. */
function createBase(level: Ring, { perMinute, perHour }: Grid) {
  const kept = perHour * RECENT_HOURS
  const recent = createRing(kept)
  // Several models ask of the same few days; of a prime number of places each has its own.
  const [askedTicks, asked] = [new Int32Array(7).fill(-1), new Float32Array(7)] // of the ring's precision
  const now = new Int32Array([-1])
  const minuteMean = (tick: number) => {
    let sum = 0
    const count = Math.min(perMinute, tick + 1)
    for (let back = 0; back < count; back++) sum += Math.exp(level.get(tick - back))
    return Math.log(sum / count)
  }
  return {
    part: () => partsOf({ recent, now, askedTicks, asked }),
    get(tick: number): number {
      if (tick > now[0]! - kept) return recent.get(tick)
      const place = tick % 7
      if (askedTicks[place] !== tick) {
        asked[place] = minuteMean(tick)
        askedTicks[place] = tick
      }
      return asked[place]!
    },
    push(tick: number): number {
      const mean = minuteMean(tick)
      recent.set(tick, mean)
      now[0] = tick
      return mean
    },
  }
}

/** In a gap the series moves as it did a day ago; without a yesterday it stays where it was. */
function fill(level: Ring, tick: number, perDay: number): number {
  if (tick === 0) return Math.log(FLOOR)
  const last = level.get(tick - 1)
  return tick > perDay ? last + level.get(tick - perDay) - level.get(tick - perDay - 1) : last
}

function createDailyMaxima(perDay: number) {
  const days = new Float64Array(8)
  let day = -1
  const part = () =>
    partsOf({
      days,
      day: numbersPart(
        () => [day],
        ([value = -1]) => {
          day = value
        },
      ),
    })
  return {
    part,
    add(tick: number, load: number) {
      const today = Math.floor(tick / perDay)
      for (; day < today; day++) days[(day + 1) % 8] = 0
      if (load > days[day % 8]!) days[day % 8] = load
    },
    largest: () => days.reduce((largest, value) => Math.max(largest, value), 0),
  }
}
