import { type CircuitUse, createCircuit } from '../circuit.ts'
import type { MetricSpec } from '../core/model.ts'
import type { Clock, Log } from '../ports.ts'
import { builtInMetric } from './catalogue.ts'
import { createCredentials, type ReadSecret } from './credentials.ts'
import { backfill } from './history.ts'
import { createLane } from './lane.ts'
import { type Found, found, type Missing, missing } from './missing.ts'
import {
  type Ages,
  type Answer,
  createHealthRecord,
  metricName,
  notOffered,
  type Question,
  type SourceOrigin,
  told,
} from './origin.ts'
import { createPrometheus, type Row } from './prometheus.ts'
import { render, sharesNamespaces } from './query-template.ts'
import { disbelief, exactly, podAnswer, toMilli } from './samples.ts'
import { createSharedAnswers, type SharedAnswers } from './shared-answers.ts'
import { allows, type CatalogueEntry, type SourceDocument } from './source-document.ts'

export interface PrometheusTools {
  readonly clock: Clock
  readonly log: Log
  readonly readSecret: ReadSecret
  readonly settings: Ages & {
    readonly timeoutMs: number
    readonly maxResponseBytes: number
    /** Range of the rates in the queries. */
    readonly windowSeconds: number
    /** How long the first object that asks waits for others to share its query. */
    readonly gatherMs: number
  }
}

type Group = SharedAnswers<Found<readonly Row[]>>

/** More namespaces than this go in several queries. */
const NAMESPACES_PER_QUERY = 200
const MAX_GROUPS = 5000
const IDLE_GROUP_MS = 600_000

/** Only what costs time counts: a refusal is told at once, and may concern one query. While it is not asked, the last reason stands. */
function patient(): CircuitUse<Found<readonly Row[]>> {
  let reason: 'Timeout' | 'Unreachable' = 'Unreachable'
  return {
    signOf: ended => {
      if ('error' in ended || ended.value.kind !== 'missing') return 'answer'
      if (ended.value.reason !== 'Timeout' && ended.value.reason !== 'Unreachable') return 'answer'
      reason = ended.value.reason
      return 'silence'
    },
    refuse: told => missing(reason, told),
  }
}

/** A MetricSource of type Prometheus: its catalogue, and behind it the built-in one. */
export function createPrometheusOrigin(document: SourceDocument, tools: PrometheusTools): SourceOrigin {
  const { metadata, spec } = document
  const { clock, log, settings } = tools
  const name = `prometheus/${metadata.name}`
  const record = createHealthRecord(name, clock)
  const [lane, circuit, use] = [createLane(8, clock), createCircuit(clock), patient()]
  const timeoutMs = spec.timeoutSeconds === undefined ? settings.timeoutMs : spec.timeoutSeconds * 1000
  const client = createPrometheus({
    url: spec.url ?? '',
    credentials: createCredentials(spec, tools),
    maxBytes: spec.maxResponseBytes ?? settings.maxResponseBytes,
    lookbackMs: settings.staleMs,
    ...(spec.tls?.serverName !== undefined && { serverName: spec.tls.serverName }),
    onWarnings: count => log.warn('metric source warned about a query', { source: name, count }),
  })
  // Inside the lane: who waits there for a turn that never comes has not asked the source.
  const query = (promql: string) =>
    record.note(() => lane.run(timeoutMs, leftMs => circuit.run(() => client.query(promql, leftMs), use)))
  const groups = createGroups(spec, { ...tools, query })
  return {
    name,
    health: () => ({ ...record.health(), circuit: circuit.state() }),
    async answer(question) {
      const { workload } = question
      const entry = atPercentile(entryFor(spec.catalogue, question.spec), question.percentile, spec.tenancy)
      if (entry === undefined || !allows(spec, workload.namespace)) return notOffered(name, question.spec)
      const rows = await groups.of(entry, question).get(workload.namespace, question.maxAgeMs)
      const answer =
        rows?.kind === 'found' ? answerOf(rows.value, { entry, question, tools }) : (rows ?? missing('NoData', 'an empty result'))
      return answer.kind === 'missing' ? told(name, question.spec, answer) : answer
    },
    async history(workload, metric, range) {
      const entry = catalogueEntry(spec.catalogue, metric)
      if (entry === undefined || !allows(spec, workload.namespace)) return found([])
      const { windowSeconds } = settings
      const labels = { namespaceLabel: namespaceLabelOf(entry, spec.tenancy), ...forced(entry, spec.tenancy) }
      return backfill(client, { entry, workload, range, windowSeconds, nowMs: clock.now(), ...labels })
    },
    close: () => client.close(),
  }
}

