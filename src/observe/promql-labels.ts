import {
  argumentsOf,
  bare,
  childrenOf,
  escapedName,
  functionOf,
  type Node,
  nodesOf,
  parse,
  writes,
  writesLabel,
} from './promql.ts'

/**
 * Whether each row of the result comes from series of one value of `label` only, and carries it: then one query over many
 * values can be split by it afterwards. Conservative: false where that cannot be seen.
 */
export function keepsLabel(query: string, label: string): boolean {
  const tree = parse(query)
  if ('kind' in tree || tree.firstChild === null) return false
  const hasEscapedNames = nodesOf(tree).some(node => node.name === 'QuotedLabelName' && escapedName(node, query) !== undefined)
  return !hasEscapedNames && shapeOf(tree.firstChild, query, label) === 'keeps'
}

type Shape = 'scalar' | 'keeps' | 'mixes'

/** Functions whose result no longer belongs to the series that went in. */
const LOSES = new Set(['scalar', 'absent', 'absent_over_time', 'vector', 'info'])

function shapeOf(node: Node, query: string, label: string): Shape {
  switch (node.name) {
    case 'VectorSelector':
      return 'keeps'
    case 'NumberDurationLiteral':
    case 'StringLiteral':
      return 'scalar'
    case 'FunctionCall':
      return callShape(node, query, label)
    case 'AggregateExpr':
      return aggregateShape(node, query, label)
    case 'BinaryExpr':
      return binaryShape(node, query, label)
    default: {
      const inner = childrenOf(node).find(child => child.name in WRAPPED)
      return inner === undefined ? 'mixes' : shapeOf(inner, query, label)
    }
  }
}

/** What can stand inside parentheses, ranges, offsets and signs. */
const WRAPPED: Readonly<Record<string, true>> = {
  VectorSelector: true,
  NumberDurationLiteral: true,
  StringLiteral: true,
  FunctionCall: true,
  AggregateExpr: true,
  BinaryExpr: true,
  ParenExpr: true,
  UnaryExpr: true,
  MatrixSelector: true,
  SubqueryExpr: true,
  OffsetExpr: true,
  StepInvariantExpr: true,
}

function together(shapes: readonly Shape[]): Shape {
  if (shapes.includes('mixes')) return 'mixes'
  return shapes.includes('keeps') ? 'keeps' : 'scalar'
}

function callShape(node: Node, query: string, label: string): Shape {
  const name = functionOf(node, query)
  const inputs = argumentsOf(node)
  if (LOSES.has(name) || writes(inputs[1], query, { labels: new Set([label]), by: name })?.why.includes('may not write'))
    return 'mixes'
  return together(inputs.map(input => shapeOf(input, query, label)))
}

function aggregateShape(node: Node, query: string, label: string): Shape {
  const modifier = node.getChild('AggregateModifier')
  if (modifier === null || writesLabel(node, query, { labels: new Set([label]), nowMs: 0 }) !== undefined) return 'mixes'
  const isNamed = labelsOf(modifier, query).includes(label)
  const isKept = modifier.getChild('By') === null ? !isNamed : isNamed
  return isKept ? together(argumentsOf(node).map(input => shapeOf(input, query, label))) : 'mixes'
}

function binaryShape(node: Node, query: string, label: string): Shape {
  const clause = node.getChild('MatchingModifierClause')
  if (clause !== null && (clause.getChild('On') ?? clause.getChild('Ignoring')) !== null) {
    const isNamed = labelsOf(clause, query).includes(label)
    if (clause.getChild('On') === null ? isNamed : !isNamed) return 'mixes'
  }
  return together(
    childrenOf(node)
      .filter(child => child.name in WRAPPED)
      .map(child => shapeOf(child, query, label)),
  )
}

/** The labels of `by`, `without`, `on` or `ignoring`: the first list, never that of group_left. */
function labelsOf(node: Node, query: string): readonly string[] {
  const list = node.getChild('GroupingLabels')
  return list === null ? [] : childrenOf(list).map(child => unquoted(query.slice(child.from, child.to)))
}

function unquoted(label: string): string {
  return /^["'`]/.test(label) ? bare(label) : label
}
