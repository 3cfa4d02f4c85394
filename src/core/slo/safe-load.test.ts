import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Objective, Reading, Situation, Target } from '../model.ts'
import type { SafeLoadLearner } from '../rules.ts'
import { latencyQuantile, type Service, safeRate } from './queueing.ts'
import { createSafeLoad } from './safe-load.ts'

const MINUTE = 60_000
const DAY = 1440 * MINUTE
const P99: Objective = { type: 'Latency', metric: 'request_duration_seconds', percentile: 99, threshold: 0.025 }
const ERRORS: Objective = { type: 'ErrorRatio', threshold: 0.001 }

const targetOf = (capacityPerReplica: number, objectives: readonly Objective[] = [P99]): Target => ({
  id: 'shop/gateway',
  minReplicas: 2,
  maxReplicas: 500,
  metrics: [],
  capacityPerReplica,
  startupMs: MINUTE,
  periodMs: MINUTE,
  objectives,
})

/** Four at a time of 3 ms each: 84 % of 1,333 requests a second are safe for P99 under 25 ms. */
const gateway: Service = { serviceSeconds: 0.003, concurrency: 4 }
const SAFE = safeRate(gateway, { quantile: 0.99, thresholdSeconds: 0.025 })!

/** By load per replica in steps of half a percent of what it can carry. */
function latencyOf(service: Service): (load: number) => number {
  const step = service.concurrency / service.serviceSeconds / 200
  const known = new Map<number, number>()
  return load => {
    const steps = Math.round(load / step)
    const latency = known.get(steps) ?? Math.min(2, latencyQuantile(service, steps * step, 0.99))
    known.set(steps, latency)
    return latency
  }
}

/** One tick: so much load on each of ten replicas that have been there for long. */
const situationAt = (at: number, load: number, objectives: readonly Reading[]): Situation => ({
  observation: {
    at,
    replicas: { spec: 10, status: 10, ready: 10 },
    pods: [],
    answers: [],
    demand: { kind: 'value', at, value: 10 * load },
    objectives,
  },
  demand: 10 * load,
  doubts: [],
})
const read = (at: number, value: number): Reading => ({ kind: 'value', at, value })

interface Days {
  readonly from: number
  readonly days: number
  /** The load per replica of a minute of the day, 0 to 1439; by default half to all of what decisions rest on. */
  readonly load?: (minute: number, inForce: number) => number
  readonly reading: (load: number, at: number) => readonly Reading[]
}

const wave = (minute: number, inForce: number) => inForce * (0.7 - 0.35 * Math.cos((2 * Math.PI * minute) / 1440))

/** Lives through days, and gives what was in force after each. */
function live(learner: SafeLoadLearner, { from, days, load = wave, reading }: Days): readonly number[] {
  const inForce: number[] = []
  for (let minute = 0; minute < days * 1440; minute++) {
    const at = from + minute * MINUTE
    const perReplica = load(minute % 1440, learner.inForce().perReplica)
    learner.absorb(situationAt(at, perReplica, reading(perReplica, at)), MINUTE)
    if (minute % 1440 === 1439) inForce.push(learner.inForce().perReplica)
  }
  return inForce
}

const honest = (service: Service) => {
  const latency = latencyOf(service)
  return (load: number, at: number) => [read(at, latency(load))]
}
const gatewayLatency = latencyOf(gateway)

