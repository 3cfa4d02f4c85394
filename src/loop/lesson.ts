import { crescendoRules } from '../core/policy/crescendo-rules.ts'
import { snapshotRules } from '../core/policy/rules-snapshot.ts'
import type { Learnt, Lesson } from '../ports.ts'
import { backfill, knowingSchedules, type Recorded } from './backfill.ts'

/** Learns a whole past at once. Throws where the rules cannot be written down: there is no forecaster then, and nothing to learn. */
export function learnLesson({ options, at, value, scheduled = [] }: Lesson): Learnt {
  const rules = crescendoRules(options)
  const turns = backfill(rules, options.target, knowingSchedules(recorded(at, value), scheduled))
  let turn = turns.next()
  while (turn.done !== true) turn = turns.next()
  const snapshot = snapshotRules(rules)
  if (snapshot === undefined) throw new Error('the rules have nothing that learns')
  return { rules: snapshot, slots: turn.value.slots }
}

function* recorded(at: Float64Array, value: Float64Array): Generator<Recorded> {
  for (let i = 0; i < at.length; i++) yield { at: at[i]!, demand: { kind: 'value', at: at[i]!, value: value[i]! } }
}
