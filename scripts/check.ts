/** `npm run check`: every check of the repository, side by side on two cores, one line each, and one closing line. */
import { spawn } from 'node:child_process'

interface Check {
  readonly name: string
  readonly command: readonly string[]
}

interface Result {
  readonly exitCode: number
  readonly output: string
  readonly seconds: number
}

interface Tally {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

const OWN_TESTS = ['test/layers.test.ts', 'test/docs.test.ts']

/** Two lanes for two cores. The core is tested with coverage, and by its own tests alone: what they miss is a gap, whoever else runs it. */
const LANES: readonly (readonly Check[])[] = [
  [
    { name: 'core + coverage', command: ['vitest', 'run', '--coverage', '--maxWorkers=1', 'src/core'] },
    { name: 'format + lint', command: ['biome', 'check', '--error-on-warnings'] },
    { name: 'types', command: ['tsc', '--noEmit'] },
    { name: 'unused code', command: ['knip'] },
    { name: 'docs', command: ['vitest', 'run', 'test/docs.test.ts'] },
    { name: 'layers', command: ['vitest', 'run', 'test/layers.test.ts'] },
  ],
  [
    {
      name: 'other unit tests',
      command: ['vitest', 'run', '--maxWorkers=1', '--exclude=src/core/**', ...OWN_TESTS.map(path => `--exclude=${path}`)],
    },
  ],
]

async function run({ command }: Check): Promise<Result> {
  const [program = '', ...args] = command
  const begun = performance.now()
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk))
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve(code ?? 1))
  })
  return { exitCode, output: Buffer.concat(chunks).toString('utf8').trimEnd(), seconds: (performance.now() - begun) / 1000 }
}

/**
 * What a check adds to the closing line: the tests it ran, or itself as one. A check that fails although all its tests
 * passed (coverage below the threshold) counts as one failure, so that `0 failed` always means a green check.
 */
function tallyOf({ exitCode, output }: Result): Tally {
  const closing = /(?:^|\n)(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(output)
  if (closing === null) return exitCode === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
  const failed = Number(closing[2])
  return { passed: Number(closing[1]), failed: exitCode !== 0 ? Math.max(1, failed) : failed, skipped: Number(closing[3] ?? 0) }
}

async function runLane(checks: readonly Check[]): Promise<readonly Tally[]> {
  const tallies: Tally[] = []
  for (const check of checks) {
    const result = await run(check)
    const verdict = result.exitCode === 0 ? 'ok' : 'FAILED'
    process.stdout.write(`${check.name.padEnd(18)}${result.seconds.toFixed(1).padStart(6)} s  ${verdict}\n`)
    if (result.exitCode !== 0) process.stdout.write(`${result.output}\n\n`)
    tallies.push(tallyOf(result))
  }
  return tallies
}

const begun = performance.now()
const tallies = (await Promise.all(LANES.map(runLane))).flat()
const sum = (pick: (tally: Tally) => number) => tallies.reduce((total, tally) => total + pick(tally), 0)
const [passed, failed, skipped] = [sum(tally => tally.passed), sum(tally => tally.failed), sum(tally => tally.skipped)]
process.stdout.write(`${'everything'.padEnd(18)}${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s\n`)
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
process.exitCode = failed > 0 ? 1 : 0
