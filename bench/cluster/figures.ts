import type { Moment } from './recorder.ts'
import { BUSY, CAPACITY_PER_REPLICA, type Scenario, TARGET_PER_REPLICA } from './scenarios.ts'

export interface Figures {
  /** From the change of the load until the ready replicas carry it; negative: they were there before. Absent: never. */
  readonly secondsToEnough: number | undefined
  /** From the change until as many are ready as the target asks for, within the HPA's tolerance of 10 %. */
  readonly secondsToTarget: number | undefined
  /** From the change until the first order for more replicas. */
  readonly secondsToFirstOrder: number | undefined
  /** Seconds in which load exceeded ready replicas x capacity. */
  readonly underProvisionedSeconds: number
  /** Requests that came above that line. */
  readonly requestsAbove: number
  /** Replicas ordered, summed over the seconds. */
  readonly replicaSeconds: number
  readonly mostReplicas: number
  /** Changes of the number of replicas that are ordered. */
  readonly scalings: number
}

const TOLERANCE = 1.1

/** The first moment from which on, until the end, `holds` is true; in seconds from the change. */
function lastingFrom(moments: readonly Moment[], changesAtMs: number, holds: (moment: Moment) => boolean): number | undefined {
  const lastWrong = moments.findLastIndex(moment => !holds(moment))
  const first = moments[lastWrong + 1]
  return first === undefined ? undefined : Math.round((first.atMs - changesAtMs) / 1000)
}

export function figuresOf(all: readonly Moment[], scenario: Scenario): Figures {
  const { changesAtMs, countedFromMs, endsAtMs } = scenario
  const moments = all.filter(({ atMs }) => atMs >= countedFromMs && atMs < endsAtMs)
  let [underMs, requestsAbove, replicaMs] = [0, 0, 0]
  for (const [index, { atMs, load, ready, ordered }] of moments.entries()) {
    const lasts = (moments[index + 1]?.atMs ?? endsAtMs) - atMs
    const above = load - ready * CAPACITY_PER_REPLICA
    if (above > 0) {
      underMs += lasts
      requestsAbove += (above * lasts) / 1000
    }
    replicaMs += Math.max(ordered, ready) * lasts
  }
  const before = moments.findLast(({ atMs }) => atMs < countedFromMs + 1000)?.ordered ?? 0
  const order = moments.find(({ ordered }) => ordered > before)
  return {
    secondsToEnough: lastingFrom(moments, changesAtMs, ({ ready }) => ready * CAPACITY_PER_REPLICA >= BUSY),
    secondsToTarget: lastingFrom(moments, changesAtMs, ({ ready }) => ready * TARGET_PER_REPLICA * TOLERANCE >= BUSY),
    secondsToFirstOrder: order && Math.round((order.atMs - changesAtMs) / 1000),
    underProvisionedSeconds: Math.round(underMs / 1000),
    requestsAbove: Math.round(requestsAbove),
    replicaSeconds: Math.round(replicaMs / 1000),
    mostReplicas: Math.max(...moments.map(({ ordered }) => ordered)),
    scalings: moments.filter(({ ordered }, index) => index > 0 && ordered !== moments[index - 1]?.ordered).length,
  }
}

type Absent = number | undefined

/** Each figure by its median; what never happened is later than all that did. */
export function mediansOf(all: readonly Figures[]): Figures {
  const median = (value: (figures: Figures) => Absent): Absent =>
    all.map(value).toSorted((a, b) => (a ?? Number.POSITIVE_INFINITY) - (b ?? Number.POSITIVE_INFINITY))[all.length >> 1]
  const certain = (value: (figures: Figures) => number) => median(value) ?? 0
  return {
    secondsToEnough: median(each => each.secondsToEnough),
    secondsToTarget: median(each => each.secondsToTarget),
    secondsToFirstOrder: median(each => each.secondsToFirstOrder),
    underProvisionedSeconds: certain(each => each.underProvisionedSeconds),
    requestsAbove: certain(each => each.requestsAbove),
    replicaSeconds: certain(each => each.replicaSeconds),
    mostReplicas: certain(each => each.mostReplicas),
    scalings: certain(each => each.scalings),
  }
}
