import type { Turn } from '../../controller/agent.ts'
import type { Controller } from '../../controller/controller.ts'
import { capacityInForce } from '../../controller/plan.ts'
import type { ScalerFact } from '../../show/facts.ts'

/** What was used and missed since this process began to lead, for each object. */
export interface Meter {
  of(id: string): Pick<ScalerFact, 'sloViolationMinutes' | 'replicaHours' | 'cost' | 'scaleUps' | 'scaleDowns'>
}

interface Count {
  at: number
  replicas: number
  violatedMs: number
  replicaMs: number
  cost: number
  scaleUps: number
  scaleDowns: number
  hasLoad: boolean
}

const HOUR_MS = 3_600_000
/** A longer silence than that many periods is not counted: another process led meanwhile, or this one slept. */
const LONGEST_PERIODS = 10
const CLEANUP_TURNS = 10_000

/** Adds up from turn to turn: the replicas that were there in between, at the price of the plan. */
export function createMeter(controller: Pick<Controller, 'onTurn' | 'turn'>): Meter {
  const counts = new Map<string, Count>()
  let turns = 0
  controller.onTurn(turn => {
    const { id } = turn.object
    const before = counts.get(id)
    const count = before ?? { ...nothing, at: turn.at }
    counts.set(id, count)
    add(count, turn)
    if (++turns % CLEANUP_TURNS === 0) for (const key of counts.keys()) if (!controller.turn(key)) counts.delete(key)
  })
  return {
    of(id) {
      const count = counts.get(id)
      if (count === undefined) return {}
      const { replicaMs, cost, scaleUps, scaleDowns, violatedMs, hasLoad } = count
      return {
        replicaHours: replicaMs / HOUR_MS,
        cost,
        scaleUps,
        scaleDowns,
        ...(hasLoad && { sloViolationMinutes: violatedMs / 60_000 }),
      }
    },
  }
}

const nothing = { replicas: 0, violatedMs: 0, replicaMs: 0, cost: 0, scaleUps: 0, scaleDowns: 0, hasLoad: false }

function add(count: Count, { at, plan, target, decision, outcome }: Turn): void {
  if (plan === undefined || target === undefined) return
  const elapsed = Math.max(0, at - count.at)
  const counted = elapsed > LONGEST_PERIODS * plan.target.periodMs ? 0 : elapsed
  count.replicaMs += counted * count.replicas
  count.cost += (counted * count.replicas * plan.costPerReplicaHour) / HOUR_MS
  const [load, capacity] = [decision?.demand, capacityInForce(plan, decision)]
  if (load !== undefined && capacity !== undefined) {
    count.hasLoad = true
    if (load > target.replicas.ready * capacity) count.violatedMs += counted
  }
  if (outcome?.kind === 'scaled' && decision !== undefined) {
    if (decision.to > decision.from) count.scaleUps++
    else count.scaleDowns++
  }
  count.at = at
  count.replicas = target.replicas.status
}
