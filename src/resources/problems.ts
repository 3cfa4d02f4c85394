import type { z } from 'zod'
import type { ParsedDocument, Path, Problem } from './document-text.ts'
import { suggestion } from './suggestion.ts'

type Issue = z.core.$ZodIssue

/** Every issue of a schema as problems with a place, the field's path, what was found and what was expected. */
export function problemsOf(file: string, document: ParsedDocument, issues: readonly Issue[]): readonly Problem[] {
  return issues
    .flatMap(issue => (issue.code === 'unrecognized_keys' ? unknownFields(issue, document) : [wrongValue(issue, document)]))
    .map(({ place, message }) => ({ file, ...place, severity: 'error', message }))
}

function unknownFields(issue: z.core.$ZodIssueUnrecognizedKeys, document: ParsedDocument) {
  const known = issue.message.split(' ')
  return issue.keys.map(key => ({
    place: document.atKey([...issue.path, key]),
    message: `${pathText([...issue.path, key])}: unknown field${suggestion(key, known) || shortList(known)}`,
  }))
}

/** A list that is read at a glance; a longer one helps nobody. */
function shortList(known: readonly string[]): string {
  return known.length <= 8 ? `; expected one of ${known.join(', ')}` : ''
}

function wrongValue(issue: Issue, document: ParsedDocument) {
  const found = valueAt(document.value, issue.path)
  const expected = expectation(issue, found)
  const what = found === undefined ? 'missing' : `found ${isSecretPlace(issue.path) ? 'something else' : show(found)}`
  return { place: document.at(issue.path), message: `${pathText(issue.path)}: ${what}, ${expected}` }
}

/** Where secrets are named. Somebody may have written the secret itself there, and messages end up in logs. */
const SECRET_PLACES = ['metrics.pushToken', 'store.url', 'spec.authentication', 'spec.tls']

function isSecretPlace(path: Path): boolean {
  const text = pathText(path)
  return SECRET_PLACES.some(place => text === place || text.startsWith(`${place}.`))
}

function expectation(issue: Issue, found: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${TYPE_NAMES[issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return oneOf(issue.values.map(String), found)
    case 'invalid_union':
      return 'options' in issue ? oneOf((issue.options as unknown[]).map(String), found) : issue.message
    case 'too_small':
      return `expected ${sizeName(issue.origin)}${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`
    case 'too_big':
      return `expected ${sizeName(issue.origin)}${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`
    default:
      return issue.message
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
  record: 'an object',
}

function sizeName(origin: string): string {
  if (origin === 'array') return 'a list of '
  return origin === 'string' ? 'a length of ' : ''
}

function oneOf(values: readonly string[], found: unknown): string {
  const expected = values.length === 1 ? `expected ${values[0]}` : `expected one of ${values.join(', ')}`
  return `${expected}${typeof found === 'string' ? suggestion(found, values) : ''}`
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key as string] : undefined), value)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (isObject(value)) return 'an object'
  const text = typeof value === 'string' ? JSON.stringify(withoutUser(value)) : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/** An address without its user and password. */
function withoutUser(text: string): string {
  return text.replace(/\/\/[^/?#\s]*@/g, '//…@')
}

/** "spec.metrics[0].type"; a name that is no plain word is quoted, so that no line break or escape sequence gets out. */
function pathText(path: Path): string {
  const name = (key: PropertyKey) => (/^[\w./-]+$/.test(String(key)) ? `.${String(key)}` : `.${JSON.stringify(String(key))}`)
  const text = path.map(key => (typeof key === 'number' ? `[${key}]` : name(key))).join('')
  return text.replace(/^\./, '') || 'document'
}
