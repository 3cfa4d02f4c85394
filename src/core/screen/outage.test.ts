import { describe, expect, test } from 'vitest'
import type { Observation, Reading } from '../model.ts'
import { emptyMemory, type Memory, type Rules } from '../rules.ts'
import { screen } from '../step.ts'
import { type OutageSettings, outage, outageIn } from './outage.ts'

interface Tick {
  readonly minute: number
  readonly demand?: number
  readonly errors?: number | 'untold'
  readonly ready?: number
  readonly more?: Partial<Observation>
}

/** Half an hour of 1,000 units with 1 % errors, then what the test says. */
function play(ticks: readonly Tick[], settings: Partial<OutageSettings> = {}) {
  const rules: Rules = { name: 'test', screens: [outage({ unit: 100, ...settings })], proposers: [], guards: [] }
  let memory: Memory = emptyMemory
  const calm = Array.from({ length: 30 }, (_, minute): Tick => ({ minute: minute - 30 }))
  return [...calm, ...ticks]
    .map(({ minute, demand = 1000, errors = 0.01, ready = 15, more }) => {
      const at = minute * 60_000
      const observation: Observation = {
        at,
        replicas: { spec: ready, status: ready, ready },
        pods: [],
        answers: [],
        demand: { kind: 'value', at, value: demand },
        ...(errors !== 'untold' && { errorRatio: errors }),
        ...more,
      }
      memory = JSON.parse(JSON.stringify(screen(rules, memory, observation).memory))
      return outageIn(memory)
    })
    .slice(30)
}

const isActive = (ticks: readonly Tick[], settings?: Partial<OutageSettings>) => play(ticks, settings).map(found => found?.active)

describe('an outage', () => {
  test('is traffic that falls by more than half within two minutes while errors rise, and is told with its figures', () => {
    const [, found] = play([{ minute: 0 }, { minute: 1, demand: 300, errors: 0.4 }])
    expect(found).toEqual({
      active: true,
      until: 31 * 60_000,
      why: 'traffic fell from 1000 to 300 while 40 % of the requests fail: an outage, no calm',
    })
  })

  test('falling traffic without errors is calm, so are errors without a fall, a slow fall, and a fall by half', () => {
    expect(isActive([{ minute: 0, demand: 300 }])).toEqual([false])
    expect(isActive([{ minute: 0, errors: 0.4 }])).toEqual([false])
    const slow = [900, 800, 700, 600, 500, 400].map((demand, index) => ({ minute: 3 * index, demand, errors: 0.02 }))
    expect(isActive(slow)).toEqual(Array(6).fill(false))
    expect(isActive([{ minute: 0, demand: 500, errors: 0.4 }])).toEqual([false])
    expect(isActive([{ minute: 0, demand: 300, errors: 0.025 }])).toEqual([false])
  })

  test('errors that missing replicas explain are overload', () => {
    const burst = { minute: 0, demand: 9000, errors: 0.8 }
    expect(isActive([burst, { minute: 1, demand: 3000, errors: 0.5 }])).toEqual([false, false])
    // Replicas that became ready since then do not change that; those that were ready all the time do.
    expect(isActive([burst, { minute: 1, demand: 3000, errors: 0.5, ready: 40 }])).toEqual([false, false])
    const roomy = [0, 1, 2].map(minute => ({ minute, ready: 40 }))
    const fall = [
      { minute: 3, demand: 3900, ready: 40 },
      { minute: 4, demand: 1500, errors: 0.5, ready: 40 },
    ]
    expect(isActive([...roomy, ...fall]).slice(3)).toEqual([false, true])
  })

  test('lasts half an hour after the last sample of it; what comes back does not end it earlier', () => {
    const down = { demand: 200, errors: 0.5 }
    const course = isActive([
      { minute: 0, ...down },
      { minute: 20, ...down },
      { minute: 25 },
      { minute: 49 },
      { minute: 50 },
      { minute: 51 },
    ])
    expect(course).toEqual([true, true, true, true, false, false])
  })

  test('ends after four hours, when it is how it is now', () => {
    const course = isActive(Array.from({ length: 30 }, (_, index) => ({ minute: 10 * index, demand: 200, errors: 0.5 })))
    expect(course.slice(0, 24)).toEqual(Array(24).fill(true))
    expect(course.slice(24)).toEqual(Array(6).fill(false))
  })

  test('is seen across a short gap in the metrics, not across a long one', () => {
    expect(isActive([{ minute: 10, demand: 200, errors: 0.5 }])).toEqual([true])
    expect(isActive([{ minute: 20, demand: 200, errors: 0.5 }])).toEqual([false])
  })

  test('ends by time alone while nothing is told', () => {
    const gone: Partial<Observation> = { demand: { kind: 'missing', at: 0, why: 'no answer' } }
    const course = [1, 29, 30].map(minute => ({ minute, more: gone }))
    expect(isActive([{ minute: 0, demand: 200, errors: 0.5 }, ...course])).toEqual([true, true, true, false])
  })

  test('is nothing that anybody can tell without a share of errors; an objective may tell it', () => {
    const rules: Rules = { name: 'test', screens: [outage({ unit: 100 })], proposers: [], guards: [] }
    const blind: Observation = {
      at: 0,
      replicas: { spec: 1, status: 1, ready: 1 },
      pods: [],
      answers: [],
      demand: { kind: 'value', at: 0, value: 9 },
    }
    expect(outageIn(screen(rules, emptyMemory, blind).memory)).toBeUndefined()
    const objectives = [
      { type: 'Guard', metric: 'score', min: 1 },
      { type: 'Latency', metric: 'seconds', percentile: 99, threshold: 1 },
    ] as const
    const readings = (value: number): readonly Reading[] => [
      { kind: 'missing', at: 0, why: 'no' },
      { kind: 'value', at: 0, value: 1 },
      { kind: 'value', at: 0, value },
    ]
    const tell = (type: 'ErrorRatio' | 'Availability', value: number) =>
      isActive([{ minute: 0, demand: 200, errors: 'untold', more: { objectives: readings(value) } }], {
        objectives: [...objectives, { type, threshold: 0.5 }],
      })
    expect(tell('ErrorRatio', 0.4)).toEqual([true])
    expect(tell('Availability', 0.6)).toEqual([true])
    expect(tell('Availability', 0.999)).toEqual([false])
  })
})
