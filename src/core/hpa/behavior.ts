import type { Behavior, ScalingPolicy, ScalingRules } from '../model.ts'

export type Direction = 'up' | 'down'

/** One direction of `behavior` with nothing left open, except what only the controller's flags know. */
export interface FilledRules extends ScalingRules {
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled'
  readonly policies: readonly ScalingPolicy[]
}

const DEFAULTS: Readonly<Record<Direction, FilledRules>> = {
  up: {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  },
  down: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
}

/**
 * Upstream's defaults, field by field. Given policies replace the default list as a whole. The scale-down window stays open
 * where it is not given (the controller's flag decides), and so does the tolerance.
 */
export function filledRules(direction: Direction, rules?: ScalingRules): FilledRules {
  return rules === undefined ? DEFAULTS[direction] : { ...DEFAULTS[direction], ...rules }
}

export interface FilledBehavior {
  readonly scaleUp: FilledRules
  readonly scaleDown: FilledRules
}

/** Where `behavior` is present at all, both directions count. */
export function filledBehavior(behavior: Behavior): FilledBehavior {
  return { scaleUp: filledRules('up', behavior.scaleUp), scaleDown: filledRules('down', behavior.scaleDown) }
}
