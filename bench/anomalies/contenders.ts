import { DISPLAY_SIGMA, freshDetector, observe, streamScoreOf } from '../../src/core/screen/detector.ts'
import type { Labelled } from './splits.ts'

/** A stream of scores, each from rows up to its own; what is held off scores 0, so that no threshold finds it. */
export interface Contender {
  readonly name: string
  readonly scores: (series: Labelled) => Float64Array
}

const SIGMA_AT_A_HALF = DISPLAY_SIGMA
const HOLD_OFF_MS = 43_200_000

/** Ours as `crescendo anomalies --csv` writes it, brought back to sigma; an echo is no detection. */
const ours: Contender = {
  name: 'crescendo',
  scores({ at, value }) {
    let state = freshDetector
    return Float64Array.from(value, (measured, row) => {
      const seen = observe(state, { at: at[row]!, value: measured })
      state = seen.state
      const score = streamScoreOf(seen.finding)
      return seen.finding.isEcho ? 0 : (SIGMA_AT_A_HALF * score) / (1 - score)
    })
  },
}

/** Mean and variance that forget after about `memory` rows, and the score of a value before it enters them. */
function moving(memory: number) {
  let [count, mean, variance] = [0, 0, 0]
  return (value: number): number => {
    const z = count < 2 ? 0 : Math.abs(value - mean) / Math.max(Math.sqrt(variance), 1e-9 * (Math.abs(value) + 1e-9))
    const gain = Math.max(2 / (memory + 1), 1 / (count + 1))
    const away = value - mean
    count += 1
    mean += gain * away
    variance = (1 - gain) * (variance + gain * away * away)
    return Math.min(20, z)
  }
}

/** The residual of a fast moving average, the mean of the last twelve values, the overshoot beyond the range so far; their mean. */
function threeSources({ value }: Labelled): Float64Array {
  const [residuals, shifts] = [moving(5000), moving(5000)]
  let [level, low, high] = [value[0]!, value[0]!, value[0]!]
  return value.map((measured, row) => {
    const last = value.subarray(Math.max(0, row - 11), row + 1)
    const beyond = row < 100 ? 0 : Math.max(measured - high, low - measured, 0)
    const sum =
      residuals(measured - level) +
      shifts(last.reduce((total, one) => total + one, 0) / last.length) +
      (beyond === 0 ? 0 : Math.min(20, (25 * beyond) / Math.max(high - low, 1e-9)))
    level += 0.1 * (measured - level)
    low = Math.min(low, measured)
    high = Math.max(high, measured)
    return row < 30 ? 0 : sum / 3
  })
}

function plainZ({ value }: Labelled): Float64Array {
  const z = moving(5000)
  return silentFirst(value.map(z))
}

function residualZ({ value }: Labelled): Float64Array {
  const z = moving(5000)
  let level = value[0]!
  const scores = value.map(measured => {
    const score = z(measured - level)
    level += 0.1 * (measured - level)
    return score
  })
  return silentFirst(scores)
}

const silentFirst = (scores: Float64Array) => scores.fill(0, 0, 30)

/** A row counts only where it exceeds every row of the half day before. */
function heldOff({ at }: Labelled, scores: Float64Array): Float64Array {
  return scores.map((score, row) => {
    for (let before = row - 1; before >= 0 && at[row]! - at[before]! < HOLD_OFF_MS; before--)
      if (scores[before]! >= score) return 0
    return score
  })
}

export const CONTENDERS: readonly Contender[] = [
  ours,
  { name: 'moving average + shift + range, held off', scores: series => heldOff(series, threeSources(series)) },
  { name: 'moving average, held off', scores: series => heldOff(series, residualZ(series)) },
  { name: 'z-score, held off', scores: series => heldOff(series, plainZ(series)) },
  { name: 'z-score', scores: plainZ },
]
