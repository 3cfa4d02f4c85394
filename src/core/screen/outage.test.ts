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

/** After the same sample twice, a minute apart. */
const staysOn = (tick: Tick, settings?: Partial<OutageSettings>) =>
  isActive([tick, { ...tick, minute: tick.minute + 1 }], settings).at(-1)

describe('an outage', () => {
  test('is traffic that falls by more than half within two minutes while errors rise, and is told with its figures', () => {
    const [, first, second] = play([
      { minute: 0 },
      { minute: 1, demand: 300, errors: 0.4 },
      { minute: 2, demand: 300, errors: 0.4 },
    ])
    expect(first?.active).toBe(false) // one sample is noise
    expect(second).toEqual({
      active: true,
      until: 32 * 60_000,
      why: 'traffic fell from 1000 to 300 while 40 % of the requests fail: an outage, no calm',
    })
  })

  test('falling traffic without errors is calm, so are errors without a fall, a slow fall, and a fall by half', () => {
    expect(staysOn({ minute: 0, demand: 300 })).toBe(false)
    expect(staysOn({ minute: 0, errors: 0.4 })).toBe(false)
    const slow = [900, 800, 700, 600, 500, 400].map((demand, index) => ({ minute: 3 * index, demand, errors: 0.02 }))
    expect(isActive(slow)).toEqual(Array(6).fill(false))
    expect(staysOn({ minute: 0, demand: 500, errors: 0.4 })).toBe(false)
    expect(staysOn({ minute: 0, demand: 300, errors: 0.025 })).toBe(false)
    expect(staysOn({ minute: 0, demand: 300, errors: 0.4 })).toBe(true)
  })

  test('one sample is noise: what comes back with the next is forgotten', () => {
    const blip = { demand: 300, errors: 0.4 }
    expect(isActive([{ minute: 0, ...blip }, { minute: 1 }, { minute: 2, ...blip }])).toEqual([false, false, false])
  })

  test('where not one replica is ready any more, what was ordered is asked whether it would carry the load', () => {
    const down = { minute: 0, demand: 300, errors: 1, ready: 0 }
    const ordered = (spec: number) => ({ more: { replicas: { spec, status: spec, ready: 0 } } })
    expect(staysOn({ ...down, ...ordered(15) })).toBe(true)
    expect(staysOn({ ...down, ...ordered(2) })).toBe(false)
  })

  test('errors that missing replicas explain are overload', () => {
    const fall = (ready: number): readonly Tick[] => [
      { minute: 3, demand: 9000, errors: 0.8, ready: 15 },
      { minute: 4, demand: 3000, errors: 0.5, ready },
      { minute: 5, demand: 2900, errors: 0.5, ready },
    ]
    expect(isActive(fall(15)).at(-1)).toBe(false)
    // Replicas that became ready since then do not change that; those that were ready all the time do.
    expect(isActive(fall(40)).at(-1)).toBe(false)
    const roomy = [0, 1, 2, 3].map(minute => ({ minute, demand: 3900, ready: 40 }))
    const [, second, third] = fall(40)
    expect(isActive([...roomy, { ...second!, demand: 1500 }, { ...third!, demand: 1500 }]).at(-1)).toBe(true)
  })

  test('lasts half an hour after the last sample of it; what comes back does not end it earlier', () => {
    const down = { demand: 200, errors: 0.5 }
    const course = [
      { minute: 0, ...down },
      { minute: 1, ...down },
      { minute: 20, ...down },
      { minute: 25 },
      { minute: 49 },
      { minute: 50 },
      { minute: 51 },
    ]
    expect(isActive(course)).toEqual([false, true, true, true, true, false, false])
  })

  test('ends after four hours, when it is how it is now', () => {
    const course = isActive(Array.from({ length: 30 }, (_, index) => ({ minute: 10 * index, demand: 200, errors: 0.5 })))
    expect(course.slice(1, 25)).toEqual(Array(24).fill(true))
    expect(course.slice(25)).toEqual(Array(5).fill(false))
  })

  test('is seen across a short gap in the metrics, not across a long one', () => {
    expect(staysOn({ minute: 10, demand: 200, errors: 0.5 })).toBe(true)
    expect(staysOn({ minute: 20, demand: 200, errors: 0.5 })).toBe(false)
  })

  test('ends by time alone while nothing is told', () => {
    const gone: Partial<Observation> = { demand: { kind: 'missing', at: 0, why: 'no answer' } }
    const down = [0, 1].map(minute => ({ minute, demand: 200, errors: 0.5 }))
    const course = [2, 30, 31].map(minute => ({ minute, more: gone }))
    expect(isActive([...down, ...course])).toEqual([false, true, true, true, false])
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
      staysOn(
        { minute: 0, demand: 200, errors: 'untold', more: { objectives: readings(value) } },
        { objectives: [...objectives, { type, threshold: 0.5 }] },
      )
    expect(tell('ErrorRatio', 0.4)).toBe(true)
    expect(tell('Availability', 0.6)).toBe(true)
    expect(tell('Availability', 0.999)).toBe(false)
  })
})
