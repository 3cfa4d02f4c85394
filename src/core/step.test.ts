import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Doubt, Observation, Situation, Target } from './model.ts'
import {
  emptyMemory,
  type Guard,
  type Memory,
  type Parameters,
  type Proposed,
  type Proposer,
  type Rules,
  recall,
  type Screen,
} from './rules.ts'
import { screen, step } from './step.ts'

const target: Target = {
  id: 'audio/web',
  minReplicas: 1,
  maxReplicas: 50,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 60_000,
  periodMs: 15_000,
}

const observed = (demand: number | 'missing', at = 60_000): Observation => ({
  at,
  replicas: { spec: 10, status: 10, ready: 10 },
  pods: [],
  answers: [],
  demand: demand === 'missing' ? { kind: 'missing', at, why: 'no answer' } : { kind: 'value', at, value: demand },
})
const situationOf = (demand: number | 'missing'): Situation => ({
  observation: observed(demand),
  doubts: [],
  ...(demand !== 'missing' && { demand }),
})

const rulesOf = (parts: Partial<Rules>): Rules => ({ name: 'test', screens: [], proposers: [], guards: [], ...parts })
const saying = (name: string, said: Proposed & { memory?: unknown }): Proposer => ({ name, propose: () => said })
const proposing = (name: string, replicas: number, outright?: boolean): Proposer =>
  saying(name, { kind: 'proposes', replicas, why: `${name} wants ${replicas}`, ...(outright !== undefined && { outright }) })
const guarding = (name: string, limit: (replicas: number) => number): Guard => ({
  name,
  limit: ({ replicas }) => ({ replicas: limit(replicas), why: name }),
})
const decide = (parts: Partial<Rules>, demand: number | 'missing' = 1000, memory: Memory = emptyMemory) =>
  step(rulesOf(parts), memory, { target, situation: situationOf(demand) })

describe('floors', () => {
  const floor = (replicas: number) => saying('floor', { kind: 'proposes', replicas, why: 'a floor', floor: true })
  const silent = saying('silent', { kind: 'abstains', why: 'nothing' })

  test('hold up what others want, and win where they are the highest', () => {
    expect(decide({ proposers: [proposing('low', 4), floor(6)] }).decision.to).toBe(6)
    expect(decide({ proposers: [proposing('low', 4), floor(3)] }).decision.to).toBe(4)
    expect(decide({ proposers: [floor(14), silent] }).decision.to).toBe(14)
  })

  test('take nothing away where nobody else proposes', () => {
    expect(decide({ proposers: [floor(6), silent] }).decision.to).toBe(10)
    const abstained: unknown[] = []
    const guard: Guard = {
      name: 'looks',
      limit(draft) {
        abstained.push(draft.abstained)
        return { replicas: draft.replicas, why: '' }
      },
    }
    decide({ proposers: [floor(6)], guards: [guard] })
    decide({ proposers: [floor(14)], guards: [guard] })
    decide({ proposers: [floor(6), proposing('same', 10)], guards: [guard] })
    expect(abstained).toEqual([true, false, false])
  })
})

