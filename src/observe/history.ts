import { type Found, found, type Missing, missing } from './missing.ts'
import type { HistoryRange, Point } from './origin.ts'
import type { Prometheus } from './prometheus.ts'
import { render } from './query-template.ts'
import type { CatalogueEntry } from './source-document.ts'
import type { Workload } from './workload.ts'

export interface BackfillPlan {
  readonly entry: CatalogueEntry
  readonly workload: Pick<Workload, 'namespace' | 'kind' | 'name'>
  readonly range: HistoryRange
  readonly windowSeconds: number
  readonly nowMs: number
  readonly namespaceLabel: string
  readonly tenancyLabel: string
}

/** Prometheus gives at most 11,000 points of a series at once. */
const POINTS_PER_QUERY = 10_000
/** Two weeks at 15 s are 80,640. */
const MAX_POINTS = 100_000
const QUERY_TIMEOUT_MS = 30_000
const TOTAL_MS = 120_000

/**
 * The past of a metric's total over the workload's pods, oldest first, from `query_range` in chunks. The sum is made by the server, so
 * that one series comes. Gaps are absent. Where the source stops answering on the way, what came until then is the answer.
 */
export async function backfill(client: Prometheus, plan: BackfillPlan): Promise<Found<readonly Point[]>> {
  const query = historyQuery(plan)
  if (query.kind === 'missing') return query
  const range = bounded(plan.range)
  const points: Point[] = []
  const endsAt = performance.now() + TOTAL_MS
  for (const { fromMs, toMs } of chunksOf(range)) {
    const timeoutMs = Math.min(QUERY_TIMEOUT_MS, endsAt - performance.now())
    const chunk = await chunkOf(client, query.value, { fromMs, toMs, stepMs: range.stepMs, timeoutMs })
    if (chunk.kind === 'missing') return points.length === 0 || chunk.reason === 'TooManySeries' ? chunk : found(points)
    points.push(...chunk.value)
  }
  return found(points)
}

function chunksOf({ fromMs, toMs, stepMs }: HistoryRange): readonly { readonly fromMs: number; readonly toMs: number }[] {
  const chunks = []
  for (let from = fromMs; from <= toMs; from += POINTS_PER_QUERY * stepMs)
    chunks.push({ fromMs: from, toMs: Math.min(toMs, from + (POINTS_PER_QUERY - 1) * stepMs) })
  return chunks
}

async function chunkOf(
  client: Prometheus,
  query: string,
  range: HistoryRange & { readonly timeoutMs: number },
): Promise<Found<Point[]>> {
  if (range.timeoutMs <= 0) return missing('Timeout', 'reading the past took too long')
  const rows = await client.queryRange(query, range)
  if (rows.kind === 'missing') return rows
  if (rows.value.length > 1) return missing('TooManySeries', `${rows.value.length} series where one is needed`)
  return found((rows.value[0]?.points ?? []).filter(({ value }) => value >= 0))
}

/** Aligned to the step, so that two back-fills meet on the same instants; the newest part where there is too much. */
function bounded({ fromMs, toMs, stepMs: asked }: HistoryRange): HistoryRange {
  const stepMs = Math.max(1000, Math.round(asked))
  const end = Math.floor(toMs / stepMs) * stepMs
  const start = Math.ceil(fromMs / stepMs) * stepMs
  return { fromMs: Math.max(start, end - (MAX_POINTS - 1) * stepMs), toMs: end, stepMs }
}

function historyQuery({ entry, workload, windowSeconds, nowMs, namespaceLabel, tenancyLabel }: BackfillPlan): Found<string> {
  const perPod = (entry.scope ?? 'Pods') === 'Pods'
  const pattern = perPod ? podPattern(workload) : undefined
  if (perPod && pattern === undefined) return refusedKind(workload)
  const query = render(entry.query, {
    namespaces: [workload.namespace],
    target: workload.name,
    windowSeconds,
    namespaceLabel,
    tenancyLabel,
    nowMs,
    ...(pattern !== undefined && { pods: { label: entry.podLabel ?? 'pod', pattern } }),
  })
  return query.kind === 'refused' ? missing('Refused', `its query is not allowed: ${query.why}`) : found(`sum(${query.text})`)
}

function refusedKind({ kind }: Pick<Workload, 'kind'>): Missing {
  return missing('NotOffered', `the past of a ${kind} is not known by the names of its pods`)
}

/** Names that Kubernetes gives to pods are drawn from these characters: no vowels, so that no word arises. */
const RANDOM = '[bcdfghjklmnpqrstvwxz2456789]'

/** A pattern (RE2) of the names that the pods of a workload have had; `undefined` for kinds whose names follow no rule. */
function podPattern({ kind, name }: Pick<Workload, 'kind' | 'name'>): string | undefined {
  const own = name.replaceAll('.', '\\.')
  if (kind === 'Deployment') return `${own}-${RANDOM}{5,10}-${RANDOM}{5}`
  if (kind === 'StatefulSet') return `${own}-[0-9]+`
  if (kind === 'ReplicaSet' || kind === 'ReplicationController') return `${own}-${RANDOM}{5}`
  return undefined
}
