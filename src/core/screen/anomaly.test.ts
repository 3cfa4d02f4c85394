import { expect, test } from 'vitest'
import type { Observation, Reading } from '../model.ts'
import { emptyMemory, type Rules, type Screen } from '../rules.ts'
import { screen } from '../step.ts'
import { type AnomalySettings, anomaly, anomalyIn } from './anomaly.ts'
import { screensInOrder } from './screens.ts'

const observation = (at: number, demand: Reading): Observation => ({
  at,
  replicas: { spec: 10, status: 10, ready: 10 },
  pods: [],
  answers: [],
  demand,
})
const usual = (index: number) => 100 + 3 * Math.sin(index * 12.9898)

/** Two hundred usual samples, then these. What is known of an anomaly after each of them, and what is believed. */
function after(values: readonly (number | 'missing')[], settings?: AnomalySettings) {
  const rules: Rules = { name: 'test', screens: [anomaly(settings)], proposers: [], guards: [] }
  let memory = emptyMemory
  const all = [...Array.from({ length: 200 }, (_, index) => usual(index)), ...values]
  return all
    .map((value, index) => {
      const at = index * 15_000
      const demand: Reading = value === 'missing' ? { kind: 'missing', at, why: 'none' } : { kind: 'value', at, value }
      const result = screen(rules, memory, observation(at, demand))
      memory = JSON.parse(JSON.stringify(result.memory))
      return { anomaly: anomalyIn(memory), believes: result.situation.demand }
    })
    .slice(200)
}

test('usual demand is quiet', () => {
  expect(after([usual(200)])[0]?.anomaly).toMatchObject({ active: false, why: 'demand is as usual' })
})

test('unusual demand is active with a reason, and believed whole: an anomaly alone lowers nothing', () => {
  const [one] = after([900])
  expect(one?.anomaly).toMatchObject({ active: true, response: 'Hold' })
  expect(one?.anomaly?.why).toMatch(/^demand 900 is \d+\.\d sigma \(spike\) from \d+/)
  expect(one?.believes).toBe(900)
})

test('it lasts five minutes beyond the last unusual value, through missing samples too', () => {
  const quiet = Array.from({ length: 25 }, (_, index) => (index % 2 === 0 ? 'missing' : usual(201 + index)) as number | 'missing')
  const active = after([300, ...quiet], { lastsMs: 60_000, thresholdSigma: 8 }).map(one => one.anomaly?.active)
  expect(active.slice(0, 5)).toEqual([true, true, true, true, false])
})

test('the response is the choice of the policy; Ignore remembers nothing', () => {
  expect(after([900], { response: 'AlertOnly' })[0]?.anomaly?.response).toBe('AlertOnly')
  expect(after([900], { response: 'Ignore' })[0]?.anomaly).toBeUndefined()
})

test('the screens run in one order: what cannot be true is not scored', () => {
  expect(screensInOrder().map(({ name }) => name)).toEqual(['quality', 'jump', 'attack', 'anomaly'])
})

/** Two hundred usual ticks, then these; what is known after each of them. */
function afterTicks(ticks: readonly Partial<Observation>[], settings?: AnomalySettings) {
  const rules: Rules = { name: 'test', screens: [anomaly(settings)], proposers: [], guards: [] }
  let memory = emptyMemory
  const all = [...Array.from({ length: 200 }, (): Partial<Observation> => ({})), ...ticks]
  return all
    .map((tick, index) => {
      const at = index * 15_000
      const plain = observation(at, { kind: 'value', at, value: usual(index) })
      memory = JSON.parse(JSON.stringify(screen(rules, memory, { ...plain, clients: 50, errorRatio: 0.01, ...tick }).memory))
      return anomalyIn(memory)!
    })
    .slice(200)
}

