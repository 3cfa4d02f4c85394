import { Command, CommanderError } from 'commander'
import { CrescendoError, fileError, isFileError } from '../errors.ts'
import { KubeError } from '../kube/kube-error.ts'
import { packageVersion } from './package-version.ts'
import { harmless } from './terminal/text.ts'

/** Adds one command to the program. Its module stays light: whatever is heavy is imported inside the action. */
export type Register = (program: Command) => void

/** One line a command, in the order of `--help`. */
const COMMANDS: readonly (() => Promise<Register>)[] = [
  async () => (await import('./commands/demo.ts')).registerDemo,
  async () => (await import('./commands/run.ts')).registerRun,
  async () => (await import('./commands/backtest.ts')).registerBacktest,
  async () => (await import('./commands/forecast.ts')).registerForecast,
  async () => (await import('./commands/anomalies.ts')).registerAnomalies,
  async () => (await import('./commands/explain.ts')).registerExplain,
  async () => (await import('./commands/doctor.ts')).registerDoctor,
  async () => (await import('./commands/validate.ts')).registerValidate,
  async () => (await import('./commands/policies.ts')).registerPolicies,
  async () => (await import('./commands/import.ts')).registerImport,
  async () => (await import('./commands/manifests.ts')).registerManifests,
]

/**
 * Runs one command line and gives the exit code: 0 done, 1 the thing asked for failed or found problems (the action sets
 * `process.exitCode = 1`), 2 bad usage or bad input. Every failure is one line on standard error; `--debug` adds the stack.
 */
export async function main(argv: readonly string[]): Promise<number> {
  quietOnBrokenPipe()
  const codeBefore = process.exitCode
  process.exitCode = 0
  try {
    const program = await buildProgram()
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync(argv, { from: 'user' })
    return Number(process.exitCode)
  } catch (error) {
    return report(error, argv.includes('--debug'))
  } finally {
    process.exitCode = codeBefore
  }
}

async function buildProgram(): Promise<Command> {
  const program = new Command('crescendo')
    .description(
      'Predictive autoscaler for Kubernetes: capacity is ready when the load arrives, and every decision explains itself.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--debug', 'print stack traces and causes of errors')
    .helpOption('-h, --help', 'print what a command does and takes')
    .helpCommand('help [command]', 'print what a command does and takes')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined }) // `report` prints it, in one line
    .exitOverride()
  for (const register of await Promise.all(COMMANDS.map(load => load()))) register(program)
  return program
}

/** Prints the one line, and says which exit code the error means. */
function report(error: unknown, debug: boolean): number {
  if (error instanceof CommanderError && error.exitCode === 0) return 0 // --help and --version
  const { line, code } = describe(error)
  process.stderr.write(`crescendo: ${harmless(oneLine(line))}\n`)
  if (debug && error instanceof Error) process.stderr.write(`${stackOf(error)}\n`)
  return code
}

function describe(error: unknown): { line: string; code: number } {
  if (error instanceof CrescendoError) return { line: error.message, code: 2 }
  if (error instanceof CommanderError) {
    const said = error.message.replace(/^error: /, '')
    return { line: said.includes('Did you mean') ? said : `${said} (crescendo --help lists what there is)`, code: 2 }
  }
  if (error instanceof KubeError) return { line: error.message, code: 1 } // its message is ours, never the server's
  if (isFileError(error)) return { line: fileError(error).message, code: 2 }
  const message = error instanceof Error ? error.message : String(error)
  return { line: `this is a fault of crescendo, not yours: ${message} (--debug prints where)`, code: 1 }
}

function oneLine(text: string): string {
  return text.trim().replace(/\s*[\r\n]+\s*/g, ' ')
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}

let isQuiet = false

/** `crescendo … | head` ends without a word when the reader goes away, as every other tool does. */
function quietOnBrokenPipe(): void {
  if (isQuiet) return
  isQuiet = true
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(0)
      throw error
    })
  }
}
