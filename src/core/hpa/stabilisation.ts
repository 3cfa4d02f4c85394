import type { Behavior, Instant } from '../model.ts'
import { filledBehavior } from './behavior.ts'
import type { AbleReason } from './condition.ts'
import type { HpaSettings } from './settings.ts'

/** What was wanted at a time, before anything limited it. */
export interface Recommendation {
  readonly replicas: number
  readonly at: Instant
}

/** `recommendations` is the history to remember: this one included, an expired one reused. */
export interface Stabilised {
  readonly replicas: number
  readonly reason: AbleReason
  readonly recommendations: readonly Recommendation[]
}

export interface Wanted {
  readonly now: Instant
  /** Replicas in the spec. */
  readonly current: number
  readonly desired: number
  readonly recommendations: readonly Recommendation[]
}

/** Smooths by `behavior` where there is one, else by the controller's scale-down window alone. */
export function stabilised(wanted: Wanted, behavior: Behavior | undefined, settings: HpaSettings): Stabilised {
  if (behavior === undefined) return stabilisedDown(wanted, settings.downscaleStabilizationMs)
  return stabilisedBothWays(wanted, stabilisationWindows(behavior, settings))
}

export interface Windows {
  readonly upMs: number
  readonly downMs: number
}

/** How far back each direction looks. */
export function stabilisationWindows(behavior: Behavior, settings: HpaSettings): Windows {
  const { scaleUp, scaleDown } = filledBehavior(behavior)
  return {
    upMs: (scaleUp.stabilizationWindowSeconds ?? 0) * 1000,
    downMs:
      scaleDown.stabilizationWindowSeconds === undefined
        ? settings.downscaleStabilizationMs
        : scaleDown.stabilizationWindowSeconds * 1000,
  }
}

/** Without `behavior`: the highest recommendation of the window, its oldest moment included. */
export function stabilisedDown({ now, desired, recommendations }: Omit<Wanted, 'current'>, windowMs: number): Stabilised {
  let replicas = desired
  let expired = -1
  recommendations.forEach((one, index) => {
    if (one.at < now - windowMs) expired = index
    else if (one.replicas > replicas) replicas = one.replicas
  })
  return {
    replicas,
    reason: replicas === desired ? 'ReadyForNewScale' : 'ScaleDownStabilized',
    recommendations: recorded(recommendations, expired, { replicas: desired, at: now }),
  }
}

/** With `behavior`: replicas move only as far as both windows agree; a window's oldest moment is no longer in it. */
export function stabilisedBothWays({ now, current, desired, recommendations }: Wanted, { upMs, downMs }: Windows): Stabilised {
  let [low, high, expired] = [desired, desired, -1]
  recommendations.forEach(({ at, replicas }, index) => {
    if (at > now - upMs && replicas < low) low = replicas
    if (at > now - downMs && replicas > high) high = replicas
    if (at < now - upMs && at < now - downMs) expired = index
  })
  const replicas = Math.min(Math.max(current, low), high)
  return {
    replicas,
    reason: replicas === desired ? 'ReadyForNewScale' : desired >= current ? 'ScaleUpStabilized' : 'ScaleDownStabilized',
    recommendations: recorded(recommendations, expired, { replicas: desired, at: now }),
  }
}

/** The last expired entry in list order is overwritten, so that the history never outgrows its windows. */
export function recorded<T>(entries: readonly T[], expired: number, entry: T): readonly T[] {
  return expired < 0 ? [...entries, entry] : entries.with(expired, entry)
}
