import type { DecisionView } from '../../show/contract.ts'

/** A decision, and how long it held: until the next one that was kept. */
interface Span {
  readonly at: number
  readonly ms: number
  readonly decision: DecisionView
}

/** What was decided about one workload, oldest first, weighted by time: equal decisions are kept once in five minutes only. */
export interface Past {
  readonly spans: readonly Span[]
  /** The time that the spans cover. */
  readonly ms: number
}

/** A longer silence is a time in which nobody decided; no span is longer. */
const LONGEST_MS = 600_000

/** `decisions` as the API gives them, newest first. The last one holds until `now`. */
export function pastOf(decisions: readonly DecisionView[], now: number): Past {
  const ordered = decisions.map(decision => ({ at: Date.parse(decision.time), decision })).toSorted((a, b) => a.at - b.at)
  const spans = ordered.map(({ at, decision }, index) => {
    const until = ordered[index + 1]?.at ?? now
    return { at, decision, ms: Math.min(LONGEST_MS, Math.max(0, until - at)) }
  })
  return { spans, ms: spans.reduce((sum, span) => sum + span.ms, 0) }
}

/** How long something was so. */
export function timeOf({ spans }: Past, isSo: (decision: DecisionView, index: number) => boolean): number {
  return spans.reduce((sum, { decision, ms }, index) => (isSo(decision, index) ? sum + ms : sum), 0)
}

/** The sum of value × time, in units of the value × hours. What is absent adds nothing. */
export function hoursOf({ spans }: Past, value: (decision: DecisionView) => number | undefined): number {
  return spans.reduce((sum, { decision, ms }) => sum + (value(decision) ?? 0) * (ms / 3_600_000), 0)
}

/** The mean over the time for which the value is known; absent where it never is. */
export function meanOf(past: Past, value: (decision: DecisionView) => number | undefined): number | undefined {
  const known = timeOf(past, decision => value(decision) !== undefined)
  return known === 0 ? undefined : hoursOf(past, value) / (known / 3_600_000)
}

/** The highest value; absent where it is never known. */
export function highestOf({ spans }: Past, value: (decision: DecisionView) => number | undefined): number | undefined {
  const known = spans.map(({ decision }) => value(decision)).filter(one => one !== undefined)
  return known.length === 0 ? undefined : known.reduce((most, one) => Math.max(most, one))
}

/** Replicas that the load of a decision needed; absent where it was not known. */
export function neededOf({ demand }: DecisionView, capacity: number): number | undefined {
  return demand === undefined ? undefined : Math.ceil(demand / capacity - 1e-9)
}

/** The guards whose words the checks weigh; a test holds them to those of the core. */
export const WEIGHED = ['stabilise', 'pace', 'bounds', 'budget', 'share', 'surge', 'envelope', 'hold', 'breaker'] as const
export type Weighed = (typeof WEIGHED)[number]

const saidBy = ({ verdicts }: DecisionView, guard: Weighed) => verdicts.find(({ by }) => by === guard)

/** Replicas that a guard took away for good: nothing where a later guard took away more, which then is the reason. */
export function cutBy(decision: DecisionView, guard: Weighed): number {
  const said = saidBy(decision, guard)
  if (said === undefined || decision.to < said.to) return 0
  return Math.max(0, said.from - decision.to)
}

/** The same for growth alone. */
export function growthCutBy(decision: DecisionView, guard: Weighed): number {
  const said = saidBy(decision, guard)
  return said === undefined || said.from <= decision.from ? 0 : cutBy(decision, guard)
}

/** The fewest replicas that were allowed then: minReplicas, or what a schedule asked for. */
export function floorOf({ proposals }: DecisionView, minReplicas: number): number {
  return Math.max(minReplicas, ...proposals.filter(({ by }) => by === 'scheduled').map(({ replicas }) => replicas))
}

/** Replicas that a guard kept, as far as they were still there in the end and no floor asks for them anyway. */
export function keptBy(decision: DecisionView, { guard, minReplicas }: { guard: Weighed; minReplicas: number }): number {
  const said = saidBy(decision, guard)
  return said === undefined
    ? 0
    : Math.max(0, Math.min(said.to, decision.to) - Math.max(said.from, floorOf(decision, minReplicas)))
}

/** What a guard said in the decision that it changed most. */
export function wordsOf({ spans }: Past, guard: Weighed, change: (decision: DecisionView) => number): string {
  const [most] = spans.toSorted((a, b) => change(b.decision) - change(a.decision))
  return most === undefined ? '' : (saidBy(most.decision, guard)?.why ?? '')
}

/**
 * Whether the forecast decides alone (mode Slo), in which the reactive proposer stands by. Told by the newest decision that could
 * rest on a forecast, since in others it speaks in every mode.
 */
export function isSlo({ spans }: Past): boolean {
  const rested = spans.findLast(({ decision }) =>
    decision.conditions.some(({ type, status }) => type === 'ForecastReliable' && status === 'True'),
  )
  return rested?.decision.abstentions.some(({ by, why }) => by === 'reactive' && why.startsWith('stands by')) ?? false
}
