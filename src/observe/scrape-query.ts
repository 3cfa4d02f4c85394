import type { ExposedSample } from './open-metrics-text.ts'
import { childrenOf, durationMs, parse, type SelectorMatcher, selectorsOf } from './promql.ts'

/** What to compute from scrapes of one pod: the sum of the matching series, or of their rates. */
export interface ScrapeQuery {
  readonly kind: 'query'
  readonly series: string
  /** Range of the rate; absent where the value itself counts. */
  readonly rateMs?: number
  matches(sample: ExposedSample): boolean
}

export interface ScrapeRefusal {
  readonly kind: 'refused'
  readonly why: string
}

const WANTED = 'a selector or rate(selector[range]) is needed'
/** A regular expression that is a plain list of values. */
const VALUES = /^[a-zA-Z0-9_./ -]+(?:\|[a-zA-Z0-9_./ -]+)*$/

/**
 * Reads the query of an OpenMetrics catalogue entry: `name{label="value"}`, or `rate(name{…}[1m])`. A `$selector` in it matches
 * everything: the pods are known already. Patterns are refused unless they are lists of values, so that none runs here.
 */
export function scrapeQuery(query: string, defaultRateMs: number): ScrapeQuery | ScrapeRefusal {
  const text = query.replace(/\$selector\s*,?/g, '').replaceAll('$window', `${Math.ceil(defaultRateMs / 1000)}s`)
  const tree = parse(text)
  if ('kind' in tree) return { kind: 'refused', why: tree.why }
  const [selector, ...others] = selectorsIn(text)
  const top = tree.firstChild
  if (top === null || selector?.name === undefined || others.length > 0) return { kind: 'refused', why: WANTED }
  const tests = selector.matchers.map(testOf)
  if (tests.some(test => test === undefined)) return { kind: 'refused', why: 'its patterns must be lists of values, such as a|b' }
  const series = selector.name
  const matches = (sample: ExposedSample) => sample.name === series && tests.every(test => test?.(sample.labels))
  if (top.name === 'VectorSelector') return { kind: 'query', series, matches }
  const rateMs = rangeOf(top, text, defaultRateMs)
  return rateMs === undefined ? { kind: 'refused', why: WANTED } : { kind: 'query', series, rateMs, matches }
}

function selectorsIn(text: string) {
  const selectors = selectorsOf(text)
  return 'kind' in selectors ? [] : selectors
}

/** The range of `rate(selector[range])`; `undefined` where the call is another. */
function rangeOf(
  node: NonNullable<Extract<ReturnType<typeof parse>, { name: string }>['firstChild']>,
  text: string,
  defaultRateMs: number,
) {
  const name = node.name === 'FunctionCall' ? node.getChild('FunctionIdentifier') : null
  const [argument, ...more] = childrenOf(node.getChild('FunctionCallBody') ?? node)
  if (name === null || text.slice(name.from, name.to) !== 'rate' || argument === undefined || more.length > 0) return undefined
  if (argument.name === 'VectorSelector') return defaultRateMs
  const range = argument.name === 'MatrixSelector' ? argument.getChild('DurationExpr') : null
  const ms = range === null ? undefined : durationMs(text.slice(range.from, range.to))
  return ms !== undefined && ms > 0 && ms <= 3_600_000 ? ms : undefined
}

type LabelTest = (labels: Readonly<Record<string, string>>) => boolean

function testOf({ label, operator, literal }: SelectorMatcher): LabelTest | undefined {
  const value = literal.slice(1, -1)
  const isPattern = operator === '=~' || operator === '!~'
  if (value.includes('\\') || (isPattern && !VALUES.test(value))) return undefined
  const values = new Set(isPattern ? value.split('|') : [value])
  const isNegated = operator.startsWith('!')
  return labels => values.has(labels[label] ?? '') !== isNegated
}
