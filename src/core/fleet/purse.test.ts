import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { affordableCostPerHour, charge, dayOf, monthOf, positionOf, replicasFor, type Spending } from './purse.ts'

const HOUR = 3_600_000

describe('the month of a time', () => {
  test('is that of the calendar of UTC, leap years and centuries included', () => {
    const within = { min: new Date('1970-01-01T00:00:00Z'), max: new Date('2400-12-31T23:59:59Z') }
    fc.assert(
      fc.property(fc.date({ ...within, noInvalidDate: true }), date => {
        const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
        expect(monthOf(date.getTime())).toEqual({ from: Date.UTC(year, month, 1), to: Date.UTC(year, month + 1, 1) })
      }),
      { numRuns: 3000 },
    )
  })

  test.each([
    ['2028-02-29T23:59:59Z', '2028-02-01', '2028-03-01'],
    ['2100-02-28T12:00:00Z', '2100-02-01', '2100-03-01'],
    ['2000-02-29T00:00:00Z', '2000-02-01', '2000-03-01'],
    ['2026-12-31T23:59:59Z', '2026-12-01', '2027-01-01'],
  ])('of %s is %s to %s', (at, from, to) => {
    expect(monthOf(Date.parse(at))).toEqual({ from: Date.parse(from), to: Date.parse(to) })
  })
})

describe('spending', () => {
  const first = Date.UTC(2026, 10, 30, 22)

  test('is charged for the time since the last tick, and begins anew with the day and with the month', () => {
    const before = charge({ at: first, spentToday: 40, spentThisMonth: 900 }, { now: first + HOUR, costPerHour: 10 })
    expect(before).toEqual({ at: first + HOUR, spentToday: 50, spentThisMonth: 910 })
    const december = charge(before, { now: first + 4 * HOUR, costPerHour: 10 })
    expect(december).toEqual({ at: first + 4 * HOUR, spentToday: 20, spentThisMonth: 20 })
    expect(charge(december, { now: first + 26 * HOUR, costPerHour: 10 })).toEqual({
      at: first + 26 * HOUR,
      spentToday: 0,
      spentThisMonth: 240,
    })
  })

  test('knows nothing of a time before it first looked, and takes a day that was kept without its month for all of it', () => {
    expect(charge(undefined, { now: first, costPerHour: 10 })).toEqual({ at: first, spentToday: 0, spentThisMonth: 0 })
    const kept = charge({ at: first, spentToday: 5 }, { now: first + HOUR, costPerHour: 1 })
    expect(kept).toMatchObject({ spentToday: 6, spentThisMonth: 6 })
  })

  test('is the same however often one looks', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 * 24 * 60 }), { minLength: 1, maxLength: 30 }), minutes => {
        const end = first + 40 * 24 * HOUR
        const start: Spending = { at: first, spentToday: 0, spentThisMonth: 0 }
        const often = minutes
          .toSorted((a, b) => a - b)
          .reduce<Spending>((spent, minute) => charge(spent, { now: first + minute * 60_000, costPerHour: 3 }), start)
        const once = charge(start, { now: end, costPerHour: 3 })
        const last = charge(often, { now: end, costPerHour: 3 })
        expect(last.spentToday).toBeCloseTo(once.spentToday, 6)
        expect(last.spentThisMonth).toBeCloseTo(once.spentThisMonth!, 6)
      }),
    )
  })
})

describe('what may be on order', () => {
  const at = Date.UTC(2026, 10, 29, 18) // six hours of the day left, thirty of the month

  test('is the hour, the day less what the floor needs, or the month less what the floor needs: the least of them', () => {
    const spending = { at, spentToday: 400, spentThisMonth: 9000 }
    const floorCostPerHour = 10
    expect(affordableCostPerHour({}, { spending, floorCostPerHour })).toBe(Number.POSITIVE_INFINITY)
    expect(affordableCostPerHour({ perHour: 40 }, { spending, floorCostPerHour })).toBe(40)
    expect(affordableCostPerHour({ perDay: 700 }, { spending, floorCostPerHour })).toBe(250)
    // 10,000 - 9,000 - 30 h at 10 leave 700 for the last day and a quarter: a day of it per day.
    expect(affordableCostPerHour({ perMonth: 10_000 }, { spending, floorCostPerHour })).toBeCloseTo(10 + 700 / 24, 9)
    expect(affordableCostPerHour({ perHour: 40, perDay: 700, perMonth: 10_000 }, { spending, floorCostPerHour })).toBeCloseTo(
      39.1667,
      3,
    )
    expect(affordableCostPerHour({ perDay: 100 }, { spending, floorCostPerHour: 0 })).toBe(0)
    expect(affordableCostPerHour({ perMonth: 500 }, { spending: { at, spentToday: 400 }, floorCostPerHour: 0 })).toBeCloseTo(
      100 / 24,
      9,
    )
  })

  test('an always hungry spender never burns more than day and month allow, but for its floor', () => {
    const limits = fc.record({ perDay: fc.integer({ min: 50, max: 400 }), perMonth: fc.integer({ min: 500, max: 9000 }) })
    fc.assert(
      fc.property(limits, fc.integer({ min: 0, max: 3 }), ({ perDay, perMonth }, floorCostPerHour) => {
        const start = Date.UTC(2027, 1, 1)
        let spending: Spending = { at: start, spentToday: 0, spentThisMonth: 0 }
        for (let now = start; now < monthOf(start).to; now += HOUR / 4) {
          const affordable = affordableCostPerHour({ perDay, perMonth }, { spending, floorCostPerHour })
          const next = now + HOUR / 4
          const ordered = Math.max(floorCostPerHour, Math.min(100, affordable))
          const isLastOfDay = next === dayOf(now).to
          if (isLastOfDay) {
            expect(spending.spentToday + ordered / 4).toBeLessThanOrEqual(Math.max(perDay, 24 * floorCostPerHour) + 1e-6)
            expect((spending.spentThisMonth ?? 0) + ordered / 4).toBeLessThanOrEqual(
              Math.max(perMonth, 28 * 24 * floorCostPerHour) + 1e-6,
            )
          }
          spending = charge(spending, { now: next, costPerHour: ordered })
        }
      }),
      { numRuns: 30 },
    )
  })

  test('is told in whole replicas, and as a position', () => {
    expect(replicasFor(30, 2)).toBe(15)
    expect(replicasFor(0.3, 0.1)).toBe(3)
    expect(replicasFor(30, 0)).toBe(Number.POSITIVE_INFINITY)
    const told = { spending: { at, spentToday: 402.75, spentThisMonth: 9000 }, askedCostPerHour: 31.1, currency: 'USD' }
    expect(positionOf({ perHour: 40, perDay: 700, perMonth: 20_000 }, told)).toBe(
      '31.10 of 40.00 USD an hour, 402.75 of 700.00 USD spent today, 9000.00 of 20000.00 USD spent this month',
    )
    expect(positionOf({ perMonth: 500 }, { ...told, spending: { at, spentToday: 7 } })).toBe(
      '7.00 of 500.00 USD spent this month',
    )
    expect(positionOf({}, told)).toBe('')
  })
})
