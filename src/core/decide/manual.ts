import { condition, type Word } from '../conditions.ts'
import type { Instant } from '../model.ts'
import { type Context, type Memory, type Proposed, type Proposer, recall } from '../rules.ts'

export interface ManualSettings {
  /** How long a rise by hand is a floor. Default 900,000 (15 min). */
  readonly manualFloorMs?: number
}

const NAME = 'manual'
const QUARREL_MS = 600_000
/** So many resets of ours within QUARREL_MS are no person any more. */
const QUARREL_RESETS = 3
/** How long after a write the spec may still be shown as it was; never a whole period, or no reset would be seen where that is short. */
const LAG_MS = 5000
const KEPT_RESETS = 20

/** What somebody else wrote over what we had written. */
interface Reset {
  readonly at: Instant
  readonly ours: number
  readonly theirs: number
}

interface State {
  readonly floor?: { readonly replicas: number; readonly until: Instant }
  /** Ours of the last ten minutes that others undid, oldest first. */
  readonly resets: readonly Reset[]
  /** Whether what stands in the spec was last written by us. */
  readonly ours: boolean
  /** Set while somebody else keeps undoing what we write. */
  readonly quarrelling: boolean
  /** Falls by hand that were seen since the beginning. */
  readonly falls: number
}

const nothing: State = { resets: [], ours: false, quarrelling: false, falls: 0 }

/**
 * Replicas that are neither what the last decision left nor explained by its refusal were written by somebody else. A rise by hand
 * is a floor for a quarter of an hour; a fall ends that floor and is decided anew at once, as the HPA does. Who undoes what we
 * write three times in ten minutes is a machine (a manifest with `replicas` that is applied again and again): then nothing is
 * taken away by us until ten minutes were quiet, because every change would be undone and the pods would pay for it.
 */
export function manual({ manualFloorMs = 900_000 }: ManualSettings = {}): Proposer {
  return {
    name: NAME,
    propose: context => {
      const memory = advance(recall(context.memory, NAME, nothing), context, manualFloorMs)
      return { ...proposal(memory, context), memory, conditions: [condition('ConflictingWriter', quarrel(memory))] }
    },
  }
}

/** What the last decision left behind in the spec; `undefined` before the first. */
function expected({ decided }: Memory): number | undefined {
  return decided?.refused ? decided.from : decided?.to
}

function advance(before: State, { now, memory, situation, target }: Context, manualFloorMs: number): State {
  const { spec } = situation.observation.replicas
  const left = expected(memory) ?? spec
  const { decided } = memory
  const wroteNow = decided !== undefined && !decided.refused && decided.to !== decided.from
  const ours = before.ours || wroteNow
  const { floor, ...rest } = before
  const recent = before.resets.filter(({ at }) => now - at < QUARREL_MS)
  // Right after a write the spec that we are shown may still be the old one.
  const isLate = wroteNow && spec === decided.from && now - decided.at <= Math.min(LAG_MS, target.periodMs / 2)
  const isForeign = spec !== left && !isLate
  const resets = isForeign && ours ? [...recent, { at: now, ours: left, theirs: spec }].slice(-KEPT_RESETS) : recent
  const quarrelling = resets.length >= QUARREL_RESETS || (before.quarrelling && resets.length > 0)
  const state: State = { ...rest, resets, quarrelling, ours: ours && !isForeign }
  if (!isForeign) return floor !== undefined && now < floor.until ? { ...state, floor } : state
  if (spec < left) return { ...state, falls: before.falls + 1 }
  return { ...state, floor: { replicas: spec, until: now + manualFloorMs } }
}

function proposal({ floor, quarrelling, falls }: State, { now, target, situation }: Context): Proposed {
  const { spec } = situation.observation.replicas
  const within = (replicas: number) => Math.max(target.minReplicas, Math.min(target.maxReplicas, replicas))
  if (spec === 0) return { kind: 'abstains', why: 'somebody scaled it to 0' }
  if (quarrelling) {
    const why = 'somebody keeps resetting the replicas: nothing is taken away meanwhile'
    return { kind: 'proposes', floor: true, replicas: within(spec), why }
  }
  if (floor !== undefined) {
    const left = Math.ceil((floor.until - now) / 60_000)
    const why = `somebody else raised the replicas to ${floor.replicas}: a floor for ${left} min more`
    return { kind: 'proposes', floor: true, replicas: within(floor.replicas), why }
  }
  const seen = falls === 0 ? '' : ` (lowered by others ${falls} times so far)`
  return { kind: 'abstains', why: `nobody else raised the replicas${seen}` }
}

function quarrel({ quarrelling, resets }: State): Word<'ConflictingWriter'> {
  const last = resets.at(-1)
  if (!quarrelling || last === undefined)
    return { status: 'False', reason: 'NobodyInterferes', message: 'nobody keeps undoing our changes' }
  const values = [...new Set(resets.map(({ theirs }) => theirs))].join(', ')
  const message =
    `within 10 min something else reset the replicas ${resets.length} times, to ${values} (last from ${last.ours} to ` +
    `${last.theirs}): remove spec.replicas from the manifest that is applied there`
  return { status: 'True', reason: 'ReplicasReset', message }
}
