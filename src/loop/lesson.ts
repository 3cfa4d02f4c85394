import { crescendoRules } from '../core/policy/crescendo-rules.ts'
import { snapshotRules } from '../core/policy/rules-snapshot.ts'
import type { Lessons } from '../core/rules.ts'
import type { Learnt, Lesson } from '../ports.ts'
import { backfill, type Recorded } from './backfill.ts'

/** Of the past so much is learnt between two fits: forecasts of a day that no fit has seen tell how wrong they are. */
export const FIT_EVERY_MS = 86_400_000

/**
 * Learns a whole past at once, with a fit after each of its days where the rules leave fits to others. Throws where the rules cannot be
 * written down: there is no forecaster then, and nothing to learn.
 */
export function learnLesson({ options, at, value }: Lesson, fitOf: (input: unknown) => unknown): Learnt {
  const rules = crescendoRules(options)
  const turns = backfill(rules, options.target, recorded(at, value))
  let fitsAt = (at[0] ?? 0) + FIT_EVERY_MS
  let turn = turns.next()
  for (let i = 0; turn.done !== true; i++) {
    if (at[i]! >= fitsAt) {
      fitWhatIsDue(rules.lessons, fitOf)
      fitsAt += FIT_EVERY_MS
    }
    turn = turns.next()
  }
  fitWhatIsDue(rules.lessons, fitOf)
  const snapshot = snapshotRules(rules)
  if (snapshot === undefined) throw new Error('the rules have nothing that learns')
  return { rules: snapshot, slots: turn.value.slots }
}

function* recorded(at: Float64Array, value: Float64Array): Generator<Recorded> {
  for (let i = 0; i < at.length; i++) yield { at: at[i]!, demand: { kind: 'value', at: at[i]!, value: value[i]! } }
}

function fitWhatIsDue(lessons: Lessons | undefined, fitOf: (input: unknown) => unknown): void {
  const input = lessons?.pendingFit()
  if (input !== undefined) lessons?.adoptFit(fitOf(input))
}
