import { replicasFor } from './purse.ts'

export type Tier = 'Enterprise' | 'Premium' | 'Basic'

/** One service among those that share a budget. */
export interface Member {
  /** "namespace/name" */
  readonly id: string
  readonly tier?: Tier
  /** Higher is served first. */
  readonly priority: number
  readonly costPerReplicaHour: number
  /** No budget ever takes these. */
  readonly minReplicas: number
  /** What a hold keeps whatever it costs; 0 where nothing is held. */
  readonly kept: number
  /** What the believed demand needs right now. */
  readonly needed: number
  /** What it would order if it had all the money. */
  readonly wanted: number
}

/** Money per hour that those of a tier, or all, may have on order together. */
export interface Cap {
  readonly name: string
  /** Absent: everybody is in it. */
  readonly tier?: Tier
  readonly costPerHour: number
}

export interface Share {
  readonly replicas: number
  /** The cap that left it with less than it wanted. */
  readonly stoppedBy?: string
}

interface Wish {
  readonly member: Member
  /** Money per hour beyond the floor: given so far, and still asked for. */
  given: number
  left: number
  stoppedBy?: string
}

interface Room {
  readonly cap: Cap
  left: number
}

/** Money below this is a rounding error. */
const NOTHING = 1e-12

/**
 * Who gets how many: floors first, whatever they cost (minReplicas, and what a hold keeps); then by priority from high to low, and
 * among equals what is needed now before what is wished beyond. What a high priority wishes comes before what a low one needs: its
 * wish is what it will need once replicas that are ordered now are ready. Equals get the same money, and nobody more than it asks for.
 * So an added member, or another one's greater wish, never gives anybody more, and asking for more than one wants gains nothing.
 * 12 an hour at 1 a replica; enterprise (priority 100) wishes 8, two basics (20) need 5 and 1, floors of 1: enterprise gets 8, they 3
 * and 1.
 */
export function shareOut(members: readonly Member[], caps: readonly Cap[]): ReadonlyMap<string, Share> {
  const wishes = members.map((member): Wish => ({ member, given: 0, left: 0 }))
  const rooms = caps.map((cap): Room => {
    const floors = members.filter(member => isIn(cap, member)).map(member => floorOf(member) * member.costPerReplicaHour)
    return { cap, left: Math.max(0, cap.costPerHour - sum(floors)) }
  })
  const ranks = [...new Set(members.map(({ priority }) => priority))].toSorted((a, b) => b - a)
  for (const rank of ranks) {
    const equals = wishes.filter(({ member }) => member.priority === rank)
    for (const extraOf of [neededExtra, wantedExtra]) {
      for (const wish of equals) wish.left = extraOf(wish.member) * wish.member.costPerReplicaHour
      pour(equals, rooms)
    }
  }
  return new Map(wishes.map(wish => [wish.member.id, shareOf(wish)]))
}

export const isIn = ({ tier }: Pick<Cap, 'tier'>, member: Pick<Member, 'tier'>): boolean =>
  tier === undefined || member.tier === tier

export const floorOf = ({ minReplicas, kept }: Member): number => Math.max(minReplicas, kept)

const neededExtra = (member: Member) => Math.max(0, member.needed - floorOf(member))
const wantedExtra = (member: Member) => Math.max(0, member.wanted - Math.max(member.needed, floorOf(member)))
const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0)

/** Fills all wishes at the same speed; one stops when it is full, or when a cap that it is in has no room left. */
function pour(wishes: readonly Wish[], rooms: readonly Room[]): void {
  let thirsty = wishes.filter(({ left }) => left > 0)
  while (thirsty.length > 0) {
    for (const wish of thirsty) {
      const full = rooms.find(({ cap, left }) => left <= NOTHING && isIn(cap, wish.member))
      if (full !== undefined) wish.stoppedBy ??= full.cap.name
    }
    thirsty = thirsty.filter(({ stoppedBy }) => stoppedBy === undefined)
    const counts = rooms.map(({ cap }) => thirsty.filter(({ member }) => isIn(cap, member)).length)
    const untilFull = rooms.map(({ left }, index) => (counts[index] === 0 ? Number.POSITIVE_INFINITY : left / counts[index]!))
    const each = Math.min(...thirsty.map(({ left }) => left), ...untilFull)
    for (const wish of thirsty) {
      wish.given += each
      wish.left -= each
    }
    for (const [index, room] of rooms.entries()) if (counts[index]! > 0) room.left -= counts[index]! * each
    thirsty = thirsty.filter(({ left }) => left > 0)
  }
}

function shareOf({ member, given, stoppedBy }: Wish): Share {
  const floor = floorOf(member)
  const asked = Math.max(floor, member.needed, member.wanted)
  const replicas = Math.min(asked, floor + replicasFor(given, member.costPerReplicaHour))
  return { replicas, ...(stoppedBy !== undefined && { stoppedBy }) }
}
