import type { Instant } from '../model.ts'

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
  readonly level: number
  readonly residuals: Moving
  /** The last values, oldest first, at most SHIFT_LENGTH. */
  readonly recent: readonly number[]
  readonly shifts: Moving
  readonly low: number
  readonly high: number
  /** Usual value by quarter of an hour of the day, each a list of one, or empty while unknown (JSON has no `undefined`). */
  readonly profile: readonly (readonly number[])[]
  readonly quarter: { readonly index: number; readonly sum: number; readonly count: number }
  /** How far the last hours lay from the profile. */
  readonly bias: number
  /** Usual size of a residual of the forecast, in units of the value. */
  readonly scale: number
  /** The last alarm: for half a day only a larger one is another. */
  readonly alarm?: { readonly at: Instant; readonly sigma: number }
}

export type AnomalyKind = 'spike' | 'drop' | 'level shift'

export interface Finding {
  /** Mean of the sources, in standard deviations; 0 during the first values. */
  readonly sigma: number
  /** `sigma` brought into 0..1: a half at 2.5 sigma. */
  readonly score: number
  readonly isAnomaly: boolean
  readonly kind: AnomalyKind
  /** What was expected instead, from the values before. */
  readonly expected: number
}

export const DISPLAY_SIGMA = 2.5

const SILENT_FIRST = 30
const RANGE_AFTER = 100
const SHIFT_LENGTH = 12
const LARGEST_Z = 20
const DAY_MS = 86_400_000
const QUARTER_MS = 900_000
const QUARTERS = 96
/** After an alarm only a larger one is another for that long. */
export const HOLD_OFF_MS = DAY_MS / 2
/** After that long half of a former extreme is forgotten, or one giant spike would blind the range for good. */
const RANGE_HALF_LIFE_MS = 14 * DAY_MS

const nothing: Moving = { count: 0, mean: 0, variance: 0 }

export const freshDetector: DetectorState = {
  count: 0,
  lastAt: 0,
  spacingMs: 0,
  level: 0,
  residuals: nothing,
  recent: [],
  shifts: nothing,
  low: 0,
  high: 0,
  profile: [],
  quarter: { index: -1, sum: 0, count: 0 },
  bias: 0,
  scale: 0,
}

/** Sigma to 0..1, strictly growing, a half at the display threshold whatever threshold the caller uses. */
export const scoreOf = (sigma: number) => sigma / (sigma + DISPLAY_SIGMA)

/**
 * One value of a stream: how unusual it is, judged by the values before it only, and the state for the next one.
 * Agreement of several sources is rarer by chance than one large z, so the score is their mean, each capped at 20:
 * the residual of a fast moving average, the mean of the last 12 values (level shifts), the overshoot beyond the range so
 * far (spikes, drops), and the residual of a daily profile with robust scale. Bands forget after two days or 2,000 values.
 */
export function observe(
  state: DetectorState,
  value: { readonly at: Instant; readonly value: number },
  thresholdSigma = DISPLAY_SIGMA,
): { readonly state: DetectorState; readonly finding: Finding } {
  const expected = expectedAt(state, value.at)
  const parts = sources(state, value.value, expected)
  const sigma = state.count < SILENT_FIRST ? 0 : parts.reduce((sum, z) => sum + Math.min(z, LARGEST_Z), 0) / parts.length
  const held = state.alarm !== undefined && Math.abs(value.at - state.alarm.at) < HOLD_OFF_MS && sigma <= state.alarm.sigma
  const isAnomaly = sigma >= thresholdSigma && state.count >= SILENT_FIRST && !held
  const finding = {
    sigma,
    score: scoreOf(sigma),
    isAnomaly,
    kind: kindOf(state, parts, { value: value.value, expected }),
    expected,
  }
  const next = absorb(state, value, expected)
  return { finding, state: isAnomaly ? { ...next, alarm: { at: value.at, sigma } } : next }
}

type Sources = readonly [residual: number, shift: number, range: number, forecast: number]

