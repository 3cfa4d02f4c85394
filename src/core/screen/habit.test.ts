import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dulled, freshHabit, withNews } from './habit.ts'

const DAY_MS = 86_400_000
const START = 1_700_000_000_000
const fresh = { ...freshHabit, at: START }
/** Long after the beginning, nothing known. */
const LATER = START + 300 * DAY_MS
const having = (news: readonly number[]) => news.reduce((habit, sigma) => withNews(habit, { at: LATER, sigma }), fresh)

describe('habit', () => {
  test('what never came is told whole, each time it comes again less', () => {
    const told = [0, 1, 2, 3].map(times => dulled(having(Array(times).fill(6)), { at: LATER, sigma: 6 }))
    expect(told[0]).toBeCloseTo(6, 6)
    expect(told[1]).toBeCloseTo(6 / Math.sqrt(2), 6)
    expect(told[3]).toBeCloseTo(3, 6)
  })

  test('only what was about as high or higher counts', () => {
    expect(dulled(having([3, 3, 3]), { at: LATER, sigma: 6 })).toBeCloseTo(6, 6)
    expect(dulled(having([12, 12, 12]), { at: LATER, sigma: 6 })).toBeCloseTo(3, 6)
  })

  test('three days later half of it is forgotten, and a time that goes backwards forgets nothing', () => {
    const habit = having([6, 6])
    expect(dulled(habit, { at: LATER + 3 * DAY_MS, sigma: 6 })).toBeCloseTo(6 / Math.sqrt(2), 6)
    expect(dulled(habit, { at: LATER - DAY_MS, sigma: 6 })).toBe(dulled(habit, { at: LATER, sigma: 6 }))
    expect(withNews(habit, { at: LATER - DAY_MS, sigma: 6 }).at).toBe(LATER)
  })

  test('of a series that began just now two are supposed, of any height; a week later they hardly count', () => {
    expect(dulled(fresh, { at: START, sigma: 30 })).toBeCloseTo(30 / Math.sqrt(3), 6)
    expect(dulled(fresh, { at: START + 7 * DAY_MS, sigma: 6 })).toBeGreaterThan(0.8 * 6)
  })

  test('whatever came before, more sigma stays more, less than nothing never comes out, and the size does not change', () => {
    const sigma = fc.double({ min: 0, max: 40, noNaN: true })
    const news = fc.array(fc.record({ at: fc.integer({ min: -1e12, max: 4e12 }), sigma }), { maxLength: 100 })
    fc.assert(
      fc.property(news, sigma, sigma, (all, one, other) => {
        const habit = all.reduce(withNews, fresh)
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map(value => dulled(habit, { at: START, sigma: value }))
        expect(less).toBeLessThanOrEqual(more!)
        expect(less).toBeGreaterThanOrEqual(0)
        expect(habit.counts).toHaveLength(freshHabit.counts.length)
        expect(JSON.parse(JSON.stringify(habit))).toEqual(habit)
      }),
    )
  })
})
