import { figure } from '../explain/figures.ts'
import type { Instant } from '../model.ts'
import { type Context, type Proposer, recall } from '../rules.ts'
import { wholeReplicas } from './block-rule.ts'

/** A turn of the demand: when it was noticed, and the high that it fell from or the low that it rose from. */
interface Turn {
  readonly at: Instant
  readonly demand: number
}

interface State {
  /** Turns of the last hour, oldest first; highs and lows alternate. */
  readonly turns: readonly Turn[]
  /** The furthest demand since the last turn, and in which direction it goes. */
  readonly extreme?: number
  readonly isRising: boolean
  /** A cycle that was seen, and until when it is kept warm for. */
  readonly warm?: { readonly until: Instant; readonly demand: number; readonly periodMs: number }
}

const NAME = 'keep-warm'
const HOUR_MS = 3_600_000
/** A turn is a move of more than a half: up to more than twice a low, or down to less than half of a high. */
const TURN_FACTOR = 2
/** Four reversals and the turn that they began with: two full cycles that have nothing in common can then be compared. */
const LEAST_TURNS = 5
/** Of the lengths of full cycles, the longest may be so many times the shortest. */
const STEADY = 1.35
const JITTER = 0.2

/**
 * A load that goes up and down by more than a half, at least three times within an hour and at a steady pace, makes every autoscaler order and
 * release the same replicas again and again: the yo-yo (Ben David and Bremler-Barr, "Kubernetes Autoscaling: YoYo Attack
 * Vulnerability and Mitigation", 2021), which costs an attacker half the traffic and hurts most while replicas start. While such a
 * cycle goes on, and for an hour after its last turn, the mean of its highs and lows is kept warm, so that a burst finds half of it
 * served. The hour is up to 20 % longer or shorter, by the name of the target: who watches one target learns nothing of another. It
 * may raise replicas and never lowers them, reads believed demand only, and what it asks for is bound by the surge budget.
 */
export function keepWarm(): Proposer {
  return {
    name: NAME,
    propose: context => {
      const { now, situation, target } = context
      const before = recall<State>(context.memory, NAME, { turns: [], isRising: true })
      const memory = situation.demand === undefined ? before : advance(before, situation.demand, context)
      if (memory.warm === undefined || now >= memory.warm.until)
        return { kind: 'abstains', why: 'the load does not swing up and down', memory }
      const { demand, periodMs } = memory.warm
      const why = `the load swings every ${Math.round(periodMs / 60_000)} min: its mean of ${figure(demand)} is kept warm`
      return { kind: 'proposes', floor: true, replicas: wholeReplicas(demand / target.capacityPerReplica), why, memory }
    },
  }
}

function advance(before: State, demand: number, { now, target }: Context): State {
  const { extreme = demand, isRising } = before
  if (isRising ? demand >= extreme : demand <= extreme) return { ...before, extreme: demand }
  const hasTurned = isRising ? demand * TURN_FACTOR < extreme : demand > TURN_FACTOR * extreme
  if (!hasTurned) return { ...before, extreme }
  const turns = [...before.turns.filter(({ at }) => now - at <= HOUR_MS), { at: now, demand: extreme }]
  const warm = cycleOf(turns, now, target.id) ?? before.warm
  return { turns, extreme: demand, isRising: !isRising, ...(warm && { warm }) }
}

/** The cycle that the turns of the last hour make, where they do. */
function cycleOf(turns: readonly Turn[], now: Instant, id: string): State['warm'] {
  if (turns.length < LEAST_TURNS) return undefined
  const periods = turns.slice(2).map(({ at }, index) => at - turns[index]!.at)
  if (Math.max(...periods) > STEADY * Math.min(...periods)) return undefined
  const last = turns.slice(1 - LEAST_TURNS).map(({ demand }) => demand)
  const mean = last.reduce((sum, demand) => sum + demand, 0) / last.length
  return { until: now + HOUR_MS * (1 + JITTER * spreadOf(id)), demand: mean, periodMs: periods.at(-1)! }
}

/** -1 to 1, evenly over names, always the same for one (FNV-1a, its bits mixed as MurmurHash3 does). */
function spreadOf(id: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (((hash ^ (hash >>> 16)) >>> 0) / 0xffffffff) * 2 - 1
}
