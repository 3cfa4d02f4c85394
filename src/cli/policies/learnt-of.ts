import { inForce, revisionsOf } from '../../learn/revision.ts'
import { revisionFile, revisionKey } from '../../learn/revision-file.ts'
import { type RevisionLog, revisionLog } from '../../learn/revision-log.ts'
import type { Learnt } from '../../resources/policy.ts'

export interface KeptIn {
  readonly revisions?: string
  readonly keyFile?: string
}

/** The log in the file of `--revisions`; absent where none was named. `create`: a key that is not there is made. */
export async function logIn(
  { revisions, keyFile }: KeptIn,
  { create }: { readonly create: boolean },
): Promise<RevisionLog | undefined> {
  if (revisions === undefined) return undefined
  return revisionLog(revisionFile(revisions), await revisionKey(keyFile ?? `${revisions}.key`, { create }))
}

/** What was learnt of a service and is in force; absent where nothing is. */
export async function learntOf(service: string, kept: KeptIn): Promise<Learnt | undefined> {
  const log = await logIn(kept, { create: false })
  const revision = log && inForce(revisionsOf(await log.entries(service)))
  return revision && { revision: revision.revision, scalars: revision.scalars }
}
