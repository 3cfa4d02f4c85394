import { type Band, type Forecast, type Instant, QUANTILES, WINDOW_LEVELS, type WindowForecast } from '../model.ts'
import type { Forecaster, Lender, Restorable } from '../rules.ts'
import { listOf, listPart, partsOf, restorable } from '../state.ts'
import type { ChampionFacts } from './accuracy/accuracy.ts'
import { createRidgeCenter } from './center.ts'
import type { Contest } from './contest.ts'
import { createEnsembleCenter, type OutsideMember } from './ensemble-center.ts'
import { createLoan, type Loan } from './loan.ts'
import { createTrack, fromLog, gridOf, type Track, toLog } from './track.ts'
import { createWindowModel, type WindowModel, type WindowTicks } from './window-model.ts'

export interface Span {
  readonly fromMs: number
  readonly toMs: number
}

export interface SeasonalRidgeOptions {
  /** Distance of two absorbed values. */
  readonly stepMs: number
  /** How old the newest value is when a decision uses it: the windows below count from the decision. */
  readonly delayMs: number
  /** Windows whose maximum is forecast; counted from the time of the forecast. */
  readonly windows: readonly Span[]
  /** Times ahead for the pointwise fan. */
  readonly pointsMs: readonly number[]
  /** The load that one replica carries: differences far below it are not modelled. */
  readonly unit: number
  /** Points that a model of the user's own has computed: one more member of the ensemble. */
  readonly outside?: OutsideForecasts
}

/** Forecasts as data: who made them must have used nothing later than `at`. */
export interface OutsideForecasts {
  readonly name: string
  /** In load units, `steps` after the value of `at`; `undefined` where there is none. */
  at(at: Instant, steps: number): number | undefined
}

const NAME = 'seasonal-ridge'
const DAY_MS = 86_400_000
/** A forecast reaches 30 minutes; what is older than that is no longer the present. */
const LONGEST_GAP_MS = 1_800_000

/**
 * Seasonal profile (yesterday, the days before, last week) times recent level, by direct multi-horizon ridge regression in log
 * space, one model for each window; a second regression models the spread; quantiles come from standardised residuals of
 * past forecasts and are corrected online (adaptive conformal inference). Bounds are capped at twice the largest load of a week.
 * Abstains until six hours were seen (three with what another series has lent), and, where values are few (a coarse step, gaps),
 * until past forecasts tell how wrong they are.
 */
export function seasonalRidge(options: SeasonalRidgeOptions): Forecaster & Restorable & Lender {
  const { stepMs } = options
  const grid = gridOf(stepMs)
  const track = createTrack(grid, options.unit)
  const outside = outsideMember(options)
  const models = createModels(options, track, outside)
  const loan = createLoan({ track, models, layout: layoutOf(options) })
  let lastAt: Instant | undefined
  /** What was said at a tick: until the next one only the times differ, and several ask (the tuner, the decision, whoever shows it). */
  let last: { readonly tick: number; readonly said: Said } | undefined

  const push = (at: Instant, demand: number | undefined) => {
    outside?.moveTo(at)
    track.push(demand)
    const timeOfDay = (at % DAY_MS) / DAY_MS
    for (const one of models) one.advance(timeOfDay)
    if (track.tick % grid.perHour === grid.perHour - 1) {
      loan.settle()
      for (const one of models) one.refit()
    }
    lastAt = at
  }
  const time = () =>
    listPart(
      1,
      () => (lastAt === undefined ? [] : [lastAt]),
      ([at]) => {
        lastAt = at
        last = undefined
      },
    )
  return {
    name: NAME,
    ...restorable(() => ({ kind: `${NAME} ${JSON.stringify(options)}`, version: 6 }), {
      part: () => partsOf({ track, models: listOf(models), time: time(), loan }),
    }),
    lend: loan.lend,
    borrow: loan.borrow,
    prior: loan.prior,
    absorb(at, demand) {
      if (lastAt === undefined ? demand === undefined : at <= lastAt && demand !== undefined) return
      // A source that repeats its last, stale sample is silent too: the tick is a gap, whatever time the sample has.
      if (lastAt !== undefined && at <= lastAt) return push(lastAt + stepMs, undefined)
      // Ticks that nobody saw are gaps. Of a longer one whole days are left out: yesterday stays at the same time of day.
      const unseen = lastAt === undefined ? 0 : Math.round((at - lastAt) / stepMs) - 1
      const missed = unseen > grid.perDay ? grid.perDay + (unseen % grid.perDay) : unseen
      for (let i = missed; i >= 1; i--) push(at - i * stepMs, undefined)
      push(at, demand)
    },
    champion: () => championOf(models.at(-1)?.contest, { lastAt, tick: track.tick, stepMs, unit: options.unit }),
    predict(now) {
      if (last?.tick !== track.tick) last = { tick: track.tick, said: compute({ options, track, models, loan }) }
      return asOf(last.said, now)
    },
  }
}

/** What two series must have in common for one to lend to the other: everything but the unit. */
function layoutOf(options: SeasonalRidgeOptions): string {
  const { stepMs, windows, outside } = options
  return JSON.stringify({ stepMs, windows: windows.length, ticks: windowsOf(options), ...(outside && { outside: outside.name }) })
}

