import type { Observation, Target } from '../model.ts'
import { type Context, emptyMemory, type Guard, type Memory } from '../rules.ts'

/** What a test says about one tick; the rest is an undisturbed workload of ten ready replicas at 100 units each. */
export interface Moment {
  readonly seconds: number
  readonly asked: number
  readonly spec?: number
  readonly ready?: number
  /** `'missing'`: nobody could tell. */
  readonly demand?: number | 'missing'
  /** What a screen believes of the demand; absent: all of it. */
  readonly believes?: number
  readonly observation?: Partial<Observation>
  readonly memory?: Memory
}

export const workload: Target = {
  id: 'audio/api-gateway',
  minReplicas: 2,
  maxReplicas: 20,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 60_000,
  periodMs: 15_000,
}

/** The context a guard would get at that moment. */
export function contextAt(moment: Moment, target: Target = workload): Context {
  const { spec = 10, demand = 1000, believes } = moment
  const at = moment.seconds * 1000
  const believed = demand === 'missing' ? undefined : (believes ?? demand)
  return {
    now: at,
    target,
    memory: moment.memory ?? emptyMemory,
    situation: {
      observation: {
        at,
        replicas: { spec, status: spec, ready: moment.ready ?? spec },
        pods: [],
        answers: [],
        demand: demand === 'missing' ? { kind: 'missing', at, why: 'no answer' } : { kind: 'value', at, value: demand },
        ...moment.observation,
      },
      ...(believed !== undefined && { demand: believed }),
      doubts: believes === undefined ? [] : [{ by: 'attack', believes, why: `of ${demand} I believe ${believes}` }],
    },
  }
}

/** Runs one guard along a timeline, its memory carried (and passed through JSON, as a restart would) from tick to tick. */
export function play(guard: Guard, moments: readonly Moment[], target: Target = workload): readonly ReturnType<Guard['limit']>[] {
  let memory = emptyMemory
  return moments.map(moment => {
    const context = contextAt({ memory, ...moment }, target)
    const believed = context.situation.demand
    const said = guard.limit(
      {
        asked: moment.asked,
        replicas: moment.asked,
        outright: false,
        ...(believed !== undefined && { needed: Math.ceil(believed / target.capacityPerReplica - 1e-9) }),
      },
      context,
    )
    memory = { slots: JSON.parse(JSON.stringify({ ...context.memory.slots, [guard.name]: said.memory })) }
    return said
  })
}
