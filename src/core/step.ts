import type { Abstention, Condition, Decision, Doubt, Observation, Proposal, Situation, Target, Verdict } from './model.ts'
import type { Context, Draft, Memory, Rules } from './rules.ts'
import { targetInForce } from './scheduled.ts'
import { withCapacity } from './slo/in-force.ts'

/**
 * Demand we choose to believe; runs before anything is stored, so nothing downstream ever learns from an attack.
 * Of several doubts the most sceptical wins, and a screen can only lower the demand.
 */
export function screen(rules: Rules, memory: Memory, observation: Observation): { memory: Memory; situation: Situation } {
  const slots = { ...memory.slots }
  const doubts: Doubt[] = []
  let seen = observation
  let shown = observation
  for (const one of rules.screens) {
    const { doubt, missing, memory: slot } = one.doubt(shown, memory, lowest(doubts))
    if (slot !== undefined) slots[one.name] = slot
    if (doubt !== undefined) doubts.push(doubt)
    if (doubt !== undefined && one.masks)
      shown = { ...shown, demand: { kind: 'value', at: shown.demand.at, value: doubt.believes } }
    if (missing !== undefined) {
      seen = { ...seen, demand: { kind: 'missing', at: Math.min(seen.demand.at, seen.at), why: missing } }
      shown = seen
    }
  }
  const situation: Situation =
    seen.demand.kind === 'missing'
      ? { observation: seen, doubts }
      : { observation: seen, doubts, demand: Math.min(seen.demand.value, ...doubts.map(doubt => doubt.believes)) }
  return { memory: { ...memory, slots }, situation }
}

const lowest = (doubts: readonly Doubt[]): number | undefined =>
  doubts.length === 0 ? undefined : Math.min(...doubts.map(({ believes }) => believes))

/**
 * One decision: every proposer speaks, the highest wins, then the guards run in their fixed order and each may change the
 * number. Pure: the same rules, memory and input always give the same memory and decision.
 */
export function step(
  rules: Rules,
  memory: Memory,
  input: { readonly target: Target; readonly situation: Situation },
): { memory: Memory; decision: Decision } {
  const { situation } = input
  const { at, replicas, scheduled } = situation.observation
  const safeLoad = rules.safeLoad?.inForce()
  const target = withCapacity(targetInForce(input.target, at, scheduled), safeLoad)
  const forecast = rules.forecaster?.predict(at, scheduled)
  const parameters = rules.tuner?.parameters()
  const context: Context = {
    now: at,
    target,
    situation,
    memory,
    ...(forecast && { forecast }),
    ...(parameters && { parameters }),
    ...(safeLoad && { safeLoad }),
  }
  const slots: Record<string, unknown> = { ...memory.slots }
  const conditions = new Map<string, Condition>()
  const note = (name: string, said: { memory?: unknown; conditions?: readonly Condition[] }) => {
    if (said.memory !== undefined) slots[name] = said.memory
    for (const condition of said.conditions ?? []) conditions.set(condition.type, condition)
  }

  const { proposals, abstentions, outright, floorsOnly } = hear(rules, context, note)
  const wanted = proposals.map(proposal => proposal.replicas)
  const asked = Math.max(...wanted, ...(floorsOnly ? [replicas.spec] : []))
  const { to, verdicts } = guard(rules, {
    draft: draftOf({ asked, outright, abstained: floorsOnly && asked === replicas.spec }, context),
    context,
    note,
  })
  const plain = rules.counterfactual?.propose({ ...context, target: input.target })
  if (rules.counterfactual && plain?.memory !== undefined) slots[rules.counterfactual.name] = plain.memory

  const decision: Decision = {
    at,
    target: target.id,
    from: replicas.spec,
    to,
    ...(situation.demand !== undefined && { demand: situation.demand }),
    doubts: situation.doubts,
    ...(forecast && 'windows' in forecast && { forecast }),
    ...(safeLoad && { safeLoad }),
    proposals,
    abstentions,
    verdicts,
    conditions: [...conditions.values()],
    plainHpa:
      plain?.kind === 'proposes'
        ? { replicas: plain.replicas, why: plain.why }
        : { replicas: replicas.spec, why: plain?.why ?? 'not asked' },
  }
  return { memory: { slots, decided: { at, from: replicas.spec, to } }, decision }
}

type Note = (name: string, said: { memory?: unknown; conditions?: readonly Condition[] }) => void

function hear(rules: Rules, context: Context, note: Note) {
  const proposals: Proposal[] = []
  const abstentions: Abstention[] = []
  let [best, outright, floorsOnly] = [Number.NEGATIVE_INFINITY, false, true]
  for (const proposer of rules.proposers) {
    const said = proposer.propose(context)
    note(proposer.name, said)
    if (said.kind === 'abstains') abstentions.push({ by: proposer.name, why: said.why })
    else {
      proposals.push({ by: proposer.name, replicas: said.replicas, why: said.why })
      if (!said.floor) floorsOnly = false
      if (said.replicas > best) [best, outright] = [said.replicas, said.outright ?? false]
    }
  }
  return { proposals, abstentions, outright, floorsOnly }
}

/** The SLO floor beside the draft, for the guards that may not cut below what is needed now. */
function draftOf(heard: Pick<Draft, 'asked' | 'outright'> & { abstained: boolean }, { target, situation }: Context): Draft {
  const draft = { ...heard, replicas: heard.asked }
  return situation.demand === undefined
    ? draft
    : { ...draft, needed: Math.ceil(situation.demand / target.capacityPerReplica - 1e-9) }
}

function guard(rules: Rules, run: { draft: Draft; context: Context; note: Note }) {
  const verdicts: Verdict[] = []
  let draft = run.draft
  for (const one of rules.guards) {
    const said = one.limit(draft, run.context)
    run.note(one.name, said)
    const { why, keeps } = said
    verdicts.push({ by: one.name, from: draft.replicas, to: said.replicas, why, ...(keeps !== undefined && { keeps }) })
    draft = { ...draft, replicas: said.replicas }
  }
  return { to: draft.replicas, verdicts }
}
