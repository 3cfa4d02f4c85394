import { readFile, stat } from 'node:fs/promises'
import { text as readStream } from 'node:stream/consumers'
import { CrescendoError, fileError, isFileError } from '../errors.ts'
import { type ParsedDocument, type Path, type Problem, parseFile } from './document-text.ts'
import { DOCUMENTS, type Kind, type ResourceDocument } from './documents.ts'
import { meaningOf } from './meaning.ts'
import { problemsOf } from './problems.ts'
import { suggestion } from './suggestion.ts'

/** A document that its schema accepts, and where it stands. */
export interface Resource {
  readonly file: string
  readonly line: number
  readonly document: ResourceDocument
}

export interface Loaded {
  readonly resources: readonly Resource[]
  /** Errors and warnings in the order of the file. */
  readonly problems: readonly Problem[]
}

/** Far beyond the megabyte that a file may have; larger ones are not even read. */
const MAX_READ_BYTES = 64 << 20

/**
 * Reads a YAML or JSON file (`-` is standard input) and says everything that is wrong with it. Throws CrescendoError only
 * where the file cannot be read at all.
 */
export async function checkResources(path: string): Promise<Loaded> {
  const file = path === '-' ? 'standard input' : path
  return checkText(file, await readText(path, file))
}

/** The documents of a file; throws the first problem as one line. */
export async function loadResources(path: string): Promise<readonly Resource[]> {
  const { resources, problems } = await checkResources(path)
  const errors = problems.filter(({ severity }) => severity === 'error')
  if (errors[0]) {
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more: crescendo validate ${path})` : ''
    throw new CrescendoError('CRS_DOCUMENT_INVALID', `${formatProblem(errors[0])}${more}`)
  }
  return resources
}

/** "file:line:column: message", the form that editors make clickable. */
export function formatProblem({ file, line, column, severity, message }: Problem): string {
  return `${file}:${line}:${column}: ${severity === 'warning' ? 'warning: ' : ''}${message}`
}

/** What `checkResources` does, on text that is already here. */
export function checkText(file: string, text: string): Loaded {
  const parsed = parseFile(file, text)
  const items = parsed.documents.flatMap(unfoldList)
  const checked = items.map(item => checkDocument(file, item))
  const problems = [...parsed.problems, ...checked.flatMap(({ problems }) => problems)]
  if (items.length === 0 && problems.length === 0) {
    problems.push({
      file,
      line: 1,
      column: 1,
      severity: 'error',
      message: `found no document, expected one of ${kindNames.join(', ')}`,
    })
  }
  const resources = checked.flatMap(({ resource }) => (resource ? [resource] : []))
  return {
    resources,
    problems: [...problems, ...meaningOf(resources)].toSorted((a, b) => a.line - b.line || a.column - b.column),
  }
}

const kindNames = Object.keys(DOCUMENTS) as Kind[]

function checkDocument(file: string, item: ParsedDocument): { resource?: Resource; problems: readonly Problem[] } {
  const { value } = item
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : undefined
  const schema = kindNames.find(name => name === kind)
  if (schema === undefined) return { problems: [wrongKind(file, item, kind)] }
  const result = DOCUMENTS[schema].safeParse(value)
  if (!result.success) return { problems: problemsOf(file, item, result.error.issues) }
  return { resource: { file, line: item.at([]).line, document: result.data }, problems: [] }
}

function wrongKind(file: string, item: ParsedDocument, kind: unknown): Problem {
  const found = kind === undefined ? 'missing' : `found ${JSON.stringify(kind)}`
  const near = typeof kind === 'string' ? suggestion(kind, kindNames) : ''
  return {
    file,
    ...item.at(['kind']),
    severity: 'error',
    message: `kind: ${found}, expected one of ${kindNames.join(', ')}${near}`,
  }
}

/** What `kubectl get -o yaml` prints for several objects is one List; its items are the documents. */
export function unfoldList(document: ParsedDocument): readonly ParsedDocument[] {
  const { value } = document
  const isList = typeof value === 'object' && value !== null && 'kind' in value && String(value.kind).endsWith('List')
  const items = isList && 'items' in value ? value.items : undefined
  if (!Array.isArray(items)) return [document]
  const within = (index: number, path: Path): Path => ['items', index, ...path]
  return items.map((item, index) => ({
    value: item,
    at: path => document.at(within(index, path)),
    atKey: path => document.atKey(within(index, path)),
  }))
}

/** The text of a file, or of standard input where `path` is `-`; `file` is its name in messages. At most 64 MiB. */
export async function readText(path: string, file: string): Promise<string> {
  try {
    if (path === '-') return await readStream(process.stdin)
    const { size } = await stat(path)
    if (size > MAX_READ_BYTES)
      throw new CrescendoError(
        'CRS_DOCUMENT_INVALID',
        `${file}: found ${size} bytes, expected a YAML or JSON file of at most 1 MiB`,
      )
    return await readFile(path, 'utf8')
  } catch (error) {
    throw isFileError(error) ? fileError(error, file) : error
  }
}
