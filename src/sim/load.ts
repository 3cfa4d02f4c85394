import type { Instant } from '../core/model.ts'

/**
 * Traffic cut into ticks: `value[k]` is the constant load during tick k, that is over [startMs + k*tickMs, startMs + (k+1)*tickMs).
 * This is the load that is owed service; an attack comes on top of it and is owed nothing.
 */
export interface Load {
  readonly startMs: Instant
  readonly tickMs: number
  readonly value: Float64Array
  /** Attack load on top: metrics see it, the score does not. */
  readonly attack?: Float64Array
  /** Distinct clients during the tick, where known. */
  readonly clients?: Float64Array
  /** Share of all that arrives in the tick, attack included, that converts and that is signed in, where known. */
  readonly conversionRatio?: Float64Array
  readonly authenticatedRatio?: Float64Array
  /**
   * 1 where nothing was recorded. `value` then holds the last known load so that the picture has a line, but metrics are
   * missing for every scaler and the tick is not scored.
   */
  readonly missing?: Uint8Array
}

/** Load plus attack: what arrives at the door. */
export function offeredAt(load: Load, tick: number): number {
  return load.value[tick]! + (load.attack?.[tick] ?? 0)
}

export function isMissing(load: Load, tick: number): boolean {
  return load.missing?.[tick] === 1
}

/** Start of tick k. */
export function timeOf(load: Load, tick: number): Instant {
  return load.startMs + tick * load.tickMs
}

/** How many whole ticks a duration takes, rounded up: 61 s at 15 s ticks is 5. */
export function ticksOf(durationMs: number, tickMs: number): number {
  return Math.max(0, Math.ceil(durationMs / tickMs - 1e-9))
}

/** The fewest replicas that carry `load`: they never violate, and one less does, to the last bit of `isViolated`. */
export function neededReplicas(load: number, capacityPerReplica: number): number {
  const count = Math.ceil(load / capacityPerReplica) // off by one where division and multiplication round differently
  if (isViolated(load, count, capacityPerReplica)) return count + 1
  return count > 0 && !isViolated(load, count - 1, capacityPerReplica) ? count - 1 : count
}

/**
 * Load above ready replicas x capacity: a violation. Without any slack, so that whoever multiplies and compares the columns of
 * `--decisions` finds the same ones.
 */
export function isViolated(load: number, ready: number, capacityPerReplica: number): boolean {
  return load > ready * capacityPerReplica
}
