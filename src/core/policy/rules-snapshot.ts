import type { Restorable, Rules, Snapshot } from '../rules.ts'
import { isRestorable, partsOf, restorable, restorablePart } from '../state.ts'

/**
 * What the accumulators of `rules` know, as one value: with the same memory and from the next tick on, rules that it was restored
 * into decide as these would. `undefined` where there is no accumulator, or one that cannot be written down.
 */
export function snapshotRules(rules: Rules): Snapshot | undefined {
  return whole(rules)?.snapshot()
}

/** Into fresh rules of the same options. `false`: nothing was changed, replay history instead. */
export function restoreRules(rules: Rules, snapshot: Snapshot): boolean {
  return whole(rules)?.restore(snapshot) ?? false
}

function whole({ name, forecaster, tuner }: Rules): Restorable | undefined {
  if (!isRestorable(forecaster) || !isRestorable(tuner)) return undefined
  return restorable(() => ({ kind: `rules ${name}`, version: 1 }), {
    part: () => partsOf({ forecaster: restorablePart(forecaster), tuner: restorablePart(tuner) }),
  })
}
