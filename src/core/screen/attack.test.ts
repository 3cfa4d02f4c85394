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
  readonly conversionRatio?: number
  readonly authenticatedRatio?: number
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
    const { demand, clients, ...ratios } = traffic(seconds)
    const observation: Observation = {
      at: seconds * 1000,
      replicas: { spec: 10, status: 10, ready: 10 },
      pods: [],
      answers: [],
      demand: { kind: 'value', at: seconds * 1000, value: demand },
      ...(clients !== undefined && { clients }),
      ...ratios,
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

describe('what verifies a demand besides the number of its clients', () => {
  const from = 4 * DAY + 10 * HOUR
  const isOn = (seconds: number) => within(seconds, from, 2)
  /** 2 % of users buy and 80 % are signed in, with a little noise; of what bots send nothing and nobody is. */
  const mixed = (users: number, bots: number, seconds: number) => {
    const share = users / (users + bots)
    const noise = 1 + 0.05 * Math.sin(seconds * 7.77)
    return { demand: users + bots, conversionRatio: 0.02 * share * noise, authenticatedRatio: 0.8 * share }
  }

  test('a botnet whose clients look usual is not believed where conversions do not follow', () => {
    const botnet = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      const bots = isOn(seconds) ? 5 * demand : 0
      return { ...mixed(demand, bots, seconds), clients: clients + 10 * bots }
    }
    const { believed, doubts } = play(botnet, 5)
    for (const [seconds, believes] of believed) {
      const real = organic(seconds).demand
      if (!isOn(seconds)) expect(believes).toBeCloseTo(real, 6)
      else expect(believes / real).toBeLessThan(1.3)
      expect(believes / real).toBeGreaterThan(0.95)
    }
    expect(doubts).toHaveLength(120)
    expect(doubts[60]?.why).toMatch(/^conversion ratio 0\.3[34] % instead of 2 % verifies [23]\d\d: of 1,\d\d\d I believe 3\d\d$/)
  })

  test('sign-ins alone tell as much, where nobody counts clients', () => {
    const botnet = (seconds: number): Traffic => {
      const { demand } = organic(seconds)
      const { conversionRatio: _, ...seen } = mixed(demand, isOn(seconds) ? 5 * demand : 0, seconds)
      return { ...seen, clients: undefined }
    }
    const { believed, doubts } = play(botnet, 5)
    expect(believed.get(from + HOUR)! / organic(from + HOUR).demand).toBeLessThan(1.3)
    expect(doubts[60]?.why).toMatch(/^authenticated ratio 13 % instead of 80 % verifies 2\d\d: /)
  })

  test('a campus behind one address: conversions that keep up are users, whatever the clients look like', () => {
    const campus = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return { ...mixed(isOn(seconds) ? 6 * demand : demand, 0, seconds), clients: isOn(seconds) ? clients + 1 : clients }
    }
    const { believed, doubts } = play(campus, 5)
    expect(doubts).toEqual([])
    expect(believed.get(from)).toBe(6 * organic(from).demand)
  })

  test('sign-ins do not clear clients that ask too much: keys can be stolen, a partner can run wild', () => {
    const abused = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      return { demand: isOn(seconds) ? 6 * demand : demand, clients, authenticatedRatio: 0.8 }
    }
    const { believed } = play(abused, 5)
    expect(believed.get(from + HOUR)! / organic(from + HOUR).demand).toBeLessThan(1.3)
  })

  test('a crowd of newcomers, of whom a third as many buy, is believed at once', () => {
    const newcomers = (seconds: number): Traffic => {
      const { demand } = organic(seconds)
      const seen = mixed(demand, 0, seconds)
      if (!isOn(seconds)) return { ...seen, clients: undefined }
      return { demand: 6 * demand, conversionRatio: seen.conversionRatio / 3, authenticatedRatio: 0.3, clients: undefined }
    }
    const { believed, doubts } = play(newcomers, 5)
    expect(doubts).toEqual([])
    expect(believed.get(from)).toBe(6 * organic(from).demand)
  })

  test('a checkout that breaks, or a login, lowers nothing while the load is inside the envelope', () => {
    const broken = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      const ratios = isOn(seconds) ? { conversionRatio: 0, authenticatedRatio: 0 } : mixed(demand, 0, seconds)
      return { ...ratios, demand, clients }
    }
    expect(play(broken, 5).doubts).toEqual([])
  })

  test('beyond the envelope and without any conversion, what is usual at this time is believed all the same', () => {
    const flood = (seconds: number): Traffic => {
      const { demand } = organic(seconds)
      return { demand: isOn(seconds) ? 9 * demand : demand, clients: undefined, conversionRatio: isOn(seconds) ? 0 : 0.02 }
    }
    const { believed } = play(flood, 5)
    const share = believed.get(from + HOUR)! / organic(from + HOUR).demand
    expect(share).toBeGreaterThan(0.9)
    expect(share).toBeLessThan(1.3)
  })

  test('a ratio that is known for less than a day proves and refutes nothing', () => {
    const young = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      const isYoung = seconds < 4 * DAY
      const bots = isOn(seconds) ? 5 * demand : 0
      return isYoung ? { demand, clients } : { ...mixed(demand, bots, seconds), clients: clients + 10 * bots }
    }
    expect(play(young, 5).doubts).toEqual([])
  })

  test('a load per client that creeps up over days is measured by what it was weeks before, until a day of doubt has passed', () => {
    const boiled = (seconds: number): Traffic => {
      const { demand, clients } = organic(seconds)
      const days = Math.max(0, Math.min(4, seconds / DAY - 10))
      return { demand: demand * (1 + 0.4 * days), clients }
    }
    const { believed } = play(boiled, 14)
    const shareAt = (day: number) => believed.get(day * DAY)! / organic(day * DAY).demand
    expect(boiled(12 * DAY).demand / organic(12 * DAY).demand).toBeCloseTo(1.8)
    expect(shareAt(12)).toBeLessThan(1.25)
    expect(shareAt(13)).toBeCloseTo(2.2)
  })
})