describe('the load per replica that is safe', () => {
  test('is what the target says before anything was read', () => {
    const learner = createSafeLoad(targetOf(1000))
    expect(learner.inForce()).toEqual({ perReplica: 1000, by: 'written', written: 1000, unreachable: [] })
    live(learner, { from: 0, days: 3, reading: () => [] })
    live(learner, { from: 3 * DAY, days: 3, reading: (_, at) => [{ kind: 'missing', at, why: 'timeout' }] })
    expect(learner.inForce()).toMatchObject({ perReplica: 1000, by: 'written' })
  })

  test('is lowered by at most a fifth a day to where the latency was seen to keep its promise, and stays there', () => {
    const learner = createSafeLoad(targetOf(1.3 * SAFE))
    const days = live(learner, { from: 0, days: 12, reading: honest(gateway) })
    expect(days[1]! / (1.3 * SAFE)).toBeCloseTo(0.8, 6)
    for (const day of days.slice(2)) expect(day / SAFE).toBeGreaterThan(0.93)
    for (const day of days.slice(2)) expect(day / SAFE).toBeLessThanOrEqual(1.04)
    expect(learner.inForce()).toMatchObject({ objective: 'P99 25 ms', written: 1.3 * SAFE, unreachable: [] })
    expect(learner.inForce().since).toBeGreaterThanOrEqual(DAY)
  })

  test('is raised where the target says far too little, never past 1.2 times what was seen, and never past what a queue carries', () => {
    const learner = createSafeLoad(targetOf(0.4 * SAFE))
    const days = live(learner, { from: 0, days: 14, reading: honest(gateway) })
    expect(days[1]! / (0.4 * SAFE)).toBeLessThanOrEqual(1.2 * 1.05 + 1e-9)
    for (const day of days) expect(day).toBeLessThanOrEqual(1.1 * SAFE)
    expect(days.at(-1)! / SAFE).toBeGreaterThan(0.85)
  })

  test('knows before the promise breaks: the bend of the curve is enough', () => {
    const single: Service = { serviceSeconds: 0.002, concurrency: 1 }
    const safe = safeRate(single, { quantile: 0.99, thresholdSeconds: 0.025 })!
    const learner = createSafeLoad(targetOf(1.3 * safe))
    const seen = (minute: number) => safe * (0.6 - 0.32 * Math.cos((2 * Math.PI * minute) / 1440)) // never more than 92 % of it
    live(learner, { from: 0, days: 8, load: seen, reading: honest(single) })
    expect(learner.inForce()).toMatchObject({ by: 'model' })
    expect(learner.inForce().perReplica / safe).toBeGreaterThan(0.95)
    expect(learner.inForce().perReplica / safe).toBeLessThan(1.15)
  })

  test('is found through the noise of real readings, too', () => {
    for (const share of [0.5, 1.3]) {
      let seed = 7
      const noise = () => {
        seed = (seed * 48_271) % 2_147_483_647
        return Math.exp(0.3 * (seed / 2_147_483_647 - 0.5))
      }
      const learner = createSafeLoad(targetOf(share * SAFE))
      const days = live(learner, { from: 0, days: 14, reading: (load, at) => [read(at, noise() * gatewayLatency(load))] })
      for (const day of days.slice(3)) expect(day / SAFE).toBeLessThan(1.05)
      expect(days.at(-1)! / SAFE).toBeGreaterThan(0.8)
    }
  })

  test('is the least of what several objectives allow', () => {
    const learner = createSafeLoad(targetOf(SAFE, [P99, ERRORS]))
    const failing = (load: number, at: number) => [read(at, gatewayLatency(load)), read(at, load > 0.7 * SAFE ? 0.01 : 0)]
    live(learner, { from: 0, days: 6, reading: failing })
    expect(learner.inForce()).toMatchObject({ by: 'observed', objective: 'errors 0.1 %' })
    expect(learner.inForce().perReplica / SAFE).toBeGreaterThan(0.6)
    expect(learner.inForce().perReplica / SAFE).toBeLessThan(0.75)
  })

  test('comes back slowly where it was lowered for something that is over and no model says how far', () => {
    const learner = createSafeLoad(targetOf(1000, [ERRORS]))
    live(learner, { from: 0, days: 3, reading: (load, at) => [read(at, load > 600 ? 0.02 : 0.0001)] })
    const low = learner.inForce().perReplica
    expect(low).toBeLessThan(700)
    const days = live(learner, { from: 3 * DAY, days: 40, reading: (_, at) => [read(at, 0.0001)] })
    expect(days[5]! / low).toBeLessThan(1.1)
    expect(days.at(-1)).toBeGreaterThan(900)
    expect(days.at(-1)).toBeLessThanOrEqual(1050)
  })
})

