import { CrescendoError } from '../../errors.ts'
import { inForce } from '../../learn/revision.ts'
import { printJson, printLine } from '../output.ts'
import type { RevisionOptions } from './learning-world.ts'
import { knownOf } from './learning-world.ts'
import { revisionLines } from './told.ts'

/** Every revision of a policy, oldest first, in plain words; the seals are checked. */
export async function policyHistory(options: RevisionOptions & { readonly json?: true }): Promise<void> {
  if (options.revisions === undefined)
    throw new CrescendoError('CRS_USAGE', '--revisions FILE is missing, expected the file that policies learn has written')
  const { service, revisions } = await knownOf(options, { create: false })
  const now = inForce(revisions)?.revision ?? 0
  if (options.json) return printJson({ service, inForce: now, revisions })
  if (revisions.length === 0) return printLine(`${service}: nothing was learnt yet`)
  for (const revision of revisions) for (const line of revisionLines(revision)) printLine(line)
  printLine(now === 0 ? 'in force is the policy as written' : `in force is revision ${now}`)
}
