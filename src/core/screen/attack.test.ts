import { describe, expect, test } from 'vitest'
import type { Observation } from '../model.ts'
import { emptyMemory } from '../rules.ts'
import { screen } from '../step.ts'
import { type AttackSettings, attack } from './attack.ts'

const HOUR = 3600
const DAY = 24 * HOUR

interface Traffic {
  readonly demand: number
  /** `undefined`: the source cannot count. */
  readonly clients: number | undefined
}

/** A day-shaped service: 100 to 300 units, a tenth of a unit a client, with a little deterministic noise. */
function organic(seconds: number): { demand: number; clients: number } {
  const shape = 200 - 100 * Math.cos((2 * Math.PI * seconds) / DAY)
  const noise = 1 + 0.03 * Math.sin(seconds * 12.9898)
  return { demand: shape * noise, clients: Math.round(shape * 10) }
}

/** Plays traffic at one sample a minute; what is believed, by second, and the size of the memory. */
function play(traffic: (seconds: number) => Traffic, days: number, settings: AttackSettings = {}) {
  let memory = emptyMemory
  const believed = new Map<number, number>()
  const doubts: { readonly seconds: number; readonly why: string }[] = []
  const rules = { name: 'test', screens: [attack(settings)], proposers: [], guards: [] }
  for (let seconds = 0; seconds < days * DAY; seconds += 60) {
    const { demand, clients } = traffic(seconds)
    const observation: Observation = {
      at: seconds * 1000,
      replicas: { spec: 10, status: 10, ready: 10 },
      pods: [],
      answers: [],
      demand: { kind: 'value', at: seconds * 1000, value: demand },
      ...(clients !== undefined && { clients }),
    }
    const result = screen(rules, memory, observation)
    memory = result.memory
    believed.set(seconds, result.situation.demand!)
    for (const { why } of result.situation.doubts) doubts.push({ seconds, why })
  }
  return { believed, doubts, memory }
}

const within = (seconds: number, from: number, hours: number) => seconds >= from && seconds < from + hours * HOUR

