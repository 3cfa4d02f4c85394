import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Forecast, WINDOW_LEVELS, type WindowForecast } from '../model.ts'
import type { Parameters } from '../rules.ts'
import { decisionWindows, follow, levelFor, type RuleState, type Wish, wholeReplicas, wishOf } from './block-rule.ts'

const levelOf = (level: (typeof WINDOW_LEVELS)[number]) => WINDOW_LEVELS.indexOf(level)

/** A window whose bound is `median` up to the level before `from`, and `bound` from there on. */
function stepped(median: number, from: (typeof WINDOW_LEVELS)[number], bound: number): WindowForecast {
  return { fromMs: 0, toMs: 0, quantiles: WINDOW_LEVELS.map((_, i) => (i < levelOf(from) ? median : bound)) }
}

const flat = (load: number): WindowForecast => stepped(load, 0.5, load)
const forecastOf = (...windows: readonly WindowForecast[]): Forecast => ({ by: 'test', madeAt: 0, points: [], windows })

const parameters: Parameters = {
  missingPrice: 100,
  keepPrice: 100,
  orderAhead: 0.05,
  orderToMedian: false,
  deadband: 0.1,
  holdTicks: 3,
}

describe('the windows of a decision', () => {
  test('are the moment at lead time, twice the lead from now, and the ten minutes beyond the lead', () => {
    expect(decisionWindows(75_000)).toEqual([
      { fromMs: 75_000, toMs: 75_000 },
      { fromMs: 0, toMs: 150_000 },
      { fromMs: 75_000, toMs: 675_000 },
    ])
  })
})

describe("the newsvendor's level", () => {
  const window: WindowForecast = {
    fromMs: 0,
    toMs: 0,
    // 0.5 to 0.98 cost as much as 0.99, so that only the two of the example compete.
    quantiles: WINDOW_LEVELS.map(level => (level <= 0.99 ? 1000 : level <= 0.999 ? 1200 : 9e9)),
  }

  test('is 0.99 at a price of 100 where 0.99 and 0.999 cost 10 and 12 replicas: 11 against 12.1', () => {
    expect(levelFor(window, 100, 100)).toBe(levelOf(0.99))
  })

  test('is 0.999 once a missing replica costs more than the two between them save: from 2 / 0.009 = 222.2 on', () => {
    expect(levelFor(window, 222, 100)).toBe(levelOf(0.99))
    expect(levelFor(window, 223, 100)).toBe(levelOf(0.999))
  })

  test('is the least-cost one of all levels, for any ascending quantiles', () => {
    const rises = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 13, maxLength: 13 })
    fc.assert(
      fc.property(
        rises,
        fc.double({ min: 0, max: 1e6, noNaN: true }),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        (up, price, one) => {
          let load = 0
          const quantiles = up.map(rise => (load += rise))
          const cost = (level: number) => quantiles[level]! / one + price * (1 - WINDOW_LEVELS[level]!)
          const chosen = levelFor({ fromMs: 0, toMs: 0, quantiles }, price, one)
          for (let level = 0; level < 13; level++) expect(cost(chosen)).toBeLessThanOrEqual(cost(level))
        },
      ),
    )
  })

  test('rises with the price, never falls', () => {
    const rises = fc.array(fc.double({ min: 0, max: 1000, noNaN: true }), { minLength: 13, maxLength: 13 })
    const price = fc.double({ min: 0, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(rises, price, price, (up, one, other) => {
        let load = 0
        const window = { fromMs: 0, toMs: 0, quantiles: up.map(rise => (load += rise)) }
        expect(levelFor(window, Math.max(one, other), 1)).toBeGreaterThanOrEqual(levelFor(window, Math.min(one, other), 1))
      }),
    )
  })
})

