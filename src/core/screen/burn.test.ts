import { describe, expect, test } from 'vitest'
import type { Objective, Reading } from '../model.ts'
import { emptyMemory, type Memory, type Rules } from '../rules.ts'
import { screen } from '../step.ts'
import { burn, burnsIn } from './burn.ts'

const errors: Objective = { type: 'ErrorRatio', threshold: 0.001 }
const availability: Objective = { type: 'Availability', threshold: 0.999 }
const latency: Objective = { type: 'Latency', metric: 'request_duration_seconds', percentile: 99, threshold: 0.025 }

/** A reading a minute; `undefined` is a minute without one. Gives the burns of every minute. */
function play(objectives: readonly Objective[], minutes: readonly (readonly (number | undefined)[])[]) {
  const rules: Rules = { name: 'test', screens: [burn({ objectives, badShare: 0.001 })], proposers: [], guards: [] }
  let memory: Memory = emptyMemory
  return minutes.map((values, minute) => {
    const at = minute * 60_000
    const readings = values.map(
      (value): Reading => (value === undefined ? { kind: 'missing', at, why: 'no answer' } : { kind: 'value', at, value }),
    )
    const observation = {
      at,
      replicas: { spec: 1, status: 1, ready: 1 },
      pods: [],
      answers: [],
      demand: { kind: 'missing', at, why: 'none' },
      objectives: readings,
    } as const
    memory = JSON.parse(JSON.stringify(screen(rules, memory, observation).memory))
    return burnsIn(memory)
  })
}

const always = (count: number, value: number | undefined) => Array.from({ length: count }, () => [value])

describe('burn rates', () => {
  test('are how many times more than the budget was spent over each window', () => {
    const found = play([errors], always(421, 0.001)).at(-1)![0]!
    expect(found.objective).toBe('error ratio')
    expect(found).toMatchObject({ fast: false, slow: false })
    for (const rate of Object.values(found.rates)) expect(rate).toBeCloseTo(1, 5)
  })

  test('five bad minutes are ten times the budget of five minutes, and less than that of an hour', () => {
    const found = play([errors], [...always(60, 0), ...always(5, 0.01), [0]]).at(-1)![0]!
    expect(found.rates.fiveMinutes).toBeGreaterThan(7)
    expect(found.rates.hour).toBeCloseTo(10 / 12, 5)
  })

  test('a fast burn is seen within minutes, and over minutes after the errors are', () => {
    const course = play([errors], [...always(60, 0), ...always(10, 0.3), ...always(10, 0)])
    const fast = course.map(([one]) => one!.fast)
    expect(fast.slice(0, 60)).not.toContain(true)
    expect(fast.indexOf(true)).toBeLessThan(64)
    expect(fast.slice(64, 70)).toEqual(Array(6).fill(true))
    expect(fast.at(-1)).toBe(false)
  })

  test('a slow burn takes hours to show, and is not fast', () => {
    const [found] = play([errors], [...always(60, 0), ...always(300, 0.008)]).at(-1)!
    expect(found).toMatchObject({ fast: false, slow: true })
  })

  test('what was spent is forgotten after six hours', () => {
    const course = play([errors], [...always(10, 1), ...always(380, 0)])
    expect(course.at(-1)![0]!.rates.sixHours).toBe(0)
    expect(course.at(350)![0]!.rates.sixHours).toBeGreaterThan(1)
  })

  test('what cannot be told spends nothing, and a reading stands for five minutes at most', () => {
    expect(play([errors], always(3, undefined)).at(-1)).toEqual([])
    const gap = [[0], ...always(30, undefined), [1], ...always(30, undefined)]
    expect(play([errors], gap).at(-1)![0]!.rates.hour).toBeCloseTo(5 / 60 / 0.001, 5)
  })

  test('availability is spent by what failed, latency by time above its threshold', () => {
    const [share, time, guard] = play(
      [availability, latency, { type: 'Guard', metric: 'm', min: 1 }],
      [...Array.from({ length: 60 }, () => [0.999, 0.02, 0]), ...Array.from({ length: 3 }, () => [0.9, 0.03, 0])],
    ).at(-1)!
    expect(share).toMatchObject({ objective: 'availability', fast: false })
    expect(time).toMatchObject({ objective: 'P99 of request_duration_seconds', fast: true })
    expect(time!.rates.hour).toBeCloseTo(50, 5)
    expect(guard).toBeUndefined()
  })

  test('a budget of nearly everything burns fast once half of everything fails; one of nothing at the first error', () => {
    const [large] = play([{ type: 'ErrorRatio', metric: 'failed', threshold: 0.2 }], always(90, 0.6)).at(-1)!
    expect(large).toMatchObject({ objective: 'error ratio failed', fast: true })
    const [none] = play([{ type: 'Availability', metric: 'up', threshold: 1 }], [[1], [0.9]]).at(-1)!
    expect(none).toMatchObject({ objective: 'availability up', fast: true })
  })

  test('a number that is none is no reading', () => {
    expect(play([errors], [[Number.NaN]])).toEqual([[]])
  })
})
