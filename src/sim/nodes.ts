import { ticksOf } from './load.ts'

export interface NodeOptions {
  readonly podsPerNode: number
  /** From the need for a node until it takes pods. */
  readonly startupMs: number
}

/** A node with room for so many pods. It is asked for with the first pod that finds no room, and given back when empty. */
export interface Node {
  readonly readyTick: number
  pods: number
}

export interface Nodes {
  /** The first node with room, or a new one that is ready after its start-up. */
  take(tick: number): Node
  /** The same for a pod that runs since before the world began: a new node is ready at once. */
  takeReady(): Node
  release(node: Node): void
  oldest(): Node | undefined
  /** The node is lost together with its pods. */
  remove(node: Node): void
}

/** First fit, in the order of the nodes; a pod keeps the node that it was given at its order. */
export function createNodes(options: NodeOptions, tickMs: number): Nodes {
  const nodes: Node[] = []
  const startupTicks = ticksOf(options.startupMs, tickMs)
  const place = (readyTick: number) => {
    const found = nodes.find(node => node.pods < options.podsPerNode)
    const node = found ?? { readyTick, pods: 0 }
    if (found === undefined) nodes.push(node)
    node.pods++
    return node
  }
  const remove = (node: Node) => {
    const index = nodes.indexOf(node)
    if (index >= 0) nodes.splice(index, 1)
  }
  return {
    take: tick => place(tick + startupTicks),
    takeReady: () => place(0),
    release(node) {
      node.pods--
      if (node.pods === 0) remove(node)
    },
    oldest: () => nodes[0],
    remove,
  }
}