/** Those of the windows, then those of the points. */
function windowsOf(options: SeasonalRidgeOptions): readonly WindowTicks[] {
  const spans = [...options.windows, ...options.pointsMs.map(ms => ({ fromMs: ms, toMs: ms }))]
  return spans.map(({ fromMs, toMs }) => ({ from: aheadOf(fromMs, options), to: aheadOf(toMs, options) }))
}

function createModels(options: SeasonalRidgeOptions, track: Track, outside: OutsideMember | undefined): readonly WindowModel[] {
  return windowsOf(options).map((window, i) => {
    const isPoint = i >= options.windows.length
    const center = isPoint ? createEnsembleCenter(track, window.to, outside) : createRidgeCenter()
    return createWindowModel({ track, window, center, levels: isPoint ? QUANTILES : WINDOW_LEVELS })
  })
}

/** What a model of the user's own says, in the terms of the track; it is asked as of the tick that was moved to. */
function outsideMember({ outside, unit }: SeasonalRidgeOptions) {
  if (outside === undefined) return
  let newestAt: Instant = 0
  return {
    name: outside.name,
    moveTo(at: Instant) {
      newestAt = at
    },
    level(steps: number): number {
      const load = outside.at(newestAt, steps)
      return load === undefined ? Number.NaN : toLog(Math.max(0, load), unit)
    },
  }
}

interface Moment {
  readonly lastAt: Instant | undefined
  readonly tick: number
  readonly stepMs: number
  readonly unit: number
}

function championOf(contest: Contest | undefined, { lastAt, tick, stepMs, unit }: Moment): ChampionFacts | undefined {
  if (contest === undefined || lastAt === undefined) return
  const { names, champion, since, errors } = contest
  const means = errors()
  return {
    name: names[champion]!,
    ...(since >= 0 && { since: lastAt - (tick - since) * stepMs }),
    candidates: names.flatMap((name, place) =>
      Number.isNaN(means[place]) ? [] : [{ name, meanAbsoluteError: unit * means[place]! }],
    ),
  }
}

interface Fitted {
  readonly options: SeasonalRidgeOptions
  readonly track: Track
  /** Those of the windows, then those of the points. */
  readonly models: readonly WindowModel[]
  readonly loan: Loan
}

/** A forecast without a time. */
type Said = { readonly points: readonly Point[]; readonly windows: readonly WindowForecast[] } | { readonly abstains: string }

interface Point {
  readonly ms: number
  readonly quantiles: readonly number[]
}

function asOf(said: Said, now: Instant): Forecast | { readonly abstains: string } {
  if ('abstains' in said) return said
  const points = said.points.map(({ ms, quantiles }): Band => ({ at: now + ms, quantiles }))
  return { by: NAME, madeAt: now, points, windows: said.windows }
}

function compute({ options, track, models, loan }: Fitted): Said {
  const { stepMs, unit } = options
  const seen = track.tick + 1
  const { perHour } = track.grid
  const hours = loan.hoursNeeded()
  if (seen < perHour * hours)
    return { abstains: `${(seen / perHour).toFixed(1)} h of the ${hours} h of history that a forecast needs` }
  const longestGap = Math.max(2, Math.round(LONGEST_GAP_MS / stepMs))
  if (track.gap > longestGap) return { abstains: `the newest value is ${Math.round((track.gap * stepMs) / 60_000)} min old` }
  if (!models.every(one => one.isCalibrated())) return { abstains: 'too few values yet to tell how wrong a forecast would be' }
  const cap = 2 * track.weekMaximum
  const read = models.map((one, i) => {
    const bounds = Array.from(one.bounds(), log => Math.min(cap, fromLog(log, unit)))
    // The median of counts is a count: between two of them every forecast is wrong.
    if (track.isCount && i >= options.windows.length) bounds[0] = Math.round(bounds[0]!)
    return ascending(bounds)
  })
  const points = options.pointsMs.map((ms, i) => ({ ms, quantiles: read[options.windows.length + i]! }))
  const spans = options.windows.map((span, i) => ({ ...span, quantiles: read[i]! }))
  return { points, windows: spans.map(span => notBelowItsPoints(span, points)) }
}

/** Corrections made level by level may cross; quantiles may not. */
function ascending(bounds: readonly number[]): readonly number[] {
  let highest = 0
  return bounds.map(bound => {
    highest = Math.max(highest, bound)
    return highest
  })
}

/** The maximum over a window is at least each of its points, level by level; models fitted apart need not know that. */
function notBelowItsPoints(window: WindowForecast, points: readonly Point[]): WindowForecast {
  const inside = points.filter(({ ms }) => ms >= window.fromMs && ms <= window.toMs)
  if (inside.length === 0) return window
  let highest = 0
  const quantiles = window.quantiles.map((value, i) => {
    const level = QUANTILES.findIndex(one => one === WINDOW_LEVELS[i])
    for (const point of level < 0 ? [] : inside) highest = Math.max(highest, point.quantiles[level]!)
    highest = Math.max(highest, value)
    return highest
  })
  return { ...window, quantiles }
}

/** A window that begins `ms` after the decision begins that many ticks after the newest value. */
const aheadOf = (ms: number, { stepMs, delayMs }: SeasonalRidgeOptions): number =>
  Math.max(1, Math.round((ms + delayMs) / stepMs) + 1)
