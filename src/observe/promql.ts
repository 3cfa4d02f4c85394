import { parser } from '@prometheus-io/lezer-promql'

/** A node of the parsed query, as far as this file needs it. */
export type Node = ReturnType<typeof parser.parse>['topNode']

export interface Matcher {
  readonly label: string
  readonly operator: '=' | '!=' | '=~' | '!~'
  readonly value: string
}

/** One vector selector of a query, with the places of its parts in the text. */
export interface Selector {
  readonly from: number
  readonly to: number
  /** Text of the metric name before the braces; absent where the name stands inside them, or there is none. */
  readonly name?: string
  readonly matchers: readonly SelectorMatcher[]
}

export interface SelectorMatcher {
  /** `__name__` for a quoted metric name that stands alone. */
  readonly label: string
  readonly operator: string
  /** The string as written, with its quotes. */
  readonly literal: string
  readonly text: string
}

export interface Refusal {
  readonly kind: 'refused'
  /** What is wrong, for a person; quotes nothing longer than a name of the query. */
  readonly why: string
  /** Offset in the query's text. */
  readonly at: number
}

export type Query = { readonly kind: 'query'; readonly text: string } | Refusal

export interface Demands {
  /** Every selector of the result carries these, and no other matcher of the same labels. */
  readonly matchers: readonly Matcher[]
  /** Added to every selector beside what it has: they can only narrow. */
  readonly narrow?: readonly Matcher[]
  /** Milliseconds since the epoch; an `@` time is measured against it. */
  readonly nowMs: number
}

const MAX_SUBQUERY_MS = 3_600_000
const MAX_REACH_MS = 7 * 86_400_000
const MAX_QUERY_LENGTH = 10_000
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/
/** A regular expression that is a plain list of metric names. */
const NAMES = /^[a-zA-Z0-9_:]+(?:\|[a-zA-Z0-9_:]+)*$/

/** Whether `text` can stand as a label name in any version of PromQL. */
export function isLabelName(text: string): boolean {
  return LABEL.test(text)
}

/** A string as PromQL writes it; nothing in it can end the literal. */
export function quoted(value: string): string {
  return JSON.stringify(value)
}

/** A regular expression (RE2) that matches exactly these strings. */
export function anyOf(values: readonly string[]): string {
  return values
    .map(value => value.replace(/[.*+?^${}()|[\]\\/-]/g, sign => (sign === '-' || sign === '/' ? sign : `\\${sign}`)))
    .join('|')
}

/**
 * The query with the matchers in every vector selector, replacing those of the same label; or why it may not run: syntax,
 * a selector that names no metric, a reach into the past beyond seven days, a subquery over one hour, a function that
 * writes a demanded label or reads series that no selector names.
 */
export function rewrite(query: string, demands: Demands): Query {
  const tree = parse(query)
  if ('kind' in tree) return tree
  const labels = new Set(demands.matchers.map(({ label }) => label))
  const refusal = firstRefusal(tree, query, { labels, nowMs: demands.nowMs })
  if (refusal !== undefined) return refusal
  let [text, at] = ['', 0]
  for (const selector of selectorsIn(tree, query)) {
    text += query.slice(at, selector.from) + selectorText(selector, demands, labels)
    at = selector.to
  }
  return { kind: 'query', text: text + query.slice(at) }
}

const RATES = new Set(['rate', 'irate', 'increase'])

/**
 * The query with each `rate(x[5m])` as `(rate(x[5m]) and x)`. When a target is lost its series end at once, but a rate goes on until its
 * range has run empty, and shrinks on the way: that looks like a fall in load. A query that does not parse is left as it is.
 */
export function onlyLiving(query: string): string {
  const tree = parse(query)
  if ('kind' in tree) return query
  let [text, at] = ['', 0]
  for (const node of nodesOf(tree)) {
    const series = node.name === 'FunctionCall' && RATES.has(functionOf(node, query)) ? seriesOf(node) : undefined
    if (series === undefined) continue
    text += `${query.slice(at, node.from)}(${query.slice(node.from, node.to)} and ${query.slice(series.from, series.to)})`
    at = node.to
  }
  return text + query.slice(at)
}

/** The selector of `rate(selector[range])`; absent where the range lies elsewhere in time, or is computed. */
function seriesOf(call: Node): Node | undefined {
  const [argument] = argumentsOf(call)
  return argument?.name === 'MatrixSelector' ? (argument.getChild('VectorSelector') ?? undefined) : undefined
}