test('a stuck sensor is answered as the policy says, and so is nothing that is only told', () => {
  const stuck = Array.from(
    { length: 20 },
    (_, index): Partial<Observation> => ({
      demand: { kind: 'value', at: (200 + index) * 15_000, value: 101.5 },
    }),
  )
  const found = afterTicks(stuck, { response: 'Widen', thresholdSigma: 19 }).at(-1)
  expect(found).toMatchObject({ active: true, response: 'Widen', attackLike: false })
  expect(found?.why).toMatch(/^the value 101\.5 has come \d+ times in a row/)
  const together = afterTicks([{ errorRatio: 0.9, clients: 80 }], { thresholdSigma: 19 })[0]
  expect(together).toMatchObject({ active: false, sightings: [{ kind: 'several metrics' }] })
})

test('a spike of few clients is attack-like, one of many is a spike, a drop is never an attack', () => {
  const spike = (value: number, clients: number) =>
    afterTicks([{ demand: { kind: 'value', at: 200 * 15_000, value }, clients }])[0]
  expect(spike(900, 50)).toMatchObject({ attackLike: true, sightings: expect.arrayContaining([anything('attack-like')]) })
  expect(spike(900, 50)?.why).toContain('(attack-like)')
  expect(spike(900, 450)).toMatchObject({ attackLike: false, sightings: expect.arrayContaining([anything('spike')]) })
  expect(spike(1, 50)?.sightings).toEqual(expect.arrayContaining([anything('drop')]))
})

const anything = (kind: string) => expect.objectContaining({ kind })

test('a pod unlike its peers is told even while the demand is missing, and answered by nobody', () => {
  const pods = ['a', 'b', 'c', 'd', 'e'].map(name => ({
    name,
    phase: 'Running' as const,
    ready: { status: 'True' as const, since: 0 },
    deleted: false,
    containers: [],
  }))
  const samples = pods.map(({ name }) => ({ pod: name, at: 0, windowMs: 1, value: name === 'e' ? 9000 : 1000 }))
  const tick: Partial<Observation> = {
    pods,
    answers: [{ kind: 'pods', samples }],
    demand: { kind: 'missing', at: 0, why: 'none' },
  }
  const found = afterTicks(Array.from({ length: 25 }, () => tick)).at(-1)
  expect(found).toMatchObject({ active: false, sightings: [{ kind: 'pod unlike its peers', pod: 'e' }] })
})

test('what was sighted is told once: a tick without a new sample has no sightings, though the anomaly goes on', () => {
  const [first, second] = afterTicks([
    { demand: { kind: 'value', at: 200 * 15_000, value: 900 } },
    { demand: { kind: 'value', at: 200 * 15_000, value: 900 } },
  ])
  expect(first?.sightings).not.toEqual([])
  expect(second).toMatchObject({ active: true, sightings: [] })
})

test('what the screens before do not believe is told, and never learnt: an attack each night is no habit', () => {
  const doubtful: Screen = {
    name: 'doubtful',
    doubt: ({ demand }) =>
      demand.kind === 'value' && demand.value > 500 ? { doubt: { by: 'doubtful', believes: 100, why: 'too much' } } : {},
  }
  const attacks = Array.from({ length: 200 }, (_, index) => (index % 40 < 20 ? 900 : usual(index)))
  const play = (screens: readonly Screen[], values: readonly number[]) => {
    let memory = emptyMemory
    return values.map((value, index) => {
      const at = index * 15_000
      memory = screen(
        { name: 'test', screens, proposers: [], guards: [] },
        memory,
        observation(at, { kind: 'value', at, value }),
      ).memory
      return anomalyIn(memory)!.sigma
    })
  }
  const calm = Array.from({ length: 200 }, (_, index) => usual(index))
  const last = (screens: readonly Screen[], past: readonly number[]) => play(screens, [...calm, ...past, 900]).at(-1)!
  expect(last([doubtful, anomaly()], attacks)).toBeGreaterThan(0.8 * last([anomaly()], calm))
  expect(last([anomaly()], attacks)).toBeLessThan(0.4 * last([anomaly()], calm))
})
