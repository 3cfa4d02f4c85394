import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cap, floorOf, isIn, type Member, shareOut, type Tier } from './share-out.ts'

const PRIORITIES = { Enterprise: 100, Premium: 60, Basic: 20 }

function member(id: string, tier: Tier, rest: Partial<Member> = {}): Member {
  const usual = { minReplicas: 1, kept: 0, needed: 1, wanted: 1, costPerReplicaHour: 1, priority: PRIORITIES[tier] }
  return { id, tier, ...usual, ...rest }
}

const fleet = (costPerHour: number): Cap => ({ name: 'fleet', costPerHour })

const replicasOf = (members: readonly Member[], caps: readonly Cap[]) =>
  Object.fromEntries([...shareOut(members, caps)].map(([id, { replicas }]) => [id, replicas]))

describe('sharing out', () => {
  test('what enterprise wishes comes before what basic needs; among equals what is needed comes first', () => {
    const members = [
      member('enterprise', 'Enterprise', { needed: 6, wanted: 8 }),
      member('web', 'Basic', { needed: 5, wanted: 5 }),
      member('logs', 'Basic', { needed: 1, wanted: 9 }),
    ]
    expect(replicasOf(members, [fleet(12)])).toEqual({ enterprise: 8, web: 3, logs: 1 })
    expect(replicasOf(members, [fleet(17)])).toEqual({ enterprise: 8, web: 5, logs: 4 })
    expect(replicasOf(members, [fleet(30)])).toEqual({ enterprise: 8, web: 5, logs: 9 })
    expect(replicasOf(members, [fleet(5)])).toEqual({ enterprise: 3, web: 1, logs: 1 })
  })

  test('floors are kept though the cap does not pay for them, and what a hold keeps is a floor', () => {
    const members = [
      member('enterprise', 'Enterprise', { minReplicas: 3, needed: 9, wanted: 9 }),
      member('basic', 'Basic', { minReplicas: 2, kept: 6, needed: 6, wanted: 6 }),
    ]
    expect(replicasOf(members, [fleet(4)])).toEqual({ enterprise: 3, basic: 6 })
    expect(replicasOf(members, [fleet(12)])).toEqual({ enterprise: 6, basic: 6 })
  })

  test('equals get the same money, and what one of them does not want is left for the others', () => {
    const members = [
      member('a', 'Basic', { minReplicas: 0, needed: 9, wanted: 9 }),
      member('b', 'Basic', { minReplicas: 0, needed: 2, wanted: 2 }),
      member('c', 'Basic', { minReplicas: 0, needed: 9, wanted: 9, costPerReplicaHour: 2 }),
    ]
    expect(replicasOf(members, [fleet(14)])).toEqual({ a: 6, b: 2, c: 3 })
  })

  test('a tier with a cap of its own is stopped by it, and the fleet has the rest; each is told what stopped it', () => {
    const members = [
      member('basic', 'Basic', { needed: 9, wanted: 9, priority: 200 }),
      member('premium', 'Premium', { needed: 9, wanted: 9 }),
    ]
    const shares = shareOut(members, [fleet(10), { name: 'basic', tier: 'Basic', costPerHour: 3 }])
    expect(shares.get('basic')).toEqual({ replicas: 3, stoppedBy: 'basic' })
    expect(shares.get('premium')).toEqual({ replicas: 7, stoppedBy: 'fleet' })
  })

  test('without a cap, or a price, everybody gets what it wants', () => {
    const members = [member('a', 'Basic', { needed: 3, wanted: 5 }), member('b', 'Premium', { wanted: 9, costPerReplicaHour: 0 })]
    expect(replicasOf(members, [])).toEqual({ a: 5, b: 9 })
    expect(replicasOf(members, [fleet(0)])).toEqual({ a: 1, b: 9 })
  })
})

