import { CrescendoError } from '../errors.ts'
import { loadPolicies, policyFacts, resolvePolicy } from '../policies.ts'
import { loadResources } from '../resources/load.ts'
import { notActedOn } from '../resources/not-acted-on.ts'
import type { Settings } from '../resources/settings.ts'
import { suggestion } from '../resources/suggestion.ts'
import { note, paint, printJson, printLine } from './output.ts'
import { learntOf } from './policies/learnt-of.ts'
import { tableLines } from './terminal/table.ts'
import { harmless } from './terminal/text.ts'

interface Asked {
  readonly file?: string
  readonly json?: true
}

interface Learnt {
  readonly revisions?: string
  readonly keyFile?: string
}

/** Prints every policy with where it is from and what it extends. Throws CrescendoError where the file is wrong. */
export async function listPolicies({ file, json }: Asked): Promise<void> {
  const facts = policyFacts(await loadPolicies(file))
  if (json) return printJson({ policies: facts.map(({ name, origin, extends: bases }) => ({ name, origin, extends: bases })) })
  const rows = facts.map(({ name, origin, extends: bases }) => [harmless(name), harmless(origin), harmless(bases.join(', '))])
  for (const line of table(['policy', 'from', 'extends'], rows)) printLine(line)
}

/** Prints every value that is in force by a policy, or by an object of the file, and its origin; warnings go to standard error. */
export async function showPolicy(name: string, asked: Asked & Learnt & { readonly object?: true }): Promise<void> {
  const { file, json, object } = asked
  const library = await loadPolicies(file)
  const what = object ? { object: await objectIn(file, name) } : { policy: name }
  const learnt = await learntOf(resolvePolicy(library, what).name, asked)
  const settings = resolvePolicy(library, { ...what, ...(learnt && { learnt }) })
  for (const warning of settings.warnings) note(`crescendo: ${harmless(warning)}`)
  const idle = notActedOn(settings, 'Controller')
  const values = Object.entries(settings.origins).map(([field, origin]) => ({ field, value: valueAt(settings, field), origin }))
  if (json) return printJson({ name: settings.name, values, notActedOn: idle, warnings: settings.warnings })
  // Values stand last: some are long.
  const rows = values.flatMap(({ field, value, origin }) =>
    linesOf(value).map((line, index) => (index === 0 ? [field, harmless(origin), line] : ['', '', line])),
  )
  for (const line of table(['field', 'from', 'value'], rows)) printLine(line)
  if (idle.length > 0) printLine(`A controller does not act yet on: ${idle.join(', ')}`)
}

const table = (titles: readonly string[], rows: readonly (readonly string[])[]) =>
  tableLines(
    titles.map(title => ({ title })),
    rows,
    { paintTitle: text => paint('bold', text) },
  )

async function objectIn(file: string | undefined, name: string) {
  if (file === undefined) throw new CrescendoError('CRS_USAGE', '--object needs --file with the object in it')
  const objects = (await loadResources(file)).flatMap(({ document }) =>
    document.kind === 'HorizontalPodAutoscaler' ? [document] : [],
  )
  const found = objects.find(({ metadata }) => metadata.name === name)
  if (found !== undefined) return found
  const names = objects.map(({ metadata }) => metadata.name)
  const there = names.length === 0 ? 'it holds no HorizontalPodAutoscaler' : `expected one of ${names.join(', ')}`
  throw new CrescendoError('CRS_USAGE', `${file}: found no object ${name}, ${there}${suggestion(name, names)}`)
}

function valueAt(settings: Settings, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], settings)
}

/** A list of objects has a line for each. */
function linesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return [harmless(String(value))]
  return value.length === 0 ? ['none'] : value.map(told)
}

function told(item: unknown): string {
  if (typeof item !== 'object' || item === null) return harmless(String(item))
  return harmless(
    Object.entries(item)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
  )
}
