import { describe, expect, test } from 'vitest'
import type { Observation } from '../model.ts'
import { type SurgeSettings, surge } from './surge.ts'
import { contextAt, type Moment, play, workload } from './timeline.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const target = { ...workload, maxReplicas: 500 }
const purse: SurgeSettings = { perDay: 12, costPerReplicaHour: 1 }

/** Days of 870 load units on ten replicas, so that ten and a headroom of 1.15 are eleven replicas that are usual. */
const quietDays = (days: number): Moment[] =>
  Array.from({ length: days * 24 }, (_, hour) => ({ seconds: hour * HOUR, asked: 10, demand: 870 }))

/** Asks along a timeline after quiet days; what is allowed is what runs next. */
function allowedAfter(days: number, moments: readonly Omit<Moment, 'spec'>[], settings = purse) {
  const said: { replicas: number; reason: string | undefined; why: string }[] = []
  let spec = 10
  for (let count = 1; count <= moments.length; count++) {
    const told = moments.slice(0, count).map((moment, index) => ({ ...moment, spec: said[index - 1]?.replicas ?? 10 }))
    const last = play(surge(settings), [...quietDays(days), ...told], target).at(-1)!
    spec = last.replicas
    said.push({ replicas: spec, reason: last.conditions?.[0]?.reason, why: last.why })
  }
  return said
}

const minutesOf = (from: number, minutes: number, moment: Omit<Moment, 'seconds'>): Moment[] =>
  Array.from({ length: minutes }, (_, minute) => ({ seconds: from + minute * 60, ...moment }))