/** One group of those that share a query, made when first asked for. */
function createGroups({ tenancy }: SourceDocument['spec'], tools: PrometheusTools & Pick<Loading, 'query'>) {
  const { clock, settings, query } = tools
  const groups = new Map<string, Group>()
  const shared = new WeakMap<CatalogueEntry, boolean>()
  // Asked for every object at every look: the query is parsed once.
  const isSharedBy = (entry: CatalogueEntry): boolean => {
    const known = shared.get(entry) ?? sharesNamespaces(entry.query, namespaceLabelOf(entry, tenancy))
    shared.set(entry, known)
    return known
  }
  return {
    of(entry: CatalogueEntry, question: Question): Group {
      const isShared = isSharedBy(entry)
      const { key, values } = planOf(entry, question, { tenancy, isShared })
      const known = groups.get(key)
      if (known !== undefined) return known
      if (groups.size >= MAX_GROUPS) forgetIdle(groups, clock.now())
      const fixed = { ...values, windowSeconds: settings.windowSeconds, ...forced(entry, tenancy) }
      const renderFor = (namespaces: readonly string[]) => render(entry.query, { ...fixed, namespaces, nowMs: clock.now() })
      const group: Group = createSharedAnswers({
        clock,
        gatherMs: isShared ? settings.gatherMs : 0,
        load: namespaces => loadAll(namespaces, { query, renderFor, label: values.namespaceLabel, isShared }),
      })
      groups.set(key, group)
      return group
    },
  }
}

/** The entry that answers a spec: per-pod metrics and resources by entries of scope Pods, the others by their own scope. */
function entryFor(catalogue: readonly CatalogueEntry[] | undefined, spec: MetricSpec): CatalogueEntry | undefined {
  const entry = catalogueEntry(catalogue, metricName(spec))
  const scope = spec.type === 'Object' || spec.type === 'External' ? spec.type : 'Pods'
  return (entry?.scope ?? 'Pods') === scope ? entry : undefined
}

/** The source's own entry of that name, else the built-in one. */
function catalogueEntry(catalogue: readonly CatalogueEntry[] | undefined, name: string): CatalogueEntry | undefined {
  return catalogue?.find(entry => entry.name === name) ?? builtInMetric(name)
}

