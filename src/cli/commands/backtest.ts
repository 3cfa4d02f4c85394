import { type Command, InvalidArgumentError } from 'commander'
import { durationMs, durationOption } from '../durations.ts'

/** What the command line says; absent where it leaves the word to the policy. Durations in milliseconds. */
export interface BacktestOptions {
  readonly trace: readonly string[]
  readonly policy?: string
  readonly scalers?: readonly string[]
  readonly json?: true
  readonly decisions?: string
  readonly html?: string
  readonly capacityPerReplica?: number
  readonly startup?: number
  readonly startupJitter: number
  readonly nodeStartup?: number
  readonly podsPerNode: number
  readonly metricsDelay?: number
  readonly tick?: number
  readonly price?: number
  readonly min?: number
  readonly max?: number
  readonly warmup?: Warmup
  readonly skipBadRows?: true
  readonly seed: number
}

export type Warmup = { readonly kind: 'share'; readonly share: number } | { readonly kind: 'duration'; readonly ms: number }

const HELP = `
A violation is a moment when the load exceeds ready replicas x capacity. Replicas are billed from their order to their removal.
Without a capacity from --capacity-per-replica or the policy it is derived from the history part alone: its 99th percentile is
carried by 20 replicas (where the history holds no load, as with --warmup 0%: that of the whole trace). Several traces: --json prints { "runs": [ ... ] } with one document each, and --decisions has the trace
as a last column.

Of a policy a back-test plays bounds, period, behavior, prediction (mode, capacityPerReplica, startupSeconds), the Availability
objective, anomaly, schedules, budget, emergency, protection, learning.scalars and simulation. It plays no mode other than Auto, no other
objectives, prediction.horizonSeconds, prediction.drivers (but for the capacity), learning.mode or spot:
where a policy states one of these, one line on standard error names it. A recording tells no latency: the load that a replica
carries within its objectives is not learnt there.

Scalers: crescendo, hpa (70 % of the safe load; hpa@0.5 for another share), hpa-tuned (the best target in hindsight: unfair in
its favour), hpa-history (the best target of the history), keda, kpa, static-peak, oracle (knows the future, holds the cheapest schedule without a violation).`

/** `crescendo backtest`: recorded load against scalers, on the simulated cluster. */
export function registerBacktest(program: Command): void {
  program
    .command('backtest')
    .description('replay recorded load and compare scalers: violations, replica-hours, cost')
    .requiredOption('--trace <file...>', 'CSV timestamp,value, plain or gzip; - is standard input')
    .option('--policy <file|name>', 'policy or object to run by, or one of the default policies')
    .option('--scalers <list>', 'who plays, with commas (default: crescendo,hpa,keda,oracle)', parseList)
    .option('--json', 'print one JSON document')
    .option('--decisions <file>', 'write scaler,timestamp,load,ready_replicas,desired_replicas for every scored tick')
    .option('--html <file>', 'write the comparison as one self-contained page')
    .option('--capacity-per-replica <load>', 'load units that one ready replica serves within its SLO', parsePositive)
    .option(
      '--startup <duration>',
      'from the order of a pod until it is ready (default: policy, else 60s)',
      durationOption('0s', '1d'),
    )
    .option('--startup-jitter <sigma>', 'spread of the start-up: log-normal around --startup', parseJitter, 0)
    .option(
      '--node-startup <duration>',
      'start-up of a node; above 0, pods without room wait for one',
      durationOption('0s', '1d'),
    )
    .option('--pods-per-node <count>', 'room of a node, with --node-startup', parseCount(1, 1000), 10)
    .option(
      '--metrics-delay <duration>',
      'age of the newest visible metric (default: policy, else 15s)',
      durationOption('0s', '1h'),
    )
    .option('--tick <duration>', 'time between two decisions (default: policy, else 15s)', durationOption('1s', '1h'))
    .option('--price <amount>', 'currency per replica-hour (default: policy)', parseNatural)
    .option('--min <replicas>', 'fewest replicas (default: policy, else 1)', parseCount(0, 100_000))
    .option('--max <replicas>', 'most replicas (default: policy, else 500)', parseCount(1, 100_000))
    .option('--warmup <share|duration>', 'first part, history only (default: policy, else 50%)', parseWarmup)
    .option('--skip-bad-rows', 'leave malformed rows out and count them')
    .option('--seed <number>', 'seed of everything random', parseCount(0, 999_999_999), 1)
    .addHelpText('after', HELP)
    .action(async (options: BacktestOptions) => {
      const { runBacktest } = await import('../backtest/run-backtest.ts')
      await runBacktest(options)
    })
}

function parseList(text: string): readonly string[] {
  const names = text.split(',').map(name => name.trim())
  if (names.every(name => name !== '') && new Set(names).size === names.length) return names
  throw new InvalidArgumentError('expected different names with commas between them, such as crescendo,hpa,oracle')
}

export function parsePositive(text: string): number {
  const value = numberOf(text)
  if (value !== undefined && value > 0) return value
  throw new InvalidArgumentError('expected a number above 0')
}

function parseNatural(text: string): number {
  const value = numberOf(text)
  if (value !== undefined && value >= 0) return value
  throw new InvalidArgumentError('expected a number of 0 or more')
}

function parseJitter(text: string): number {
  const value = numberOf(text)
  if (value !== undefined && value >= 0 && value <= 2) return value
  throw new InvalidArgumentError('expected a standard deviation of the logarithm from 0 to 2, such as 0.3')
}

function numberOf(text: string): number | undefined {
  const value = Number(text)
  return text.trim() !== '' && Number.isFinite(value) ? value : undefined
}

export function parseCount(least: number, most: number): (text: string) => number {
  return text => {
    if (/^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most) return Number(text)
    throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`)
  }
}

function parseWarmup(text: string): Warmup {
  const percent = text.endsWith('%') ? numberOf(text.slice(0, -1)) : undefined
  if (percent !== undefined && percent >= 0 && percent < 100) return { kind: 'share', share: percent / 100 }
  const ms = durationMs(text)
  if (ms !== undefined) return { kind: 'duration', ms }
  throw new InvalidArgumentError('expected a share from 0% to below 100%, or a duration such as 7d or 12h')
}
