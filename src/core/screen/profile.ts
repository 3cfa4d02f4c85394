import type { Instant } from '../model.ts'

/** The usual value of each hour of a day or of a week: constant size, JSON-safe. */
export interface Profile {
  /** Usual values by hour; what `seen` counts as 0 is unknown. */
  readonly means: readonly number[]
  readonly seen: readonly number[]
  /** The hour that is under way; `index` is -1 before the first value. */
  readonly open: { readonly index: number; readonly sum: number; readonly count: number }
  /** How far the last values lay from the usual. */
  readonly bias: number
}

export const freshProfile: Profile = { means: [], seen: [], open: { index: -1, sum: 0, count: 0 }, bias: 0 }

const HOUR_MS = 3_600_000
/** How far a new hour moves the usual value of that hour. */
const GAIN = 0.3
/** How far a new value moves the bias. */
const BIAS_GAIN = 0.1

const indexOf = (at: Instant, hours: number) => ((Math.floor(at / HOUR_MS) % hours) + hours) % hours

/** The usual value at that time, the hour before it included; `undefined` while unknown. Times are UTC, weeks begin with the epoch. */
export function usualAt(profile: Profile, at: Instant, hours: number): number | undefined {
  const { means, seen } = closed(profile, at, hours)
  const index = indexOf(at, hours)
  return (seen[index] ?? 0) > 0 ? means[index] : undefined
}

/** The profile with one more value. */
export function withValue(before: Profile, { at, value }: { at: Instant; value: number }, hours: number): Profile {
  const usual = usualAt(before, at, hours)
  const { means, seen, open } = closed(before, at, hours)
  return {
    means,
    seen,
    open: { index: indexOf(at, hours), sum: open.sum + value, count: open.count + 1 },
    bias: usual === undefined ? before.bias : before.bias + BIAS_GAIN * (value - usual - before.bias),
  }
}

/** The hour that was under way enters the profile once a value of another hour comes. */
function closed(profile: Profile, at: Instant, hours: number): Pick<Profile, 'means' | 'seen' | 'open'> {
  const { open, means, seen } = profile
  if (open.index === indexOf(at, hours)) return profile
  const next = { index: indexOf(at, hours), sum: 0, count: 0 }
  if (open.count === 0) return { means, seen, open: next }
  const mean = open.sum / open.count
  const [known, counts] = means.length === hours ? [means, seen] : [Array(hours).fill(0), Array(hours).fill(0)]
  const before = known[open.index]!
  const isKnown = counts[open.index]! > 0
  return {
    means: known.with(open.index, isKnown ? before + GAIN * (mean - before) : mean),
    seen: isKnown ? counts : counts.with(open.index, 1),
    open: next,
  }
}
