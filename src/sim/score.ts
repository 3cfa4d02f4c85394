import { isViolated } from './load.ts'
import type { Run } from './run.ts'

/**
 * The figures of one scaler over the scored ticks (from `scoredFrom`, without holes of the recording). Each can be computed
 * from the rows of `--decisions` with the capacity, the tick and the price.
 */
export interface Score {
  readonly name: string
  /** Time in which load exceeded ready replicas x capacity. */
  readonly sloViolationMinutes: number
  /** The same as a share of the scored time, 0..1. */
  readonly sloViolationRatio: number
  /** Load above ready replicas x capacity, summed over time: load units x seconds. */
  readonly unservedLoad: number
  /** Billed: from the order of a replica to its removal. */
  readonly replicaHours: number
  /** Replica-hours x price. */
  readonly cost: number
  /** Billed replica-hours above ceil(load / capacity), tick by tick; a shortage elsewhere does not make up for it. */
  readonly overProvisionedReplicaHours: number
  /** Ticks that ordered more than the scored tick before; the first scored tick has none before it. */
  readonly scaleUps: number
  readonly scaleDowns: number
}

export interface Bill {
  readonly capacityPerReplica: number
  /** Currency per replica-hour. */
  readonly price: number
}

export function score(run: Run, { capacityPerReplica, price }: Bill): Score {
  let [violated, scored, unserved, billed, over, scaleUps, scaleDowns] = [0, 0, 0, 0, 0, 0, 0]
  let before: number | undefined
  for (let tick = run.scoredFrom; tick < run.desired.length; tick++) {
    if (run.missing?.[tick] === 1) continue
    const load = run.load[tick]!
    const ready = run.ready[tick]!
    const desired = run.desired[tick]!
    scored++
    if (isViolated(load, ready, capacityPerReplica)) {
      violated++
      unserved += load - ready * capacityPerReplica
    }
    billed += desired
    over += Math.max(0, desired - Math.ceil(load / capacityPerReplica))
    if (before !== undefined && desired > before) scaleUps++
    if (before !== undefined && desired < before) scaleDowns++
    before = desired
  }
  const tickSeconds = run.tickMs / 1000
  const replicaHours = (billed * tickSeconds) / 3600
  return {
    name: run.name,
    sloViolationMinutes: (violated * tickSeconds) / 60,
    sloViolationRatio: scored === 0 ? 0 : violated / scored,
    unservedLoad: unserved * tickSeconds,
    replicaHours,
    cost: replicaHours * price,
    overProvisionedReplicaHours: (over * tickSeconds) / 3600,
    scaleUps,
    scaleDowns,
  }
}
