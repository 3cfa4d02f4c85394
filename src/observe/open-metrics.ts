import type { Clock, Log } from '../ports.ts'
import { scrapedBuiltIns } from './catalogue.ts'
import { type Counters, createCounters } from './counters.ts'
import { dial, fetchBounded } from './fetch-bounded.ts'
import { createLane } from './lane.ts'
import { type Found, found, type Missing, missing } from './missing.ts'
import { type ExposedSample, readExposition } from './open-metrics-text.ts'
import { type Ages, createHealthRecord, metricName, notOffered, type Question, type SourceOrigin, told } from './origin.ts'
import { podAnswer, type Reported } from './samples.ts'
import { type ScrapeQuery, type ScrapeRefusal, scrapeQuery } from './scrape-query.ts'
import { allows, type MetricKind, type SourceDocument, type SourceSpec } from './source-document.ts'
import type { ObservedPod, Workload } from './workload.ts'

export interface ScrapeTools {
  readonly clock: Clock
  readonly log: Log
  readonly settings: Ages & {
    readonly timeoutMs: number
    readonly maxResponseBytes: number
    readonly windowSeconds: number
    readonly loopbackPods: boolean
  }
}

const AT_ONCE = 32
/** One scrape serves all metrics of a pod that are asked for within a second. */
const SHARED_MS = 1000
const FORGET_MS = 600_000
const LIMITS = { maxLines: 100_000, maxSamples: 10_000 }

interface Scrape {
  readonly at: number
  readonly outcome: Promise<Found<readonly ExposedSample[]>>
}

interface ScrapedPod {
  readonly counters: Counters
  last?: Scrape
}

interface Entry {
  readonly kind: MetricKind
  readonly query: ScrapeQuery | ScrapeRefusal
}

/**
 * A MetricSource of type OpenMetrics: scrapes the pods of a workload themselves, at the addresses that the API server gives for
 * them. Link-local addresses are refused, loopback too unless a test allows it.
 */
export function createOpenMetricsOrigin({ metadata, spec }: SourceDocument, tools: ScrapeTools): SourceOrigin {
  const { clock, settings } = tools
  const name = `openmetrics/${metadata.name}`
  const entries = entriesOf(spec, settings.windowSeconds * 1000)
  const record = createHealthRecord(name, clock)
  const scraper = createScraper(spec, { ...tools, names: seriesOf(entries) })
  return {
    name,
    health: record.health,
    async answer(question) {
      const entry =
        question.spec.type === 'Object' || question.spec.type === 'External' ? undefined : entries.get(metricName(question.spec))
      if (entry === undefined || !allows(spec, question.workload.namespace)) return notOffered(name, question.spec)
      if (entry.query.kind === 'refused')
        return told(name, question.spec, missing('Refused', `its query is not allowed: ${entry.query.why}`))
      const { query } = entry
      const reports = await record.note(() => scraper.reports(question.workload, query))
      const answer = reports.kind === 'missing' ? reports : podAnswer(reports.value, judgementOf(question, entry.kind, tools))
      return answer.kind === 'missing' ? told(name, question.spec, answer) : answer
    },
    history: async () => found([]),
    close: () => scraper.close(),
  }
}

/** The source's own entries, and behind them the built-in ones that a single series can answer. */
function entriesOf({ catalogue = [] }: SourceSpec, windowMs: number): ReadonlyMap<string, Entry> {
  const builtIn = scrapedBuiltIns().map(
    ({ name, kind, scrape }) => [name, { kind, query: scrapeQuery(scrape, windowMs) }] as const,
  )
  const own = catalogue
    .filter(({ scope = 'Pods' }) => scope === 'Pods')
    .map(({ name, kind, query }) => [name, { kind, query: scrapeQuery(query, windowMs) }] as const)
  return new Map<string, Entry>([...builtIn, ...own])
}

function seriesOf(entries: ReadonlyMap<string, Entry>): ReadonlySet<string> {
  return new Set([...entries.values()].flatMap(({ query }) => (query.kind === 'query' ? [query.series] : [])))
}

function judgementOf({ spec, workload }: Question, kind: MetricKind, { clock, settings }: ScrapeTools) {
  return {
    ...settings,
    now: clock.now(),
    kind,
    windowMs: settings.windowSeconds * 1000,
    pods: new Set(workload.pods.map(pod => pod.name)),
    by: spec.type === 'Pods' ? ('pod' as const) : ('container' as const),
  }
}

