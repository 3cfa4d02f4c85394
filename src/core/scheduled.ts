import type { Instant, Observation, ScheduledWindow, Target } from './model.ts'

/** Windows whose replicas must be there now: those that are on, and those that begin before a replica ordered at the next tick is ready. */
export function dueWindows(
  { startupMs, periodMs }: Pick<Target, 'startupMs' | 'periodMs'>,
  now: Instant,
  windows: readonly ScheduledWindow[],
): readonly ScheduledWindow[] {
  return windows.filter(({ from, to }) => now >= from - startupMs - periodMs && now < to)
}

/**
 * The target with the bounds that schedules set at `now`. Of several floors the highest holds, from a start-up time before its window
 * on; of several ceilings the lowest, while its window is on. A floor outranks a ceiling, and nothing leaves the object's own
 * minReplicas..maxReplicas: a schedule narrows what the object allows.
 */
export function targetInForce(target: Target, now: Instant, windows: readonly ScheduledWindow[] = []): Target {
  const floors = dueWindows(target, now, windows).flatMap(({ minReplicas }) => minReplicas ?? [])
  const on = windows.filter(({ from, to }) => now >= from && now < to)
  const ceilings = on.flatMap(({ maxReplicas }) => maxReplicas ?? [])
  if (floors.length === 0 && ceilings.length === 0) return target
  const minReplicas = Math.min(target.maxReplicas, Math.max(target.minReplicas, ...floors))
  return { ...target, minReplicas, maxReplicas: Math.max(minReplicas, Math.min(target.maxReplicas, ...ceilings)) }
}

/**
 * What schedules say of the load of (`from`, `to`] (of one value where both are the same): the highest of the factors of windows that
 * reach into it; `undefined` where none does.
 */
export function expectedFactor(
  windows: readonly ScheduledWindow[],
  span: { readonly from: Instant; readonly to: Instant },
): number | undefined {
  let highest: number | undefined
  for (const { from, to, expectedLoadFactor } of windows) {
    if (expectedLoadFactor === undefined || span.to <= from || span.from > to) continue
    highest = Math.max(highest ?? 0, expectedLoadFactor)
  }
  return highest
}

/** An event that comes as it was told leaves the usual load about where it was. */
const AS_TOLD = 0.15

/**
 * The load without the event. Where `demand` is about `factor` times the usual load `before`, the event is as told, and what is left
 * without the factor is the usual load of now. Else, of all that `demand` may be made of (something between no event at all and the
 * whole of it), what is nearest to the usual load: an event that is late, smaller or larger than told is not taken for a change of it.
 * Without a `before` the event is as told.
 */
export function usualLoad(demand: number, factor: number, before: number | undefined): number {
  const asTold = demand / factor
  if (before === undefined || Math.abs(asTold - before) <= AS_TOLD * before) return asTold
  return Math.min(Math.max(before, Math.min(demand, asTold)), Math.max(demand, asTold))
}

const factorNow = ({ demand: { at }, scheduled = [] }: Observation) => expectedFactor(scheduled, { from: at, to: at })

/** By what factor a known event may raise the newest measurement; 1 where none does. */
export const expectedRise = (observation: Observation): number => Math.max(1, factorNow(observation) ?? 1)

/** Whether the newest measurement lies in an event of which a factor is known. */
export const isEventful = (observation: Observation): boolean => factorNow(observation) !== undefined
