import type { Allowance, Decision, Instant, Target } from '../model.ts'
import { affordableCostPerHour, charge, type Limits, replicasFor, type Spending } from './purse.ts'
import { type Cap, floorOf, isIn, type Member, type Share, shareOut, type Tier } from './share-out.ts'

/** A budget that several services share: a tier's, or that of all. */
export interface SharedBudget extends Limits {
  /** Warn: only told. Cap: cuts. */
  readonly enforcement: 'Warn' | 'Cap'
}

export interface FleetSettings {
  readonly currency: string
  readonly fleet?: SharedBudget
  readonly tiers?: Readonly<Partial<Record<Tier, SharedBudget>>>
}

/** What is known of a service before it decides. */
export type Standing = Pick<Member, 'id' | 'tier' | 'priority' | 'costPerReplicaHour' | 'minReplicas'>

/** A service with what it last asked for, and how many replicas of it are on order. */
export interface FleetMember extends Member {
  readonly ordered: number
}

/** How a shared budget stands, all in `currency`. */
export interface BudgetFact {
  /** "fleet", or the tier. */
  readonly name: string
  readonly currency: string
  readonly limits: SharedBudget
  readonly orderedPerHour: number
  readonly spentToday: number
  readonly spentThisMonth: number
}

/**
 * The purse of all who share budgets. It is told what each has decided, and tells each what is left for it before it decides. An
 * accumulator: it charges what is on order as time goes by, and uses no clock.
 */
export interface Fleet {
  /** What is left for it, which has `ordered` replicas now. */
  allowance(me: Standing, now: { readonly at: Instant; readonly ordered: number }): Allowance
  /**
   * Whether there is money for that many replicas of it now; where there is, they are on order from then on. Of several that decided
   * at the same moment, each after an allowance that counted on the same money, the first gets it and the others decide anew.
   */
  claim(me: Standing, replicas: number, at: Instant): boolean
  /** What it asked for, and what it has on order now. */
  note(member: FleetMember, at: Instant): void
  forget(id: string, at: Instant): void
  budgets(at: Instant): readonly BudgetFact[]
  /** What was spent of each budget, under its name; as plain values. */
  spent(): Readonly<Record<string, Spending>>
}

interface Purse {
  readonly name: string
  readonly tier?: Tier
  readonly limits: SharedBudget
}

/** More than any target may have: it asks for all that is left. */
const ALL = 1000

/** `before`: what was spent of each budget when it was last kept; `members`: who is known to have replicas on order since then. */
export function createFleet(
  settings: FleetSettings,
  before: { readonly spent?: Readonly<Record<string, Spending>>; readonly members?: readonly FleetMember[] } = {},
): Fleet {
  const purses = pursesOf(settings)
  const members = new Map((before.members ?? []).map(member => [member.id, member]))
  const spent: Record<string, Spending> = { ...before.spent }
  const bill = (now: Instant) => {
    for (const purse of purses) {
      spent[purse.name] = charge(spent[purse.name], { now, costPerHour: orderedPerHour(purse, [...members.values()]) })
    }
  }
  const roomOf = (purse: Purse, all: readonly FleetMember[]): Room => {
    const floors = all.filter(one => isIn(purse, one)).map(one => one.minReplicas * one.costPerReplicaHour)
    const floorCostPerHour = floors.reduce((sum, one) => sum + one, 0)
    const costPerHour = affordableCostPerHour(purse.limits, { spending: spent[purse.name]!, floorCostPerHour })
    return { ...purse, costPerHour, orderedPerHour: orderedPerHour(purse, all) }
  }
  return {
    allowance(me, { at, ordered }) {
      bill(at)
      const member = standing(me, { ordered, before: members.get(me.id) })
      members.set(me.id, member)
      const all = [...members.values()]
      const rooms = purses.filter(purse => isIn(purse, me)).map(purse => roomOf(purse, all))
      const everywhere = purses.filter(({ limits }) => limits.enforcement === 'Cap').map(purse => roomOf(purse, all))
      return {
        ...allowanceOf(member, { all, rooms, everywhere, currency: settings.currency }),
        ...warningOf(rooms, all, settings),
      }
    },
    claim(me, replicas, at) {
      bill(at)
      const before = members.get(me.id)
      const cost = (replicas - (before?.ordered ?? 0)) * me.costPerReplicaHour
      const all = [...members.values()]
      const rooms = purses.filter(purse => isIn(purse, me) && purse.limits.enforcement === 'Cap').map(purse => roomOf(purse, all))
      const isFree = rooms.every(({ costPerHour, orderedPerHour: ordered }) => ordered + cost <= costPerHour + 1e-9)
      if (cost > 0 && replicas > Math.max(me.minReplicas, before?.kept ?? 0) && !isFree) return false
      if (before !== undefined) members.set(me.id, { ...before, ordered: replicas })
      return true
    },
    note(member, at) {
      bill(at)
      members.set(member.id, member)
    },
    forget(id, at) {
      bill(at)
      members.delete(id)
    },
    budgets(at) {
      bill(at)
      return purses.map(({ name, tier, limits }) => {
        const { spentToday, spentThisMonth = spentToday } = spent[name]!
        const ordered = orderedPerHour({ name, limits, ...(tier && { tier }) }, [...members.values()])
        return { name, currency: settings.currency, limits, orderedPerHour: ordered, spentToday, spentThisMonth }
      })
    },
    spent: () => ({ ...spent }),
  }
}

