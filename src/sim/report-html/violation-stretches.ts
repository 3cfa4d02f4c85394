import { isViolated, neededReplicas } from '../load.ts'

/** A stretch of violation: seconds since the start of the page's axis, and the most replicas that were missing in it. */
export interface Stretch {
  readonly from: number
  readonly to: number
  readonly missing: number
}

/**
 * Every stretch in which the load exceeds ready x capacity, from `scoredFrom` on. More than `most` stretches are joined over
 * the shortest pauses between them, so a violation can grow on the page but never vanish.
 */
export function violationStretches(
  run: {
    readonly at: ArrayLike<number>
    readonly load: ArrayLike<number | undefined>
    readonly ready: ArrayLike<number>
    readonly capacityPerReplica: number
    readonly tickSeconds: number
    readonly scoredFrom: number
  },
  most: number,
): readonly Stretch[] {
  const stretches: { from: number; to: number; missing: number }[] = []
  const start = run.at[0] ?? 0
  for (let index = 0; index < run.at.length; index++) {
    const [at, load, ready] = [run.at[index]!, run.load[index], run.ready[index]!]
    if (at < run.scoredFrom || load === undefined || !isViolated(load, ready, run.capacityPerReplica)) continue
    const from = Math.round((at - start) / 1000)
    const missing = neededReplicas(load, run.capacityPerReplica) - ready
    const last = stretches.at(-1)
    if (last !== undefined && from <= last.to) {
      last.to = from + run.tickSeconds
      last.missing = Math.max(last.missing, missing)
    } else stretches.push({ from, to: from + run.tickSeconds, missing })
  }
  return stretches.length <= most ? stretches : joinNearest(stretches, most)
}

function joinNearest(stretches: readonly Stretch[], most: number): readonly Stretch[] {
  const pauses = stretches.slice(1).map((stretch, index) => stretch.from - stretches[index]!.to)
  const limit = pauses.toSorted((a, b) => b - a)[most - 1] ?? Number.POSITIVE_INFINITY
  const joined: { from: number; to: number; missing: number }[] = [{ ...stretches[0]! }]
  for (const [index, stretch] of stretches.slice(1).entries()) {
    const last = joined.at(-1)!
    if (pauses[index]! > limit) joined.push({ ...stretch })
    else {
      last.to = stretch.to
      last.missing = Math.max(last.missing, stretch.missing)
    }
  }
  return joined
}
