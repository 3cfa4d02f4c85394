import type { Instant } from '../core/model.ts'
import { CrescendoError } from '../errors.ts'
import { compositionProblems } from '../resources/composition.ts'
import type { Problem } from '../resources/document-text.ts'
import { checkResources, formatProblem, type Loaded } from '../resources/load.ts'
import { defaultPolicies } from '../resources/policy-file.ts'
import { nextWindows, schedulesIn } from '../resources/schedule-windows.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { harmless } from './terminal/text.ts'

/**
 * Prints what is right and wrong with each file; gives the exit code: 0, or 2 where a file is wrong (warnings are not) or could
 * not be read, after the others were checked: what is wrong with a document is bad input, here as in every other command.
 */
export async function validateFiles(paths: readonly string[], { json, now }: Asked): Promise<number> {
  const read: Checked[] = []
  let areAllRead = true
  for (const path of paths) {
    try {
      read.push({ path, loaded: await checkResources(path) })
    } catch (error) {
      if (!(error instanceof CrescendoError)) throw error
      note(`crescendo: ${harmless(error.message)}`)
      areAllRead = false
    }
  }
  const checked = await composed(read)
  if (json) printJson(reportOf(checked, now))
  else for (const { path, loaded } of checked) printFile(path, loaded, now)
  return areAllRead && !checked.some(({ loaded }) => loaded.problems.some(isError)) ? 0 : 2
}

/** With what shows once the documents of all files lie over each other; a file that is wrong by itself is told of that first. */
async function composed(checked: readonly Checked[]): Promise<readonly Checked[]> {
  const sound = checked.filter(({ loaded }) => !loaded.problems.some(isError))
  const found = compositionProblems(
    sound.flatMap(({ loaded }) => loaded.resources),
    await defaultPolicies(),
  )
  return checked.map(({ path, loaded }) => {
    const own = found.filter(({ resource }) => loaded.resources.includes(resource))
    return { path, loaded: { ...loaded, problems: [...loaded.problems, ...own] } }
  })
}

interface Asked {
  readonly json: boolean
  /** From when on the next windows of schedules are told. */
  readonly now: Instant
}

interface Checked {
  readonly path: string
  readonly loaded: Loaded
}

/** Windows of each schedule that are shown. */
const SHOWN = 3

const isError = ({ severity }: Problem) => severity === 'error'

function reportOf(checked: readonly Checked[], now: Instant) {
  return {
    valid: !checked.some(({ loaded }) => loaded.problems.some(isError)),
    files: checked.map(({ path, loaded: { resources, problems } }) => ({
      file: path,
      valid: !problems.some(isError),
      documents: resources.map(({ line, document }) => {
        const { kind, metadata } = document
        return { kind, name: metadata?.name ?? '', line, ...(problems.some(isError) ? {} : upcoming(document, now)) }
      }),
      problems: problems.map(({ line, column, severity, message }) => ({ line, column, severity, message })),
    })),
  }
}

function printFile(path: string, { resources, problems }: Loaded, now: Instant): void {
  for (const problem of problems) printLine(paint(isError(problem) ? 'red' : 'yellow', harmless(formatProblem(problem))))
  if (problems.some(isError)) return
  const names = resources.map(({ document: { kind, metadata } }) => `${kind} ${metadata?.name ?? ''}`.trim())
  printLine(`${path}: ${paint('green', 'ok')} (${names.join(', ')})`)
  for (const { document } of resources) {
    for (const { name, next } of upcoming(document, now).schedules ?? []) {
      const times = next.map(({ from, to }) => `${from} to ${to}`).join(', ')
      printLine(`  ${harmless(name)}: ${times === '' ? paint('yellow', 'is over, and never on again') : `next ${times}`}`)
    }
  }
}

/** The next windows of each schedule that a document states, or states as a default; nothing where it has none. */
function upcoming(document: Loaded['resources'][number]['document'], now: Instant) {
  const schedules = schedulesIn(document)
  if (schedules.length === 0) return {}
  const told = (at: Instant) => new Date(at).toISOString().replace('.000Z', 'Z')
  return {
    schedules: schedules.map(schedule => ({
      name: schedule.name,
      next: nextWindows(schedule, now, SHOWN).map(({ from, to }) => ({ from: told(from), to: told(to) })),
    })),
  }
}
