import { CrescendoError } from '../errors.ts'
import type { Problem } from '../resources/document-text.ts'
import { checkResources, formatProblem, type Loaded } from '../resources/load.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { harmless } from './terminal/text.ts'

/**
 * Prints what is right and wrong with each file; gives the exit code: 0, or 2 where a file is wrong (warnings are not) or could
 * not be read, after the others were checked: what is wrong with a document is bad input, here as in every other command.
 */
export async function validateFiles(paths: readonly string[], { json }: { readonly json: boolean }): Promise<number> {
  const checked: Checked[] = []
  let areAllRead = true
  for (const path of paths) {
    try {
      checked.push({ path, loaded: await checkResources(path) })
    } catch (error) {
      if (!(error instanceof CrescendoError)) throw error
      note(`crescendo: ${harmless(error.message)}`)
      areAllRead = false
    }
  }
  if (json) printJson(reportOf(checked))
  else for (const { path, loaded } of checked) printFile(path, loaded)
  return areAllRead && !checked.some(({ loaded }) => loaded.problems.some(isError)) ? 0 : 2
}

interface Checked {
  readonly path: string
  readonly loaded: Loaded
}

const isError = ({ severity }: Problem) => severity === 'error'

function reportOf(checked: readonly Checked[]) {
  return {
    valid: !checked.some(({ loaded }) => loaded.problems.some(isError)),
    files: checked.map(({ path, loaded: { resources, problems } }) => ({
      file: path,
      valid: !problems.some(isError),
      documents: resources.map(({ line, document: { kind, metadata } }) => ({ kind, name: metadata?.name ?? '', line })),
      problems: problems.map(({ line, column, severity, message }) => ({ line, column, severity, message })),
    })),
  }
}

function printFile(path: string, { resources, problems }: Loaded): void {
  for (const problem of problems) printLine(paint(isError(problem) ? 'red' : 'yellow', harmless(formatProblem(problem))))
  if (problems.some(isError)) return
  const names = resources.map(({ document: { kind, metadata } }) => `${kind} ${metadata?.name ?? ''}`.trim())
  printLine(`${path}: ${paint('green', 'ok')} (${names.join(', ')})`)
}
