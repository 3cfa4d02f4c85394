import { CrescendoError } from '../../errors.ts'
import { daysOf } from '../../learn/learn-scalars.ts'
import { threadedReplays } from '../../learn/past-replays.ts'
import { type Revision, refusalOf } from '../../learn/revision.ts'
import { playBeside, SHADOW_DAYS, shadowed } from '../../learn/shadow.ts'
import type { ShadowOptions } from '../commands/policies.ts'
import { note, printJson, printLine } from '../output.ts'
import { learningWorld } from './learning-world.ts'
import { chosenRevision, refused } from './move-policy.ts'
import { evidenceLines } from './told.ts'

const DAY_MS = 86_400_000

/**
 * Plays a revision beside the policy in force on load that is newer than what it was learnt from, and keeps what came of it: it waits for
 * promotion, or is rolled back. Exit code 1 where it did not hold.
 */
export async function shadowPolicy(options: ShadowOptions): Promise<void> {
  const { known, revision, log } = await chosenRevision(options)
  const refusal = refusalOf(revision, known.revisions, { to: 'Shadow', now: Date.now(), needsApproval: false })
  if (refusal !== undefined) return refused(refusal)
  const { past } = await learningWorld(options, known)
  const days = newDays(past, revision, options.trace)
  note(`playing revision ${revision.revision} beside the policy in force on ${days.to - days.from} new days`)
  const replays = threadedReplays()
  const figures = await playBeside(past, { replays, scalars: revision.scalars }).finally(replays.close)
  const { holds, ...judgement } = shadowed(figures, { ...days, seed: options.seed })
  const to = holds ? 'Shadow' : 'RolledBack'
  const moved = {
    kind: 'Moved',
    revision: revision.revision,
    at: Date.now(),
    to,
    why: judgement.why,
    evidence: judgement,
  } as const
  await log.append(known.service, moved, known.entries)
  if (!holds) process.exitCode = 1
  if (options.json) return printJson({ service: known.service, revision: revision.revision, state: to, evidence: judgement })
  printLine(
    `${known.service}: revision ${revision.revision} ${holds ? 'holds and may be promoted' : 'is rolled back'}: ${judgement.why}`,
  )
  for (const line of evidenceLines(judgement)) printLine(`  ${line}`)
}

/** The whole days of the trace that lie behind what the revision was learnt from. */
function newDays(past: Parameters<typeof daysOf>[0], { to }: Revision, file: string) {
  const { startMs } = past.scenario.load
  const [first, last] = [Math.max(0, Math.ceil((to - startMs) / DAY_MS)), daysOf(past)]
  // The rules need days of their own to know the service before they are compared.
  const from = Math.max(first, SHADOW_DAYS)
  if (last - from >= SHADOW_DAYS) return { from, to: last }
  throw new CrescendoError(
    'CRS_TRACE_TOO_SHORT',
    `${file}: found ${Math.max(0, last - from)} whole days that are newer than ${new Date(to).toISOString()} and have three days before them, expected at least ${SHADOW_DAYS}`,
  )
}
