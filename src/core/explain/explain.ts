import { safeLoadText } from '../decide/safe-load.ts'
import type { Decision, Proposal, Verdict } from '../model.ts'
import { isoTime } from './figures.ts'
import { type Facts, whatWouldChange } from './what-would-change.ts'

/** The whole argument of a decision as one sentence and as a page; nothing is computed anew, it only tells. */
export function explain(decision: Decision, facts: Facts = {}): { readonly sentence: string; readonly text: string } {
  return { sentence: sentenceOf(decision), text: textOf(decision, facts) }
}

/** "12 → 18 replicas: in 75 s load reaches 88,100 with 99.5 % confidence; the stock HPA would hold 12" */
export function sentenceOf(decision: Decision): string {
  const { from, to, plainHpa } = decision
  const move = from === to ? `holds ${count(to)}` : `${from} → ${count(to)}`
  const stock = plainHpa.replicas === to ? 'as the stock HPA would' : `the stock HPA would ${verbFor(decision)}`
  return [`${move}: ${becauseOf(decision)}`, limitOf(decision), stock].filter(part => part !== undefined).join('; ')
}

const count = (replicas: number) => (replicas === 1 ? '1 replica' : `${replicas} replicas`)

const verbFor = ({ from, plainHpa: { replicas } }: Decision) => (replicas === from ? `hold ${replicas}` : `go to ${replicas}`)

/** The proposal that was followed: the highest, and of equals the one that spoke last, since it saw furthest. */
export function winnerOf({ proposals }: Decision): Proposal | undefined {
  return proposals.reduce<Proposal | undefined>((best, one) => (best && best.replicas > one.replicas ? best : one), undefined)
}

function becauseOf(decision: Decision): string {
  const winner = winnerOf(decision)
  if (winner !== undefined) return winner.why
  const reasons = decision.abstentions.map(({ by, why }) => `${by}: ${why}`)
  return reasons.length === 0 ? 'nobody proposed anything' : `nobody proposed anything (${reasons.join(', ')})`
}

/** The guard that had the last word, where a guard changed what was asked. */
function limitOf(decision: Decision): string | undefined {
  const last = lastChange(decision.verdicts)
  const asked = winnerOf(decision)?.replicas ?? decision.from
  if (last === undefined || asked === decision.to) return undefined
  return `${last.by} makes it ${decision.to} instead of ${asked}: ${last.why}`
}

const lastChange = (verdicts: readonly Verdict[]) => verdicts.findLast(({ from, to }) => from !== to)

function textOf(decision: Decision, facts: Facts): string {
  const { target, from, to, at, plainHpa } = decision
  const period = facts.periodSeconds === undefined ? '' : ` (period ${facts.periodSeconds} s)`
  const move = from === to ? `holds ${count(to)}` : `${from} → ${count(to)}`
  const rows: readonly Row[] = [
    { label: 'because', what: becauseOf(decision) },
    ...(decision.safeLoad ? [{ label: 'a replica', what: `carries ${safeLoadText(decision.safeLoad)}` }] : []),
    ...decision.doubts.map(({ by, why }) => ({ label: 'doubt', what: `${by}: ${why}` })),
    ...decision.proposals.map(({ by, replicas, why }) => ({ label: by, replicas: String(replicas), what: why })),
    ...decision.abstentions.map(({ by, why }) => ({ label: by, replicas: '–', what: why })),
    ...(facts.startup === undefined ? [] : [{ label: 'start-up', what: facts.startup }]),
    ...(decision.verdicts.length > 0 ? [{ label: 'guards', what: decision.verdicts.map(guardWord).join(', ') }] : []),
    { label: 'stock HPA', replicas: String(plainHpa.replicas), what: `${plainHpa.why} (would ${verbFor(decision)})` },
  ]
  const capacityPerReplica = decision.safeLoad?.perReplica ?? facts.capacityPerReplica
  const changes = whatWouldChange(decision, { ...facts, ...(capacityPerReplica !== undefined && { capacityPerReplica }) })
  return [
    `${target}: ${move} at ${isoTime(at)}${period}`,
    ...table(rows),
    ...(changes.length > 0 ? [`  to change: ${changes.join('; ')}`] : []),
  ].join('\n')
}

interface Row {
  readonly label: string
  readonly replicas?: string
  readonly what: string
}

/** Labels in one column, counts in the next; a row without a count begins where the counts do. */
function table(rows: readonly Row[]): readonly string[] {
  const labels = Math.max(...rows.map(({ label }) => label.length))
  const counts = Math.max(...rows.map(({ replicas = '' }) => replicas.length))
  return rows.map(({ label, replicas, what }) => {
    const number = replicas === undefined ? '' : `${replicas.padEnd(counts)}  `
    return `  ${label.padEnd(labels)}  ${number}${what}`
  })
}

const LONGEST_WORD = 48

/** A guard that changed something gives its reason; one that did not is short: its own word where it has one, else a dash. */
function guardWord({ by, from, to, why }: Verdict): string {
  if (from !== to) return `${by} ${to} (${why})`
  return why.length <= LONGEST_WORD ? `${by} ${why}` : `${by} –`
}
