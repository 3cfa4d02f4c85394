import { describe, expect, test } from 'vitest'
import type { Objective, Reading, Target } from '../model.ts'
import { emptyMemory } from '../rules.ts'
import type { Burn } from '../screen/burn.ts'
import { errorBudget } from './error-budget.ts'
import { play, workload } from './timeline.ts'

const errors: Objective = { type: 'ErrorRatio', threshold: 0.001 }
const gpu: Objective = { type: 'Utilization', resource: 'nvidia.com/gpu', percent: 80 }
const floor: Objective = { type: 'Throughput', metric: 'requests_per_second', min: 100 }
const read: Reading = { kind: 'value', at: 0, value: 0 }

const burnOf = (change: Partial<Burn>): Burn => ({
  objective: 'error ratio',
  rates: { fiveMinutes: 300, halfHour: 50, hour: 20.04, sixHours: 7 },
  fast: false,
  slow: false,
  ...change,
})

function limit({ asked, burns = [], objectives = [errors], readings = [read] }: Asked) {
  const target: Target = { ...workload, objectives }
  const memory = burns.length === 0 ? emptyMemory : { slots: { burn: { ledgers: {}, burns } } }
  return play(errorBudget(), [{ seconds: 0, asked, memory, observation: { objectives: readings } }], target)[0]!
}

interface Asked {
  readonly asked: number
  readonly burns?: readonly Burn[]
  readonly objectives?: readonly Objective[]
  readonly readings?: readonly Reading[]
}

const reasonOf = (said: ReturnType<typeof limit>, type: string) => said.conditions?.find(one => one.type === type)

describe('while an objective burns its budget fast', () => {
  const burns = [burnOf({ fast: true }), burnOf({ slow: true, objective: 'availability' })]

  test('nothing is taken away, and more may be ordered', () => {
    const said = limit({ asked: 5, burns })
    expect(said.replicas).toBe(10)
    expect(said.why).toBe('holds 10: error ratio burns its error budget 20 times too fast over an hour (300 over five minutes)')
    expect(limit({ asked: 14, burns })).toMatchObject({
      replicas: 14,
      why: expect.stringMatching(/^no scale-down while error ratio/),
    })
    expect(reasonOf(said, 'SloBurning')).toMatchObject({
      status: 'True',
      reason: 'FastBurn',
      message: expect.stringContaining(
        'availability burns its error budget 7 times too fast over six hours (50 over half an hour)',
      ),
    })
  })

  test("the object's own maximum holds all the same", () => {
    const target: Target = { ...workload, maxReplicas: 8, objectives: [errors] }
    const memory = { slots: { burn: { ledgers: {}, burns } } }
    expect(play(errorBudget(), [{ seconds: 0, asked: 5, memory }], target)[0]?.replicas).toBe(8)
  })
})

test('a burn that does not end holds for four hours, and again only after an hour without', () => {
  const target: Target = { ...workload, objectives: [errors] }
  const hours = (from: number, to: number) => Array.from({ length: (to - from) * 60 }, (_, minute) => from * 3600 + minute * 60)
  let slot: unknown
  const at = (seconds: number, isFast = true) => {
    const burn = { ledgers: {}, burns: [burnOf({ fast: isFast })] }
    const memory = { slots: { burn, ...(slot !== undefined && { 'error-budget': JSON.parse(JSON.stringify(slot)) }) } }
    const said = play(errorBudget(), [{ seconds, asked: 5, memory }], target)[0]!
    slot = said.memory ?? slot
    return said
  }
  expect(hours(0, 4).map(seconds => at(seconds).replicas)).toEqual(hours(0, 4).map(() => 10))
  const late = at(4 * 3600)
  expect(late).toMatchObject({
    replicas: 5,
    why: expect.stringContaining('for over four hours: replicas are not what is missing'),
  })
  expect(reasonOf(late, 'SloBurning')).toMatchObject({ status: 'True', reason: 'FastBurn' })
  at(4 * 3600 + 60, false)
  expect(at(4.5 * 3600).replicas).toBe(5)
  expect(at(6 * 3600).replicas).toBe(10)
})

test('a slow burn is told, and holds nothing', () => {
  const said = limit({ asked: 5, burns: [burnOf({ slow: true })] })
  expect(said).toMatchObject({ replicas: 5, why: 'no objective burns its error budget fast' })
  expect(reasonOf(said, 'SloBurning')).toMatchObject({ status: 'True', reason: 'SlowBurn' })
})

test('within budget, not measured, and nothing that has a budget', () => {
  expect(reasonOf(limit({ asked: 5, burns: [burnOf({})] }), 'SloBurning')).toMatchObject({ reason: 'WithinBudget' })
  expect(reasonOf(limit({ asked: 5 }), 'SloBurning')).toMatchObject({ status: 'Unknown', reason: 'NotMeasured' })
  expect(reasonOf(limit({ asked: 5, objectives: [gpu] }), 'SloBurning')).toBeUndefined()
})

test('which objectives nobody measures, and why', () => {
  expect(reasonOf(limit({ asked: 5 }), 'ObjectivesMeasured')).toMatchObject({ status: 'True', reason: 'AllMeasured' })
  const readings: Reading[] = [read, { kind: 'missing', at: 0, why: 'no source knows it' }]
  expect(reasonOf(limit({ asked: 5, objectives: [errors, gpu, floor], readings }), 'ObjectivesMeasured')).toMatchObject({
    status: 'False',
    reason: 'NotMeasured',
    message:
      'not measured, and without effect: Utilization of nvidia.com/gpu (no source knows it); Throughput requests_per_second (nobody measures objectives here)',
  })
})
