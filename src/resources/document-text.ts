import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isNode,
  isPair,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  visit,
} from 'yaml'

/** Something wrong, or doubtful, at one place of a file. Line and column count from 1. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly severity: 'error' | 'warning'
  /** Field path ("spec.metrics[0].type"), what was found, and what was expected. */
  readonly message: string
}

export type Path = readonly PropertyKey[]

/** One document of a YAML or JSON file: its plain value, and where each field stands. */
export interface ParsedDocument {
  readonly value: unknown
  /** The place of a value; of a field that is absent, of the nearest thing around it. */
  at(path: Path): Place
  /** The place of a field's name, for fields that should not be there. */
  atKey(path: Path): Place
}

export interface Place {
  readonly line: number
  readonly column: number
}

export interface ParsedFile {
  readonly documents: readonly ParsedDocument[]
  readonly problems: readonly Problem[]
}

const MAX_BYTES = 1 << 20
const MAX_ALIASES = 50
const MAX_DEPTH = 30
const MAX_SYNTAX_PROBLEMS = 20
const TOO_DEEP = `found nesting deeper than ${MAX_DEPTH} levels, expected less`
const FORBIDDEN_KEYS = ['__proto__', 'constructor', 'prototype']

/**
 * Reads YAML (several documents, JSON too) with bounds on size, depth and aliases, so that no file can exhaust us. Fields
 * that are null count as absent, as the API server has it.
 */
export function parseFile(file: string, text: string): ParsedFile {
  const lines = new LineCounter()
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset)
    return { line, column: col }
  }
  const problem: Tools['problem'] = (message, { line, column } = { line: 1, column: 1 }) => {
    return { file, line, column, severity: 'error', message }
  }
  const refusal = boundsProblem(text)
  if (refusal !== undefined) return { documents: [], problems: [problem(refusal.message, refusal.place)] }
  const parsed = [
    ...parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error' }),
  ] as Document[]
  const syntax = parsed.flatMap(({ errors, warnings }) => [...errors, ...warnings])
  if (syntax.length > 0) {
    const problems = syntax.slice(0, MAX_SYNTAX_PROBLEMS).map(({ message, pos }) => problem(tidy(message), placeOf(pos[0])))
    const tooDeep = problems.find(({ message }) => message === TOO_DEEP)
    return { documents: [], problems: tooDeep ? [tooDeep] : problems }
  }
  return readAll(
    parsed.filter(({ contents }) => contents !== null),
    { problem, placeOf },
  )
}

interface Tools {
  problem(message: string, place?: Place): Problem
  placeOf(offset: number): Place
}

/** What is refused before parsing: the parser recurses, so its input must be small and shallow. */
function boundsProblem(text: string): { readonly message: string; readonly place?: Place } | undefined {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_BYTES) return { message: `found ${bytes} bytes, expected at most ${MAX_BYTES}; split the file` }
  if (text.includes('\0')) return { message: 'found binary data, expected YAML or JSON text' }
  let [depth, line] = [0, 1]
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    else if (token.includes('\n')) line += token.split('\n').length - 1
    if (depth > MAX_DEPTH) return { message: TOO_DEEP, place: { line, column: 1 } }
  }
  return undefined
}

function readAll(parsed: readonly Document[], { problem, placeOf }: Tools): ParsedFile {
  const documents: ParsedDocument[] = []
  const problems: Problem[] = []
  for (const document of parsed) {
    const root = document.contents as Node
    const start = placeOf(root.range?.[0] ?? 0)
    const refusal = refusalOf(root) ?? aliasRefusalOf(document)
    if (refusal) problems.push(problem(refusal.message, placeOf(refusal.offset)))
    else {
      const value = plainValue(document)
      if (value === undefined)
        problems.push(problem(`found aliases that expand more than ${MAX_ALIASES} times (an alias bomb), expected fewer`, start))
      else documents.push(documentOf(root, value.plain, placeOf))
    }
  }
  return { documents, problems }
}

