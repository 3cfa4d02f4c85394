import { type Command, InvalidArgumentError } from 'commander'
import { durationOption } from '../durations.ts'
import { parseCount, parsePositive } from './backtest.ts'

const HELP = `
From weak to strong: built-in, global configuration, tier, profile, behaviour preset, extends in order, policy, learnt revision, explicit fields of the
object; then the bounds of the policies cut. Objects are laid over each other field by field, objectives by type and metric, schedules
by name, other lists as a whole.`

interface Options {
  readonly file?: string
  readonly json?: true
}

interface Kept {
  readonly policy?: string
  readonly revisions?: string
  readonly keyFile?: string
  readonly json?: true
}

/** The simulated world in which recorded load is played; what is absent the policy says, as in a back-test. */
export interface WorldOptions {
  readonly trace: string
  readonly capacityPerReplica?: number
  readonly startup?: number
  readonly tick?: number
  readonly min?: number
  readonly max?: number
  readonly skipBadRows?: true
  readonly seed: number
}

export interface LearnOptions extends Kept, WorldOptions {
  readonly candidates: number
  readonly recordedReplicas?: string
}

export interface ShadowOptions extends Kept, WorldOptions {
  readonly revision?: number
}

export interface PromoteOptions extends Kept {
  readonly revision?: number
  readonly approveAs?: string
}

export interface RollbackOptions extends Kept, Omit<WorldOptions, 'trace'> {
  readonly trace?: string
  readonly revision?: number
  readonly why?: string
}

const LEARN_HELP = `
The past is played once with its forecasts, then by other scalars on the same forecasts: small steps (20 % at most) from what is in force,
searched on the first 70 % of the days. The best is accepted for the last 30 % alone: with 95 % confidence (paired bootstrap by day) one of
cost and bad minutes is better and the other no more than 2 % worse. What a person wrote under learning.scalars stays.
Exit code 1: nothing better was found, or the simulator does not tell what was recorded (--recorded-replicas, within 5 %).`

const SHADOW_HELP = `
The revision and the policy in force live through the same load, of which at least three days are newer than what the revision was learnt
from. Where neither cost nor bad minutes come out more than 2 % worse it may be promoted; else it is rolled back, with exit code 1.`

const PROMOTE_HELP = `
A revision that held in the shadow comes in force: show it with policies show --revisions FILE. One step a week. The tier Enterprise, and
learning.mode RequireApproval, need --approve-as NAME, as does a revision that was learnt without
--recorded-replicas. Its seal (HMAC-SHA256) is checked with the key of --key-file.`

const ROLLBACK_HELP = `
With --trace the revision goes only where newer load asks for it: more than twice the error budget burnt within an hour, or all of it
within six, where the policy before it would not have; or a cost above 115 % of what was promised. For a week nothing new is promoted.`

/** `crescendo policies`: which policies there are, and what follows from one. */
export function registerPolicies(program: Command): void {
  const policies = program.command('policies').description('the policies that there are, and what each results in')
  policies
    .command('list')
    .description('names of the policies that ship with Crescendo, and of those in a file')
    .option('--file <file>', 'YAML or JSON with policies of your own, on top of the default ones')
    .option('--json', 'print one JSON document')
    .action(async (options: Options) => {
      const { listPolicies } = await import('../show-policies.ts')
      await listPolicies(options)
    })
  policies
    .command('show')
    .description('what is in force by a policy or an object, and where each value comes from')
    .argument('<name>', 'policy, with or without its prefix; with --object, an object of the file')
    .option('--file <file>', 'YAML or JSON with policies, objects and a configuration, on top of the default policies')
    .option('--object', 'the name is that of a HorizontalPodAutoscaler in the file')
    .option('--revisions <file>', 'what was learnt of it, by policies learn')
    .option('--key-file <file>', 'key of the revisions (default: the file of --revisions with .key behind it)')
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (name: string, options: Options & Kept & { readonly object?: true }) => {
      const { showPolicy } = await import('../show-policies.ts')
      await showPolicy(name, options)
    })
  registerLearning(policies)
  registerMoves(policies)
}

