import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScheduledWindow, Target } from './model.ts'
import { dueWindows, expectedFactor, targetInForce, usualLoad } from './scheduled.ts'

const target = { minReplicas: 5, maxReplicas: 50, startupMs: 60_000, periodMs: 15_000 } as Target // the rest is not looked at
const window = (said: Partial<ScheduledWindow>): ScheduledWindow => ({ name: 'sale', from: 1_000_000, to: 2_000_000, ...said })
const boundsAt = (now: number, ...windows: readonly ScheduledWindow[]) => {
  const { minReplicas, maxReplicas } = targetInForce(target, now, windows)
  return [minReplicas, maxReplicas]
}

describe('bounds that schedules set', () => {
  test('a floor holds from a start-up and a period before its window until its end', () => {
    const floor = window({ minReplicas: 20 })
    expect(boundsAt(924_999, floor)).toEqual([5, 50])
    expect(boundsAt(925_000, floor)).toEqual([20, 50])
    expect(boundsAt(1_999_999, floor)).toEqual([20, 50])
    expect(boundsAt(2_000_000, floor)).toEqual([5, 50])
  })

  test('a ceiling holds while its window is on, and not before', () => {
    const ceiling = window({ maxReplicas: 10 })
    expect(boundsAt(999_999, ceiling)).toEqual([5, 50])
    expect(boundsAt(1_000_000, ceiling)).toEqual([5, 10])
    expect(boundsAt(2_000_000, ceiling)).toEqual([5, 50])
  })

  test('the highest floor and the lowest ceiling hold, and a floor outranks a ceiling', () => {
    const [low, high] = [window({ minReplicas: 8, maxReplicas: 30 }), window({ minReplicas: 12, maxReplicas: 20 })]
    expect(boundsAt(1_500_000, low, high)).toEqual([12, 20])
    expect(boundsAt(1_500_000, window({ minReplicas: 25 }), high)).toEqual([25, 25])
  })

  test('nothing leaves the bounds of the object: they only become narrower', () => {
    const bounds = fc.record({ minReplicas: fc.option(fc.nat(100)), maxReplicas: fc.option(fc.integer({ min: 1, max: 100 })) })
    fc.assert(
      fc.property(fc.array(bounds, { maxLength: 5 }), list => {
        const windows = list.map(({ minReplicas, maxReplicas }) =>
          window({ ...(minReplicas !== null && { minReplicas }), ...(maxReplicas !== null && { maxReplicas }) }),
        )
        const [min, max] = boundsAt(1_500_000, ...windows)
        expect(min).toBeGreaterThanOrEqual(5)
        expect(max).toBeLessThanOrEqual(50)
        expect(min).toBeLessThanOrEqual(max!)
      }),
    )
  })

  test('without a schedule the target is the same object', () => {
    expect(targetInForce(target, 1_500_000)).toBe(target)
    expect(dueWindows(target, 1_500_000, [])).toEqual([])
  })
})

describe('the factor that is expected', () => {
  test('a value belongs to the window in which it ended, a span to every window that it reaches into', () => {
    const event = window({ expectedLoadFactor: 6 })
    const factorAt = (at: number) => expectedFactor([event], { from: at, to: at })
    expect([1_000_000, 1_000_001, 2_000_000, 2_000_001].map(factorAt)).toEqual([undefined, 6, 6, undefined])
    expect(expectedFactor([event], { from: 0, to: 1_000_001 })).toBe(6)
    expect(expectedFactor([event], { from: 0, to: 1_000_000 })).toBeUndefined()
  })

  test('of several the highest holds, and a schedule without one says nothing', () => {
    const all = [window({ expectedLoadFactor: 0.5 }), window({ expectedLoadFactor: 3 }), window({ minReplicas: 9 })]
    expect(expectedFactor(all, { from: 1_500_000, to: 1_500_000 })).toBe(3)
    expect(expectedFactor([window({ minReplicas: 9 })], { from: 1_500_000, to: 1_500_000 })).toBeUndefined()
  })
})

describe('the load without the event', () => {
  test('an event as told, late, half as large, twice as large', () => {
    expect([600, 100, 300, 1200].map(demand => usualLoad(demand, 6, 100))).toEqual([100, 100, 100, 200])
  })

  test('a holiday as told, one that nobody keeps, and a crash', () => {
    expect([40, 100, 10].map(demand => usualLoad(demand, 0.4, 100))).toEqual([100, 100, 25])
  })

  test('without a usual load the event is as told', () => {
    expect(usualLoad(600, 6, undefined)).toBe(100)
  })

  test('it lies between the demand and what is left of it without the factor', () => {
    const amount = fc.double({ min: 0.01, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(amount, fc.double({ min: 0.1, max: 20, noNaN: true }), amount, (demand, factor, before) => {
        const usual = usualLoad(demand, factor, before)
        expect(usual).toBeGreaterThanOrEqual(Math.min(demand, demand / factor))
        expect(usual).toBeLessThanOrEqual(Math.max(demand, demand / factor))
      }),
    )
  })
})
