import { partsOf } from '../state.ts'
import { type Center, COMMON_WIDTH, clamp, type Matured, NOT_LENT } from './center.ts'
import { createContest } from './contest.ts'
import { createRidge, type Ridge } from './ridge.ts'
import type { Track } from './track.ts'

const OWN_WIDTH = 5
const WIDTH = COMMON_WIDTH + OWN_WIDTH
/**
 * The same time of other days, in hours before, as it was or moved by what has changed since. None needs a time zone: after clocks
 * changed, who looks back an hour less or more is right, and is heard within hours. Two to six days ago, for holidays that are like
 * a Sunday, were tried: they helped there and lost elsewhere (5 min .642 instead of .641 on series not tuned on, 1 min .644 of .639).
 */
const SEASONS = [
  { name: 'a day ago', hours: 24, isMoved: false },
  { name: 'a week ago', hours: 168, isMoved: false },
  { name: 'risen since a day ago', hours: 24, isMoved: true },
  { name: 'risen since a week ago', hours: 168, isMoved: true },
  { name: 'risen since 23 hours ago', hours: 23, isMoved: true },
  { name: 'risen since 25 hours ago', hours: 25, isMoved: true },
  { name: '167 hours ago', hours: 167, isMoved: false },
  { name: '169 hours ago', hours: 169, isMoved: false },
]
const MEMBERS = ['long', 'short', 'last', ...SEASONS.map(({ name }) => name)]
const FIRST_SEASON = 4
/** Time constants, in hours, of the two regressions: eight days know the week, eighteen hours follow what changes. */
const [LONG_HOURS, SHORT_HOURS] = [192, 18]
/** Errors below a tenth of the load weigh alike (Huber): the weights of absolute errors would have no end. */
const LEAST_RESIDUAL = 0.1
/** No member expects more than that many times, or less than that share, of the load of now: e to the 20th. */
const LARGEST_RISE = 20
/** Members weigh by the inverse of their error to that power, and errors are forgotten in the mean after so many days. */
const [POWER, ERROR_DAYS] = [8, 0.15]
/** Errors of half a percent of the usual load are as good as none: after quiet hours the last value must not silence who knows of a jump. */
const EXACT = 0.005
/** Moving averages over so many ticks: what single lags are too noisy for. */
const SMOOTHED_TICKS = [3, 8, 24]

/** Own features of other days. */
const OWN_NOT_LENT = [COMMON_WIDTH + 3, COMMON_WIDTH + 4]

/** A member that somebody else computed. */
export interface OutsideMember {
  readonly name: string
  /** Log level of the track `ahead` ticks after the newest one; NaN where it says nothing. */
  level(ahead: number): number
}

/**
 * The median by an ensemble: two linear regressions for the least absolute error (a ridge whose rows are weighted by the inverse
 * of their error, one step of iteratively reweighted least squares at a time), one with a long memory and one with a short one, and
 * the last value and the seasonal naive forecasts, as they are and moved by what has changed since; combined by inverse powers of
 * their matured errors in units of the load. One member alone speaks where a contest promotes it. `ahead`: ticks to the point. `outside`: one
 * more member, that counts for as much as its errors let it.
 */
export function createEnsembleCenter(track: Track, ahead: number, outside?: OutsideMember): Center {
  const names = outside === undefined ? MEMBERS : [...MEMBERS, outside.name]
  const [count, width] = [names.length, 1 + names.length] // the ensemble, then its members
  const members = [createRidge(WIDTH, 1e-3), createRidge(WIDTH, 1e-3)] as const
  const [long, short] = members
  const smoothed = new Float64Array(SMOOTHED_TICKS.length)
  // Of origins before the first fit no season was told anything: what they left empty must not be scored as if it were the last value.
  const told = new Float64Array((ahead + 1) * width).map((_, place) => (place % width < FIRST_SEASON ? 0 : Number.NaN))
  const contest = createContest(['ensemble', ...names], track.grid.perDay)
  const off = new Float64Array(width)
  const errors = new Float64Array(count + 1).fill(Number.NaN, 0, count) // NaN before the first; and how many were scored
  const fitted = new Uint8Array(1)

  const score = ({ slot, base, rise }: Matured) => {
    const load = Math.exp(base + rise)
    for (let one = 0; one < width; one++) off[one] = Math.abs(Math.exp(base + told[slot * width + one]!) - load)
    noteErrors(errors, off, track.grid.perDay * ERROR_DAYS)
    contest.score(track.tick, off)
  }
  /** Absolute errors in units of the load: rows of a high load weigh more, rows that were far off less. */
  const weightOf = ({ slot, base, rise }: Matured) => {
    const residual = Math.abs(rise - told[slot * width + 1]!)
    return fitted[0] === 0 ? 1 : Math.min(1, LEAST_RESIDUAL / residual) * Math.exp(clamp(base - track.dayMean, 2))
  }
  return {
    ownWidth: OWN_WIDTH,
    isMedian: true,
    part: () => partsOf({ long, short, smoothed, told, errors, fitted, contest }),
    contest,
    ...lending({ track, members, errors }),
    describeOwn: row => describe(track, { ahead, smoothed, row }),
    expect(row, slot) {
      const own = told.subarray(slot * width, (slot + 1) * width)
      own[1] = clamp(long.predict(row), LARGEST_RISE)
      own[2] = clamp(short.predict(row), LARGEST_RISE)
      tellNaive(track, ahead, own)
      if (outside !== undefined) own[count] = outside.level(ahead) - track.base.get(track.tick)
      own[0] = combined(own.subarray(1), errors, EXACT * Math.exp(track.dayMean))
      const spoken = own[contest.champion]!
      return Number.isNaN(spoken) ? own[0] : spoken
    },
    mature(matured) {
      if (matured.isScored) score(matured)
      if (!matured.teaches) return
      const weight = weightOf(matured)
      for (const member of members) member.add(matured.rows, matured.rise, { from: matured.row, weight })
    },
    refit() {
      for (const member of members) member.solve()
      fitted[0] = long.weight > WIDTH * 3 ? 1 : 0
      long.fade(Math.exp(-1 / LONG_HOURS))
      short.fade(Math.exp(-1 / SHORT_HOURS))
      return fitted[0] === 1
    },
  }
}

