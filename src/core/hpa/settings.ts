import type { Behavior } from '../model.ts'

/** The flags of upstream's controller that decide replica counts; times in milliseconds. */
export interface HpaSettings {
  /** Share by which the usage ratio may miss 1 in either direction without any scaling. */
  readonly tolerance: number
  /** How long the highest recommendation holds replicas back from leaving, where `behavior` sets no window of its own. */
  readonly downscaleStabilizationMs: number
  /** After its start a pod's CPU counts only once it is ready and a full sample window has passed. */
  readonly cpuInitializationMs: number
  /** A pod whose readiness never changed later than this after its start was never ready. */
  readonly initialReadinessDelayMs: number
  /** Without `behavior`, one step reaches at most this multiple of the replicas, or `scaleUpLimitMinimum` if that is more. */
  readonly scaleUpLimitFactor: number
  readonly scaleUpLimitMinimum: number
  /** Whether requests set on the pod itself outrank those of its containers. */
  readonly podLevelResources: boolean
}

/** Upstream's defaults. */
export const stockSettings: HpaSettings = {
  tolerance: 0.1,
  downscaleStabilizationMs: 300_000,
  cpuInitializationMs: 300_000,
  initialReadinessDelayMs: 30_000,
  scaleUpLimitFactor: 2,
  scaleUpLimitMinimum: 4,
  podLevelResources: true,
}

export interface Tolerance {
  readonly down: number
  readonly up: number
}

/** Each direction's own tolerance where `behavior` sets one, else the controller's. Zero is legal. */
export function toleranceOf(behavior: Behavior | undefined, settings: HpaSettings): Tolerance {
  return {
    down: behavior?.scaleDown?.tolerance ?? settings.tolerance,
    up: behavior?.scaleUp?.tolerance ?? settings.tolerance,
  }
}

/** Both bounds belong to the tolerated range. */
export function isTolerated(ratio: number, tolerance: Tolerance): boolean {
  return ratio >= 1 - tolerance.down && ratio <= 1 + tolerance.up
}
