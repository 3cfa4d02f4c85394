import type { Instant } from '../model.ts'
import { freshProfile, type Profile, usualAt, withValue } from './profile.ts'

/**
 * What a series usually is, as far as anybody can tell from what came before: a fast mean, the last value, this hour of the day and
 * this hour of the week, each with what the last values added to it. Constant size, JSON-safe.
 */
export interface UsualState {
  readonly count: number
  readonly level: number
  readonly last: number
  /** Slow mean. */
  readonly slow: number
  readonly day: Profile
  readonly week: Profile
  /** Mean absolute errors, and of how many values, of the four that tell the next value. */
  readonly errors: readonly Errors[]
  /** The same of the three that tell the slow course: none, the hour of the day, the hour of the week. */
  readonly courses: readonly Errors[]
}

interface Errors {
  readonly mean: number
  readonly count: number
}

const none: Errors = { mean: 0, count: 0 }

export const freshUsual: UsualState = {
  count: 0,
  level: 0,
  last: 0,
  slow: 0,
  day: freshProfile,
  week: freshProfile,
  errors: [none, none, none, none],
  courses: [none, none, none],
}

export interface Expectation {
  /** What the value will be. */
  readonly next: number
  /** What the slow course says: the usual of this hour where hours differ, else the slow mean. */
  readonly course: number
}

const [DAY_HOURS, WEEK_HOURS] = [24, 168]
/** Experts weigh by that inverse power of their errors. */
const POWER = 4
/** Hours explain a series where they are wrong by less than that share of what is wrong without them. */
const EXPLAINS = 0.7
const LEVEL_GAIN = 0.1

type Value = { readonly at: Instant; readonly value: number }

interface Opinions {
  readonly experts: readonly (number | undefined)[]
  readonly courses: readonly (number | undefined)[]
}

function opinionsOf(state: UsualState, at: Instant): Opinions {
  const [day, week] = [usualAt(state.day, at, DAY_HOURS), usualAt(state.week, at, WEEK_HOURS)]
  const biased = (usual: number | undefined, bias: number) => (usual === undefined ? undefined : usual + bias)
  return {
    experts: [state.level, state.last, biased(day, state.day.bias), biased(week, state.week.bias)],
    courses: [state.slow, day, week],
  }
}

/** What the next value should be, from those before it. `perDay`: values a day. */
export function expectation(state: UsualState, at: Instant, perDay: number): Expectation {
  const { experts, courses } = opinionsOf(state, at)
  // The hours have to be known for a while before they have a say.
  const heard = experts.map((value, i) => (state.errors[i]!.count > (i < 2 ? 0 : perDay / 4) ? value : undefined))
  const tiny = smallest(state.level)
  const least = Math.min(...state.errors.filter((_, i) => heard[i] !== undefined).map(({ mean }) => mean)) + tiny
  let [sum, weights] = [0, 0]
  heard.forEach((value, i) => {
    if (value === undefined) return
    const weight = (least / (state.errors[i]!.mean + tiny)) ** POWER
    sum += weight * value
    weights += weight
  })
  let best = 0
  for (let i = 1; i < courses.length; i++) {
    const { count, mean } = state.courses[i]!
    if (courses[i] !== undefined && count > perDay && mean < EXPLAINS * state.courses[best]!.mean) best = i
  }
  return { next: weights > 0 ? sum / weights : state.level, course: courses[best]! }
}

/** The state with one more value. `weight`: how far an error moves the mean of errors once there are many. */
export function learnt(before: UsualState, { at, value }: Value, weight: number): UsualState {
  const state = before.count > 0 ? before : { ...before, level: value, last: value, slow: value }
  const { experts, courses } = opinionsOf(state, at)
  const scored = (errors: readonly Errors[], opinions: Opinions['experts']) =>
    errors.map((one, i) => {
      const opinion = opinions[i]
      if (opinion === undefined) return one
      const gain = Math.max(weight, 1 / (one.count + 1))
      return { mean: one.mean + gain * (Math.abs(value - opinion) - one.mean), count: one.count + 1 }
    })
  return {
    count: state.count + 1,
    level: state.level + LEVEL_GAIN * (value - state.level),
    last: value,
    slow: state.slow + Math.max(weight, 1 / (state.count + 1)) * (value - state.slow),
    day: withValue(state.day, { at, value }, DAY_HOURS),
    week: withValue(state.week, { at, value }, WEEK_HOURS),
    errors: scored(state.errors, experts),
    courses: scored(state.courses, courses),
  }
}

/** A step of a series that never moved is as unusual as can be, but rounding noise is not. */
export const smallest = (value: number) => 1e-9 * (Math.abs(value) + 1e-9)