/** Takes in what each member was off by; `off` begins with that of the ensemble. Old errors fade within `memory` of them. */
function noteErrors(errors: Float64Array, off: Float64Array, memory: number): void {
  const count = errors.length - 1
  errors[count]! += 1
  const gain = Math.max(1 / errors[count]!, 1 / memory)
  const worst = worstOf(errors)
  for (let member = 0; member < count; member++) {
    const error = off[1 + member]!
    if (Number.isNaN(error)) continue
    // Who begins to speak after a day or a week is no better than the worst until it has shown to be.
    if (Number.isNaN(errors[member]!)) errors[member] = Math.max(worst, error)
    else errors[member]! += gain * (error - errors[member]!)
  }
}

function worstOf(errors: Float64Array): number {
  let worst = 0
  for (let member = 0; member < errors.length - 1; member++) if (errors[member]! > worst) worst = errors[member]!
  return worst
}

interface Lending {
  readonly track: Track
  readonly members: readonly Ridge[]
  /** Of all members, and how many were scored. */
  readonly errors: Float64Array
}

function lending({ track, members, errors }: Lending): Pick<Center, 'lend' | 'borrow'> {
  const last = errors.length - 1
  return {
    lend: rows => ({
      sums: members.map(member => member.lend(rows, [...NOT_LENT, ...OWN_NOT_LENT])),
      // Of the regressions and the last value: whether its days are alike is a series' own affair.
      errors: errors.slice(0, FIRST_SEASON - 1).map(error => error / Math.exp(track.dayMean)),
    }),
    borrow(prior, rows) {
      for (const [i, member] of members.entries()) member.borrow(prior.sums[i]!, rows)
      errors.set(prior.errors.map(error => error * Math.exp(track.dayMean)))
      errors.fill(Number.NaN, FIRST_SEASON - 1, last)
      errors[last] = 1 // what it sees itself soon counts for more
    },
  }
}

interface OwnFeatures {
  readonly ahead: number
  readonly smoothed: Float64Array
  readonly row: Float64Array
}

/** Distances from moving averages, and the same time of yesterday and of last week, behind the common features. */
function describe(track: Track, { ahead, smoothed, row }: OwnFeatures): void {
  const now = track.base.get(track.tick)
  SMOOTHED_TICKS.forEach((ticks, i) => {
    const gain = Math.max(1 / ticks, 1 / (track.tick + 1))
    smoothed[i]! += gain * (track.level.get(track.tick) - smoothed[i]!)
    row[COMMON_WIDTH + i] = now - smoothed[i]!
  })
  row[COMMON_WIDTH + 3] = around(track, ahead, 1)
  row[COMMON_WIDTH + 4] = around(track, ahead, 7)
}

/** The members that need no fit, above the load of now: last value, seasonal naive forecasts, and those moved by what has changed since. */
function tellNaive(track: Track, ahead: number, told: Float64Array): void {
  const { tick, level, base, grid } = track
  const [now, last] = [base.get(tick), level.get(tick)]
  told[3] = last - now
  SEASONS.forEach(({ hours, isMoved }, season) => {
    const then = tick - Math.round((hours / 24) * grid.perDay)
    const isKnown = then >= 0 && then + ahead <= tick
    const before = isKnown ? level.get(then + ahead) : Number.NaN
    told[FIRST_SEASON + season] = isMoved ? before - level.get(Math.max(0, then)) + last - now : before - now
  })
}

/** Mean of five ticks around the same time `days` ago, over the load of now for a week and of then for a day; 0 while unknown. */
function around({ grid, tick, level, base }: Track, ahead: number, days: 1 | 7): number {
  const back = days * grid.perDay
  if (tick < back + 6 || ahead + 2 > grid.perDay) return 0
  let sum = 0
  for (let one = -2; one <= 2; one++) sum += level.get(tick - back + ahead + one)
  return sum / 5 - (days === 1 ? base.get(tick - back) : base.get(tick))
}

/**
 * Weighted by inverse powers of the errors, as shares of the least one, so that no error is too large or small for its power. Who
 * was never compared with what came is not heard, unless nobody was.
 */
function combined(told: Float64Array, errors: Float64Array, exact: number): number {
  let least = Number.POSITIVE_INFINITY
  for (let member = 0; member < told.length; member++)
    if (!Number.isNaN(told[member]!) && errors[member]! + exact < least) least = errors[member]! + exact
  const isNew = least === Number.POSITIVE_INFINITY
  let [weights, sum] = [0, 0]
  for (let member = 0; member < told.length; member++) {
    if (Number.isNaN(told[member]!) || (!isNew && Number.isNaN(errors[member]!))) continue
    const weight = isNew ? 1 : (least / (errors[member]! + exact)) ** POWER
    weights += weight
    sum += weight * told[member]!
  }
  return sum / weights
}
