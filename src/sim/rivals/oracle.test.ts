import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isViolated } from '../load.ts'
import { type Scenario, simulate } from '../run.ts'
import { score } from '../score.ts'
import { oracle, oracleSchedule } from './oracle.ts'

const TICK = 15_000

interface Case {
  readonly need: readonly number[]
  readonly startup: number
  readonly initial: number
  readonly min?: number
  readonly max?: number
}

const worldOf = ({ need, startup, initial, min = 0, max = 3 }: Case): Scenario => ({
  target: {
    id: 'a/b',
    minReplicas: min,
    maxReplicas: max,
    metrics: [],
    capacityPerReplica: 10,
    startupMs: startup * TICK,
    periodMs: TICK,
  },
  load: { startMs: 0, tickMs: TICK, value: Float64Array.from(need, replicas => replicas * 10) },
  metricsDelayMs: TICK,
  seed: 1,
  initialReplicas: initial,
  scoredFrom: 0,
})

/** The cheapest cost by trying every plan, with the rules of the world written down once more; Infinity when none serves. */
function bruteForce({ need, startup, initial, min = 0, max = 3 }: Case): number {
  let best = Number.POSITIVE_INFINITY
  const walk = (tick: number, { ready, pending, cost }: { ready: number; pending: readonly number[]; cost: number }) => {
    if (cost >= best) return
    if (tick === need.length) {
      best = cost
      return
    }
    const due = pending.filter(at => at <= tick).length
    const [up, waiting] = [ready + due, pending.filter(at => at > tick)]
    for (let desired = min; desired <= max; desired++) {
      const ordered = up + waiting.length
      const after =
        desired >= ordered
          ? { ready: up, pending: [...waiting, ...new Array<number>(desired - ordered).fill(tick + startup)] }
          : { ready: Math.min(up, desired), pending: waiting.slice(0, Math.max(0, desired - up)) }
      const serving = after.ready + (startup === 0 ? after.pending.length : 0)
      if (serving >= need[tick]!) walk(tick + 1, { ...after, cost: cost + desired })
    }
  }
  walk(0, { ready: initial, pending: [], cost: 0 })
  return best
}

const cases = fc
  .record({
    need: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 7 }),
    startup: fc.integer({ min: 0, max: 3 }),
    initial: fc.integer({ min: 0, max: 3 }),
    min: fc.integer({ min: 0, max: 1 }),
  })
  // before the first order can be ready, nobody can serve more than the initial replicas
  .map(one => ({ ...one, need: one.need.map((value, tick) => (tick < one.startup ? Math.min(value, one.initial) : value)) }))

describe('the oracle', () => {
  test('is as cheap as the best of all plans, on any small case', () => {
    fc.assert(
      fc.property(cases, one => {
        const cost = oracleSchedule(worldOf(one)).reduce((sum, replicas) => sum + replicas, 0)
        expect(cost).toBe(bruteForce(one))
      }),
      { numRuns: 300 },
    )
  })

  test('has no violation when its orders go through the world, on any case', async () => {
    const longer = fc.record({
      need: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 200 }),
      startup: fc.integer({ min: 0, max: 12 }),
      min: fc.integer({ min: 0, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(longer, async one => {
        const world = worldOf({ ...one, initial: 30, max: 30 })
        const run = await simulate(oracle(world), world)
        expect([...run.desired]).toEqual([...oracleSchedule(world)])
        expect(score(run, { capacityPerReplica: 10, price: 1 }).sloViolationMinutes).toBe(0)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps a replica through a gap as long as the start-up, and stops it in a longer one', () => {
    const plan = (need: readonly number[]) => [...oracleSchedule(worldOf({ need, startup: 2, initial: 1 }))]
    expect(plan([1, 0, 0, 1])).toEqual([1, 1, 1, 1])
    expect(plan([1, 0, 0, 0, 0, 1])).toEqual([1, 0, 0, 1, 1, 1])
  })

  test('serves what maxReplicas allows where the load is far above it', async () => {
    const world = worldOf({ need: [1, 1, 90, 90], startup: 1, initial: 1 })
    const run = await simulate(oracle(world), world)
    expect([...run.ready]).toEqual([1, 1, 3, 3])
    expect([...run.load].map((load, tick) => isViolated(load, run.ready[tick]!, 10))).toEqual([false, false, true, true])
  })

  test('orders for the longest start-up that can be drawn, so that jitter costs it money and no violation', async () => {
    const need = Array.from({ length: 400 }, (_, tick) => 3 + Math.round(3 * Math.sin(tick / 9)))
    const base = worldOf({ need, startup: 4, initial: 10, max: 10 })
    const world: Scenario = { ...base, startup: { kind: 'lognormal', sigma: 0.4 } }
    const run = await simulate(oracle(world), world)
    expect(score(run, { capacityPerReplica: 10, price: 1 }).sloViolationMinutes).toBe(0)
  })

  test('does not order for a hole in the recording, where the load is unknown', () => {
    const world = worldOf({ need: [1, 3, 3, 1, 1], startup: 0, initial: 1 })
    const missing = Uint8Array.from([0, 1, 1, 0, 0])
    expect([...oracleSchedule({ ...world, load: { ...world.load, missing } })]).toEqual([1, 0, 0, 1, 1])
  })
})
