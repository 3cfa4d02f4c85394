import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { workload } from '../guard/timeline.ts'
import type { Decision } from '../model.ts'
import { createFleet, type FleetMember, type FleetSettings, memberAfter, type Standing } from './fleet.ts'

const NOON = Date.UTC(2026, 10, 27, 12)
const HOUR = 3_600_000

const enterprise: Standing = { id: 'shop/pay', tier: 'Enterprise', priority: 100, costPerReplicaHour: 1, minReplicas: 2 }
const basic: Standing = { id: 'shop/mail', tier: 'Basic', priority: 20, costPerReplicaHour: 1, minReplicas: 1 }

const asking = (me: Standing, asks: Partial<FleetMember>): FleetMember => {
  const { ordered = me.minReplicas, needed = ordered, wanted = needed } = asks
  return { ...me, kept: 0, needed, wanted, ordered, ...asks }
}

const cap = (perHour: number) => ({ perHour, enforcement: 'Cap' as const })
const fleetOf = (settings: Partial<FleetSettings>, members: readonly FleetMember[] = []) =>
  createFleet({ currency: 'USD', ...settings }, { members })

describe('what is left for one of those who share a budget', () => {
  test('is all that nobody holds, while everybody has what it wants', () => {
    const fleet = fleetOf({ fleet: cap(20) }, [asking(enterprise, { ordered: 6 })])
    expect(fleet.allowance(basic, { at: NOON, ordered: 4 })).toEqual({
      replicas: 14,
      whenNeeded: 14,
      by: 'Fleet',
      why: 'enterprise first, 10.00 of 20.00 USD an hour on order',
    })
  })

  test('is less than it has once a higher tier needs more: basic yields, and enterprise grows into what was given up', () => {
    const fleet = fleetOf({ fleet: cap(20) }, [
      asking(enterprise, { ordered: 8, needed: 15, wanted: 16 }),
      asking(basic, { ordered: 12, needed: 12 }),
    ])
    // Nothing is free yet, so enterprise waits for the turn of basic.
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 8 }).replicas).toBe(8)
    expect(fleet.allowance(basic, { at: NOON, ordered: 12 })).toMatchObject({ replicas: 4, whenNeeded: 4 })
    fleet.note(asking(basic, { ordered: 4, needed: 12 }), NOON)
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 8 })).toMatchObject({ replicas: 16, whenNeeded: 16 })
  })

  test('among equals counts what is needed now before what others wish beyond their need', () => {
    const logs = { ...basic, id: 'shop/logs' }
    const fleet = fleetOf({ fleet: cap(20) }, [asking(logs, { ordered: 8, needed: 10, wanted: 19 })])
    const { replicas, whenNeeded } = fleet.allowance(basic, { at: NOON, ordered: 2 })
    expect([replicas, whenNeeded]).toEqual([6, 10])
  })

  test('ends with the budget of its tier where that is the scarcer one', () => {
    const fleet = fleetOf({ fleet: cap(100), tiers: { Basic: cap(3) } }, [asking(enterprise, { ordered: 30 })])
    expect(fleet.allowance(basic, { at: NOON, ordered: 1 })).toEqual({
      replicas: 3,
      whenNeeded: 3,
      by: 'Tier',
      why: 'nobody before it, 1.00 of 3.00 USD an hour on order',
    })
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 30 })).toMatchObject({ replicas: 99, by: 'Fleet' })
  })

  test('names those before it, by priority where they have no tier', () => {
    const { tier: _, ...plain } = enterprise
    const fleet = fleetOf({ fleet: cap(5) }, [asking({ ...plain, priority: 70 }, { needed: 9 })])
    expect(fleet.allowance(basic, { at: NOON, ordered: 1 }).why).toBe('priority 70 first, 3.00 of 5.00 USD an hour on order')
  })

  test('never is below its floor, though the money is gone', () => {
    const fleet = fleetOf({ fleet: cap(1) }, [asking(enterprise, { ordered: 6 })])
    expect(fleet.allowance(basic, { at: NOON, ordered: 4 })).toMatchObject({ replicas: 1, whenNeeded: 1 })
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 1 })).toMatchObject({ replicas: 2, whenNeeded: 2 })
  })

  test('is everything where a budget only warns, and the warning says by how much', () => {
    const fleet = fleetOf({ fleet: { perHour: 5, enforcement: 'Warn' }, tiers: { Basic: { perHour: 2, enforcement: 'Warn' } } }, [
      asking(enterprise, { ordered: 4, wanted: 8 }),
    ])
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 4 })).toMatchObject({
      replicas: 1000,
      why: 'no budget cuts',
      warning: 'the fleet budget only warns: 8.00 of 5.00 USD an hour are wanted',
    })
    expect(fleet.allowance(basic, { at: NOON, ordered: 3 }).warning).toBe(
      'the budget of the tier Basic only warns: 3.00 of 2.00 USD an hour are wanted',
    )
    fleet.note(asking(enterprise, { ordered: 2, wanted: 2 }), NOON)
    expect(fleet.allowance(enterprise, { at: NOON, ordered: 2 }).warning).toBeUndefined()
  })
})

test('of two that count on the same money, the first gets it; floors, and less than before, are always granted', () => {
  const logs = { ...basic, id: 'shop/logs' }
  const fleet = fleetOf({ fleet: cap(10), tiers: { Enterprise: { perHour: 1, enforcement: 'Warn' } } })
  const [one, other] = [basic, logs].map(me => fleet.allowance(me, { at: NOON, ordered: 2 }))
  expect([one!.replicas, other!.replicas]).toEqual([10, 8])
  fleet.note(asking(basic, { ordered: 2 }), NOON)
  expect(fleet.claim(basic, 8, NOON)).toBe(true)
  expect(fleet.claim(logs, 8, NOON)).toBe(false)
  expect(fleet.claim(logs, 1, NOON)).toBe(true)
  expect(fleet.claim(logs, 2, NOON)).toBe(true)
  expect(fleet.claim(enterprise, 2, NOON)).toBe(true)
  expect(fleet.claim(enterprise, 3, NOON)).toBe(false)
})

