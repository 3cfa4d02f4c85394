import type { RuleState } from '../decide/block-rule.ts'
import { type Kept, numbersPart, type Part, partsOf } from '../state.ts'

/** What a stretch of past ticks cost: replica-ticks, ticks with load above capacity, ticks with a changed plan. */
export interface Tally {
  readonly cost: number
  readonly bad: number
  readonly actions: number
}

/** One imagined scaler and its replicas; ready are those that were ordered without a break during the last start-up. */
export interface Fleet extends RuleState {
  readonly orders: Int32Array
  ready: number
  cost: number
  bad: number
  actions: number
}

export function createFleet(startupTicks: number, replicas: number): Fleet {
  const orders = new Int32Array(startupTicks + 1).fill(replicas)
  return { replicas, heldTicks: 0, highest: 0, orders, ready: replicas, cost: 0, bad: 0, actions: 0 }
}

/** The state of one fleet. */
export function fleetPart(fleet: Fleet): Part {
  const numbers = numbersPart(
    () => [fleet.replicas, fleet.heldTicks, fleet.highest, fleet.ready, fleet.cost, fleet.bad, fleet.actions],
    ([replicas = 0, heldTicks = 0, highest = 0, ready = 0, cost = 0, bad = 0, actions = 0]) => {
      Object.assign(fleet, { replicas, heldTicks, highest, ready, cost, bad, actions })
    },
  )
  return partsOf({ numbers, orders: fleet.orders })
}

/** Many fleets in two arrays: as objects, those of a thousand targets would fill the memory. One is in hand at a time. */
export interface FleetTable extends Kept {
  /** Fills the fleet in hand with row `row`, and gives it out; `store` writes it back. */
  gather(row: number): Fleet
  store(row: number): void
  /** How many ticks of row `row` were bad since `clear`. */
  bad(row: number): number
  tally(row: number): Tally
  clear(row: number): void
}

const FIELDS = 6

export function createFleetTable(rows: number, startupTicks: number, replicas: number): FleetTable {
  const inHand = createFleet(startupTicks, replicas)
  const width = FIELDS + inHand.orders.length
  const counts = new Int32Array(rows * width)
  const costs = new Float64Array(rows)
  const store = (row: number) => {
    const { replicas: now, heldTicks, highest, ready, bad, actions, orders } = inHand
    const from = row * width
    counts[from] = now
    counts[from + 1] = heldTicks
    counts[from + 2] = highest
    counts[from + 3] = ready
    counts[from + 4] = bad
    counts[from + 5] = actions
    counts.set(orders, from + FIELDS)
    costs[row] = inHand.cost
  }
  for (let row = 0; row < rows; row++) store(row)
  return {
    part: () => partsOf({ counts, costs }),
    gather(row) {
      const from = row * width
      inHand.replicas = counts[from]!
      inHand.heldTicks = counts[from + 1]!
      inHand.highest = counts[from + 2]!
      inHand.ready = counts[from + 3]!
      inHand.bad = counts[from + 4]!
      inHand.actions = counts[from + 5]!
      inHand.cost = costs[row]!
      for (let i = 0; i < inHand.orders.length; i++) inHand.orders[i] = counts[from + FIELDS + i]!
      return inHand
    },
    store,
    bad: row => counts[row * width + 4]!,
    tally: row => ({ cost: costs[row]!, bad: counts[row * width + 4]!, actions: counts[row * width + 5]! }),
    clear(row) {
      counts.fill(0, row * width + 4, row * width + FIELDS)
      costs[row] = 0
    },
  }
}

/**
 * The tick's bill and its violation, once `fleet.replicas` is set for it. Ticks count up by one. `need` is what the load of
 * the tick took, in replicas; undefined where nobody knows.
 */
export function settleTick(fleet: Fleet, tick: number, need: number | undefined): void {
  const { orders, replicas } = fleet
  const slot = tick % orders.length
  const leaving = orders[slot]!
  orders[slot] = replicas
  if (replicas <= fleet.ready) fleet.ready = replicas
  else if (leaving === fleet.ready) fleet.ready = smallest(orders)
  fleet.cost += replicas
  if (need !== undefined && fleet.ready < need) fleet.bad += 1
}

function smallest(orders: Int32Array): number {
  let least = orders[0]!
  for (let i = 1; i < orders.length; i++) if (orders[i]! < least) least = orders[i]!
  return least
}

/** Hands out what was tallied since the last call. */
export function takeTally(fleet: Fleet): Tally {
  const { cost, bad, actions } = fleet
  fleet.cost = 0
  fleet.bad = 0
  fleet.actions = 0
  return { cost, bad, actions }
}
