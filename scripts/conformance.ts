import { type Outcome, runDirectory } from './hpa-vectors/run.ts'

const USAGE = 'usage: npm run conformance -- DIR (a directory with *.json files of schema hpa-vectors/1)'

/** One line for each failure, then the count. Exit code: 0 all passed, 1 some failed, 2 nothing to run. */
function main(arguments_: readonly string[]): number {
  const [directory, ...rest] = arguments_
  if (directory === undefined || rest.length > 0) return refuse(USAGE)
  let outcomes: readonly Outcome[]
  try {
    outcomes = runDirectory(directory)
  } catch (error) {
    return refuse(`${directory}: cannot be read as a directory: ${(error as Error).message}`)
  }
  if (outcomes.length === 0) console.error(`${directory}: holds no *.json file with vectors`)
  const failures = outcomes.filter(one => one.failure !== undefined)
  for (const { id, failure } of failures) console.log(`FAILED ${id}: ${failure}`)
  console.log(`${outcomes.length - failures.length} passed, ${failures.length} failed`)
  return outcomes.length === 0 ? 2 : Math.min(failures.length, 1)
}

function refuse(why: string): number {
  console.error(why)
  return 2
}

process.exitCode = main(process.argv.slice(2))
