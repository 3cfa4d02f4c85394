import { type Forecast, WINDOW_LEVELS, type WindowForecast } from '../model.ts'
import type { Parameters } from '../rules.ts'

/**
 * The windows that the rule asks a forecaster for, in this order: `up` is when a replica ordered now becomes ready, `keep` is
 * twice the lead from now (what leaves now is missing then), `ahead` is how far a block order may look.
 */
export function decisionWindows(startupMs: number): readonly { readonly fromMs: number; readonly toMs: number }[] {
  return [
    { fromMs: startupMs, toMs: startupMs },
    { fromMs: 0, toMs: 2 * startupMs },
    { fromMs: startupMs, toMs: startupMs + 600_000 },
  ]
}

/**
 * The newsvendor's level for one window: the one that minimises replicas(level) + price x (1 - level), both in replicas. The
 * margin shrinks by itself where covering is dear (a wide forecast) and grows where it is cheap.
 * Example: levels 0.99 and 0.999 cost 10 and 12 replicas; at a price of 100 the sums are 11 and 12.1, so 0.99 is taken.
 */
export function levelFor({ quantiles }: WindowForecast, price: number, capacityPerReplica: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY]
  for (let level = 0; level < WINDOW_LEVELS.length; level++) {
    const sum = quantiles[level]! / capacityPerReplica + price * (1 - WINDOW_LEVELS[level]!)
    if (sum < least) [best, least] = [level, sum]
  }
  return best
}

/** What one tick asks for, in replicas. `keep` is never below `up`. */
export interface Wish {
  /** At least that many must be ordered now. */
  up: number
  /** If we order at all, order that many. */
  block: number
  /** Down to that many may leave. */
  keep: number
}

/** The part of the rule that lasts from tick to tick. */
export interface RuleState {
  replicas: number
  /** Ticks in a row that agreed to a scale-down, and the most that any of them wanted to keep. */
  heldTicks: number
  highest: number
}

/**
 * One tick of the rule: below `up` a block is ordered at once; down it goes only after `holdTicks` ticks in a row agreed,
 * by more than the deadband, and only to the most that they wanted to keep. Advances `state` in place: the tuner replays
 * this very function millions of times a night.
 */
export function follow(state: RuleState, wish: Wish, { deadband, holdTicks }: Pick<Parameters, 'deadband' | 'holdTicks'>): void {
  const replicas = state.replicas
  const margin = deadband * replicas
  if (replicas < wish.up) state.replicas = Math.max(wish.block, wish.up)
  else if (wish.keep <= replicas - Math.max(margin, 1)) {
    state.heldTicks += 1
    if (wish.keep > state.highest) state.highest = wish.keep
    if (state.heldTicks <= holdTicks) return
    state.replicas = Math.min(replicas, state.highest) // others may have taken more away meanwhile
  }
  state.heldTicks = 0
  state.highest = 0
}

/** Rounds replicas up, forgiving what floating point adds: 8.0000000001 is 8. */
export const wholeReplicas = (replicas: number): number => Math.max(0, Math.ceil(replicas - 1e-9))

export interface WishFacts {
  readonly forecast: Forecast
  readonly parameters: Parameters
  readonly capacityPerReplica: number
  /** Replicas that carry the demand of now: nothing goes below. */
  readonly floor: number
}

/** The wish of this tick, with the levels that it rests on. */
export function wishOf({ forecast, parameters, capacityPerReplica, floor }: WishFacts) {
  const [up, keep, ahead] = forecast.windows
  if (up === undefined || keep === undefined || ahead === undefined)
    throw new Error('the forecaster was not built with decisionWindows()')
  const upLevel = levelFor(up, parameters.missingPrice, capacityPerReplica)
  const keepLevel = levelFor(keep, parameters.keepPrice, capacityPerReplica)
  const load = up.quantiles[upLevel]!
  const needed = Math.max(floor, wholeReplicas(load / capacityPerReplica))
  const block = wholeReplicas((load * (1 + parameters.orderAhead)) / capacityPerReplica)
  const median = parameters.orderToMedian ? wholeReplicas(ahead.quantiles[0]! / capacityPerReplica) : 0
  const kept = Math.max(needed, wholeReplicas(keep.quantiles[keepLevel]! / capacityPerReplica))
  const wish: Wish = { up: needed, block: Math.max(block, median), keep: kept }
  return { wish, upLevel, keepLevel, load, leadMs: up.fromMs }
}
