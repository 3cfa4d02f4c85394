import type { Decision } from '../core/model.ts'
import type { Settings } from '../resources/settings.ts'
import type { Withheld } from './agent.ts'

export interface Restraints {
  readonly isDryRun: boolean
  /** Why the last write of the store failed; absent while it works. */
  readonly storeTrouble: () => string | undefined
  readonly isLeader: boolean
  /** The object was changed or deleted while it was being decided. */
  readonly isChanged: boolean
  readonly mode: Settings['mode']
  readonly conflict: string | undefined
}

/** Why nothing may be written for an object, the strongest reason first. */
export function withheldBy(
  { isDryRun, storeTrouble, isLeader, isChanged, mode, conflict }: Restraints,
  { from, to }: Pick<Decision, 'from' | 'to'>,
): Withheld | undefined {
  if (isDryRun) return { by: 'DryRun', why: 'dry run: nothing is written to the cluster' }
  if (!isLeader) return { by: 'Standby', why: 'another process holds the Lease' }
  if (isChanged) return { by: 'Change', why: 'the object was changed or deleted meanwhile; it is decided anew at once' }
  if (mode === 'Paused' || mode === 'Recommend') return { by: 'Mode', why: `mode ${mode}: nothing is written` }
  if (conflict !== undefined) return { by: 'Conflict', why: conflict }
  const trouble = to < from ? storeTrouble() : undefined
  return trouble === undefined ? undefined : { by: 'Store', why: `no scale-down while the store is down: ${trouble}` }
}