describe('the rule from tick to tick', () => {
  const calm = { deadband: 0.1, holdTicks: 3 }
  /** Follows wishes whose `keep` and `up` are one number (or the triple given), and lists the replicas after each tick. */
  function play(replicas: number, wishes: readonly (number | Wish)[], settings = calm) {
    const state: RuleState = { replicas, heldTicks: 0, highest: 0 }
    return wishes.map(wish => {
      follow(state, typeof wish === 'number' ? { up: wish, block: wish, keep: wish } : wish, settings)
      return state.replicas
    })
  }

  test('a dip as short as the hold changes nothing', () => {
    expect(play(10, [5, 5, 5, 10, 5, 5, 5, 10])).toEqual(Array(8).fill(10))
  })

  test('a longer one scales down, to the highest that was wanted meanwhile', () => {
    expect(play(10, [5, 7, 6, 4, 4])).toEqual([10, 10, 10, 7, 7])
  })

  test('what was wanted before the last scale-down is forgotten', () => {
    expect(play(10, [7, 7, 7, 7, 4, 4, 4, 4])).toEqual([10, 10, 10, 7, 7, 7, 7, 4])
  })

  test('without a hold it follows down at once', () => {
    expect(play(10, [4, 3], { deadband: 0.1, holdTicks: 0 })).toEqual([4, 3])
  })

  test('below what is needed a block is ordered at once, in the middle of a hold too', () => {
    const growth: Wish = { up: 12, block: 15, keep: 12 }
    expect(play(10, [growth])).toEqual([15])
    expect(play(10, [5, 5, growth, 5, 5, 5, 5])).toEqual([10, 10, 15, 15, 15, 15, 5])
  })

  test('a block smaller than what is needed does not count', () => {
    expect(play(10, [{ up: 12, block: 11, keep: 12 }])).toEqual([12])
  })

  test('no block is ordered while there is enough', () => {
    expect(play(10, [{ up: 10, block: 15, keep: 15 }])).toEqual([10])
  })

  test('a scale-down within the deadband is not worth it, however long it lasts', () => {
    expect(play(100, Array(10).fill(91))).toEqual(Array(10).fill(100))
    expect(play(100, Array(10).fill(90)).at(-1)).toBe(90)
  })

  test('one replica is always worth it: a deadband of less does not count', () => {
    expect(play(3, Array(4).fill(2), { deadband: 0.001, holdTicks: 3 }).at(-1)).toBe(2)
    expect(play(3, Array(4).fill(2.5), { deadband: 0.001, holdTicks: 3 }).at(-1)).toBe(3)
  })

  test('a tick within the deadband ends a hold', () => {
    expect(play(10, [5, 5, 5, 9.5, 5, 5, 5, 5])).toEqual([10, 10, 10, 10, 10, 10, 10, 5])
  })

  const wish = fc
    .record({
      up: fc.integer({ min: 0, max: 60 }),
      ahead: fc.integer({ min: -5, max: 20 }),
      kept: fc.integer({ min: 0, max: 20 }),
    })
    .map(({ up, ahead, kept }): Wish => ({ up, block: Math.max(0, up + ahead), keep: up + kept }))
  const start = fc.record({
    replicas: fc.integer({ min: 0, max: 80 }),
    heldTicks: fc.integer({ min: 0, max: 4 }),
    highest: fc.integer({ min: 0, max: 80 }),
  })
  const settings = fc.record({
    deadband: fc.double({ min: 0, max: 0.5, noNaN: true }),
    holdTicks: fc.integer({ min: 0, max: 4 }),
  })

  test('there are never fewer replicas than needed afterwards', () => {
    fc.assert(
      fc.property(start, fc.array(wish, { minLength: 1, maxLength: 30 }), settings, ({ replicas }, wishes, how) => {
        const state: RuleState = { replicas, heldTicks: 0, highest: 0 }
        for (const one of wishes) {
          follow(state, one, how)
          expect(state.replicas).toBeGreaterThanOrEqual(one.up)
        }
      }),
    )
  })

  test('within a tick, wanting more never gives fewer replicas', () => {
    fc.assert(
      fc.property(
        fc.tuple(start, settings),
        wish,
        fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20)),
        ([from, how], less, [up, block, keep]) => {
          const more: Wish = {
            up: less.up + up,
            block: less.block + block,
            keep: Math.max(less.keep + keep, less.up + up),
          }
          const [low, high] = [{ ...from }, { ...from }]
          follow(low, less, how)
          follow(high, more, how)
          expect(high.replicas).toBeGreaterThanOrEqual(low.replicas)
        },
      ),
    )
  })

  test('replicas leave only after the hold, all of whose ticks agreed', () => {
    fc.assert(
      fc.property(fc.array(wish, { minLength: 1, maxLength: 40 }), settings, (wishes, how) => {
        const state: RuleState = { replicas: 40, heldTicks: 0, highest: 0 }
        let agreed: number[] = []
        for (const one of wishes) {
          const before = state.replicas
          follow(state, one, how)
          agreed = one.keep <= before - Math.max(1, how.deadband * before) ? [...agreed, one.keep] : []
          if (state.replicas >= before) continue
          expect(agreed.length).toBe(how.holdTicks + 1)
          expect(state.replicas).toBe(Math.max(...agreed))
          agreed = []
        }
      }),
    )
  })
})

