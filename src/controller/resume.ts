import type { Decision } from '../core/model.ts'
import type { DurableStore, Log } from '../ports.ts'

interface Options {
  readonly store: DurableStore
  readonly log: Log
  /** Replicas that the target has now; undefined where the object is gone. */
  readonly replicasOf: (id: string) => Promise<number | undefined>
}

/**
 * What a crash left between intent and outcome is settled by what the cluster says: replicas as intended are a scale that
 * happened, anything else is one that did not. Nothing is written to the cluster: the next tick decides from what it finds.
 */
export async function settleOpenIntents({ store, log, replicasOf }: Options): Promise<void> {
  try {
    for (const decision of await store.openIntents()) {
      const found = await replicasOf(decision.target).catch(() => undefined)
      const happened = found === decision.to
      const why = `the process ended before the outcome was known; ${found === undefined ? 'the target is gone' : `found ${found} replicas`}`
      if (!happened) await markRefused(decision, store)
      await store.settle(decision, happened ? { kind: 'scaled' } : { kind: 'failed', why })
      log.info('an open intent was settled', { target: decision.target, to: decision.to, found, happened })
    }
  } catch (cause) {
    log.warn('open intents could not be settled', { cause })
  }
}

/** Without it, the replicas that are found would look like somebody else's answer to what was never written. */
async function markRefused({ target, at }: Decision, store: DurableStore): Promise<void> {
  const memory = await store.recall(target)
  if (memory.decided?.at !== at) return
  await store.remember(target, { ...memory, decided: { ...memory.decided, refused: true } })
}
