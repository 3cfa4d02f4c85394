import type { Target } from '../core/model.ts'
import { KubeError } from '../kube/kube-error.ts'
import type { Scale } from '../kube/scale.ts'

/** The two calls on /scale that an act needs. */
export interface ScaleCalls {
  get(): Promise<Scale>
  /** PUT with the resourceVersion as precondition. */
  put(wanted: { readonly replicas: number; readonly resourceVersion: string }): Promise<void>
}

/** What the decision was made on. */
export interface Seen {
  readonly replicas: number
  readonly resourceVersion: string
}

const TRIES = 3

/**
 * Sets spec.replicas of the scaled object, only if it still has the replicas that the decision saw. A resourceVersion that is
 * merely old (the status moved on, as it does all the time while pods start) is read again, at most three times; replicas that
 * somebody else changed are left to the next decision. Replicas that are there already count as done: a retry never adds a step.
 */
export async function scaleTarget(
  calls: ScaleCalls,
  target: Pick<Target, 'id'>,
  move: { readonly seen: Seen; readonly to: number },
) {
  let seen = move.seen
  for (let attempt = 1; ; attempt++) {
    try {
      return await calls.put({ replicas: move.to, resourceVersion: seen.resourceVersion })
    } catch (error) {
      const isConflict = error instanceof KubeError && error.status === 409
      if (!isConflict || attempt === TRIES) throw error
      const now = await calls.get()
      if (now.replicas === move.to) return
      if (now.replicas !== move.seen.replicas) throw changedMeanwhile(target, { move, found: now.replicas, cause: error })
      seen = now
    }
  }
}

function changedMeanwhile(
  target: Pick<Target, 'id'>,
  told: { move: { seen: Seen; to: number }; found: number; cause: unknown },
): Error {
  const { move, found, cause } = told
  const said = `${target.id}: replicas went from ${move.seen.replicas} to ${found} by another hand while ${move.to} was being decided`
  return new Error(`${said}; the next decision starts from there`, { cause })
}
