import { wholeReplicas } from '../decide/block-rule.ts'
import { type Forecast, type Target, WINDOW_LEVELS } from '../model.ts'
import { type Kept, listPart, numbersPart, partsOf } from '../state.ts'

/** A load so many times the largest of the days before is unlike the past. */
const BEYOND = 1.1
/** Above this level a miss is a surprise, not bad luck. */
const SURPRISE_LEVEL = WINDOW_LEVELS.indexOf(0.999)
const SURPRISE_MS = 1_800_000
const KEPT_DAYS = 14

export interface SeenTick {
  /** The newest demand, in replicas; undefined when it is missing. */
  readonly need: number | undefined
  readonly forecast: Forecast | undefined
  readonly target: Target
}

/** Tells whether the present is still like the past that forecasts and parameters were made from. */
export interface Familiarity extends Kept {
  see(tick: SeenTick): void
  closeDay(): void
  /** Why it is not; undefined when it is. */
  doubt(): string | undefined
}

/**
 * Two doubts: the load of today is well beyond every day before; or the load just came out above what was forecast, when a replica
 * ordered for it would have become ready, with 99.95 % confidence. The second lasts for half an hour after the last such miss.
 */
export function createFamiliarity({ target, lag }: { readonly target: Target; readonly lag: number }): Familiarity {
  const days: number[] = []
  const ahead = Math.round(target.startupMs / target.periodMs) + lag
  const bounds = new Float64Array(ahead).fill(Number.POSITIVE_INFINITY)
  const surpriseTicks = Math.round(SURPRISE_MS / target.periodMs)
  let [today, tick, surprisedUntil] = [0, 0, 0]
  const now = () =>
    numbersPart(
      () => [today, tick, surprisedUntil],
      ([first = 0, second = 0, third = 0]) => {
        ;[today, tick, surprisedUntil] = [first, second, third]
      },
    )
  const past = () =>
    listPart(
      KEPT_DAYS,
      () => days,
      peaks => {
        days.splice(0, days.length, ...peaks)
      },
    )
  return {
    part: () => partsOf({ now: now(), past: past(), bounds }),
    see({ need, forecast, target: { capacityPerReplica, minReplicas } }) {
      tick += 1
      const slot = tick % ahead
      // The slot still holds the bound that was made `ahead` ticks ago, for the tick whose load is seen now.
      if (need !== undefined && wholeReplicas(need) > Math.max(minReplicas, wholeReplicas(bounds[slot]!)))
        surprisedUntil = tick + surpriseTicks
      bounds[slot] = (forecast?.windows[0]?.quantiles[SURPRISE_LEVEL] ?? Number.POSITIVE_INFINITY) / capacityPerReplica
      if (need !== undefined && need > today) today = need
    },
    closeDay() {
      days.push(today)
      if (days.length > KEPT_DAYS) days.shift()
      today = 0
    },
    doubt() {
      if (tick < surprisedUntil) return 'the load just outran its forecast'
      return today > 1 && days.every(peak => today > BEYOND * peak) ? 'the load is beyond every day before' : undefined
    },
  }
}
