import { type Decision, type Proposal, WINDOW_LEVELS } from '../model.ts'
import { figure } from './figures.ts'

/** What a decision does not say itself, where whoever asks knows it. */
export interface Facts {
  readonly capacityPerReplica?: number
  readonly periodSeconds?: number
  /** What is known of start-ups, in words. */
  readonly startup?: string
}

/** What would have led to another count, as far as the decision shows it; empty where it does not. */
export function whatWouldChange(decision: Decision, { capacityPerReplica }: Facts): readonly string[] {
  const ranked = decision.proposals.toSorted((a, b) => b.replicas - a.replicas)
  return [
    ...withoutGuard(decision),
    ...withoutWinner(decision, ranked),
    ...(capacityPerReplica === undefined ? [] : atOtherQuantiles(decision, capacityPerReplica)),
    ...(capacityPerReplica === undefined ? [] : atMoreLoad(decision, capacityPerReplica)),
  ]
}

/** Guards after the last one that changed the count let it pass, but might not have let more pass: hence "up to". */
function withoutGuard({ verdicts }: Decision): readonly string[] {
  const last = verdicts.findLast(({ from, to }) => from !== to)
  if (last === undefined) return []
  return [`${last.from > last.to ? 'up to ' : 'down to '}${last.from} if ${last.by} did not bind`]
}

function withoutWinner({ to }: Decision, [winner, runnerUp]: readonly Proposal[]): readonly string[] {
  if (winner === undefined || runnerUp === undefined) return []
  return winner.replicas === to && runnerUp.replicas < to ? [`${runnerUp.replicas} without ${winner.by}`] : []
}

/** Where a quantile of a window forecast led to exactly this count: the nearest levels that lead to another. */
function atOtherQuantiles({ forecast, to }: Decision, capacityPerReplica: number): readonly string[] {
  const counts = forecast?.windows.map(({ quantiles }) => quantiles.map(load => Math.ceil(load / capacityPerReplica - 1e-9)))
  const window = counts?.find(each => each.includes(to))
  if (window === undefined) return []
  const below = window.findLastIndex(replicas => replicas < to)
  const above = window.findIndex(replicas => replicas > to)
  return [below, above]
    .filter(index => index >= 0)
    .map(index => `${window[index]} if the forecast quantile were ${WINDOW_LEVELS[index]}`)
}

function atMoreLoad({ demand, to }: Decision, capacityPerReplica: number): readonly string[] {
  const carried = to * capacityPerReplica
  return demand === undefined || demand > carried ? [] : [`${to + 1} at the latest when load exceeds ${figure(carried)}`]
}
