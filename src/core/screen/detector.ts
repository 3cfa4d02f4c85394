import type { Instant } from '../model.ts'
import { dulled, freshHabit, type Habit, withNews } from './habit.ts'
import { hasMoved, type Lately, lengthened, levelOf } from './lately.ts'
import { expectation, freshUsual, learnt, smallest, type UsualState } from './usual.ts'

/** A mean and variance that forget, with the number of values so far (for a fast start). */
interface Moving {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

/** Everything the detector remembers: constant size, JSON-safe. */
export interface DetectorState {
  readonly count: number
  readonly lastAt: Instant
  /** Usual time between two values, learnt. */
  readonly spacingMs: number
  readonly usual: UsualState
  readonly residuals: Moving
  /** How far the last values lay from the slow course. */
  readonly lately: Lately
  readonly shifts: Moving
  readonly low: number
  readonly high: number
  /** The most unusual values of the last half day, each less so than the one before: only what exceeds the first is news. */
  readonly peaks: readonly Peak[]
  /** What this series does often. */
  readonly habit: Habit
}

/** Before the habit is taken out. */
interface Peak {
  readonly at: Instant
  readonly sigma: number
}

export type AnomalyKind = 'spike' | 'drop' | 'level shift'

export interface Finding {
  /** Sources together, as rare on noise as a normal z of that size, less what is habit; 0 during the first values. */
  readonly sigma: number
  /** `sigma` brought into 0..1: a half at 2.5 sigma. */
  readonly score: number
  /** Something at least as unusual came within the half day before: this tells nothing new. */
  readonly isEcho: boolean
  readonly isAnomaly: boolean
  readonly kind: AnomalyKind
  /** What was expected instead, from the values before. */
  readonly expected: number
}

export const DISPLAY_SIGMA = 2.5

const SILENT_FIRST = 30
const RANGE_AFTER = 100
const LARGEST_Z = 20
/** What the mean of the sources is multiplied by to be as rare on white noise as a normal z: at 2.5 and at 3.5 alike. */
const AS_RARE = 1.6
const DAY_MS = 86_400_000
/** After something unusual only something larger is another, for that long. */
export const HOLD_OFF_MS = DAY_MS / 2
/** What lies beyond the range by a fiftieth of its width counts as one sigma. */
const BEYOND_GAIN = 50
/** After that long half of a former extreme is forgotten, or one giant spike would blind the range for good. */
const RANGE_HALF_LIFE_MS = 60 * DAY_MS
/** Means and variances are of about so many values, or days where that is more. */
const [MEMORY_VALUES, MEMORY_DAYS] = [5000, 7]
/** Errors of those that tell the next value are remembered for so many days, and no longer than that. */
const TRIAL_DAYS = 14

/** Of a decline that is longer than that, the least are forgotten. */
const MOST_PEAKS = 16

const nothing: Moving = { count: 0, mean: 0, variance: 0 }

export const freshDetector: DetectorState = {
  count: 0,
  lastAt: 0,
  spacingMs: 0,
  usual: freshUsual,
  residuals: nothing,
  lately: [],
  shifts: nothing,
  low: 0,
  high: 0,
  peaks: [],
  habit: freshHabit,
}

/** Sigma to 0..1, strictly growing, a half at the display threshold whatever threshold the caller uses. */
export const scoreOf = (sigma: number) => sigma / (sigma + DISPLAY_SIGMA)

/**
 * The score of a stream that is read value by value: half of it for an echo, so that whoever puts a threshold on it is told once of
 * what goes on, and what lies above a half is news.
 */
export const streamScoreOf = ({ score, isEcho }: Finding) => (isEcho ? score / 2 : score)

/**
 * One value of a stream: how unusual it is, judged by the values before it only, and the state for the next one.
 * Agreement of several sources is rarer by chance than one large z, so the score is their mean, each capped at 20: the distance from
 * what those who were right lately expect (`usual.ts`), the mean distance of the last hour and a half from the slow course (level
 * shifts), and the overshoot beyond the range so far (spikes, drops). Seasons are taken out only where they explain the series: on others
 * they would only add noise. What comes every few days is less news each time (`habit.ts`). Figures, and what was tried and
 * lost: docs/benchmarks.md, "Anomalies".
 */
export function observe(
  state: DetectorState,
  value: { readonly at: Instant; readonly value: number },
  thresholdSigma = DISPLAY_SIGMA,
): { readonly state: DetectorState; readonly finding: Finding } {
  const perDay = perDayOf(state)
  const expected = state.count === 0 ? { next: value.value, course: value.value } : expectation(state.usual, value.at, perDay)
  const lately = lengthened(state.lately, { at: value.at, distance: value.value - expected.course })
  const distances = { residual: value.value - expected.next, lately, level: levelOf(lately) }
  const parts = sources(state, value.value, distances)
  const bare = state.count < SILENT_FIRST ? 0 : (AS_RARE * total(parts.map(z => Math.min(z, LARGEST_Z)))) / parts.length
  const known = state.count === 0 ? { ...freshHabit, at: value.at } : state.habit
  const sigma = dulled(known, { at: value.at, sigma: bare })
  const peaks = state.peaks.filter(({ at }) => Math.abs(value.at - at) < HOLD_OFF_MS)
  const isEcho = peaks[0] !== undefined && bare <= peaks[0].sigma
  const finding = {
    sigma,
    score: scoreOf(sigma),
    isEcho,
    isAnomaly: sigma >= thresholdSigma && !isEcho && state.count >= SILENT_FIRST,
    kind: kindOf(state, parts, distances),
    expected: expected.next,
  }
  const next = absorb(state, value, distances)
  const peak = { at: value.at, sigma: bare }
  const habit = isEcho ? known : withNews(known, peak)
  return { finding, state: { ...next, peaks: withPeak(peaks, peak), habit } }
}

/** What is less unusual than a later value will never be the most unusual again. */
function withPeak(peaks: readonly Peak[], latest: Peak): readonly Peak[] {
  return [...peaks.filter(({ sigma }) => sigma > latest.sigma), latest].slice(0, MOST_PEAKS)
}

type Sources = readonly [residual: number, shift: number, range: number]

interface Distances {
  readonly residual: number
  readonly lately: Lately
  /** Mean of those. */
  readonly level: number
}

/** While the spacing is not known, as if values came each minute and a half. */
const perDayOf = ({ spacingMs }: DetectorState) => (spacingMs > 0 ? DAY_MS / spacingMs : 1000)

function sources(state: DetectorState, value: number, { residual, level }: Distances): Sources {
  const width = state.high - state.low
  const beyond = Math.max(value - state.high, state.low - value, 0)
  return [
    zOf(state.residuals, residual, value),
    zOf(state.shifts, level, value),
    state.count < RANGE_AFTER || beyond === 0 ? 0 : (BEYOND_GAIN * beyond) / Math.max(width, smallest(value)),
  ]
}

const zOf = ({ count, mean, variance }: Moving, distance: number, value: number) =>
  count < 2 ? 0 : Math.abs(distance - mean) / Math.max(Math.sqrt(variance), smallest(value))

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

function kindOf(state: DetectorState, [residual, shift]: Sources, distances: Distances): AnomalyKind {
  if (shift > residual && hasMoved(distances.lately, state.shifts.mean)) return 'level shift'
  return distances.residual >= 0 ? 'spike' : 'drop'
}

function absorb(
  state: DetectorState,
  { at, value }: { at: Instant; value: number },
  { residual, lately, level }: Distances,
): DetectorState {
  const spacingMs = state.count === 0 ? 0 : spacingOf(state, at)
  const perDay = perDayOf({ ...state, spacingMs })
  const memory = Math.max(MEMORY_VALUES, MEMORY_DAYS * perDay)
  const trial = Math.min(memory, Math.max(RANGE_AFTER, TRIAL_DAYS * perDay))
  return {
    count: state.count + 1,
    lastAt: at,
    spacingMs,
    usual: learnt(state.usual, { at, value }, 2 / (trial + 1)),
    residuals: moved(state.residuals, residual, 2 / (memory + 1)),
    lately,
    shifts: moved(state.shifts, level, 2 / (memory + 1)),
    ...rangeOf(state, value, spacingMs),
    peaks: state.peaks,
    habit: state.habit,
  }
}

function spacingOf({ count, lastAt, spacingMs }: DetectorState, at: Instant): number {
  const gap = at - lastAt
  if (gap <= 0) return spacingMs
  if (spacingMs === 0) return gap
  return spacingMs + (Math.min(gap, 3 * spacingMs) - spacingMs) * Math.max(1 / count, 0.01)
}

function moved({ count, mean, variance }: Moving, value: number, slow: number): Moving {
  const weight = Math.max(slow, 1 / (count + 1))
  const away = value - mean
  return { count: count + 1, mean: mean + weight * away, variance: (1 - weight) * (variance + weight * away * away) }
}

function rangeOf({ count, low, high, usual }: DetectorState, value: number, spacingMs: number) {
  if (count === 0) return { low: value, high: value }
  const fade = 1 - 0.5 ** (spacingMs / RANGE_HALF_LIFE_MS)
  return {
    low: Math.min(value, low + fade * Math.max(0, usual.level - low)),
    high: Math.max(value, high - fade * Math.max(0, high - usual.level)),
  }
}