/** A member after its decision: what it wished before the shared budgets cut, and what it holds in spite of them. */
export function memberAfter(
  me: Standing,
  decided: { readonly decision: Decision; readonly target: Target; readonly ordered: number },
): FleetMember {
  const { decision, target, ordered } = decided
  const { demand, verdicts, from } = decision
  const wanted = verdicts.find(({ by }) => by === 'share')?.from ?? decision.to
  const kept = Math.max(0, ...verdicts.map(({ keeps = 0 }) => keeps))
  // An emergency needs what it has got; else nobody needs more than its maximum.
  const most = Math.max(target.maxReplicas, decision.to)
  const needed = demand === undefined ? from : Math.ceil(demand / target.capacityPerReplica - 1e-9)
  return { ...me, kept, wanted: Math.max(wanted, me.minReplicas), needed: Math.min(needed, most), ordered }
}

interface Room extends Purse, Cap {
  readonly orderedPerHour: number
}

function pursesOf({ fleet, tiers = {} }: FleetSettings): readonly Purse[] {
  const own = Object.entries(tiers).map(([tier, limits]): Purse => ({ name: tier, tier: tier as Tier, limits })) // its keys are tiers
  return [...own, ...(fleet ? [{ name: 'fleet', limits: fleet }] : [])]
}

const orderedPerHour = (purse: Purse, members: readonly FleetMember[]): number =>
  members.filter(one => isIn(purse, one)).reduce((sum, one) => sum + one.ordered * one.costPerReplicaHour, 0)

/** One who has not decided yet is taken to need what it has. */
function standing(me: Standing, { ordered, before }: { ordered: number; before: FleetMember | undefined }): FleetMember {
  const { kept, needed, wanted } = before ?? { kept: 0, needed: ordered, wanted: ordered }
  return { ...me, kept, needed, wanted, ordered }
}

interface Found {
  readonly all: readonly FleetMember[]
  /** The budgets that it is in … */
  readonly rooms: readonly Room[]
  /** … and all that cut anybody. */
  readonly everywhere: readonly Room[]
  readonly currency: string
}

function allowanceOf(me: FleetMember, { all, rooms, everywhere, currency }: Found): Allowance {
  const others = all.filter(({ id }) => id !== me.id)
  const shareOf = (asking: Partial<Member>): Share => shareOut([...others, { ...me, ...asking }], everywhere).get(me.id)!
  const [share, urgent] = [shareOf({ wanted: ALL }), shareOf({ needed: ALL })]
  const capping = rooms.filter(({ limits }) => limits.enforcement === 'Cap')
  const unheld = capping.map(room => ({ room, cost: room.costPerHour - room.orderedPerHour }))
  const scarcest = unheld.toSorted((a, b) => a.cost - b.cost)[0]
  const more = scarcest === undefined ? ALL : Math.max(0, replicasFor(scarcest.cost, me.costPerReplicaHour))
  const reachable = Math.max(me.ordered + more, floorOf(me))
  const binding = capping.find(({ name }) => name === share.stoppedBy) ?? scarcest?.room
  return {
    replicas: Math.min(share.replicas, reachable),
    whenNeeded: Math.min(urgent.replicas, reachable),
    by: binding?.tier === undefined ? 'Fleet' : 'Tier',
    why: binding === undefined ? 'no budget cuts' : reasonOf(me, { binding, others, currency }),
  }
}

/** "enterprise first, 39.60 of 40.00 USD an hour on order" */
function reasonOf(
  me: FleetMember,
  { binding, others, currency }: { binding: Room; others: readonly FleetMember[]; currency: string },
): string {
  const before = others.filter(one => isIn(binding, one) && one.priority > me.priority)
  const names = [
    ...new Set(
      before.toSorted((a, b) => b.priority - a.priority).map(one => one.tier?.toLowerCase() ?? `priority ${one.priority}`),
    ),
  ]
  const first = names.length > 0 ? `${names.join(' and ')} first` : 'nobody before it'
  const affordable = Math.max(0, binding.costPerHour).toFixed(2)
  return `${first}, ${binding.orderedPerHour.toFixed(2)} of ${affordable} ${currency} an hour on order`
}

function warningOf(rooms: readonly Room[], all: readonly FleetMember[], { currency }: FleetSettings): Pick<Allowance, 'warning'> {
  for (const room of rooms.filter(({ limits }) => limits.enforcement === 'Warn')) {
    const wanted = all.filter(one => isIn(room, one)).reduce((sum, one) => sum + one.wanted * one.costPerReplicaHour, 0)
    if (wanted <= room.costPerHour + 1e-9) continue
    const whose = room.tier === undefined ? 'fleet budget' : `budget of the tier ${room.tier}`
    const [asked, left] = [wanted.toFixed(2), room.costPerHour.toFixed(2)]
    return { warning: `the ${whose} only warns: ${asked} of ${left} ${currency} an hour are wanted` }
  }
  return {}
}