function sources(state: DetectorState, value: number, expected: number): Sources {
  const shift = meanOf([...state.recent.slice(1 - SHIFT_LENGTH), value])
  const width = state.high - state.low
  const beyond = Math.max(value - state.high, state.low - value, 0)
  return [
    zOf(state.residuals, value - state.level),
    zOf(state.shifts, shift),
    state.count < RANGE_AFTER || beyond === 0 ? 0 : (25 * beyond) / Math.max(width, smallest(state.level)),
    // Halved: the scale is robust, so it does not know the tails, and on recorded series this source alone cried wolf.
    (0.5 * Math.abs(value - expected)) / Math.max(state.scale, smallest(expected)),
  ]
}

/** A step of a series that never moved is as unusual as can be, but rounding noise is not. */
const smallest = (value: number) => 1e-9 * (Math.abs(value) + 1e-9)

const zOf = ({ mean, variance }: Moving, value: number) => Math.abs(value - mean) / Math.max(Math.sqrt(variance), smallest(value))

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length

/** The mean of the last values moves for one giant spike too; their median only where most of them moved. */
function kindOf(state: DetectorState, [residual, shift]: Sources, value: { value: number; expected: number }): AnomalyKind {
  const last = [...state.recent.slice(1 - SHIFT_LENGTH), value.value]
  const median = last.toSorted((a, b) => a - b)[Math.floor(last.length / 2)]!
  const hasMoved = Math.abs(median - state.shifts.mean) >= 0.5 * Math.abs(meanOf(last) - state.shifts.mean)
  if (shift > residual && hasMoved) return 'level shift'
  return value.value >= value.expected ? 'spike' : 'drop'
}

function expectedAt(state: DetectorState, at: Instant): number {
  const usual = state.profile[quarterOf(at)]?.[0]
  return usual === undefined ? state.level : usual + state.bias
}

const quarterOf = (at: Instant) => Math.floor((((at % DAY_MS) + DAY_MS) % DAY_MS) / QUARTER_MS)

function absorb(state: DetectorState, { at, value }: { at: Instant; value: number }, expected: number): DetectorState {
  if (state.count === 0) {
    const start = { index: quarterOf(at), sum: value, count: 1 }
    return { ...freshDetector, count: 1, lastAt: at, level: value, recent: [value], low: value, high: value, quarter: start }
  }
  const spacingMs = spacingOf(state, at)
  const perDay = spacingMs > 0 ? DAY_MS / spacingMs : 1000
  const slow = 2 / (Math.min(2000, Math.max(SILENT_FIRST, 2 * perDay)) + 1)
  const recent = [...state.recent.slice(1 - SHIFT_LENGTH), value]
  const usual = state.profile[quarterOf(at)]?.[0]
  const weight = Math.max(slow, 1 / (state.count + 1))
  const size = 1.2533 * Math.abs(value - expected)
  const clipped = state.count < SILENT_FIRST ? size : Math.min(size, 5 * Math.max(state.scale, smallest(value)))
  return {
    count: state.count + 1,
    lastAt: at,
    spacingMs,
    level: state.level + 0.1 * (value - state.level),
    residuals: moved(state.residuals, value - state.level, slow),
    recent,
    shifts: moved(state.shifts, meanOf(recent), slow),
    ...rangeOf(state, value, spacingMs),
    ...profileOf(state, at, value),
    bias: usual === undefined ? state.bias : state.bias + 0.1 * (value - usual - state.bias),
    scale: state.scale + weight * (clipped - state.scale),
    ...(state.alarm && { alarm: state.alarm }),
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

function rangeOf({ low, high, level }: DetectorState, value: number, spacingMs: number) {
  const fade = 1 - 0.5 ** (spacingMs / RANGE_HALF_LIFE_MS)
  return {
    low: Math.min(value, low + fade * Math.max(0, level - low)),
    high: Math.max(value, high - fade * Math.max(0, high - level)),
  }
}

/** The mean of a quarter enters the profile when the quarter is over; later days move it by a fifth. */
function profileOf({ profile, quarter }: DetectorState, at: Instant, value: number) {
  const index = quarterOf(at)
  if (index === quarter.index) {
    return { profile, quarter: { index, sum: quarter.sum + value, count: quarter.count + 1 } }
  }
  const mean = quarter.sum / quarter.count
  const next: (readonly number[])[] = profile.length === 0 ? Array.from({ length: QUARTERS }, () => []) : [...profile]
  const before = next[quarter.index]![0]
  next[quarter.index] = [before === undefined ? mean : before + 0.2 * (mean - before)]
  return { profile: next, quarter: { index, sum: value, count: 1 } }
}