describe('an objective that more replicas do not keep', () => {
  const slow: Service = { serviceSeconds: 0.006, concurrency: 4 } // 6 ms x ln 100 are 27.6 ms, idle

  test('is told after a day, and nothing is lowered for it', () => {
    const learner = createSafeLoad(targetOf(500))
    const days = live(learner, { from: 0, days: 9, reading: honest(slow) })
    expect(days).toEqual(Array(9).fill(500))
    expect(learner.inForce()).toMatchObject({ by: 'written', unreachable: ['P99 25 ms'] })
  })

  test('stops what was lowered for it where it is', () => {
    const learner = createSafeLoad(targetOf(1.3 * SAFE))
    live(learner, { from: 0, days: 6, reading: honest(gateway) })
    const before = learner.inForce().perReplica
    live(learner, { from: 6 * DAY, days: 12, reading: honest({ serviceSeconds: 0.006, concurrency: 16 }) })
    expect(learner.inForce().unreachable).toEqual(['P99 25 ms'])
    expect(learner.inForce().perReplica / before).toBeCloseTo(1, 1)
  })

  test('is told for a bad release too, which changes nothing, and is forgotten with it', () => {
    const learner = createSafeLoad(targetOf(SAFE))
    live(learner, { from: 0, days: 6, reading: honest(gateway) })
    const [before] = live(learner, { from: 6 * DAY, days: 1, reading: (load, at) => [read(at, 0.05 + gatewayLatency(load))] })
    const [after] = live(learner, { from: 7 * DAY, days: 1, reading: honest(gateway) })
    expect(learner.inForce().unreachable).toEqual(['P99 25 ms'])
    expect(after).toBe(before)
    live(learner, { from: 8 * DAY, days: 2, reading: honest(gateway) })
    expect(learner.inForce().unreachable).toEqual([])
    expect(learner.inForce().perReplica / before!).toBeCloseTo(1, 1)
  })
})

describe('what teaches nothing', () => {
  const taught = () => {
    const learner = createSafeLoad(targetOf(1.2 * SAFE, [P99, ERRORS]))
    live(learner, { from: 0, days: 5, reading: (load, at) => [read(at, gatewayLatency(load)), read(at, 0)] })
    return learner
  }
  const nextDay = (learner: SafeLoadLearner, garbage: (at: number) => Situation) => {
    for (let minute = 0; minute < 1440; minute++) {
      const at = 5 * DAY + minute * MINUTE
      const load = wave(minute, SAFE)
      learner.absorb(garbage(at), MINUTE)
      learner.absorb(situationAt(at, load, [read(at, gatewayLatency(load)), read(at, 0)]), MINUTE)
    }
    return learner.inForce()
  }
  const missing = (at: number): Reading => ({ kind: 'missing', at, why: 'timeout' })
  const twice = SAFE * 2 // a load at which no honest reading would keep the promise

  test.each<[string, (at: number) => Situation]>([
    ['missing readings', at => situationAt(at, twice, [missing(at), missing(at)])],
    ['no readings', at => situationAt(at, twice, [])],
    [
      'latencies of zero, negative ones and error ratios below zero',
      at => situationAt(at, twice, [read(at, at % 2 === 0 ? 0 : -1), read(at, -1)]),
    ],
    ['readings of another time', at => situationAt(at, twice, [read(at - 600_000, 0.001), read(at - 600_000, 0)])],
    [
      'doubted loads',
      at => ({ ...situationAt(at, twice, [read(at, 0.001)]), doubts: [{ by: 'attack', believes: 1, why: 'x' }] }),
    ],
    ['no load', at => situationAt(at, 0, [read(at, 0.001), read(at, 0)])],
  ])('%s', (_, garbage) => {
    const clean = taught()
    const calm = nextDay(clean, at => situationAt(at, 0, []))
    expect(nextDay(taught(), garbage)).toEqual(calm)
  })

  test('a missing demand, and ticks in which the replicas changed', () => {
    const learner = createSafeLoad(targetOf(SAFE))
    const { demand: _, ...blind } = situationAt(MINUTE, 100, [read(MINUTE, 1)])
    learner.absorb(blind, MINUTE)
    for (let minute = 0; minute < 3 * 1440; minute++) {
      const at = minute * MINUTE
      const { observation, ...rest } = situationAt(at, twice, [read(at, 1)])
      const ready = 10 + (minute % 2)
      learner.absorb({ ...rest, observation: { ...observation, replicas: { spec: ready, status: ready, ready } } }, MINUTE)
    }
    expect(learner.inForce()).toMatchObject({ by: 'written', unreachable: [] })
  })
})

