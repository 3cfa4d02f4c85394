import type { Behavior, Instant, ScalingPolicy } from '../model.ts'
import { type FilledRules, filledBehavior } from './behavior.ts'
import type { LimitReason } from './condition.ts'
import { changedWithin, type ScaleEvents } from './scale-events.ts'
import type { HpaSettings } from './settings.ts'

export interface Limited {
  readonly replicas: number
  readonly reason: LimitReason
}

export interface Bounds {
  readonly minReplicas: number
  readonly maxReplicas: number
}

/** Replicas in the spec, those wanted, and what changed lately. */
export interface Move {
  readonly now: Instant
  readonly current: number
  readonly desired: number
  readonly events: ScaleEvents
}

/** How far one decision may go, by which policy, counted from how many; without a policy where the direction is switched off. */
export interface Reach {
  readonly replicas: number
  readonly by?: ScalingPolicy
  readonly start?: number
}

type Position = Omit<Move, 'desired'>

/** Replicas that the policies allow at most. Changes in both directions since a period began are undone first. */
export function scaleUpReach(position: Position, rules: FilledRules): Reach {
  return reach(position, rules, {
    percent: (start, share) => Math.ceil(start * (1 + share)),
    sign: 1,
    largest: (a, b) => a > b,
  })
}

/** Replicas that the policies leave at least; may be negative. */
export function scaleDownReach(position: Position, rules: FilledRules): Reach {
  return reach(position, rules, {
    percent: (start, share) => Math.trunc(start * (1 - share)),
    sign: -1,
    largest: (a, b) => a < b,
  })
}

interface Way {
  readonly percent: (start: number, share: number) => number
  readonly sign: 1 | -1
  readonly largest: (a: number, b: number) => boolean
}

function reach({ now, current, events }: Position, { selectPolicy, policies }: FilledRules, way: Way): Reach {
  let best: Reach | undefined
  if (selectPolicy !== 'Disabled')
    for (const policy of policies) {
      const periodMs = policy.periodSeconds * 1000
      const start = current - changedWithin(events.up, periodMs, now) + changedWithin(events.down, periodMs, now)
      const replicas = policy.type === 'Pods' ? start + way.sign * policy.value : way.percent(start, policy.value / 100)
      const larger = best === undefined || way.largest(replicas, best.replicas) === (selectPolicy === 'Max')
      if (larger && replicas !== best?.replicas) best = { replicas, by: policy, start }
    }
  return best ?? { replicas: current }
}

/** How far up without `behavior`: a multiple of the replicas, and a few from almost nothing. */
export function stockReach(current: number, settings: HpaSettings): number {
  return Math.trunc(Math.max(settings.scaleUpLimitFactor * current, settings.scaleUpLimitMinimum))
}

/** Rate and bounds together, as upstream applies them after stabilisation. */
export function limited(move: Move, { bounds, behavior, settings }: Limits): Limited {
  return behavior === undefined ? limitedWithout(move, bounds, settings) : limitedBy(move, bounds, behavior)
}

export interface Limits {
  readonly bounds: Bounds
  readonly behavior: Behavior | undefined
  readonly settings: HpaSettings
}

function limitedWithout({ current, desired }: Move, { minReplicas, maxReplicas }: Bounds, settings: HpaSettings): Limited {
  const upper = stockReach(current, settings)
  if (desired < minReplicas) return { replicas: minReplicas, reason: 'TooFewReplicas' }
  if (desired <= Math.min(upper, maxReplicas)) return { replicas: desired, reason: 'DesiredWithinRange' }
  return maxReplicas > upper ? { replicas: upper, reason: 'ScaleUpLimit' } : { replicas: maxReplicas, reason: 'TooManyReplicas' }
}

function limitedBy(move: Move, { minReplicas, maxReplicas }: Bounds, behavior: Behavior): Limited {
  const { current, desired } = move
  const { scaleUp, scaleDown } = filledBehavior(behavior)
  if (desired > current) {
    const upper = Math.max(scaleUpReach(move, scaleUp).replicas, current)
    if (desired > Math.min(upper, maxReplicas))
      return maxReplicas > upper
        ? { replicas: upper, reason: 'ScaleUpLimit' }
        : { replicas: maxReplicas, reason: 'TooManyReplicas' }
  }
  if (desired < current) {
    const lower = Math.min(scaleDownReach(move, scaleDown).replicas, current)
    if (desired < Math.max(lower, minReplicas))
      return minReplicas < lower
        ? { replicas: lower, reason: 'ScaleDownLimit' }
        : { replicas: minReplicas, reason: 'TooFewReplicas' }
  }
  return { replicas: desired, reason: 'DesiredWithinRange' }
}
