import { SCALAR_NAMES, type ScalarName } from '../../core/policy/learnt-scalars.ts'
import { CrescendoError } from '../../errors.ts'
import type { Past } from '../../learn/replay-past.ts'
import { inForce, type Revision, type RevisionEntry, revisionsOf } from '../../learn/revision.ts'
import type { RevisionLog } from '../../learn/revision-log.ts'
import { readSeries, requireSamples } from '../../observe/series-file.ts'
import { type LoadedPolicy, loadPolicy } from '../../resources/policy-file.ts'
import { policyOptions } from '../../resources/rules-options.ts'
import type { Settings } from '../../resources/settings.ts'
import { followed } from '../../sim/rivals/contenders.ts'
import { policyFor, type Stage, settleWorld } from '../backtest/settle-world.ts'
import type { WorldOptions } from '../commands/policies.ts'
import { optionsIn } from '../crescendo-contender.ts'
import { note } from '../output.ts'
import { scheduledIn } from '../scalers.ts'
import { type KeptIn, logIn } from './learnt-of.ts'

export interface RevisionOptions extends KeptIn {
  readonly policy?: string
}

/** What is known of the revisions of one policy or object. */
export interface Known {
  /** The name of the policy or object. */
  readonly service: string
  readonly settings: Settings
  /** Absent where no file was named: nothing is kept then. */
  readonly log?: RevisionLog
  readonly revisions: readonly Revision[]
  readonly entries: readonly RevisionEntry[]
}

/** Reads the policy and what was learnt of it. `create`: a key that is not there is made. */
export async function knownOf(options: RevisionOptions, { create }: { readonly create: boolean }): Promise<Known> {
  const { settings } = await loadPolicy(options.policy)
  const log = await logIn(options, { create })
  const entries = (await log?.entries(settings.name)) ?? []
  return { service: settings.name, settings, ...(log && { log }), entries, revisions: revisionsOf(entries) }
}

export interface LearningWorld {
  readonly stage: Stage
  readonly past: Past
  /** Scalars that a person wrote. */
  readonly fixed: readonly ScalarName[]
}

/** The trace in the simulated world, and the policy with what was learnt of it before and is in force. */
export async function learningWorld(options: WorldOptions & RevisionOptions, { revisions }: Known): Promise<LearningWorld> {
  const world = { ...options, trace: [options.trace], startupJitter: 0, podsPerNode: 10 }
  const policy = withLearnt(await policyFor(world), inForce(revisions))
  const series = await readSeries(options.trace, { skipBadRows: options.skipBadRows ?? false })
  requireSamples(series, 2, 'learning')
  const stage = settleWorld(series, policy.loaded, world)
  if (stage.capacitySource === 'history' || stage.capacitySource === 'trace')
    note(
      `${series.file}: no capacity was given; a replica is taken to serve ${stage.scenario.target.capacityPerReplica}, from the trace`,
    )
  const { scenario, settings, price } = stage
  const rules = policyOptions(settings, { price, mode: 'Slo' })
  if (rules.mode === 'Off')
    throw new CrescendoError(
      'CRS_USAGE',
      `${settings.name}: prediction.mode is Off, expected Additive or Slo; without a forecast there is nothing to learn`,
    )
  const played = { ...scenario, target: followed(scenario), ...scheduledIn(scenario, settings), scoredFrom: 0 }
  return { stage, past: { scenario: played, options: optionsIn(scenario, rules) }, fixed: policy.fixed }
}

function withLearnt(loaded: LoadedPolicy, revision: Revision | undefined) {
  const { settings } = loaded
  const written = settings.learning.scalars ?? {}
  const fixed = SCALAR_NAMES.filter(name => written[name] !== undefined)
  const scalars = { ...revision?.scalars, ...written }
  const learning = { ...settings.learning, ...(Object.keys(scalars).length > 0 && { scalars }) }
  return { loaded: { ...loaded, settings: { ...settings, learning } }, fixed }
}