describe('the screens', () => {
  const doubting = (name: string, believes: number): Screen => ({
    name,
    doubt: () => ({ doubt: { by: name, believes, why: `${name} believes ${believes}` } }),
  })

  test('a screen that masks shows those behind it only what it believes; the situation keeps what was measured', () => {
    const seen: unknown[] = []
    const watching: Screen = {
      name: 'watching',
      doubt({ demand }) {
        seen.push(demand)
        return {}
      },
    }
    const masking: Screen = { ...doubting('masking', 300), masks: true }
    const refusing: Screen = { name: 'refusing', doubt: () => ({ missing: 'broken' }) }
    const rules = rulesOf({ screens: [doubting('plain', 500), watching, masking, watching, refusing, watching] })
    expect(screen(rules, emptyMemory, observed(1000)).situation.observation.demand.kind).toBe('missing')
    expect(seen).toEqual([
      { kind: 'value', at: 60_000, value: 1000 },
      { kind: 'value', at: 60_000, value: 300 },
      { kind: 'missing', at: 60_000, why: 'broken' },
    ])
    const kept = screen(rulesOf({ screens: [masking] }), emptyMemory, observed(1000)).situation
    expect(kept).toMatchObject({ demand: 300, observation: { demand: { value: 1000 } } })
  })

  test('without a doubt all of the demand is believed', () => {
    const { situation } = screen(rulesOf({}), emptyMemory, observed(1000))
    expect(situation).toEqual({ observation: observed(1000), doubts: [], demand: 1000 })
  })

  test('of several doubts the most sceptical wins, and all are told', () => {
    const { situation } = screen(
      rulesOf({ screens: [doubting('one', 700), doubting('two', 300), doubting('three', 500)] }),
      emptyMemory,
      observed(1000),
    )
    expect(situation.demand).toBe(300)
    expect(situation.doubts.map(({ by }) => by)).toEqual(['one', 'two', 'three'])
  })

  test('only ever lower the demand', () => {
    const load = fc.double({ min: 0, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(load, fc.array(load, { maxLength: 5 }), (demand, beliefs) => {
        const screens = beliefs.map((believes, i) => doubting(`screen ${i}`, believes))
        const { situation } = screen(rulesOf({ screens }), emptyMemory, observed(demand))
        expect(situation.demand).toBeLessThanOrEqual(demand)
        expect(situation.demand).toBe(Math.min(demand, ...beliefs))
      }),
    )
  })

  test('a demand that cannot be used is missing for everyone after, doubts or not, and keeps the time it had', () => {
    const seen: Observation[] = []
    const refusing: Screen = { name: 'quality', doubt: () => ({ missing: 'not a number' }) }
    const looking: Screen = {
      name: 'looking',
      doubt: observation => {
        seen.push(observation)
        return {}
      },
    }
    const late = { ...observed(1000, 90_000), demand: { kind: 'value', at: 75_000, value: 1000 } } as const
    const { situation } = screen(rulesOf({ screens: [doubting('one', 700), refusing, looking] }), emptyMemory, late)
    expect(situation).not.toHaveProperty('demand')
    expect(situation.doubts.length).toBe(1)
    expect(seen[0]?.demand).toEqual({ kind: 'missing', at: 75_000, why: 'not a number' })
  })

  test('a sample from the future that is refused is missing now, not then', () => {
    const future = { ...observed(1000, 60_000), demand: { kind: 'value', at: 999_000, value: 1 } } as const
    const refusing: Screen = { name: 'quality', doubt: () => ({ missing: 'from the future' }) }
    expect(screen(rulesOf({ screens: [refusing] }), emptyMemory, future).situation.observation.demand.at).toBe(60_000)
  })

  test('each remembers under its own name, and one that returns no memory keeps what it had', () => {
    const counting: Screen = { name: 'counting', doubt: (_, memory) => ({ memory: recall(memory, 'counting', 0) + 1 }) }
    const quiet: Screen = { name: 'quiet', doubt: () => ({}) }
    const before: Memory = { slots: { counting: 4, quiet: 'old' }, decided: { at: 1, from: 2, to: 3 } }
    const { memory } = screen(rulesOf({ screens: [counting, quiet] }), before, observed(1))
    expect(memory).toEqual({ slots: { counting: 5, quiet: 'old' }, decided: { at: 1, from: 2, to: 3 } })
    expect(before.slots.counting).toBe(4)
  })
})

describe('the proposers', () => {
  test('the highest wins, and all are told', () => {
    const { decision } = decide({ proposers: [proposing('one', 12), proposing('two', 17), proposing('three', 5)] })
    expect(decision).toMatchObject({ at: 60_000, target: 'audio/web', from: 10, to: 17, demand: 1000, abstentions: [] })
    expect(decision.proposals).toEqual([
      { by: 'one', replicas: 12, why: 'one wants 12' },
      { by: 'two', replicas: 17, why: 'two wants 17' },
      { by: 'three', replicas: 5, why: 'three wants 5' },
    ])
  })

  test('nothing moves where all abstain, and the reasons are told', () => {
    const { decision } = decide({ proposers: [saying('one', { kind: 'abstains', why: 'too young' })] }, 'missing')
    expect(decision).toMatchObject({ from: 10, to: 10, proposals: [], abstentions: [{ by: 'one', why: 'too young' }] })
    expect(decision).not.toHaveProperty('demand')
  })

  test('see the demand, the forecast of now and the parameters, or the reason why there is none', () => {
    const seen: unknown[] = []
    const looking: Proposer = {
      name: 'looking',
      propose: ({ now, forecast, parameters, situation }) => {
        seen.push({ now, forecast, parameters, demand: situation.demand })
        return { kind: 'abstains', why: 'only looking' }
      },
    }
    const parameters: Parameters = {
      missingPrice: 1,
      keepPrice: 1,
      orderAhead: 0,
      orderToMedian: false,
      deadband: 0,
      holdTicks: 0,
    }
    const forecast = { by: 'test', madeAt: 60_000, points: [], windows: [] }
    const forecaster = (said: typeof forecast | { abstains: string }) => ({
      name: 'test',
      absorb: () => undefined,
      predict: (at: number) => (at === 60_000 ? said : { abstains: 'asked at a wrong time' }),
    })
    const tuner = (chosen: Parameters | undefined) => ({ name: 'test', absorb: () => undefined, parameters: () => chosen })
    const spoke = decide({ proposers: [looking], forecaster: forecaster(forecast), tuner: tuner(parameters) })
    const silent = decide({ proposers: [looking], forecaster: forecaster({ abstains: 'too young' }), tuner: tuner(undefined) })
    decide({ proposers: [looking] })
    expect(seen).toEqual([
      { now: 60_000, forecast, parameters, demand: 1000 },
      { now: 60_000, forecast: { abstains: 'too young' }, demand: 1000 },
      { now: 60_000, demand: 1000 },
    ])
    expect(spoke.decision.forecast).toBe(forecast)
    expect(silent.decision).not.toHaveProperty('forecast')
  })
})

describe('the guards', () => {
  test('run in their order, each on what the one before left, and all are told', () => {
    const { decision } = decide({
      proposers: [proposing('one', 40)],
      guards: [
        guarding('half', replicas => replicas / 2),
        guarding('agrees', replicas => replicas),
        guarding('less', replicas => replicas - 1),
      ],
    })
    expect(decision.to).toBe(19)
    expect(decision.verdicts).toEqual([
      { by: 'half', from: 40, to: 20, why: 'half' },
      { by: 'agrees', from: 20, to: 20, why: 'agrees' },
      { by: 'less', from: 20, to: 19, why: 'less' },
    ])
  })

  const drafted = (parts: Partial<Rules>, demand: number | 'missing' = 1000) => {
    const drafts: unknown[] = []
    const looking: Guard = {
      name: 'looking',
      limit: draft => {
        drafts.push(draft)
        return { replicas: draft.replicas, why: 'only looking' }
      },
    }
    decide({ ...parts, guards: [guarding('less', replicas => replicas - 1), looking] }, demand)
    return drafts[0]
  }

  test('know what was asked, what is needed now, and whether anybody asked', () => {
    expect(drafted({ proposers: [proposing('one', 40)] }, 1001)).toEqual({
      asked: 40,
      replicas: 39,
      outright: false,
      abstained: false,
      needed: 11,
    })
    expect(drafted({}, 'missing')).toEqual({ asked: 10, replicas: 9, outright: false, abstained: true })
  })

  test('are told that a return to the bounds is outright only if that is the proposal that won', () => {
    expect(drafted({ proposers: [proposing('one', 40, true), proposing('two', 12)] })).toMatchObject({ outright: true })
    expect(drafted({ proposers: [proposing('one', 40, true), proposing('two', 50)] })).toMatchObject({ outright: false })
    expect(drafted({ proposers: [proposing('one', 40), proposing('two', 40, true)] })).toMatchObject({ outright: false })
  })
})

describe('the memory of a decision', () => {
  test('keeps each slot that was returned, leaves the others, and what was decided', () => {
    const guard: Guard = { name: 'guard', limit: () => ({ replicas: 15, why: 'so', memory: 'guarded' }) }
    const proposers = [saying('one', { kind: 'proposes', replicas: 12, why: 'so', memory: { seen: 1 } }), proposing('two', 11)]
    const before: Memory = { slots: { two: 'kept', gone: 'kept too' } }
    const { memory } = decide({ proposers, guards: [guard] }, 1000, before)
    expect(memory).toEqual({
      slots: { one: { seen: 1 }, two: 'kept', gone: 'kept too', guard: 'guarded' },
      decided: { at: 60_000, from: 10, to: 15 },
    })
    expect(before).toEqual({ slots: { two: 'kept', gone: 'kept too' } })
  })

  test('what is noted in a tick is read in the next, not in the same', () => {
    const writing: Proposer = saying('shared', { kind: 'abstains', why: 'writes', memory: 'new' })
    const reading: Guard = {
      name: 'reading',
      limit: (_, { memory }) => ({ replicas: 1, why: recall(memory, 'shared', 'nothing') }),
    }
    const first = decide({ proposers: [writing], guards: [reading] })
    expect(first.decision.verdicts[0]?.why).toBe('nothing')
    expect(decide({ proposers: [writing], guards: [reading] }, 1000, first.memory).decision.verdicts[0]?.why).toBe('new')
  })

  test('of two conditions of one type the later word stands', () => {
    const condition = (status: 'True' | 'False', reason: string) => ({ type: 'Ready', status, reason, message: reason }) as const
    const guard = (name: string, reason: string): Guard => ({
      name,
      limit: () => ({ replicas: 1, why: 'so', conditions: [condition('True', reason)] }),
    })
    const { decision } = decide({ guards: [guard('one', 'First'), guard('two', 'Second')] })
    expect(decision.conditions).toEqual([condition('True', 'Second')])
  })
})

describe('the stock HPA beside the decision', () => {
  test('is told and remembers, but decides nothing', () => {
    const hpa = saying('hpa', { kind: 'proposes', replicas: 44, why: 'load 4.4 of 1', memory: [44] })
    const { decision, memory } = decide({ proposers: [proposing('one', 12)], counterfactual: hpa })
    expect(decision.to).toBe(12)
    expect(decision.plainHpa).toEqual({ replicas: 44, why: 'load 4.4 of 1' })
    expect(memory.slots.hpa).toEqual([44])
  })

  test('leaves the replicas alone where it abstains or was not asked', () => {
    const silent = saying('hpa', { kind: 'abstains', why: 'timeout' })
    const asked = decide({ counterfactual: silent })
    expect(asked.decision.plainHpa).toEqual({ replicas: 10, why: 'timeout' })
    expect(asked.memory.slots).not.toHaveProperty('hpa')
    expect(decide({}).decision.plainHpa).toEqual({ replicas: 10, why: 'not asked' })
  })
})

test('the same rules, memory and input always give the same decision', () => {
  const parts = { proposers: [proposing('one', 12)], guards: [guarding('half', replicas => replicas / 2)] }
  expect(decide(parts)).toEqual(decide(parts))
})

test('doubts go with the decision they led to', () => {
  const doubts: readonly Doubt[] = [{ by: 'attack', believes: 80, why: 'of 90,000 I believe 80' }]
  const { decision } = step(rulesOf({}), emptyMemory, {
    target,
    situation: { observation: observed(90_000), doubts, demand: 80 },
  })
  expect(decision.doubts).toEqual(doubts)
  expect(decision.demand).toBe(80)
})
