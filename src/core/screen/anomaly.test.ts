import { expect, test } from 'vitest'
import type { Observation, Reading } from '../model.ts'
import { emptyMemory, type Rules } from '../rules.ts'
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
  const active = after([300, ...quiet], { lastsMs: 60_000, thresholdSigma: 12 }).map(one => one.anomaly?.active)
  expect(active.slice(0, 5)).toEqual([true, true, true, true, false])
})

test('the response is the choice of the policy; Ignore remembers nothing', () => {
  expect(after([900], { response: 'AlertOnly' })[0]?.anomaly?.response).toBe('AlertOnly')
  expect(after([900], { response: 'Ignore' })[0]?.anomaly).toBeUndefined()
})

test('the screens run in one order: what cannot be true is not scored', () => {
  expect(screensInOrder().map(({ name }) => name)).toEqual(['quality', 'jump', 'attack', 'anomaly'])
})
