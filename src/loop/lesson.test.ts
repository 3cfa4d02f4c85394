import { describe, expect, test } from 'vitest'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import type { ScheduledWindow, Target } from '../core/model.ts'
import { type CrescendoOptions, crescendoRules } from '../core/policy/crescendo-rules.ts'
import { restoreRules, snapshotRules } from '../core/policy/rules-snapshot.ts'
import { backfill } from './backfill.ts'
import { learnLesson } from './lesson.ts'

const DAY_MS = 86_400_000
const START = 20_000 * DAY_MS
const target: Target = {
  id: 'shop/web',
  minReplicas: 1,
  maxReplicas: 50,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 60_000,
  periodMs: 60_000,
}
const options: CrescendoOptions = { mode: 'Slo', target, delayMs: 15_000 }

const values = seasonalLoad({ seed: 4, ticks: 2 * 1440, stepMs: 60_000, mean: 1000, swing: 0.5, noise: 0.05 })
const columns = () => ({ at: Float64Array.from(values, (_, i) => START + i * 60_000), value: Float64Array.from(values) })

describe('a past that is learnt at once', () => {
  test('is what the loop would have learnt of it, to the last bit', () => {
    const rules = crescendoRules(options)
    const { at, value } = columns()
    const past = Array.from(at, (time, i) => ({ at: time, demand: { kind: 'value' as const, at: time, value: value[i]! } }))
    const turns = backfill(rules, target, past)
    let turn = turns.next()
    while (turn.done !== true) turn = turns.next()
    const learnt = learnLesson({ options, at, value })
    expect(learnt.rules).toEqual(snapshotRules(rules))
    expect(learnt.slots).toEqual(turn.value.slots)
  })

  test('goes into fresh rules of the same options, whose next forecasts are then the same', () => {
    const learnt = structuredClone(learnLesson({ options, ...columns() }))
    const rules = crescendoRules(options)
    expect(restoreRules(rules, learnt.rules)).toBe(true)
    const forecast = rules.forecaster?.predict(START + 2 * DAY_MS)
    expect(forecast).toMatchObject({ by: 'seasonal-ridge' })
    expect(rules.tuner?.parameters()).toBeDefined()
  })

  test('an empty one leaves beginners', () => {
    const learnt = learnLesson({ options, at: new Float64Array(), value: new Float64Array() })
    expect(learnt.rules).toEqual(snapshotRules(crescendoRules(options)))
    expect(learnt.slots).toEqual({})
  })

  test('rules that learn nothing are refused', () => {
    expect(() => learnLesson({ options: { ...options, mode: 'Off' }, ...columns() })).toThrow('nothing that learns')
  })

  test('with a known event in it teaches the usual load of that time', () => {
    const event = { name: 'drop', from: START + 86_400_000, to: START + 2 * 86_400_000, expectedLoadFactor: 6 }
    const { at, value } = columns()
    const risen = value.map((load, i) => (at[i]! > event.from && at[i]! <= event.to ? 6 * load : load))
    const scheduledOptions = { ...options, isScheduled: true }
    const next = (scheduled: readonly ScheduledWindow[], loads: Float64Array) => {
      const rules = crescendoRules(scheduledOptions)
      const learnt = learnLesson({ options: scheduledOptions, at: at.slice(), value: loads, scheduled })
      expect(restoreRules(rules, learnt.rules)).toBe(true)
      const said = rules.forecaster!.predict(at.at(-1)! + 15_000)
      return 'abstains' in said ? said : said.windows[0]!.quantiles[0]!
    }
    const [usual, told, untold] = [next([], value.slice()), next([event], risen.slice()), next([], risen.slice())]
    expect(Number(told) / Number(usual)).toBeCloseTo(1, 2)
    expect(Number(untold) / Number(usual)).toBeGreaterThan(4)
  })
})
