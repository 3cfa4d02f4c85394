import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createFleet, settleTick, takeTally } from './replay.ts'

/** Sets the fleet to each number of replicas in turn, a tick each, and lists what is ready after it. */
function play(
  startupTicks: number,
  ordered: readonly number[],
  { start = 5, from = 0, need = (_: number): number | undefined => 0 } = {},
) {
  const fleet = createFleet(startupTicks, start)
  const ready = ordered.map((replicas, i) => {
    fleet.replicas = replicas
    settleTick(fleet, from + i, need(i))
    return fleet.ready
  })
  return { fleet, ready }
}

describe('a replayed fleet', () => {
  test('has what it orders ready after the start-up, and loses what it lets go at once', () => {
    expect(play(3, [8, 8, 8, 8, 8, 6, 6]).ready).toEqual([5, 5, 5, 8, 8, 6, 6])
  })

  test('without a start-up everything is ready at once', () => {
    expect(play(0, [8, 2, 9]).ready).toEqual([8, 2, 9])
  })

  test('a replica that was let go and ordered again starts anew', () => {
    expect(play(2, [5, 4, 5, 5, 5]).ready).toEqual([5, 4, 4, 4, 5])
  })

  test('ready are those that were ordered without a break during the start-up: the least of these ticks', () => {
    const orders = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(fc.tuple(fc.nat(6), fc.nat(8), fc.nat(100)), orders, ([startupTicks, start, from], ordered) => {
        const before = Array(startupTicks + 1).fill(start)
        const naive = ordered.map((_, tick) => Math.min(...[...before, ...ordered].slice(tick + 1, tick + startupTicks + 2)))
        expect(play(startupTicks, ordered, { start, from }).ready).toEqual(naive)
      }),
      { numRuns: 300 },
    )
  })

  test('pays for what is ordered, not for what is ready, and is bad for every tick that needs more than is ready', () => {
    const needs = [5, 6, 8, 8, 9, undefined, 6]
    const { fleet } = play(3, [8, 8, 8, 8, 8, 6, 6], { need: tick => needs[tick] })
    expect(takeTally(fleet)).toEqual({ cost: 52, bad: 3, actions: 0 })
  })

  test('hands out its tally once, and then counts from nothing while the replicas stay', () => {
    const { fleet } = play(3, [8, 8], { need: () => 99 })
    fleet.actions = 4
    expect(takeTally(fleet)).toEqual({ cost: 16, bad: 2, actions: 4 })
    expect(takeTally(fleet)).toEqual({ cost: 0, bad: 0, actions: 0 })
    expect(fleet.replicas).toBe(8)
    settleTick(fleet, 2, 99)
    settleTick(fleet, 3, 8)
    expect(fleet.ready).toBe(8)
    expect(takeTally(fleet)).toEqual({ cost: 16, bad: 1, actions: 0 })
  })
})
