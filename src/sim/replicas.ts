import type { Instant } from '../core/model.ts'
import { ticksOf } from './load.ts'
import { createNodes, type Node, type NodeOptions } from './nodes.ts'
import type { Random } from './random.ts'

/** Start-up of a pod: always `target.startupMs`, or log-normal around it as the median, cut at three sigma on both sides. */
export type Startup = { readonly kind: 'fixed' } | { readonly kind: 'lognormal'; readonly sigma: number }

/** The longest start-up that can be drawn; what a clairvoyant has to order ahead. */
export function longestStartupMs(medianMs: number, startup: Startup): number {
  return startup.kind === 'fixed' ? medianMs : medianMs * Math.exp(3 * startup.sigma)
}

/** The normal distribution's quantile at 0.9. */
const NORMAL_P90 = 1.2816

/** What nine of ten start-ups keep to: the lead time that a scaler learns from the past of its pods. */
export function usualStartupMs(medianMs: number, startup: Startup): number {
  return startup.kind === 'fixed' ? medianMs : medianMs * Math.exp(NORMAL_P90 * startup.sigma)
}

/** One pod of the simulated cluster. Ticks are counted from the start of the world. */
export interface Replica {
  readonly id: number
  /** From here it has a node with room; before, it is unschedulable. */
  readonly scheduledTick: number
  /** From here it is ready; Infinity for a pod that never will be. */
  readonly readyTick: number
  readonly node: Node | undefined
}

export interface ReplicaOptions {
  readonly initial: number
  readonly startupMs: number
  readonly startup: Startup
  readonly nodes?: NodeOptions
  /** Pods ordered within such a window stay unready until the cause is fixed at `to`, and then take their start-up once more. */
  readonly stuck: readonly { readonly from: Instant; readonly to: Instant }[]
  readonly startMs: Instant
  readonly tickMs: number
  readonly random: Random
}

export interface Replicas {
  /** What is ordered and billed. */
  ordered(): number
  readonly ready: readonly Replica[]
  readonly pending: readonly Replica[]
  /** Pods whose time has come become ready. */
  advance(tick: number): void
  /** Up: orders from this tick on. Down: at once, those not yet ready first, the newest first. */
  scale(to: number, tick: number): void
  /** A node dies: its pods (without a node model: the `pods` oldest) are created anew, and take their start-up. */
  loseNode(tick: number, pods: number): void
}

export function createReplicas(options: ReplicaOptions): Replicas {
  const nodes = options.nodes && createNodes(options.nodes, options.tickMs)
  const ready: Replica[] = []
  const pending: Replica[] = []
  let nextId = 0

  const order = (tick: number) => {
    const node = nodes?.take(tick)
    const scheduledTick = node ? Math.max(tick, node.readyTick) : tick
    pending.push({ id: nextId++, scheduledTick, readyTick: readyTick(options, scheduledTick, tick), node })
  }
  const drop = (from: Replica[]) => {
    const gone = from.pop()
    if (gone?.node) nodes?.release(gone.node)
  }
  const advance = (tick: number) => {
    if (pending.length > 0) becomeReady(pending, ready, tick)
  }

  for (let count = 0; count < options.initial; count++) {
    ready.push({ id: nextId++, scheduledTick: 0, readyTick: 0, node: nodes?.takeReady() })
  }
  return {
    ordered: () => ready.length + pending.length,
    ready,
    pending,
    advance,
    scale(to, tick) {
      while (ready.length + pending.length < to) order(tick)
      while (ready.length + pending.length > to) drop(pending.length > 0 ? pending : ready)
      advance(tick) // a start-up of nothing is ready in the tick of its order
    },
    loseNode(tick, pods) {
      const node = nodes?.oldest()
      if (node) nodes?.remove(node)
      const survives = (replica: Replica) => replica.node !== node
      const lost = nodes ? keep(ready, survives) + keep(pending, survives) : keep(ready, (_, index) => index >= pods)
      for (let count = 0; count < lost; count++) order(tick)
    },
  }
}

function readyTick(options: ReplicaOptions, scheduledTick: number, orderedTick: number): number {
  const orderedAt = options.startMs + orderedTick * options.tickMs
  const stuck = options.stuck.find(window => orderedAt >= window.from && orderedAt < window.to)
  const from = stuck ? Math.max(scheduledTick, ticksOf(stuck.to - options.startMs, options.tickMs)) : scheduledTick
  return from + ticksOf(drawStartupMs(options), options.tickMs)
}

function drawStartupMs({ startup, startupMs, random }: ReplicaOptions): number {
  if (startup.kind === 'fixed') return startupMs
  return startupMs * Math.exp(startup.sigma * Math.max(-3, Math.min(3, random.normal())))
}

/** Moves the pods that are due, in the order in which they were ordered. */
function becomeReady(pending: Replica[], ready: Replica[], tick: number): void {
  let kept = 0
  for (const replica of pending) {
    if (replica.readyTick <= tick) ready.push(replica)
    else pending[kept++] = replica
  }
  pending.length = kept
}

/** Keeps those that survive, in their order, and says how many went. */
function keep(replicas: Replica[], survives: (replica: Replica, index: number) => boolean): number {
  const before = replicas.length
  const kept = replicas.filter(survives)
  replicas.length = 0
  replicas.push(...kept)
  return before - kept.length
}
