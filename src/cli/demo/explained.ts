import { explain } from '../../core/explain/explain.ts'
import type { Decision } from '../../core/model.ts'

/** A decision in one sentence and as a whole argument. */
export function explained(decision: Decision): { readonly sentence: string; readonly text: string } {
  return explain(decision)
}