describe('attack', () => {
  const attackFrom = 4 * DAY + 10 * HOUR
  const attacked = (seconds: number): Traffic => {
    const { demand, clients } = organic(seconds)
    return within(seconds, attackFrom, 2) ? { demand: demand + 30_000, clients: clients + 20 } : { demand, clients }
  }

  test('two hours from twenty clients are hardly believed, and every other minute is believed whole', () => {
    const { believed, doubts } = play(attacked, 5)
    for (const [seconds, believes] of believed) {
      const real = organic(seconds).demand
      if (within(seconds, attackFrom, 2)) {
        expect(believes).toBeLessThan(1.4 * real)
        expect(believes).toBeGreaterThan(0.9 * real) // those who are no attackers are still served
      } else expect(believes).toBe(real)
    }
    expect(doubts).toHaveLength(120)
    expect(doubts[60]?.why).toMatch(/^[\d,]+ clients usually ask for [23]\d\d: of 30,\d\d\d I believe 3\d\d$/)
  })

  test('it is not learnt: the day after looks as if it had never been', () => {
    const after = play(attacked, 6)
    const calm = play(organic, 6)
    const slot = (memory: typeof after.memory) =>
      memory.slots.attack as { peaks: { demand: number }[]; perClient: { mean: number } }
    expect(Math.max(...slot(after.memory).peaks.map(({ demand }) => demand))).toBeLessThan(320)
    expect(slot(after.memory).perClient.mean).toBeCloseTo(slot(calm.memory).perClient.mean, 2)
  })

  test('a flash crowd, five times the clients with five times the load, is believed at once', () => {
    const crowd = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return within(seconds, attackFrom, 2) ? { demand: 5 * demand, clients: 5 * clients } : { demand, clients }
    }
    const { believed, doubts } = play(crowd, 5)
    expect(doubts).toEqual([])
    expect(believed.get(attackFrom)).toBe(5 * organic(attackFrom).demand)
  })

  test('clients that arrive during an attack are served: the crowd is believed, the attackers are not', () => {
    const both = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return within(seconds, attackFrom, 2) ? { demand: 3 * demand + 30_000, clients: 3 * clients + 20 } : { demand, clients }
    }
    const { believed } = play(both, 5)
    expect(believed.get(attackFrom + HOUR)! / organic(attackFrom + HOUR).demand).toBeGreaterThan(2.8)
    expect(believed.get(attackFrom + HOUR)! / organic(attackFrom + HOUR).demand).toBeLessThan(4)
  })

  test('an attack in the night is held to the night, and belief grows no faster than a fifth in five minutes', () => {
    const night = 4 * DAY + 2 * HOUR
    const flood = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return within(seconds, night, 1) ? { demand: 1.9 * demand, clients } : { demand, clients }
    }
    const { believed } = play(flood, 5)
    expect(believed.get(night + 60)! / organic(night - 60).demand).toBeLessThan(1.15)
    expect(believed.get(night + 1800)! / organic(night + 1800).demand).toBeLessThan(1.35)
  })

  test('a day of doubt without end is a changed workload: it is believed, and learnt anew', () => {
    const heavier = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return seconds >= 3 * DAY ? { demand: 3 * demand, clients } : { demand, clients }
    }
    const { believed, doubts } = play(heavier, 6)
    expect(doubts.at(-1)?.seconds).toBe(4 * DAY)
    expect(believed.get(5 * DAY + 60)).toBe(3 * organic(5 * DAY + 60).demand)
  })

  test('nothing is doubted in the first day, where clients cannot be counted, or where the demand is missing', () => {
    const early = (seconds: number): Traffic =>
      within(seconds, 10 * HOUR, 1) ? { demand: 30_000, clients: 20 } : organic(seconds)
    expect(play(early, 1).doubts).toEqual([])
    expect(play(seconds => ({ ...attacked(seconds), clients: undefined }), 5).doubts).toEqual([])
    const missing: Observation = {
      at: 0,
      replicas: { spec: 1, status: 1, ready: 1 },
      pods: [],
      answers: [],
      demand: { kind: 'missing', at: 0, why: 'none' },
    }
    expect(attack().doubt(missing, emptyMemory)).toEqual({})
  })

  test('Observe tells and believes; Off is silent', () => {
    const observed = play(attacked, 5, { mode: 'Observe' })
    expect(observed.doubts[0]?.why).toContain('(observed only)')
    expect(observed.believed.get(attackFrom + HOUR)).toBe(attacked(attackFrom + HOUR).demand)
    expect(play(attacked, 5, { mode: 'Off' }).doubts).toEqual([])
  })

  test('slow poison is not swallowed: a load per client that doubles in an hour is still seen as an attack', () => {
    const ramp = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      const hours = Math.max(0, Math.min(3, (seconds - attackFrom) / HOUR))
      return { demand: demand * 2 ** hours, clients }
    }
    const { believed } = play(ramp, 5)
    expect(believed.get(attackFrom + 3 * HOUR)! / organic(attackFrom + 3 * HOUR).demand).toBeLessThan(1.6)
  })

  test('a workload whose clients all ask exactly alike can still drift', () => {
    const exact = (seconds: number): Traffic => {
      const { clients } = organic(seconds)
      return { demand: (clients / 10) * (1 + 0.02 * Math.max(0, seconds / DAY - 1)), clients }
    }
    expect(play(exact, 6).doubts).toEqual([])
  })

  test('the memory is bounded by 28 days of hours and survives JSON', () => {
    const { memory } = play(seconds => (seconds % HOUR === 0 ? organic(seconds) : { demand: 0, clients: 0 }), 40)
    const slot = memory.slots.attack as { peaks: unknown[] }
    expect(slot.peaks).toHaveLength(28 * 24)
    expect(JSON.parse(JSON.stringify(slot))).toEqual(slot)
  })
})