describe('whatever happens', () => {
  const services = fc.record({
    serviceSeconds: fc.double({ min: 0.0005, max: 0.005, noNaN: true }),
    concurrency: fc.constantFrom(1, 2, 4, 8, 16),
  })
  const ratio = fc.double({ min: 0.2, max: 3, noNaN: true })

  test('it moves by at most a fifth a day, never below a quarter of what is written, never above that and 1.2 times what was seen', () => {
    fc.assert(
      fc.property(services, ratio, fc.double({ min: 1, max: 4, noNaN: true }), (service, share, slower) => {
        const latency = latencyOf(service)
        const written = (share * service.concurrency) / service.serviceSeconds / 2
        const learner = createSafeLoad(targetOf(written))
        let seen = 0
        const reading = (load: number, at: number) => {
          seen = Math.max(seen, load)
          return [read(at, (at > 3 * DAY ? slower : 1) * latency(load))]
        }
        let before = written
        for (let day = 0; day < 6; day++) {
          const [now] = live(learner, { from: day * DAY, days: 1, reading, load: (minute, inForce) => wave(minute, inForce) })
          expect(now! / before).toBeGreaterThan(0.8 - 1e-9)
          expect(now! / before).toBeLessThan(1.2 + 1e-9)
          expect(now).toBeGreaterThanOrEqual(0.25 * written)
          expect(now).toBeLessThanOrEqual(Math.max(written, 1.2 * seen) * (1 + 1e-6))
          before = now!
        }
      }),
      { numRuns: 6 },
    )
  })

  test('slower answers never raise it, unless no load at all keeps the promise', () => {
    fc.assert(
      fc.property(services, ratio, fc.double({ min: 1, max: 3, noNaN: true }), (service, share, slower) => {
        const latency = latencyOf(service)
        const written = (share * service.concurrency) / service.serviceSeconds / 2
        const learnt = (factor: number) => {
          const learner = createSafeLoad(targetOf(written))
          live(learner, {
            from: 0,
            days: 3,
            load: minute => wave(minute, written),
            reading: (load, at) => [read(at, factor * latency(load))],
          })
          return learner.inForce()
        }
        const [fast, slow] = [learnt(1), learnt(slower)]
        if (slow.unreachable.length === 0) expect(slow.perReplica).toBeLessThanOrEqual(fast.perReplica * 1.05)
      }),
      { numRuns: 6 },
    )
  })
})

test('what was learnt can be written down, and read back by a learner of the same promises', () => {
  const learner = createSafeLoad(targetOf(1.3 * SAFE))
  live(learner, { from: 0, days: 3, reading: honest(gateway) })
  const kept = structuredClone(learner.snapshot())
  const heir = createSafeLoad(targetOf(1.3 * SAFE))
  expect(heir.restore(kept)).toBe(true)
  expect(heir.inForce()).toEqual(learner.inForce())
  const more: Days = { from: 3 * DAY, days: 3, reading: honest(gateway) }
  expect(live(heir, more)).toEqual(live(learner, more))
  expect(createSafeLoad(targetOf(1.3 * SAFE, [{ ...P99, threshold: 0.05 } as Objective])).restore(kept)).toBe(false)
  expect(createSafeLoad(targetOf(SAFE)).restore(kept)).toBe(false)
})
