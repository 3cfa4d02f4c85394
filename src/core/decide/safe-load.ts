import { condition } from '../conditions.ts'
import { figure, isoTime } from '../explain/figures.ts'
import type { Condition, SafeLoad } from '../model.ts'
import type { Proposer } from '../rules.ts'
import { wholeReplicas } from './block-rule.ts'

/**
 * What the believed demand needs at the load per replica that was learnt to keep the objectives; silent before anything was. Metrics of the
 * spec know only the target that somebody wrote. It may raise replicas and never lowers them.
 */
export function safeLoadFloor(): Proposer {
  return {
    name: 'safe-load',
    propose: ({ safeLoad, situation }) => {
      if (safeLoad === undefined) return { kind: 'abstains', why: 'no safe load is learnt here' }
      const conditions = [reachability(safeLoad)]
      if (safeLoad.by === 'written')
        return { kind: 'abstains', why: `nothing was learnt yet, ${figure(safeLoad.written)} for a replica hold`, conditions }
      if (situation.demand === undefined) return { kind: 'abstains', why: 'demand is missing', conditions }
      const replicas = wholeReplicas(situation.demand / safeLoad.perReplica)
      const why = `the load of now is ${figure(situation.demand)}${carried(replicas, safeLoad)}`
      return { kind: 'proposes', floor: true, replicas, why, conditions }
    },
  }
}

/** "; 18 × 4,950 carry it inside P99 25 ms": empty where nothing was learnt. */
export function carried(replicas: number, safeLoad: SafeLoad | undefined): string {
  if (safeLoad?.objective === undefined) return ''
  return `; ${replicas} × ${figure(safeLoad.perReplica)} carry it inside ${safeLoad.objective}`
}

/** "4,950 inside P99 25 ms, as observed, since 2026-11-24T00:00:00Z; the target says 6,000": where the capacity is from. */
export function safeLoadText({ perReplica, by, written, since, objective }: SafeLoad): string {
  if (objective === undefined || since === undefined) return `${figure(perReplica)}, as the target says: nothing was learnt yet`
  const source = { written: 'as the target says', observed: 'as observed', model: 'as a queue of its kind would carry' }[by]
  return `${figure(perReplica)} inside ${objective}, ${source}, since ${isoTime(since)}; the target says ${figure(written)}`
}

function reachability(safeLoad: SafeLoad): Condition {
  const { unreachable } = safeLoad
  if (unreachable.length > 0) {
    const message = `even replicas with little to do miss ${unreachable.join(' and ')}: more replicas do not help, nothing is scaled for it`
    return condition('ObjectivesReachable', { status: 'False', reason: 'UnreachableByScaling', message })
  }
  const message = `a replica carries ${safeLoadText(safeLoad)}`
  if (safeLoad.by === 'written') return condition('ObjectivesReachable', { status: 'Unknown', reason: 'NothingLearnt', message })
  return condition('ObjectivesReachable', { status: 'True', reason: 'SafeLoadLearnt', message })
}
