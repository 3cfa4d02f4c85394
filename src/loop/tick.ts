import type { Decision, Instant, Situation, Target } from '../core/model.ts'
import type { Memory, Rules } from '../core/rules.ts'
import { withCapacity } from '../core/slo/in-force.ts'
import { screen, step } from '../core/step.ts'
import type { Outcome, Ports } from '../ports.ts'

/**
 * One turn of the loop for one target: observe, screen, store, decide, guard, act, record. The simulator runs this very
 * function; only the ports differ. It never throws for a failed act: the outcome is journalled and the next tick decides anew.
 */
export async function tick(ports: Ports, rules: Rules, target: Target): Promise<Decision> {
  const [state, metrics] = await Promise.all([ports.cluster.replicas(target), ports.metrics.read(target)])
  const remembered = await ports.store.recall(target.id)
  const screened = screen(rules, remembered, { at: ports.clock.now(), ...state, ...metrics })
  await ports.store.append(target.id, screened.situation)
  learn(rules, target, screened.situation)
  const { memory, decision } = step(rules, screened.memory, { target, situation: screened.situation })
  await ports.store.remember(target.id, memory)
  if (decision.to === decision.from) return decision
  const withheld = ports.cluster.withheld?.(target, decision.to)
  if (withheld === undefined) await ports.journal.intend(decision)
  const outcome: Outcome = withheld === undefined ? await act(ports, target, decision) : { kind: 'held', why: withheld }
  await ports.journal.settle(decision, outcome)
  if (outcome.kind !== 'scaled') await ports.store.remember(target.id, withoutAct(memory))
  return decision
}

/** What was decided did not happen: what is observed next is then nobody's answer to it. */
function withoutAct({ decided, ...memory }: Memory): Memory {
  return decided === undefined ? memory : { ...memory, decided: { ...decided, refused: true } }
}

/** When rules were last taught: an object that was woken between two ticks decides anew, but lives on the grid of its period. */
const taughtAt = new WeakMap<Rules, Instant>()

/** Lets the accumulators see this tick; a missing demand is a gap, not a zero. */
export function learn(rules: Rules, target: Target, situation: Situation): void {
  const { observation, demand } = situation
  if (observation.at - (taughtAt.get(rules) ?? Number.NEGATIVE_INFINITY) < target.periodMs / 2) return
  taughtAt.set(rules, observation.at)
  rules.safeLoad?.absorb(situation, target.periodMs)
  rules.forecaster?.absorb(observation.demand.at, demand, observation.scheduled)
  const forecast = rules.tuner && rules.forecaster?.predict(observation.at, observation.scheduled)
  rules.tuner?.absorb({
    at: observation.at,
    demand,
    forecast: forecast && 'windows' in forecast ? forecast : undefined,
    target: withCapacity(target, rules.safeLoad?.inForce()),
  })
}

async function act(ports: Ports, target: Target, decision: Decision): Promise<Outcome> {
  try {
    await ports.cluster.scale(target, decision.to)
    return { kind: 'scaled' }
  } catch (cause) {
    ports.log.warn('scale failed', { target: target.id, to: decision.to, cause })
    return { kind: 'failed', why: cause instanceof Error ? cause.message : String(cause) }
  }
}