describe('surge', () => {
  test('what history calls usual is no surge, and costs nothing of the budget', () => {
    const [usual] = allowedAfter(3, [{ seconds: 3 * DAY, asked: 11, demand: 870 }])
    expect(usual).toEqual({ replicas: 11, reason: 'AsUsual', why: 'up to 11 replicas are usual at this time' })
  })

  test('a surge passes at once while there is money, and closes within half an hour as it goes', () => {
    const said = allowedAfter(3, minutesOf(3 * DAY, 40, { asked: 50, demand: 4500 }))
    expect(said[0]).toMatchObject({ replicas: 50, reason: 'Spending' })
    const replicas = said.map(one => one.replicas)
    expect(replicas[10]).toBeGreaterThan(30)
    expect(replicas[35]).toBeLessThan(16)
    expect(replicas.every((count, minute) => count >= 11 && count <= (replicas[minute - 1] ?? 50))).toBe(true)
    const spent = replicas.reduce((sum, count) => sum + (count - 11) / 60, 0)
    expect(spent).toBeLessThanOrEqual(12)
  })

  test('it says what is withheld, what was spent, and what lets it through', () => {
    const [first] = allowedAfter(3, [{ seconds: 3 * DAY, asked: 90, demand: 8000 }])
    expect(first).toEqual({
      replicas: 59,
      reason: 'BudgetSpent',
      why: 'withheld 31 of 90 replicas: 0.00 of 12.00 USD spent today on more than the usual 11; a known event (a schedule with expectedLoadFactor) or a higher surgeBudgetPerDay lets them through',
    })
  })

  test('the purse is full again at midnight', () => {
    const evening = minutesOf(4 * DAY - HOUR, 59, { asked: 60, demand: 5000 })
    const said = allowedAfter(3, [...evening, { seconds: 4 * DAY + 60, asked: 60, demand: 5000 }])
    expect(said.at(-2)!.replicas).toBeLessThan(15)
    expect(said.at(-1)!.replicas).toBeGreaterThan(50)
  })

  test('a known event makes its factor usual; what it brought is not learnt beyond the usual', () => {
    const scheduled = [{ name: 'drop', from: 3 * DAY * 1000 - 60_000, to: 3 * DAY * 1000 + 7_200_000, expectedLoadFactor: 4 }]
    const observation: Partial<Observation> = { scheduled }
    const [told] = allowedAfter(3, [{ seconds: 3 * DAY, asked: 40, demand: 3400, observation }], { ...purse, perDay: 0 })
    expect(told).toMatchObject({ replicas: 40, reason: 'AsUsual' })
    const early = [{ ...scheduled[0]!, from: 3 * DAY * 1000 + 60_000 }] // ordered a start-up time before it begins
    const ahead = { seconds: 3 * DAY, asked: 40, demand: 850, observation: { scheduled: early } }
    expect(allowedAfter(3, [ahead], { ...purse, perDay: 0 })[0]).toMatchObject({ replicas: 40, reason: 'AsUsual' })
    const memory = play(surge(purse), [...quietDays(3), { seconds: 3 * DAY, asked: 40, demand: 3400, observation }], target).at(
      -1,
    )!.memory as { peaks: readonly { demand: number }[] }
    expect(memory.peaks.at(-1)!.demand).toBeCloseTo(1.2 * 870)
  })

  test('a level that stays is usual in the end, in steps: nobody trains it in one night', () => {
    const higher = (days: number) =>
      Array.from({ length: days * 24 }, (_, hour) => ({ seconds: 3 * DAY + hour * HOUR, asked: 30, spec: 11, demand: 2600 }))
    const usualAfter = (days: number) =>
      play(surge({ ...purse, perDay: 0 }), [...quietDays(3), ...higher(days)], target).at(-1)!.replicas
    expect(usualAfter(1)).toBe(11)
    expect(usualAfter(3)).toBeLessThan(20)
    expect(usualAfter(9)).toBe(30)
  })

  test('minReplicas never waits for it', () => {
    const floor = { ...target, minReplicas: 30 }
    const told = play(surge({ ...purse, perDay: 0 }), [...quietDays(2), { seconds: 2 * DAY, asked: 40, demand: 870 }], floor)
    expect(told.at(-1)!.replicas).toBe(30)
  })

  test('in the first day, without a price, or where replicas cost nothing, it holds nothing', () => {
    expect(allowedAfter(0, [{ seconds: 0, asked: 90, demand: 8000 }])[0]).toMatchObject({ replicas: 90, reason: 'UsualUnknown' })
    const unpriced = allowedAfter(3, [{ seconds: 3 * DAY, asked: 90, demand: 8000 }], { perDay: 12 })
    expect(unpriced[0]).toMatchObject({ replicas: 90, reason: 'PriceUnknown' })
    const free = allowedAfter(3, [{ seconds: 3 * DAY, asked: 90, demand: 8000 }], { perDay: 12, costPerReplicaHour: 0 })
    expect(free[0]).toMatchObject({ replicas: 90, reason: 'Spending' })
  })

  test('a missing demand teaches nothing and is held to the same', () => {
    const [told] = allowedAfter(3, [{ seconds: 3 * DAY, asked: 90, demand: 'missing' }])
    expect(told).toMatchObject({ replicas: 59, reason: 'BudgetSpent' })
  })

  test('users whose conversions keep up with the load are let through, and not charged', () => {
    const provenAt = (seconds: number) => ({ isProven: true, believed: { at: seconds * 1000, demand: 4500 } })
    const crowd = Array.from({ length: 30 }, (_, minute) => ({
      seconds: 3 * DAY + minute * 60,
      asked: 50,
      spec: 50,
      demand: 4500,
    }))
    let before: unknown = play(surge(purse), quietDays(3), target).at(-1)!.memory
    for (const moment of crowd) {
      const context = contextAt({ ...moment, memory: { slots: { attack: provenAt(moment.seconds), surge: before } } }, target)
      const said = surge(purse).limit({ asked: 50, replicas: 50, outright: false }, context)
      expect(said).toMatchObject({ replicas: 50, why: 'conversions keep up with the load: it is users, whatever it costs' })
      before = said.memory
    }
    expect(before).toMatchObject({ spentToday: 0 })
    // Proof of an hour ago is none: a ratio that is told no more lets nothing through.
    const late = { ...crowd.at(-1)!, seconds: 3 * DAY + 5400 }
    const stale = { slots: { attack: provenAt(late.seconds - 3600), surge: before } }
    const said = surge(purse).limit({ asked: 90, replicas: 90, outright: false }, contextAt({ ...late, memory: stale }, target))
    expect(said.why).not.toContain('conversions')
  })
})