/** All vector selectors of a query, in order; a query that does not parse is refused. */
export function selectorsOf(query: string): readonly Selector[] | Refusal {
  const tree = parse(query)
  return 'kind' in tree ? tree : selectorsIn(tree, query)
}

/** The parsed root of the query, as long as the whole text is one expression. */
export function parse(query: string): Node | Refusal {
  if (query.length > MAX_QUERY_LENGTH) return refused(MAX_QUERY_LENGTH, `it is longer than ${MAX_QUERY_LENGTH} characters`)
  const { topNode } = parser.parse(query)
  const wrong = nodesOf(topNode).find(node => node.type.isError)
  if (wrong !== undefined) return refused(wrong.from, `syntax error at character ${wrong.from + 1}`)
  return topNode
}

function refused(at: number, why: string): Refusal {
  return { kind: 'refused', at, why }
}

/** The node and all below it, in the order of the text. */
export function nodesOf(root: Node): readonly Node[] {
  const nodes: Node[] = []
  const cursor = root.cursor()
  do nodes.push(cursor.node)
  while (cursor.next())
  return nodes
}

export function childrenOf(node: Node): readonly Node[] {
  const children: Node[] = []
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child)
  return children
}

function selectorsIn(root: Node, query: string): readonly Selector[] {
  return nodesOf(root)
    .filter(node => node.name === 'VectorSelector')
    .map(node => selectorAt(node, query))
}

function selectorAt(node: Node, query: string): Selector {
  const name = node.getChild('Identifier')
  const list = node.getChild('LabelMatchers')
  const matchers = list === null ? [] : childrenOf(list).map(child => matcherAt(child, query))
  return {
    from: node.from,
    to: node.to,
    matchers: matchers.filter(one => one !== undefined),
    ...(name !== null && { name: query.slice(name.from, name.to) }),
  }
}

function matcherAt(node: Node, query: string): SelectorMatcher | undefined {
  const text = query.slice(node.from, node.to)
  if (node.name === 'QuotedLabelName') return { label: '__name__', operator: '=', literal: text, text }
  if (node.name !== 'UnquotedLabelMatcher' && node.name !== 'QuotedLabelMatcher') return undefined
  const [label, operator, literal] = childrenOf(node).map(child => query.slice(child.from, child.to))
  if (label === undefined || operator === undefined || literal === undefined) return undefined
  return { label: node.name === 'QuotedLabelMatcher' ? bare(label) : label, operator, literal, text }
}

/** A string literal without its quotes. Escapes stay as they are: whoever compares refuses literals that hold any. */
export function bare(literal: string): string {
  return literal.slice(1, -1)
}

function selectorText(selector: Selector, { matchers, narrow = [] }: Demands, labels: ReadonlySet<string>): string {
  const kept = selector.matchers.filter(({ label }) => !labels.has(label)).map(({ text }) => text)
  const narrowed = narrow.filter(({ label }) => !labels.has(label))
  const added = [...narrowed, ...matchers].map(({ label, operator, value }) => `${label}${operator}${quoted(value)}`)
  return `${selector.name ?? ''}{${[...kept, ...added].join(',')}}`
}

interface Bounds {
  readonly labels: ReadonlySet<string>
  readonly nowMs: number
}

