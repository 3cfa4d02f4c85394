import { parseSelector } from '../core/hpa/selector.ts'
import { anyOf, isLabelName, type Matcher, nodesOf, onlyLiving, parse, type Query, type Refusal, rewrite } from './promql.ts'
import { keepsLabel } from './promql-labels.ts'

/**
 * A catalogue query: PromQL with `$selector` among the matchers of a selector (restricts it to the namespaces that ask), `$namespace`,
 * `$target` and `$object` inside string literals (names, escaped there), and `$window` as a duration.
 */
export interface TemplateValues {
  /** One or more; more only where `sharesNamespaces` says yes. */
  readonly namespaces: readonly string[]
  readonly target: string
  readonly object?: string
  readonly windowSeconds: number
  readonly namespaceLabel: string
  /** Forced into every selector, with the namespaces. */
  readonly tenancyLabel: string
  /** The metric selector of the object that asks ("queue=orders"); narrows every selector. */
  readonly selector?: string
  /** Forced into every selector, for the pods of one workload. */
  readonly pods?: { readonly label: string; readonly pattern: string }
  readonly nowMs: number
}

const MARK = '__crescendo_selector__="1"'

/** The query that is sent, or why it may not be. */
export function render(template: string, values: TemplateValues): Query {
  const narrow = narrowing(values.selector)
  if ('kind' in narrow) return narrow
  const named = withNames(withMarks(template, values.windowSeconds), values)
  if (named.kind === 'refused') return named
  const tenants = (label: string): Matcher => {
    const [only, ...others] = values.namespaces
    return others.length === 0
      ? { label, operator: '=', value: only ?? '' }
      : { label, operator: '=~', value: anyOf(values.namespaces) }
  }
  const own: Matcher | undefined = values.pods && { label: values.pods.label, operator: '=~', value: values.pods.pattern }
  const forced = [
    ...(values.tenancyLabel === undefined ? [] : [tenants(values.tenancyLabel)]),
    ...(own === undefined ? [] : [own]),
  ]
  const query = rewrite(onlyLiving(named.text), { matchers: forced, narrow, nowMs: values.nowMs })
  if (query.kind === 'refused') return query
  if (values.namespaceLabel === values.tenancyLabel) return { kind: 'query', text: query.text.replaceAll(`${MARK},`, '') }
  const { label, operator, value } = tenants(values.namespaceLabel)
  return { kind: 'query', text: query.text.replaceAll(MARK, () => `${label}${operator}${JSON.stringify(value)}`) }
}

/** Whether one query may serve many namespaces, and be split by the label afterwards. */
export function sharesNamespaces(template: string, namespaceLabel: string): boolean {
  return !template.includes('$namespace') && keepsLabel(withMarks(template, 60), namespaceLabel)
}

function withMarks(template: string, windowSeconds: number): string {
  return template.replaceAll('$selector', MARK).replaceAll('$window', `${Math.ceil(windowSeconds)}s`)
}

const NAMES = ['$namespace', '$target', '$object'] as const
const NAME = /\$(?:namespace|target|object)\b/g

/** Names in place, each inside a string literal and escaped for it: as text, or as a regular expression after =~ and !~. */
function withNames(text: string, values: TemplateValues): Query {
  if (!NAMES.some(name => text.includes(name))) return { kind: 'query', text }
  const tree = parse(text)
  if ('kind' in tree) return tree
  let [result, at] = ['', 0]
  for (const node of nodesOf(tree)) {
    if (node.name !== 'StringLiteral') continue
    const isRegex = /Regex/.test(node.prevSibling?.firstChild?.name ?? '')
    const literal = text.slice(node.from, node.to)
    const filled = literal.replace(NAME, name => escaped(nameFor(name, values), { isRegex, isRaw: literal.startsWith('`') }))
    result += text.slice(at, node.from) + filled
    at = node.to
  }
  result += text.slice(at)
  const left = NAMES.find(name => result.includes(name))
  return left === undefined
    ? { kind: 'query', text: result }
    : { kind: 'refused', at: result.indexOf(left), why: `${left} stands outside a string` }
}

function nameFor(name: string, { namespaces, target, object }: TemplateValues): string {
  if (name === '$namespace') return namespaces[0] ?? ''
  return name === '$target' ? target : (object ?? '')
}

/** Names of the API hold neither quotes nor backslashes; what else comes is cut down to what they may hold. */
function escaped(value: string, { isRegex, isRaw }: { isRegex: boolean; isRaw: boolean }): string {
  const plain = value.replace(/[^a-zA-Z0-9._:-]/g, '')
  if (!isRegex) return plain
  return isRaw ? anyOf([plain]) : anyOf([plain]).replaceAll('\\', '\\\\')
}

/** A metric's label selector as matchers. */
function narrowing(selector: string | undefined): readonly Matcher[] | Refusal {
  if (selector === undefined || selector === '') return []
  const requirements = parseSelector(selector)
  if (requirements === undefined) return { kind: 'refused', at: 0, why: 'the metric selector is no label selector' }
  const strange = requirements.find(({ key }) => !isLabelName(key))
  if (strange !== undefined) return { kind: 'refused', at: 0, why: 'the metric selector names what is no label of Prometheus' }
  return requirements.map(({ key, values, negated }) => matcherOf(key, values, negated))
}

function matcherOf(label: string, values: readonly string[] | undefined, negated: boolean): Matcher {
  if (values === undefined) return { label, operator: negated ? '=' : '!=', value: '' }
  const [only, ...others] = values
  if (others.length === 0) return { label, operator: negated ? '!=' : '=', value: only ?? '' }
  return { label, operator: negated ? '!~' : '=~', value: anyOf(values) }
}
