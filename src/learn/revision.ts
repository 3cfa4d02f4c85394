import type { Instant } from '../core/model.ts'
import type { LearntScalars } from '../core/policy/learnt-scalars.ts'
import type { Fidelities } from './fidelity.ts'
import type { Judgement } from './judge.ts'

/** Where a learnt policy stands in its life. */
export type RevisionState = 'Candidate' | 'Shadow' | 'AwaitingApproval' | 'Promoted' | 'RolledBack'

/** What is written once and never changed. */
export type RevisionEntry =
  | {
      readonly kind: 'Learnt'
      readonly revision: number
      readonly at: Instant
      /** The revision that was in force; 0 is the policy as people wrote it. */
      readonly parent: number
      /** Everything that differs from the usual scalars, what its parent learnt included. */
      readonly scalars: Partial<LearntScalars>
      /** What this one changed. */
      readonly changed: Partial<LearntScalars>
      /** First and last instant of the past that it was learnt from. */
      readonly from: Instant
      readonly to: Instant
      readonly searchDays: number
      readonly tried: number
      /** Without `fidelity` nothing is known of it, which is as if it was not checked. */
      readonly evidence: Judgement & { readonly fidelity?: Fidelities }
    }
  | {
      readonly kind: 'Moved'
      readonly revision: number
      readonly at: Instant
      readonly to: RevisionState
      readonly why: string
      /** Who approved it, where a person did. */
      readonly by?: string
      readonly evidence?: Judgement
    }

export type LearntEntry = Extract<RevisionEntry, { readonly kind: 'Learnt' }>
export type MovedEntry = Extract<RevisionEntry, { readonly kind: 'Moved' }>

export interface Revision extends Omit<LearntEntry, 'kind'> {
  readonly state: RevisionState
  /** Oldest first. */
  readonly moves: readonly MovedEntry[]
}

/** The revisions that the entries of one service tell of, oldest first. */
export function revisionsOf(entries: readonly RevisionEntry[]): readonly Revision[] {
  return entries.flatMap(entry => {
    if (entry.kind !== 'Learnt') return []
    const { kind: _, ...learnt } = entry
    const moves = entries.filter(one => one.kind === 'Moved' && one.revision === entry.revision) as readonly MovedEntry[] // by their kind
    return [{ ...learnt, moves, state: moves.at(-1)?.to ?? 'Candidate' }]
  })
}

const promotedAt = ({ moves }: Revision) => moves.findLast(({ to }) => to === 'Promoted')?.at ?? 0

/** The promoted revision that came last; absent while the policy is as people wrote it. */
export function inForce(revisions: readonly Revision[]): Revision | undefined {
  return revisions
    .filter(({ state }) => state === 'Promoted')
    .reduce<Revision | undefined>(
      (last, one) => (last === undefined || promotedAt(one) >= promotedAt(last) ? one : last),
      undefined,
    )
}

/** One step a week, and a week of rest after a step that was wrong. */
const REST_MS = 7 * 86_400_000

/** Until when nothing new is promoted; absent where nothing was promoted or rolled back. */
export function restingUntil(revisions: readonly Revision[]): Instant | undefined {
  const steps = revisions.flatMap(({ moves }) => moves.filter(({ to }) => to === 'Promoted' || to === 'RolledBack'))
  return steps.length === 0 ? undefined : Math.max(...steps.map(({ at }) => at)) + REST_MS
}

export interface Wanted {
  readonly to: RevisionState
  readonly now: Instant
  /** The policy's `learning.mode`, and whether its tier is Enterprise. */
  readonly needsApproval: boolean
  /** Who approves. */
  readonly by?: string
}

/** Why a revision may not go there; absent where it may. */
export function refusalOf(revision: Revision, revisions: readonly Revision[], wanted: Wanted): string | undefined {
  const { state } = revision
  const found = `revision ${revision.revision} is ${told(state)}`
  if (!COMES_FROM[wanted.to].includes(state)) return `${found}, expected ${COMES_FROM[wanted.to].map(told).join(' or ')}: ${WAY}`
  const parent = inForce(revisions)?.revision ?? 0
  if (wanted.to === 'RolledBack' && state === 'Promoted' && revision.revision !== parent)
    return `${found}, but revision ${parent} is in force on top of it: roll that back`
  if (wanted.to !== 'Promoted') return undefined
  const open = wanted.by === undefined ? unapproved(revision, wanted) : undefined
  if (open !== undefined) return `${found}, and ${open}`
  if (revision.parent !== parent)
    return `${found}, but it was learnt on top of revision ${revision.parent}, and ${parent} is in force: learn anew`
  const rest = restingUntil(revisions)
  if (rest !== undefined && wanted.now < rest)
    return `${found}, but the last step is less than a week old: possible from ${new Date(rest).toISOString().slice(0, 10)} on`
  return undefined
}

/** What only a person's name settles; absent where nothing is open. */
function unapproved({ evidence }: Revision, { needsApproval }: Wanted): string | undefined {
  if (needsApproval) return "this policy needs a person's approval: --approve-as NAME"
  if (isChecked(evidence.fidelity)) return undefined
  return 'its fidelity was not checked: --approve-as NAME, or learn anew with --recorded-replicas'
}

/** Whether the simulator was held against replicas that were recorded. */
export const isChecked = (fidelity: Fidelities | undefined): fidelity is Exclude<Fidelities, 'NotChecked'> =>
  fidelity !== undefined && fidelity !== 'NotChecked'

const COMES_FROM: Readonly<Record<RevisionState, readonly RevisionState[]>> = {
  Candidate: [],
  Shadow: ['Candidate', 'Shadow'],
  AwaitingApproval: ['Shadow'],
  Promoted: ['Shadow', 'AwaitingApproval'],
  RolledBack: ['Promoted', 'Shadow', 'AwaitingApproval', 'Candidate'],
}

const WAY = 'a revision is learnt, then held beside the policy in force (shadow), then promoted'

/** "AwaitingApproval" as people say it. */
export const told = (state: RevisionState) => state.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase()
