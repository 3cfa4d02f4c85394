import type { MetricSpec } from '../core/model.ts'
import type { Measured, Workload } from '../observe/workload.ts'
import { type Turn, workloadOf } from './agent.ts'
import { capacityInForce } from './plan.ts'

export interface VigilOptions {
  readonly turns: () => readonly Turn[]
  readonly read: (workload: Workload) => Promise<Measured>
  /** Ticks the object out of turn. */
  readonly wake: (id: string) => void
}

/** Looks at the demand of every object between its ticks, so that a step does not wait for the rest of a period. */
export interface Vigil {
  /** One look at all objects; resolves when it is over. An object whose source is slow is left out while it is. */
  look(): Promise<void>
}

/** Time between two looks. */
export const VIGIL_MS = 2000
/** HPA's own tolerance: below it no metric would ask for more. */
const TOLERANCE = 1.1

/**
 * The sources share one query among all objects, so a look costs a query each and no request to the API server. It decides
 * nothing: it only asks whether the demand has outgrown what was ordered since the last tick; the tick it wakes is the usual one.
 */
export function createVigil({ turns, read, wake }: VigilOptions): Vigil {
  const looking = new Set<string>()
  const lookAt = async (turn: Turn) => {
    const { id } = turn.object
    const workload = watchedWorkload(turn)
    if (workload === undefined || looking.has(id)) return
    looking.add(id)
    try {
      const { demand } = await read(workload)
      if (demand.kind === 'value' && hasOutgrown(turn, demand.value)) wake(id)
    } catch {
      // The tick reads the same sources, and tells what is wrong with them.
    } finally {
      looking.delete(id)
    }
  }
  return {
    async look() {
      await Promise.all(turns().map(lookAt))
    },
  }
}

/** The object with its first driver alone; absent where its period is as short, or its demand comes from a slow pipeline (CPU). */
function watchedWorkload({ plan, target }: Turn): Workload | undefined {
  if (plan === undefined || target === undefined || plan.target.periodMs <= VIGIL_MS * 1.5) return undefined
  const [driver] = plan.drivers
  const metrics = plan.target.metrics.filter(metric => driver !== undefined && nameOf(metric) === driver)
  if (driver === undefined || metrics.length === 0) return undefined
  const workload = workloadOf(plan, target)
  return { ...workload, drivers: [driver], target: { ...workload.target, metrics, periodMs: VIGIL_MS } }
}

const nameOf = (metric: MetricSpec) => ('metric' in metric ? metric.metric : undefined)

/** More than what is ordered can carry, and more than the last tick already knew. */
function hasOutgrown({ plan, target, decision }: Turn, demand: number): boolean {
  const { maxReplicas } = plan!.target
  const capacityPerReplica = capacityInForce(plan, decision) ?? Number.POSITIVE_INFINITY
  const ordered = Math.max(decision?.to ?? 0, target!.replicas.spec)
  return (
    ordered < maxReplicas && demand > ordered * capacityPerReplica * TOLERANCE && demand > (decision?.demand ?? 0) * TOLERANCE
  )
}