const QUANTILE = /\bhistogram_quantile\(\s*[0-9.]+\s*,/g

/** The entry asked at another percentile than its own. A query without a histogram says what it says. */
function atPercentile(entry: CatalogueEntry | undefined, percentile: number | undefined, tenancy: Tenancy) {
  if (entry === undefined || percentile === undefined) return entry
  const quantile = Number((percentile / 100).toPrecision(12))
  const query = entry.query.replace(QUANTILE, `histogram_quantile(${quantile},`)
  return query === entry.query ? entry : { ...entry, query, namespaceLabel: namespaceLabelOf(entry, tenancy) }
}

type Tenancy = SourceDocument['spec']['tenancy']

/** The label whose matcher is forced into every selector: that of the tenancy, else the one that names the namespace. */
function forced(entry: CatalogueEntry, tenancy: Tenancy): { readonly tenancyLabel: string } {
  return { tenancyLabel: tenancy?.label ?? entry.namespaceLabel ?? 'namespace' }
}

/** The label by which rows are told apart. The built-in queries keep `namespace`, whatever the tenancy. */
function namespaceLabelOf(entry: CatalogueEntry, tenancy: Tenancy): string {
  if (entry.namespaceLabel !== undefined) return entry.namespaceLabel
  return builtInMetric(entry.name) === entry ? 'namespace' : (tenancy?.label ?? 'namespace')
}

/** What is the same for all objects that can share a query, and the key of that. */
function planOf(
  entry: CatalogueEntry,
  { workload, spec }: Question,
  { tenancy, isShared }: { readonly tenancy: Tenancy; readonly isShared: boolean },
) {
  const namespaceLabel = namespaceLabelOf(entry, tenancy)
  const selector = 'selector' in spec ? spec.selector : undefined
  const object = spec.type === 'Object' && entry.query.includes('$object') ? spec.object.name : undefined
  const target = entry.query.includes('$target') ? workload.name : ''
  const key = JSON.stringify([entry.query, selector, object, target, isShared ? '' : workload.namespace])
  const values = { target, namespaceLabel, ...(object !== undefined && { object }), ...(selector !== undefined && { selector }) }
  return { key, values }
}

function forgetIdle(groups: Map<string, Group>, now: number): void {
  for (const [key, group] of groups) if (now - group.askedAt > IDLE_GROUP_MS) groups.delete(key)
}

interface Loading {
  readonly query: (promql: string) => Promise<Found<readonly Row[]>>
  readonly renderFor: (namespaces: readonly string[]) => ReturnType<typeof render>
  readonly label: string
  readonly isShared: boolean
}

type ByNamespace = Map<string, Found<readonly Row[]>>

async function loadAll(namespaces: readonly string[], loading: Loading): Promise<ByNamespace> {
  const parts: (readonly string[])[] = []
  for (let at = 0; at < namespaces.length; at += NAMESPACES_PER_QUERY) parts.push(namespaces.slice(at, at + NAMESPACES_PER_QUERY))
  const loaded = await Promise.all(parts.map(part => load(part, loading)))
  return new Map(loaded.flatMap(part => [...part]))
}

/** One query, its rows by namespace. An answer that is too large is asked for again in halves: one tenant must not silence the others. */
async function load(namespaces: readonly string[], loading: Loading): Promise<ByNamespace> {
  const query = loading.renderFor(namespaces)
  if (query.kind === 'refused') return same(namespaces, missing('Refused', `its query is not allowed: ${query.why}`))
  const rows = await loading.query(query.text)
  if (rows.kind === 'found') return split(namespaces, rows.value, loading)
  if (rows.reason !== 'TooLarge' || namespaces.length < 2) return same(namespaces, rows)
  const middle = Math.ceil(namespaces.length / 2)
  const [first, second] = [await load(namespaces.slice(0, middle), loading), await load(namespaces.slice(middle), loading)]
  return new Map([...first, ...second])
}

function same(namespaces: readonly string[], why: Missing): ByNamespace {
  return new Map(namespaces.map(namespace => [namespace, why]))
}

/** Rows of a namespace that was not asked for are dropped; a row without the label counts only where one namespace was asked for. */
function split(namespaces: readonly string[], rows: readonly Row[], { label, isShared }: Loading): ByNamespace {
  const lists = new Map<string, Row[]>(namespaces.map(namespace => [namespace, []]))
  for (const row of rows) {
    const namespace = row.labels[label] ?? (isShared ? undefined : namespaces[0])
    if (namespace !== undefined) lists.get(namespace)?.push(row)
  }
  return new Map([...lists].map(([namespace, list]) => [namespace, found(list)]))
}

interface Answering {
  readonly entry: CatalogueEntry
  readonly question: Question
  readonly tools: PrometheusTools
}

function answerOf(rows: readonly Row[], { entry, question, tools }: Answering): Found<Answer> {
  const { spec, workload } = question
  const judgement = { ...tools.settings, now: tools.clock.now(), kind: entry.kind }
  if (spec.type === 'Object' || spec.type === 'External') {
    const objectLabel = entry.objectLabel
    const own =
      spec.type === 'Object' && objectLabel !== undefined
        ? rows.filter(({ labels }) => labels[objectLabel] === spec.object.name)
        : rows
    return oneValue(own, judgement)
  }
  const [podLabel, containerLabel] = [entry.podLabel ?? 'pod', entry.containerLabel ?? 'container']
  const reported = rowsOfPods(rows, podLabel, workload.pods).map(({ labels, at, value }) => ({
    pod: labels[podLabel] ?? '',
    ...(labels[containerLabel] !== undefined && { container: labels[containerLabel] }),
    at,
    ...(value !== undefined && { value }),
  }))
  return podAnswer(reported, {
    ...judgement,
    windowMs: tools.settings.windowSeconds * 1000,
    pods: new Set(workload.pods.map(pod => pod.name)),
    by: spec.type === 'Pods' ? 'pod' : 'container',
  })
}

/** Rows by pod, made once for all workloads that share an answer: a namespace may hold ten thousand pods. */
const byPod = new WeakMap<readonly Row[], ReadonlyMap<string, Row[]>>()

function rowsOfPods(rows: readonly Row[], podLabel: string, pods: readonly { readonly name: string }[]): readonly Row[] {
  let index = byPod.get(rows)
  if (index === undefined) {
    index = Map.groupBy(rows, ({ labels }) => labels[podLabel] ?? '')
    byPod.set(rows, index)
  }
  return pods.flatMap(({ name }) => index.get(name) ?? [])
}

function oneValue(rows: readonly Row[], judgement: Parameters<typeof disbelief>[1]): Found<Answer> {
  const [row] = rows
  if (row === undefined) return missing('NoData', 'an empty result')
  if (rows.length > 1) return missing('TooManySeries', `${rows.length} series where one is needed; wrap the query in sum()`)
  const doubt = disbelief(row, judgement)
  if (doubt !== undefined || row.value === undefined) return doubt ?? missing('NotANumber', 'the sample is no finite number')
  return found({ kind: 'values', values: [toMilli(row.value)], at: row.at, ...exactly(row.value) })
}
