import { stringify } from 'yaml'
import { CrescendoError } from '../errors.ts'
import { parseFile } from '../resources/document-text.ts'
import { checkText, formatProblem, unfoldList } from '../resources/load.ts'
import { metricSourcesFor, type Query } from './metric-sources.ts'
import { KEDA_VERSION, translateScaledObject } from './scaled-object.ts'
import { STOCK_VERSIONS, translateStockHpa } from './stock-hpa.ts'
import { type Draft, type ImportItem, type ImportOptions, leftOut, placeIn, type Remark, toCheck } from './translation.ts'

/** The result of an import: documents in the order in which they are applied, and everything that a person must know. */
export interface Imported {
  readonly drafts: readonly Draft[]
  readonly remarks: readonly Remark[]
}

/** The objects of a YAML or JSON file, lists unfolded. Throws its first problem as one line. */
export function itemsOf(file: string, text: string): readonly ImportItem[] {
  const { documents, problems } = parseFile(file, text)
  if (problems[0]) throw new CrescendoError('CRS_DOCUMENT_INVALID', formatProblem(problems[0]))
  return documents.flatMap(unfoldList).map(document => ({ file, document, hasLines: true }))
}

/**
 * Stock HorizontalPodAutoscalers and KEDA ScaledObjects as ours, MetricSources first. Objects that are no autoscalers are passed
 * over, with a remark. Throws where an autoscaler does not follow the schema that it names.
 */
export function importItems(items: readonly ImportItem[], options: ImportOptions): Imported {
  const [drafts, remarks, queries]: [Draft[], Remark[], Query[]] = [[], [], []]
  const seen = new Map<string, string>()
  const metricNames = new Set<string>()
  for (const item of items) {
    const kind = kindOf(item)
    if (kind.kind === 'other') {
      if (kind.remark) remarks.push(kind.remark)
      continue
    }
    const made =
      kind.kind === 'hpa'
        ? { draft: translateStockHpa(item, options), queries: [], remarks: [] }
        : translateScaledObject(item, options, metricNames)
    remarks.push(...made.remarks)
    if (!made.draft) continue
    const { name, namespace = 'default' } = made.draft.document.metadata
    const first = seen.get(`${namespace}/${name}`)
    if (first !== undefined) {
      remarks.push(
        leftOut(placeIn(item), `${name}: ${first} has the same name, and only one object can have it; rename one of them`),
      )
      continue
    }
    seen.set(`${namespace}/${name}`, made.draft.from)
    drafts.push(made.draft)
    queries.push(...made.queries)
  }
  const all = [...metricSourcesFor(queries), ...drafts].map(valid)
  return { drafts: all, remarks: [...all.flatMap(draft => draft.remarks), ...remarks] }
}

type Found = { readonly kind: 'hpa' | 'keda' } | { readonly kind: 'other'; readonly remark?: Remark }

function kindOf(item: ImportItem): Found {
  const value = item.document.value
  const { apiVersion, kind, metadata } = isFields(value) ? value : {}
  const labels = isFields(metadata) && isFields(metadata.labels) ? metadata.labels : {}
  const name = isFields(metadata) ? String(metadata.name) : ''
  if (kind === 'ScaledObject' && apiVersion === KEDA_VERSION) return { kind: 'keda' }
  if (kind === 'ScaledJob')
    return other(leftOut(placeIn(item), `ScaledJob ${name}: Crescendo scales workloads with replicas, not jobs`))
  if (kind === 'HorizontalPodAutoscaler' && STOCK_VERSIONS.includes(String(apiVersion))) {
    const owner = labels['scaledobject.keda.sh/name']
    if (owner === undefined) return { kind: 'hpa' }
    return other(
      toCheck(placeIn(item), `HorizontalPodAutoscaler ${name}: passed over, KEDA made it for ScaledObject ${String(owner)}`),
    )
  }
  const what = `${String(kind ?? 'a document without kind')} ${name}`.trim()
  return other(
    toCheck(placeIn(item), `${what} of ${String(apiVersion ?? 'no apiVersion')}: passed over, it is not an autoscaler to import`),
  )
}

function other(remark: Remark): Found {
  return { kind: 'other', remark }
}

/** A draft that our own `validate` accepts; an original can be valid to its own API and mean nothing to ours (min above max). */
function valid(draft: Draft): Draft {
  const problem = checkText(draft.from, stringify(draft.document)).problems.find(({ severity }) => severity === 'error')
  if (!problem) return draft
  throw new CrescendoError('CRS_DOCUMENT_INVALID', `${draft.from}: cannot be imported: ${problem.message}`)
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