function registerLearning(policies: Command): void {
  worldOptions(kept(policies.command('learn').description('learn from recorded load, and keep a better policy as a candidate')))
    .requiredOption(
      '--trace <file>',
      'CSV timestamp,value of 14 days or more (the last 28 count), plain or gzip; - is standard input',
    )
    .option(
      '--recorded-replicas <file>',
      'CSV timestamp,value of the replicas that were really there: the simulator has to tell them',
    )
    .option('--candidates <count>', 'how many other policies may be tried', parseCount(1, 500), 45)
    .addHelpText('after', LEARN_HELP)
    .action(async (options: LearnOptions) => {
      const { learnPolicy } = await import('../policies/learn-policy.ts')
      await learnPolicy(options)
    })
  worldOptions(kept(policies.command('shadow').description('play a revision beside the policy in force on newer load')))
    .requiredOption('--trace <file>', 'CSV timestamp,value, plain or gzip; - is standard input')
    .option('--revision <number>', 'which (default: the newest that was not rolled back)', parseCount(1, 1_000_000))
    .addHelpText('after', SHADOW_HELP)
    .action(async (options: ShadowOptions) => {
      const { shadowPolicy } = await import('../policies/shadow-policy.ts')
      await shadowPolicy(options)
    })
}

function registerMoves(policies: Command): void {
  kept(policies.command('promote').description('put a revision in force'))
    .option('--revision <number>', 'which (default: the newest that was not rolled back)', parseCount(1, 1_000_000))
    .option('--approve-as <name>', 'the person who approves it', parseName)
    .addHelpText('after', PROMOTE_HELP)
    .action(async (options: PromoteOptions) => {
      const { promotePolicy } = await import('../policies/move-policy.ts')
      await promotePolicy(options)
    })
  worldOptions(kept(policies.command('rollback').description('take a revision out of force')))
    .option('--trace <file>', 'newer load, CSV timestamp,value: roll back only where it asks for that')
    .option('--revision <number>', 'which (default: the one in force)', parseCount(1, 1_000_000))
    .option('--why <text>', 'what history tells as the reason', parseName)
    .addHelpText('after', ROLLBACK_HELP)
    .action(async (options: RollbackOptions) => {
      const { rollbackPolicy } = await import('../policies/move-policy.ts')
      await rollbackPolicy(options)
    })
  kept(policies.command('history').description('what was learnt of a policy, and what became of it')).action(
    async (options: Kept) => {
      const { policyHistory } = await import('../policies/policy-history.ts')
      await policyHistory(options)
    },
  )
}

function kept(command: Command): Command {
  return command
    .option('--policy <file|name>', 'policy or object to learn for, or one of the default policies')
    .option('--revisions <file>', 'where revisions are kept, one JSON document a line')
    .option('--key-file <file>', 'key that seals them (default: that file with .key behind it; learn makes it)')
    .option('--json', 'print one JSON document')
}

function worldOptions(command: Command): Command {
  return command
    .option('--capacity-per-replica <load>', 'load units that one ready replica serves within its SLO', parsePositive)
    .option(
      '--startup <duration>',
      'from the order of a pod until it is ready (default: policy, else 60s)',
      durationOption('0s', '1d'),
    )
    .option('--tick <duration>', 'time between two decisions (default: policy, else 15s)', durationOption('1s', '1h'))
    .option('--min <replicas>', 'fewest replicas (default: policy, else 1)', parseCount(0, 100_000))
    .option('--max <replicas>', 'most replicas (default: policy, else 500)', parseCount(1, 100_000))
    .option('--skip-bad-rows', 'leave malformed rows out and count them')
    .option('--seed <number>', 'seed of everything random', parseCount(0, 999_999_999), 1)
}

const LONGEST_NAME = 200

function parseName(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= LONGEST_NAME && !/[\p{Cc}]/u.test(name)) return name
  throw new InvalidArgumentError(`expected 1 to ${LONGEST_NAME} characters in one line`)
}
