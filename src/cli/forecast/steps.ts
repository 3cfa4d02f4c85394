import { CrescendoError } from '../../errors.ts'
import type { Samples } from '../../ports.ts'

/** A series brought to steps of equal length. Column entries of a step without a sample say nothing: see `present`. */
export interface Steps {
  readonly stepMs: number
  /** Usual distance of two samples. */
  readonly spacingMs: number
  /** End of the first step; step `i` ends at `startMs + i * stepMs`. */
  readonly startMs: number
  /** The last sample of a step: one of the file as it is, nothing averaged. */
  readonly value: Float64Array
  /** Time of that sample, milliseconds since the epoch. */
  readonly at: Float64Array
  /** 1 where the step has a sample, 0 in a gap. */
  readonly present: Uint8Array
}

/** The usual spacing is judged by that many distances at the start, so that it does not depend on what comes later. */
const DISTANCES = 72
const MOST_STEPS = 10_000_000

/**
 * Step `i` holds the samples of the `stepMs` up to its end, and its value is the last of them, so that what is forecast and scored
 * are samples that anybody can look up by their time. A value is known when its step ends, never before. The first sample ends the
 * first step, so a series that comes every `stepMs` keeps its own times. Half a spacing of jitter moves no sample to another step.
 * A last step that is still to be filled is left out. Where samples are rarer than steps, the step is their spacing. Needs two
 * samples whose times ascend.
 */
export function toSteps({ at, value }: Samples, wantedMs: number): Steps {
  const spacingMs = spacingOf(at)
  const stepMs = Math.max(wantedMs, spacingMs)
  const startMs = at[0]!
  const stepOf = (time: number) => Math.max(0, Math.ceil((time - startMs - spacingMs / 2) / stepMs))
  const last = stepOf(at.at(-1)!)
  if (last >= MOST_STEPS) throw tooLong(last + 1, stepMs)
  const steps = { value: new Float64Array(last + 1), at: new Float64Array(last + 1), present: new Uint8Array(last + 1) }
  for (let index = 0; index < at.length; index++) {
    const step = stepOf(at[index]!)
    steps.value[step] = value[index]!
    steps.at[step] = at[index]!
    steps.present[step] = 1
  }
  const length = stepOf(at.at(-1)! + spacingMs) > last ? last + 1 : last
  return {
    stepMs,
    spacingMs,
    startMs,
    value: steps.value.subarray(0, length),
    at: steps.at.subarray(0, length),
    present: steps.present.subarray(0, length),
  }
}

/** The value of a step; `undefined` in a gap and outside the series. */
export function valueAt({ value, present }: Steps, step: number): number | undefined {
  return present[step] === 1 ? value[step] : undefined
}

function spacingOf(at: Float64Array): number {
  const distances = new Float64Array(Math.min(DISTANCES, at.length - 1))
  for (let index = 0; index < distances.length; index++) distances[index] = at[index + 1]! - at[index]!
  return distances.sort()[distances.length >> 1]!
}

function tooLong(steps: number, stepMs: number): CrescendoError {
  return new CrescendoError(
    'CRS_USAGE',
    `the series spans ${steps} steps of ${stepMs / 1000} s, expected at most ${MOST_STEPS}; check its time stamps or choose a longer --step`,
  )
}