function plainValue(document: Document): { readonly plain: unknown } | undefined {
  try {
    return { plain: withoutNulls(document.toJS({ maxAliasCount: MAX_ALIASES })) }
  } catch (error) {
    if (error instanceof ReferenceError) return undefined // what the yaml library throws for too many aliases
    throw error
  }
}

function documentOf(root: Node, value: unknown, placeOf: (offset: number) => Place): ParsedDocument {
  const find = (path: Path, wantsKey: boolean): Place => {
    let here: Step = { node: root, offset: offsetOf(root, 0) }
    path.forEach((key, index) => {
      here = stepInto(here, key, wantsKey && index === path.length - 1)
    })
    return placeOf(here.offset)
  }
  return { value, at: path => find(path, false), atKey: path => find(path, true) }
}

interface Step {
  readonly node: unknown
  readonly offset: number
}

/** From a collection to its field or item; where there is none, the place stays. */
function stepInto({ node, offset }: Step, key: PropertyKey, wantsKey: boolean): Step {
  if (isMap(node)) {
    const pair = node.items.find(item => isScalar(item.key) && item.key.value === key)
    return pair
      ? { node: pair.value, offset: offsetOf(wantsKey ? pair.key : (pair.value ?? pair.key), offset) }
      : { node: undefined, offset }
  }
  const item = isCollection(node) ? node.get(key, true) : undefined
  return { node: item, offset: offsetOf(item, offset) }
}

function offsetOf(node: unknown, otherwise: number): number {
  return isNode(node) ? (node.range?.[0] ?? otherwise) : otherwise
}

interface Refusal {
  readonly message: string
  readonly offset: number
}

/** What a document may not have whatever its schema: depth beyond the bound, and keys that are traps in JavaScript. */
function refusalOf(root: Node): Refusal | undefined {
  const pending: { node: unknown; depth: number }[] = [{ node: root, depth: 0 }]
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { node, depth } = next
    if (!isCollection(node)) continue // an alias is no collection: what it stands for is visited where it is written
    if (depth >= MAX_DEPTH) return { message: TOO_DEEP, offset: offsetOf(node, 0) }
    const trap = (node.items as readonly unknown[]).find(isTrap)
    if (trap)
      return { message: `found the field name ${keyText(trap)}, which is not allowed anywhere`, offset: offsetOf(trap.key, 0) }
    pending.push(...node.items.map(item => ({ node: isPair(item) ? item.value : item, depth: depth + 1 })))
  }
  return undefined
}

/** An alias of nothing, and one inside what it stands for. Parents come before what is in them, and anchors before their aliases. */
function aliasRefusalOf(document: Document): Refusal | undefined {
  const anchors = new Map<string, Node>()
  const aliases = new Set<string>()
  let refusal: Refusal | undefined
  visit(document, {
    Node(_, node, path) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.set(node.anchor, node)
        return undefined
      }
      aliases.add(node.source)
      const message = aliasProblem(node.source, anchors.get(node.source), { path, aliases: aliases.size })
      if (message === undefined) return undefined
      refusal = { message, offset: offsetOf(node, 0) }
      return visit.BREAK
    },
  })
  return refusal
}

function aliasProblem(
  name: string,
  target: Node | undefined,
  { path, aliases }: { readonly path: readonly unknown[]; readonly aliases: number },
): string | undefined {
  if (aliases > MAX_ALIASES) return `found aliases of more than ${MAX_ALIASES} anchors, expected fewer`
  if (target === undefined) return `found the alias *${name} without an anchor &${name} before it`
  return path.includes(target) ? `found the alias *${name} inside what it stands for, expected no circle` : undefined
}

function isTrap(item: unknown): item is Pair {
  return isPair(item) && FORBIDDEN_KEYS.includes(keyText(item))
}

function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : ''
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [key, withoutNulls(field)]),
  )
}

function tidy(message: string): string {
  if (/call stack|stack overflow/i.test(message)) return TOO_DEEP // block collections, which the lexer does not count
  return message.replace(/\s+/g, ' ').replace(/ at line \d+, column \d+:?.*$/, '')
}
