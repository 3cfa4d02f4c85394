import { CrescendoError } from '../../errors.ts'
import { daysOf } from '../../learn/learn-scalars.ts'
import { threadedReplays } from '../../learn/past-replays.ts'
import { inForce, type MovedEntry, type Revision, refusalOf } from '../../learn/revision.ts'
import type { RevisionLog } from '../../learn/revision-log.ts'
import { rollbackReason } from '../../learn/rollback.ts'
import { playBeside } from '../../learn/shadow.ts'
import type { PromoteOptions, RollbackOptions } from '../commands/policies.ts'
import { note, printJson, printLine } from '../output.ts'
import { type Known, knownOf, learningWorld, type RevisionOptions } from './learning-world.ts'

const DAY_MS = 86_400_000

/** Puts a revision in force. Where the policy wants approval and nobody gives it, the revision waits for it, with exit code 1. */
export async function promotePolicy(options: PromoteOptions): Promise<void> {
  const chosen = await chosenRevision(options)
  const { known, revision } = chosen
  const { tier, learning } = known.settings
  const needsApproval = tier === 'Enterprise' || learning.mode === 'RequireApproval'
  const by = options.approveAs
  const asked = { now: Date.now(), needsApproval, ...(by !== undefined && { by }) }
  const refusal = refusalOf(revision, known.revisions, { ...asked, to: 'Promoted' })
  if (refusal === undefined) {
    const why = by === undefined ? 'it held beside the policy before it' : 'a person approved it'
    return move(chosen, { to: 'Promoted', why, ...(by !== undefined && { by }) }, options)
  }
  const waits = refusalOf(revision, known.revisions, { ...asked, to: 'AwaitingApproval' }) === undefined
  if (needsApproval && by === undefined && waits)
    await keepMove(chosen, { to: 'AwaitingApproval', why: 'this policy needs a person' })
  return refused(refusal)
}

/** Takes a revision out of force: at once, or with a trace only where the rule of the automatic rollback says so. */
export async function rollbackPolicy(options: RollbackOptions): Promise<void> {
  const chosen = await chosenRevision(options, revisions => inForce(revisions) ?? newest(revisions))
  const refusal = refusalOf(chosen.revision, chosen.known.revisions, { to: 'RolledBack', now: Date.now(), needsApproval: false })
  if (refusal !== undefined) return refused(refusal)
  if (options.trace === undefined) return move(chosen, { to: 'RolledBack', why: options.why ?? 'a person asked for it' }, options)
  const reason = await reasonIn(options.trace, { options, chosen })
  if (reason !== undefined) return move(chosen, { to: 'RolledBack', why: reason }, options)
  const { service } = chosen.known
  if (options.json) return printJson({ service, revision: chosen.revision.revision, state: chosen.revision.state })
  printLine(`${service}: revision ${chosen.revision.revision} stays: nothing on ${options.trace} asks for a rollback`)
}

interface Chosen {
  readonly known: Known
  readonly revision: Revision
  readonly log: RevisionLog
}

const newest = (revisions: readonly Revision[]) => revisions.findLast(({ state }) => state !== 'RolledBack')

/** The revision of `--revision`; else the usual one: the newest that was not rolled back. */
export async function chosenRevision(
  options: RevisionOptions & { readonly revision?: number },
  usual: (revisions: readonly Revision[]) => Revision | undefined = newest,
): Promise<Chosen> {
  const known = await knownOf(options, { create: false })
  const { log, revisions, service } = known
  if (log === undefined)
    throw new CrescendoError('CRS_USAGE', '--revisions FILE is missing, expected the file that policies learn has written')
  const wanted = options.revision
  const revision = wanted === undefined ? usual(revisions) : revisions.find(one => one.revision === wanted)
  if (revision !== undefined) return { known, revision, log }
  const there = revisions.length === 0 ? 'none' : revisions.map(one => one.revision).join(', ')
  throw new CrescendoError(
    'CRS_USAGE',
    `${options.revisions}: found no revision ${wanted ?? 'to move'} of ${service}; there are: ${there}`,
  )
}

/** Both policies on the newest load: the one that has to go, and what was in force before it. */
async function reasonIn(trace: string, { options, chosen: { known, revision } }: { options: RollbackOptions; chosen: Chosen }) {
  const before = known.revisions.filter(one => one.revision !== revision.revision)
  const { past } = await learningWorld({ ...options, trace }, { ...known, revisions: before })
  const { startMs } = past.scenario.load
  const days = { from: Math.max(3, Math.ceil((revision.to - startMs) / DAY_MS)), to: daysOf(past) }
  if (days.to <= days.from)
    throw new CrescendoError(
      'CRS_TRACE_TOO_SHORT',
      `${trace}: found no whole day behind its first three that is newer than ${new Date(revision.to).toISOString()}`,
    )
  const replays = threadedReplays()
  const figures = await playBeside(past, { replays, scalars: revision.scalars }).finally(replays.close)
  return rollbackReason({
    learnt: figures.after,
    old: figures.before,
    days,
    badMinutesPerDay: known.settings.violationMinutesPerDay,
    tickMinutes: past.scenario.load.tickMs / 60_000,
    promisedCost: revision.evidence.replicaHours.after / revision.evidence.replicaHours.before,
  })
}

/** "learning: { scalars: { deadband: "0.08" } }": as a policy states it, quantities in quotes and days without. */
const scalarsText = (scalars: Revision['scalars']): string =>
  `learning: { scalars: { ${Object.entries(scalars)
    .map(([name, value]) => (name === 'keptDays' ? `${name}: ${value}` : `${name}: "${value}"`))
    .join(', ')} } }`

type Move = Pick<MovedEntry, 'to' | 'why' | 'by'>

async function keepMove({ known, revision, log }: Chosen, how: Move): Promise<void> {
  await log.append(known.service, { kind: 'Moved', revision: revision.revision, at: Date.now(), ...how }, known.entries)
}

async function move(chosen: Chosen, how: Move, { json }: { readonly json?: true }): Promise<void> {
  await keepMove(chosen, how)
  const { known, revision } = chosen
  const others = known.revisions.filter(one => one.revision !== revision.revision)
  const now = how.to === 'Promoted' ? revision : inForce(others)
  if (json)
    return printJson({
      service: known.service,
      revision: revision.revision,
      state: how.to,
      why: how.why,
      inForce: now?.revision ?? 0,
    })
  printLine(
    `${known.service}: revision ${revision.revision} is ${how.to === 'Promoted' ? 'promoted' : 'rolled back'}: ${how.why}`,
  )
  printLine(now === undefined ? 'in force is the policy as written' : `in force is revision ${now.revision}`)
  if (now !== undefined) printLine(`a controller reads no revisions; write into its policy: ${scalarsText(now.scalars)}`)
  else if (revision.state === 'Promoted')
    printLine(`a controller reads no revisions; take out of its policy: ${scalarsText(revision.scalars)}`)
}

/** One line, and exit code 1: the command line was right, what it asked for is not to be had now. */
export function refused(why: string): void {
  note(`crescendo: ${why}`)
  process.exitCode = 1
}
