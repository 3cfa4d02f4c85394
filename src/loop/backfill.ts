import type { Observation, ScheduledWindow, Target } from '../core/model.ts'
import { emptyMemory, type Memory, type Rules } from '../core/rules.ts'
import { screen } from '../core/step.ts'
import { learn } from './tick.ts'

/** Windows so far from a past tick are told with it: as long as a forecast reaches. */
const SEEN_AHEAD_MS = 3_600_000

/** What a recording knows of one past tick. */
export type Recorded = Pick<Observation, 'at' | 'demand' | 'clients' | 'scheduled'>

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

/** A past together with what was known of each of its times before it came; `scheduled` covers all of it. */
export function* knowingSchedules(past: Iterable<Recorded>, scheduled: readonly ScheduledWindow[]): Generator<Recorded> {
  for (const recorded of past) {
    const then = scheduled.filter(({ from, to }) => from < recorded.at + SEEN_AHEAD_MS && to > recorded.at - SEEN_AHEAD_MS)
    yield then.length === 0 ? recorded : { ...recorded, scheduled: then }
  }
}
