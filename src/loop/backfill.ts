import type { Observation, Target } from '../core/model.ts'
import { emptyMemory, type Memory, type Rules } from '../core/rules.ts'
import { screen } from '../core/step.ts'
import { learn } from './tick.ts'

/** What a recording knows of one past tick. */
export type Recorded = Pick<Observation, 'at' | 'demand' | 'clients'>

/**
 * Teaches rules what was recorded before their first decision, oldest first: screens doubt it, forecaster and tuner learn what is
 * believed, nobody decides. Gives the memory that the first decision starts from. Costs about half of having lived through it.
 */
export function* backfill(rules: Rules, target: Target, past: Iterable<Recorded>): Generator<void, Memory> {
  let memory = emptyMemory
  for (const recorded of past) {
    const screened = screen(rules, memory, { replicas: { spec: 0, status: 0, ready: 0 }, pods: [], answers: [], ...recorded })
    memory = screened.memory
    learn(rules, target, screened.situation)
    yield
  }
  return memory
}
