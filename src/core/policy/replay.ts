import type { RuleState } from '../decide/block-rule.ts'

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
