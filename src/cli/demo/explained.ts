import { explain } from '../../core/explain/explain.ts'
import type { Decision } from '../../core/model.ts'
import { TICK_MS } from './service.ts'

/** A decision of the demo in one sentence, and as a whole argument. */
export function explained(decision: Decision, capacityPerReplica?: number): { readonly sentence: string; readonly text: string } {
  return explain(decision, { periodSeconds: TICK_MS / 1000, ...(capacityPerReplica !== undefined && { capacityPerReplica }) })
}
