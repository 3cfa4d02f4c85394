import type { Decision } from '../../core/model.ts'

/** A decision in one sentence and as a whole argument. */
export function explained(decision: Decision): { readonly sentence: string; readonly text: string } {
  const why = decision.proposals[0]?.why ?? decision.abstentions[0]?.why ?? 'nothing was proposed'
  return { sentence: `${decision.from} → ${decision.to}: ${why}`, text: why }
}
