import { type Command, InvalidArgumentError } from 'commander'

/** "max", as a number that no machine reaches. */
const MAX_SPEED = 1e9

export interface DemoOptions {
  readonly speed: number
  readonly trace?: string
  readonly port: number
  readonly once?: boolean
  readonly seed: number
  readonly json?: boolean
  readonly skipBadRows?: boolean
}

/** `crescendo demo`: Crescendo beside the plain HPA on a simulated cluster, live. */
export function registerDemo(program: Command): void {
  program
    .command('demo')
    .description('watch Crescendo and the plain HPA scale the same traffic on a simulated cluster')
    .option('--speed <factor>', 'simulated seconds in a second; "max" is as fast as this machine can', parseSpeed, 60)
    .option('--trace <file>', 'replay your own traffic: CSV timestamp,value, plain or gzip')
    .option('--port <number>', 'port of the JSON API on 127.0.0.1; the next free one if it is taken, 0 for any', parsePort, 8080)
    .option('--once', 'run to the end at full speed, without a server, and print the summary')
    .option('--skip-bad-rows', 'with --trace: leave malformed rows out and count them')
    .option('--seed <number>', 'seed of traffic and start-up times', parseSeed, 1)
    .option('--json', 'with --once: print the summary as one JSON document')
    .action(async (options: DemoOptions, command: Command) => {
      if (options.json && !options.once) command.error('--json is the summary of --once; add --once')
      const { runDemo } = await import('../demo/run-demo.ts')
      await runDemo(options)
    })
}

function parseSpeed(text: string): number {
  if (text === 'max') return MAX_SPEED
  const speed = Number(text)
  if (text.trim() !== '' && speed > 0 && speed <= MAX_SPEED) return speed
  throw new InvalidArgumentError('expected a number above 0, or "max".')
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('expected a port from 0 to 65535.')
}

function parseSeed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('expected a whole number from 0 to 999999999.')
}
