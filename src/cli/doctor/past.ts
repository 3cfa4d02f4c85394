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

/** What a guard added (above 0) or took away (below), as far as it was still so at the end. */
export function changeBy({ verdicts, to }: DecisionView, guard: string): number {
  const said = verdicts.find(({ by }) => by === guard)
  if (said === undefined) return 0
  return said.to > said.from ? Math.max(0, Math.min(said.to, to) - said.from) : said.to - said.from
}

/** The words of a guard that say most of why, from the decision that it changed most. */
export function wordsOf({ spans }: Past, guard: string): string {
  const changed = spans.toSorted((a, b) => Math.abs(changeBy(b.decision, guard)) - Math.abs(changeBy(a.decision, guard)))
  return changed[0]?.decision.verdicts.find(({ by }) => by === guard)?.why ?? ''
}

/** Whether the forecast decides alone: mode Slo, in which the reactive proposer stands by. */
export function isSlo({ proposals, abstentions }: DecisionView): boolean {
  return (
    proposals.some(({ by }) => by === 'predictive') &&
    abstentions.some(({ by, why }) => by === 'reactive' && why.startsWith('stands by'))
  )
}