describe('the money of day and month', () => {
  const day = { perDay: 100, enforcement: 'Cap' as const }

  test('is charged once for the time that passed, however many look, and those who are gone have spent theirs', () => {
    const fleet = fleetOf({ fleet: day, tiers: { Basic: day } }, [
      asking(enterprise, { ordered: 6 }),
      asking(basic, { ordered: 4 }),
    ])
    fleet.allowance(basic, { at: NOON, ordered: 4 })
    fleet.allowance(basic, { at: NOON + HOUR, ordered: 4 })
    fleet.allowance(enterprise, { at: NOON + HOUR, ordered: 6 })
    fleet.forget(basic.id, NOON + 2 * HOUR)
    fleet.note(asking(enterprise, { ordered: 3 }), NOON + 3 * HOUR)
    const facts = { currency: 'USD', limits: day, orderedPerHour: 3 }
    expect(fleet.budgets(NOON + 3 * HOUR)).toEqual([
      { ...facts, name: 'Basic', orderedPerHour: 0, spentToday: 8, spentThisMonth: 8 },
      { ...facts, name: 'fleet', spentToday: 26, spentThisMonth: 26 },
    ])
    expect(fleet.spent()).toMatchObject({
      fleet: { at: NOON + 3 * HOUR, spentToday: 26, spentThisMonth: 26 },
      Basic: { spentToday: 8 },
    })
  })

  test('goes on after a restart with what was on order meanwhile', () => {
    const kept = JSON.parse(JSON.stringify({ fleet: { at: NOON, spentToday: 26, spentThisMonth: 300 } }))
    const fleet = createFleet({ currency: 'USD', fleet: day }, { spent: kept, members: [asking(enterprise, { ordered: 3 })] })
    fleet.allowance(enterprise, { at: NOON + 2 * HOUR, ordered: 3 })
    expect(fleet.spent().fleet).toEqual({ at: NOON + 2 * HOUR, spentToday: 32, spentThisMonth: 306 })
  })
})

describe('a member after its decision', () => {
  const decision: Decision = {
    at: NOON,
    target: 'shop/pay',
    from: 8,
    to: 10,
    demand: 1450,
    doubts: [],
    proposals: [],
    abstentions: [],
    verdicts: [
      { by: 'bounds', from: 18, to: 18, why: '' },
      { by: 'share', from: 18, to: 10, why: '' },
      { by: 'hold', from: 10, to: 10, why: '' },
    ],
    conditions: [],
    plainHpa: { replicas: 8, why: '' },
  }
  const memberOf = (change: Partial<Decision>) =>
    memberAfter(enterprise, { decision: { ...decision, ...change }, target: workload, ordered: 10 })

  test('wishes what the shared budgets cut, and needs what the believed demand needs, up to its maximum', () => {
    expect(memberOf({})).toEqual({ ...enterprise, kept: 0, wanted: 18, needed: 15, ordered: 10 })
    expect(memberOf({ demand: 9000 }).needed).toBe(20)
    expect(memberOf({ demand: 9000, to: 40 }).needed).toBe(40)
    expect(memberOf({ verdicts: [], to: 1 }).wanted).toBe(2)
  })

  test('keeps what a hold keeps, and needs what it has where nobody knows the demand', () => {
    const { demand: _, ...blind } = decision
    const verdicts = [{ by: 'hold', from: 10, to: 12, why: '', keeps: 12 }]
    expect(memberAfter(enterprise, { decision: { ...blind, verdicts }, target: workload, ordered: 12 })).toMatchObject({
      kept: 12,
      needed: 8,
    })
  })
})

test('however wishes change, and in whatever order they decide: on order is never more than the cap, but for floors', () => {
  const standings = [enterprise, basic, { ...basic, id: 'shop/logs' }, { ...enterprise, id: 'shop/web', costPerReplicaHour: 1.5 }]
  const turn = fc.record({ who: fc.nat(3), needed: fc.nat(25), more: fc.nat(9) })
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 60 }), fc.integer({ min: 6, max: 40 }), (turns, perHour) => {
      const orders = new Map(standings.map(one => [one.id, one.minReplicas]))
      const fleet = fleetOf(
        { fleet: cap(perHour) },
        standings.map(one => asking(one, {})),
      )
      turns.forEach(({ who, needed, more }, index) => {
        const me = standings[who]!
        const at = NOON + index * 5000
        const { replicas, whenNeeded } = fleet.allowance(me, { at, ordered: orders.get(me.id)! })
        const ordered = Math.min(Math.max(needed + more, me.minReplicas), Math.max(replicas, Math.min(whenNeeded, needed)))
        orders.set(me.id, ordered)
        fleet.note(asking(me, { needed, wanted: needed + more, ordered }), at)
        const cost = standings.reduce((sum, one) => sum + orders.get(one.id)! * one.costPerReplicaHour, 0)
        const floors = standings.reduce((sum, one) => sum + one.minReplicas * one.costPerReplicaHour, 0)
        expect(ordered).toBeGreaterThanOrEqual(me.minReplicas)
        expect(cost).toBeLessThanOrEqual(Math.max(perHour, floors) + 1e-9)
      })
    }),
    { numRuns: 150 },
  )
})