function firstRefusal(root: Node, query: string, bounds: Bounds): Refusal | undefined {
  for (const node of nodesOf(root)) {
    const refusal = REFUSALS[node.name]?.(node, query, bounds)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

type Check = (node: Node, query: string, bounds: Bounds) => Refusal | undefined

const REFUSALS: Readonly<Record<string, Check>> = {
  LineComment: node => refused(node.from, `a comment at character ${node.from + 1}; write none`),
  VectorSelector: unnamed,
  QuotedLabelName: escapedName,
  SubqueryExpr: (node, query) => tooLong(node, query, { what: 'a subquery', limitMs: MAX_SUBQUERY_MS, limit: 'one hour' }),
  MatrixSelector: (node, query) => tooLong(node, query, { what: 'a range', limitMs: MAX_REACH_MS, limit: 'seven days' }),
  OffsetExpr: (node, query) => tooLong(node, query, { what: 'an offset', limitMs: MAX_REACH_MS, limit: 'seven days' }),
  StepInvariantExpr: farAway,
  FunctionCall: unsafeCall,
  AggregateExpr: writesLabel,
}

export function escapedName({ from, to }: Node, query: string): Refusal | undefined {
  const isName = /^["'`]/.test(query.slice(from, to)) && query.slice(from, to).includes('\\')
  return isName ? refused(from, `an escape in a name at character ${from + 1}`) : undefined
}

function unnamed(node: Node, query: string): Refusal | undefined {
  const { name, matchers, from } = selectorAt(node, query)
  const escaped = matchers.find(({ label, literal }) => label.includes('\\') || (label === '__name__' && literal.includes('\\')))
  if (escaped !== undefined) return refused(from, `an escape in a name at character ${from + 1}`)
  const names = matchers.filter(({ label }) => label === '__name__')
  const isNamed =
    name !== undefined ||
    names.some(({ operator, literal }) =>
      operator === '=' ? bare(literal) !== '' : operator === '=~' && NAMES.test(bare(literal)),
    )
  return isNamed ? undefined : refused(from, `a selector without a metric name at character ${from + 1}`)
}

function tooLong(node: Node, query: string, { what, limitMs, limit }: { what: string; limitMs: number; limit: string }) {
  for (const part of childrenOf(node).slice(1)) {
    if (part.name !== 'DurationExpr' && part.name !== 'OffsetDurationExpr') continue
    const ms = durationMs(query.slice(part.from, part.to))
    if (ms === undefined) return refused(part.from, `a computed duration at character ${part.from + 1}; write it out`)
    if (Math.abs(ms) > limitMs) return refused(part.from, `${what} longer than ${limit} at character ${part.from + 1}`)
  }
  return undefined
}

const UNITS_MS: Readonly<Record<string, number>> = {
  y: 31_536_000_000,
  w: 604_800_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
}

/** "1h30m", "-5m", "90" (seconds); `undefined` for anything computed. */
export function durationMs(text: string): number | undefined {
  const match = /^\s*([-+]?)\s*(?:(\d+(?:\.\d+)?)|((?:\d+(?:ms|[ywdhms]))+))\s*$/.exec(text)
  if (!match) return undefined
  const [, sign, seconds, parts = ''] = match
  let total = seconds === undefined ? 0 : Number(seconds) * 1000
  for (const [, count, unit] of parts.matchAll(/(\d+)(ms|[ywdhms])/g)) total += Number(count) * (UNITS_MS[unit ?? ''] ?? 0)
  return sign === '-' ? -total : total
}

/** `@ start()` and `@ end()` lie in the range that we ask for; a written time must lie near now. */
function farAway(node: Node, query: string, { nowMs }: Bounds): Refusal | undefined {
  const [, , time] = childrenOf(node)
  if (time === undefined || time.name === 'AtModifierPreprocessors') return undefined
  const sign = /@\s*-/.test(query.slice(node.from, time.to)) ? -1 : 1
  const atMs = sign * Number(query.slice(time.from, time.to)) * 1000
  return Math.abs(nowMs - atMs) <= MAX_REACH_MS
    ? undefined
    : refused(time.from, `an @ time further than seven days at character ${time.from + 1}`)
}

function unsafeCall(node: Node, query: string, { labels }: Bounds): Refusal | undefined {
  const name = functionOf(node, query)
  if (name === 'info') return refused(node.from, 'info() reads series that no selector names')
  if (name !== 'label_replace' && name !== 'label_join') return undefined
  return writes(argumentsOf(node)[1], query, { labels, by: name })
}

export function writesLabel(node: Node, query: string, { labels }: Bounds): Refusal | undefined {
  if (operatorOf(node) !== 'CountValues') return undefined
  return writes(argumentsOf(node)[0], query, { labels, by: 'count_values' })
}

export function writes(written: Node | undefined, query: string, { labels, by }: { labels: ReadonlySet<string>; by: string }) {
  if (written === undefined) return undefined // too few arguments: Prometheus refuses it itself
  const literal = query.slice(written.from, written.to)
  if (written.name !== 'StringLiteral' || literal.includes('\\'))
    return refused(written.from, `${by} must name its label plainly`)
  return labels.has(bare(literal)) ? refused(written.from, `${by} may not write the label ${bare(literal)}`) : undefined
}

export function functionOf(node: Node, query: string): string {
  const name = node.getChild('FunctionIdentifier')
  return name === null ? '' : query.slice(name.from, name.to)
}

export function argumentsOf(node: Node): readonly Node[] {
  const body = node.getChild('FunctionCallBody')
  return body === null ? [] : childrenOf(body)
}

function operatorOf(node: Node): string {
  return node.getChild('AggregateOp')?.firstChild?.name ?? ''
}