const tiers: readonly Tier[] = ['Enterprise', 'Premium', 'Basic']
const anyMember = fc
  .record({
    tier: fc.constantFrom(...tiers, undefined),
    priority: fc.constantFrom(10, 20, 50, 90),
    costPerReplicaHour: fc.constantFrom(0.1, 0.25, 1, 1.7, 3),
    minReplicas: fc.nat(4),
    kept: fc.constantFrom(0, 0, 0, 7),
    needed: fc.nat(30),
    wanted: fc.nat(40),
  })
  .map(({ tier, ...rest }) => ({ ...rest, ...(tier && { tier }) }))
const anyMembers = fc
  .array(anyMember, { minLength: 1, maxLength: 7 })
  .map(members => members.map((one, index): Member => ({ ...one, id: `m${index}` })))
const anyCaps = fc
  .record({ all: fc.nat(120), tier: fc.nat(60), of: fc.constantFrom(...tiers) })
  .map(({ all, tier, of }): readonly Cap[] => [
    { name: 'fleet', costPerHour: all },
    { name: of, tier: of, costPerHour: tier },
  ])

describe('whatever is shared out', () => {
  test('no cap is passed but by floors, nobody is below its floor or above its wish', () => {
    fc.assert(
      fc.property(anyMembers, anyCaps, (members, caps) => {
        const shares = shareOut(members, caps)
        const costOf = (cap: Cap, replicas: (one: Member) => number) =>
          members.filter(one => isIn(cap, one)).reduce((sum, one) => sum + replicas(one) * one.costPerReplicaHour, 0)
        for (const cap of caps) {
          const floors = costOf(cap, floorOf)
          expect(costOf(cap, ({ id }) => shares.get(id)!.replicas)).toBeLessThanOrEqual(Math.max(cap.costPerHour, floors) + 1e-6)
        }
        for (const one of members) {
          const { replicas, stoppedBy } = shares.get(one.id)!
          const asked = Math.max(floorOf(one), one.needed, one.wanted)
          expect(replicas).toBeGreaterThanOrEqual(floorOf(one))
          expect(replicas).toBeLessThanOrEqual(asked)
          if (stoppedBy === undefined) expect(replicas).toBe(asked)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('another member, or the greater need of another, never gives anybody more', () => {
    fc.assert(
      fc.property(anyMembers, anyMember, anyCaps, (members, added, caps) => {
        const [before, after] = [shareOut(members, caps), shareOut([...members, { ...added, id: 'added' }], caps)]
        for (const { id } of members) expect(after.get(id)!.replicas).toBeLessThanOrEqual(before.get(id)!.replicas)
        const [first, ...others] = members
        const hungry = shareOut([{ ...first!, needed: first!.needed + 5, wanted: first!.wanted + 5 }, ...others], caps)
        for (const { id } of others) expect(hungry.get(id)!.replicas).toBeLessThanOrEqual(before.get(id)!.replicas)
      }),
      { numRuns: 400 },
    )
  })

  test('a higher priority never gives less, and more money never gives less in all', () => {
    fc.assert(
      fc.property(anyMembers, anyCaps, ([first, ...others], caps) => {
        const raised = { ...first!, priority: first!.priority + 30 }
        const of = (one: Member) => shareOut([one, ...others], caps).get(one.id)!.replicas
        expect(of(raised)).toBeGreaterThanOrEqual(of(first!))
      }),
      { numRuns: 400 },
    )
  })

  test('who asks for more than it wants gets what it wants, as if it had asked for that', () => {
    fc.assert(
      fc.property(anyMembers, anyCaps, ([first, ...others], caps) => {
        const honest = shareOut([first!, ...others], caps).get(first!.id)!.replicas
        const greedy = shareOut([{ ...first!, wanted: 1000 }, ...others], caps).get(first!.id)!.replicas
        expect(Math.min(greedy, Math.max(floorOf(first!), first!.needed, first!.wanted))).toBe(honest)
      }),
      { numRuns: 400 },
    )
  })
})