describe('whole replicas', () => {
  test('round up, but not for what floating point adds', () => {
    expect([8, 8.0000000001, 8.001, 0, 0.3 / 0.1].map(wholeReplicas)).toEqual([8, 8, 9, 0, 3])
  })
})

describe('the wish of a tick', () => {
  const facts = (change: Partial<Parameters> = {}, floor = 0) => ({
    forecast: forecastOf(flat(1000), flat(1450), flat(2000)),
    parameters: { ...parameters, ...change },
    capacityPerReplica: 100,
    floor,
  })

  test('needs the load at lead time, orders a share ahead, and keeps what twice the lead may need', () => {
    expect(wishOf(facts()).wish).toEqual({ up: 10, block: 11, keep: 15 })
  })

  test('orders up to the median beyond the lead where the parameters say so and it is more', () => {
    expect(wishOf(facts({ orderToMedian: true })).wish).toEqual({ up: 10, block: 20, keep: 15 })
    const calm = forecastOf(flat(1000), flat(1000), flat(300))
    expect(wishOf({ ...facts({ orderToMedian: true }), forecast: calm }).wish.block).toBe(11)
  })

  test('never goes below the floor, neither to need nor to keep', () => {
    expect(wishOf(facts({}, 30)).wish).toMatchObject({ up: 30, keep: 30 })
  })

  test('takes the level of each window by its own price, and tells the load behind the need', () => {
    const window = stepped(1000, 0.9995, 1100)
    const found = wishOf({ ...facts({ missingPrice: 1, keepPrice: 1e6 }), forecast: forecastOf(window, window, window) })
    expect(found.upLevel).toBe(levelOf(0.999))
    expect(found.load).toBe(1000)
    expect(found.wish).toMatchObject({ up: 10, keep: 11 })
    expect(found.keepLevel).toBe(levelOf(0.99995))
  })

  test('a forecast without the three windows is a broken promise of ours', () => {
    for (const windows of [[], [flat(1)], [flat(1), flat(1)]])
      expect(() => wishOf({ ...facts(), forecast: forecastOf(...windows) })).toThrow('decisionWindows')
  })

  test('more demand now never gives fewer replicas, whatever the forecast', () => {
    const bounds = fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { minLength: 13, maxLength: 13 })
    const window = bounds.map((all): WindowForecast => ({ fromMs: 0, toMs: 0, quantiles: all.toSorted((a, b) => a - b) }))
    const demand = fc.double({ min: 0, max: 8000, noNaN: true })
    fc.assert(
      fc.property(fc.tuple(window, window, window), fc.tuple(demand, demand), fc.nat(60), (windows, loads, replicas) => {
        const [less, more] = loads
          .toSorted((a, b) => a - b)
          .map(load => {
            const state: RuleState = { replicas, heldTicks: 3, highest: 0 }
            const floor = wholeReplicas(load / 100)
            follow(
              state,
              wishOf({ forecast: forecastOf(...windows), parameters, capacityPerReplica: 100, floor }).wish,
              parameters,
            )
            expect(state.replicas).toBeGreaterThanOrEqual(floor)
            return state.replicas
          })
        expect(more).toBeGreaterThanOrEqual(less!)
      }),
    )
  })
})
