import type { LearntScalars } from '../core/policy/learnt-scalars.ts'
import { type Days, type Judgement, judge, WORSE_SHARE } from './judge.ts'
import { type PastReplays, sharedPast } from './past-replays.ts'
import type { DayFigures, Past } from './replay-past.ts'

/** A revision beside the policy in force, on load that neither was learnt from. */
export interface Shadowed extends Judgement {
  readonly holds: boolean
}

/** Both on the same past: what is in force by `past.options`, the other by `scalars`. */
export async function playBeside(
  told: Past,
  { replays, scalars }: { readonly replays: PastReplays; readonly scalars: Partial<LearntScalars> },
): Promise<{ readonly before: DayFigures; readonly after: DayFigures }> {
  const past = sharedPast(told)
  const { figures, tape } = await replays.record(past)
  return { before: figures, after: await replays.replay(past, { tape, learnt: scalars }) }
}

/** Days that a revision has to be held beside the policy in force before it may be promoted. */
export const SHADOW_DAYS = 3

/** It holds where neither figure came out more than 2 % worse; three days are too few to be sure of more. */
export function shadowed(
  figures: { readonly before: DayFigures; readonly after: DayFigures },
  days: Days & { readonly seed: number },
): Shadowed {
  const judgement = judge(figures, days)
  const { replicaHours, badMinutes } = judgement
  const worse = [replicaHours, badMinutes].map(({ before, after }) => after > (1 + WORSE_SHARE) * before + 1e-9)
  const holds = !worse.includes(true)
  const why = holds
    ? 'on new load neither cost nor bad minutes came out more than 2 % worse'
    : `on new load ${worse[0] ? 'the cost' : 'bad minutes'} came out more than 2 % worse`
  return { ...judgement, holds, why }
}
