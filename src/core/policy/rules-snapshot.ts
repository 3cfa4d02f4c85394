import type { Restorable, Rules, Snapshot } from '../rules.ts'
import { isRestorable, isSnapshot, partsOf, restorable, restorablePart } from '../state.ts'

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

/** What a safe load was learnt to be, out of a snapshot of rules that differ in what else they are made for. */
export function restoreSafeLoad({ safeLoad }: Rules, { state }: Snapshot): boolean {
  const kept = (state as { readonly safeLoad?: unknown } | null)?.safeLoad // whatever it holds, it is looked at first
  return safeLoad !== undefined && isSnapshot(kept) && safeLoad.restore(kept)
}

function whole({ name, forecaster, tuner, safeLoad }: Rules): Restorable | undefined {
  if (!isRestorable(forecaster) || !isRestorable(tuner)) return undefined
  return restorable(() => ({ kind: `rules ${name}`, version: 1 }), {
    part: () =>
      partsOf({
        forecaster: restorablePart(forecaster),
        tuner: restorablePart(tuner),
        ...(safeLoad && { safeLoad: restorablePart(safeLoad) }),
      }),
  })
}