function createScraper(spec: SourceSpec, tools: ScrapeTools & { readonly names: ReadonlySet<string> }) {
  const { clock } = tools
  const fetcher = createFetcher(spec, tools)
  const pods = new Map<string, ScrapedPod>()
  let sweptAt = clock.now()
  const scrape = (key: string, url: URL): { pod: ScrapedPod; scrape: Scrape } => {
    const pod = pods.get(key) ?? { counters: createCounters(FORGET_MS) }
    pods.set(key, pod)
    const now = clock.now()
    if (pod.last === undefined || now - pod.last.at >= SHARED_MS) {
      pod.last = { at: now, outcome: fetcher.fetch(url).then(outcome => noted(pod, outcome, now)) }
    }
    return { pod, scrape: pod.last }
  }
  const sweep = (now: number) => {
    if (now - sweptAt < FORGET_MS) return
    sweptAt = now
    for (const [key, { last, counters }] of pods) {
      counters.forget(now)
      if (now - (last?.at ?? 0) > FORGET_MS) pods.delete(key)
    }
  }
  const report = async (namespace: string, pod: ObservedPod, query: ScrapeQuery): Promise<Found<Reported>> => {
    const url = urlOf(pod, spec)
    if (url.kind === 'missing') return url
    const { pod: known, scrape: current } = scrape(`${namespace}/${pod.name}/${url.value.href}`, url.value)
    const samples = await current.outcome
    if (samples.kind === 'missing') return samples
    return reportOf(samples.value, { pod: pod.name, at: current.at, query, counters: known.counters })
  }
  return {
    /** One number for each pod that can be scraped; missing only where none could. */
    async reports(workload: Workload, query: ScrapeQuery): Promise<Found<readonly Reported[]>> {
      sweep(clock.now())
      const running = workload.pods.filter(({ phase, deleted }) => phase === 'Running' && !deleted)
      const outcomes = await Promise.all(running.map(pod => report(workload.namespace, pod, query)))
      const reports = outcomes.filter(outcome => outcome.kind === 'found').map(({ value }) => value)
      const trouble = outcomes.find((outcome): outcome is Missing => outcome.kind === 'missing')
      return reports.length === 0 ? (trouble ?? missing('NoData', 'no pod is running')) : found(reports)
    },
    close: fetcher.close,
  }
}

function createFetcher(spec: SourceSpec, { clock, settings, names }: ScrapeTools & { readonly names: ReadonlySet<string> }) {
  const addresses = { loopback: settings.loopbackPods }
  const dispatcher = dial({ addresses, connections: 1 })
  const lane = createLane(AT_ONCE, clock)
  const timeoutMs = spec.timeoutSeconds === undefined ? settings.timeoutMs : spec.timeoutSeconds * 1000
  const maxBytes = spec.maxResponseBytes ?? settings.maxResponseBytes
  return {
    fetch: (url: URL): Promise<Found<readonly ExposedSample[]>> =>
      lane.run(timeoutMs, async leftMs => {
        const answer = await fetchBounded({
          dispatcher,
          addresses,
          url,
          headers: { accept: ACCEPT },
          timeoutMs: leftMs,
          maxBytes,
        })
        if (answer.kind === 'missing') return answer
        const { status, contentType, body } = answer.value
        if (status !== 200) return missing('Refused', `the pod answered ${status}`)
        if (!TEXTS.has(contentType)) return missing('WrongType', 'the pod answered with no Prometheus or OpenMetrics text')
        return readExposition(body.toString('utf8'), names, LIMITS)
      }),
    close: () => dispatcher.destroy(),
  }
}

const ACCEPT = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'
const TEXTS = new Set(['text/plain', 'application/openmetrics-text'])

/** Every counter that could be asked for is noted at each scrape, so that its rate is there when it is. */
function noted({ counters }: ScrapedPod, outcome: Found<readonly ExposedSample[]>, at: number): Found<readonly ExposedSample[]> {
  if (outcome.kind === 'found') for (const sample of outcome.value) counters.note(keyOf(sample), { at, value: sample.value })
  return outcome
}

function keyOf({ name, labels }: ExposedSample): string {
  return JSON.stringify([name, ...Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))])
}

interface Reporting {
  readonly pod: string
  readonly at: number
  readonly query: ScrapeQuery
  readonly counters: Counters
}

function reportOf(samples: readonly ExposedSample[], { pod, at, query, counters }: Reporting): Found<Reported> {
  const matching = samples.filter(sample => query.matches(sample))
  if (matching.length === 0) return missing('NoData', `the pod shows no ${query.series}`)
  const { rateMs } = query
  const values = matching.map(sample => (rateMs === undefined ? sample.value : counters.rate(keyOf(sample), rateMs)))
  const known = values.filter(value => value !== undefined)
  if (known.length === 0) return missing('NoData', 'a rate needs two scrapes')
  return found({ pod, at, value: known.reduce((total, value) => total + value, 0) })
}

function urlOf({ name, address, ports }: ObservedPod, { scrape }: SourceSpec): Found<URL> {
  const port = typeof scrape?.port === 'string' ? ports?.[scrape.port] : scrape?.port
  if (address === undefined || port === undefined)
    return missing('NoData', `the pod ${name} has no ${address === undefined ? 'address' : 'port of that name'} yet`)
  const host = address.includes(':') ? `[${address}]` : address
  return URL.canParse(`${scrape?.scheme ?? 'http'}://${host}:${port}`)
    ? found(new URL(scrape?.path ?? '/metrics', `${scrape?.scheme ?? 'http'}://${host}:${port}`))
    : missing('Refused', `the pod ${name} has no usable address`)
}
