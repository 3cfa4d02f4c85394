import { type FilledRules, filledBehavior } from '../hpa/behavior.ts'
import { scalingLimited } from '../hpa/condition.ts'
import { limited, type Move, type Reach, scaleDownReach, scaleUpReach, stockReach } from '../hpa/rate.ts'
import { eventsAfter, noEvents, type ScaleEvents } from '../hpa/scale-events.ts'
import { type HpaSettings, stockSettings } from '../hpa/settings.ts'
import type { Target } from '../model.ts'
import { type Context, type Guard, recall } from '../rules.ts'

const NAME = 'pace'

/**
 * HPA's rate policies: how far one decision may move the replicas, counted from the changes that really happened: those of
 * decisions that were not refused. What others did to the replicas is not counted.
 */
export function pace(settings: HpaSettings = stockSettings): Guard {
  return {
    name: NAME,
    limit: (draft, context) => {
      const { now, target, situation } = context
      const events = happened(context)
      if (draft.outright || draft.abstained) return { replicas: draft.replicas, why: 'does not bind', memory: events }
      const move: Move = { now, current: situation.observation.replicas.spec, desired: draft.replicas, events }
      const { replicas, why } = held(move, target, settings)
      const final = limited(move, { bounds: target, behavior: target.behavior, settings })
      const condition = scalingLimited(final.replicas !== draft.replicas, final.reason)
      return { replicas, why, memory: events, conditions: [condition] }
    },
  }
}

function happened({ memory, target }: Context): ScaleEvents {
  const events = recall(memory, NAME, noEvents)
  if (memory.decided === undefined || memory.decided.refused) return events
  return eventsAfter(events, memory.decided, target.behavior)
}

interface Held {
  readonly replicas: number
  readonly why: string
}

function held(move: Move, { behavior }: Target, settings: HpaSettings): Held {
  const { current, desired } = move
  if (desired === current) return { replicas: desired, why: 'no change to limit' }
  if (behavior === undefined) return heldByStock(move, settings)
  const { scaleUp, scaleDown } = filledBehavior(behavior)
  const up = desired > current
  const rules = up ? scaleUp : scaleDown
  const reach = up ? scaleUpReach(move, rules) : scaleDownReach(move, rules)
  const limit = up ? Math.max(reach.replicas, current) : Math.min(reach.replicas, current)
  return { replicas: up ? Math.min(desired, limit) : Math.max(desired, limit), why: tell(move, { limit, reach, rules }) }
}

function heldByStock({ current, desired }: Move, settings: HpaSettings): Held {
  if (desired < current) return { replicas: desired, why: 'no limit on the way down' }
  const limit = stockReach(current, settings)
  const { scaleUpLimitFactor: factor, scaleUpLimitMinimum: floor } = settings
  return { replicas: Math.min(desired, limit), why: `limit ${limit}: ${factor} times ${current}, or ${floor} if that is more` }
}

function tell({ current, desired }: Move, of: { limit: number; reach: Reach; rules: FilledRules }): string {
  const way = desired > current ? 'up' : 'down'
  const { by, start = current } = of.reach
  if (by === undefined) return `limit ${of.limit}: scaling ${way} is switched off`
  const size = by.type === 'Percent' ? `${by.value} %` : `${by.value} replicas`
  return `limit ${of.limit}: ${size} ${way} in ${by.periodSeconds} s from ${start}`
}
