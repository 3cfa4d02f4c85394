import type { Rules } from '../../core/rules.ts'
import { isMissing, neededReplicas, ticksOf } from '../load.ts'
import { longestStartupMs } from '../replicas.ts'
import { initialReplicas, type WorldOptions } from '../world.ts'

/**
 * The cheapest schedule without a violation, by somebody who knows the future load and the start-up time. Its orders go
 * through the same world as everybody's.
 *
 * Exact and O(ticks x replicas): replicas are levels, and level j has to be on while at least j replicas are needed. A level that
 * pauses for g ticks costs g when kept and `startup` when stopped and ordered again in time, and it cannot be ordered
 * again within less than `startup`: so it is kept through gaps of at most `startup` ticks, and stopped in longer ones. Levels nest, so
 * their sum is a plan that a cluster can follow. Need above maxReplicas is cut (nobody can serve it), and so is need before
 * the first order can be ready, beyond the initial replicas.
 *
 * Exact for a fixed start-up; with a drawn one it orders by the longest that can be drawn, with nodes by pod plus node.
 */
export function oracle(world: WorldOptions): Rules {
  const schedule = oracleSchedule(world)
  const { startMs, tickMs } = world.load
  const why = 'knows the load to come'
  return {
    name: 'oracle',
    screens: [],
    proposers: [
      {
        name: 'oracle',
        propose: ({ now }) => ({
          kind: 'proposes',
          replicas: schedule[Math.round((now - startMs) / tickMs)]!,
          why,
          outright: true,
        }),
      },
    ],
    guards: [],
  }
}

/** Before the world began; far enough for any gap. */
const NEVER = -(2 ** 30)

/** Replicas to have ordered after the decision of each tick. */
export function oracleSchedule(world: WorldOptions): Int32Array {
  const { load, target } = world
  const startupMs = longestStartupMs(target.startupMs, world.startup ?? { kind: 'fixed' }) + (world.nodes?.startupMs ?? 0)
  const startup = ticksOf(startupMs, load.tickMs)
  const ticks = load.value.length
  const need = needOf(world, startup)
  const steps = new Int32Array(ticks + 1)
  const add = (from: number, to: number) => {
    if (from >= to) return
    steps[from]!++
    steps[to]!--
  }
  // the last tick in which each level was on; the initial replicas count as on in the tick before the first
  const lastOn = new Int32Array(target.maxReplicas + 1).fill(NEVER)
  let before = Math.min(target.maxReplicas, initialReplicas(world))
  lastOn.fill(-1, 0, before + 1)
  for (let tick = 0; tick < ticks; tick++) {
    const now = need[tick]!
    for (let level = before + 1; level <= now; level++) {
      const off = tick - lastOn[level]! - 1
      add(off <= startup ? lastOn[level]! + 1 : tick - startup, tick)
    }
    for (let level = now + 1; level <= before; level++) lastOn[level] = tick - 1
    before = now
  }
  return summed(need, steps, target.minReplicas)
}

/** What has to be ready in each tick, as far as anybody could have it ready. */
function needOf(world: WorldOptions, startup: number): Int32Array {
  const { load, target } = world
  const initial = initialReplicas(world)
  return Int32Array.from(load.value, (value, tick) => {
    const wanted = isMissing(load, tick) ? 0 : neededReplicas(value, target.capacityPerReplica)
    const inBounds = Math.max(target.minReplicas, Math.min(target.maxReplicas, wanted))
    return tick < startup ? Math.min(initial, inBounds) : inBounds
  })
}

function summed(need: Int32Array, steps: Int32Array, minReplicas: number): Int32Array {
  let extra = 0
  return need.map((needed, tick) => {
    extra += steps[tick]!
    return Math.max(minReplicas, needed + extra)
  })
}
