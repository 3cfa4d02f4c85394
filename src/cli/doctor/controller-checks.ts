import type { ExposedSample } from '../../observe/open-metrics-text.ts'
import { type Check, clear, finding, type House, type Outcome, unable } from './check.ts'
import { lasting, percent } from './words.ts'

/** The age of metrics from which scaling is late: four decisions of 15 s. */
const LATE_SECONDS = 60
const FEWEST_WRITES = 10
const FAILING_SHARE = 0.05
const FEWEST_CALLS = 20
const LATE_TURNS_SECONDS = 15
const SKIPPED_SHARE = 0.01

/** The samples of `/metrics` that the checks read. */
export const SAMPLES = [
  'crescendo_leader',
  'crescendo_dry_run',
  'crescendo_store_up',
  'crescendo_queue_oldest_seconds',
  'crescendo_skipped_ticks_total',
  'crescendo_decisions_total',
  'crescendo_metric_source_up',
  'crescendo_metric_source_age_seconds',
  'crescendo_metric_source_calls_total',
  'crescendo_metric_source_failures_total',
  'crescendo_sample_to_scale_seconds_bucket',
  'crescendo_sample_to_scale_seconds_sum',
  'crescendo_sample_to_scale_seconds_count',
  'crescendo_api_requests_total',
] as const
type Name = (typeof SAMPLES)[number]

/** What concerns every workload of a controller. */
export const CONTROLLER_CHECKS: readonly Check<House>[] = [
  {
    name: 'metric-source',
    trouble: 'slow scaling',
    asks: 'whether every metric source answers',
    examine: onSamples(metricSource),
  },
  {
    name: 'metric-delay',
    trouble: 'slow scaling',
    asks: 'how old the metrics are once replicas are written',
    examine: onSamples(metricDelay),
  },
  {
    name: 'late-turns',
    trouble: 'slow scaling',
    asks: 'whether the controller keeps up with its objects',
    examine: onSamples(lateTurns),
  },
  {
    name: 'api-server',
    trouble: 'slow scaling',
    asks: 'whether the API server answers without errors',
    examine: onSamples(apiServer),
  },
  {
    name: 'store',
    trouble: 'cost overrun',
    asks: 'whether the store can be written, without which nothing is taken away',
    examine: onSamples(store),
  },
  {
    name: 'writes-nothing',
    trouble: 'degraded performance',
    asks: 'whether this process may write at all',
    examine: onSamples(writesNothing),
  },
]

type Samples = (name: Name) => readonly ExposedSample[]

function onSamples(judge: (samples: Samples) => Outcome): (house: House) => Outcome {
  return ({ samples }) => {
    if ('unread' in samples) return unable(samples.unread)
    const of: Samples = name => samples.filter(sample => sample.name === name)
    return of('crescendo_leader').length === 0 ? unable('no controller runs here, as in the demo') : judge(of)
  }
}

const sum = (samples: readonly ExposedSample[]) => samples.reduce((total, { value }) => total + value, 0)
const ofSource = (samples: readonly ExposedSample[], source: string | undefined) =>
  samples.find(({ labels }) => labels.source === source)?.value

function metricSource(samples: Samples) {
  const up = samples('crescendo_metric_source_up')
  if (up.length === 0) return unable('no metric source was asked yet')
  const told = up.map(({ labels, value }) => {
    const source = labels.source
    const calls = ofSource(samples('crescendo_metric_source_calls_total'), source) ?? 0
    const failures = ofSource(samples('crescendo_metric_source_failures_total'), source) ?? 0
    const age = ofSource(samples('crescendo_metric_source_age_seconds'), source)
    const isFailing = calls >= FEWEST_CALLS && failures >= FAILING_SHARE * calls
    const last = age === undefined ? 'never answered' : `answered ${lasting(age * 1000)} ago`
    return {
      isBad: value === 0 || isFailing,
      text: `${source} ${value === 0 ? 'is down' : 'is up'}, ${last}, ${failures} of ${calls} calls failed`,
    }
  })
  const bad = told.filter(({ isBad }) => isBad)
  if (bad.length === 0) return clear(told.map(({ text }) => text).join('; '))
  const fix =
    'GET /api/v1/alerts says why; see address, credentials and metrics.timeoutSeconds, and that a NetworkPolicy lets the controller out'
  return finding('a metric source does not answer as it should', { evidence: bad.map(({ text }) => text).join('; '), fix })
}

function metricDelay(samples: Samples) {
  const count = sum(samples('crescendo_sample_to_scale_seconds_count'))
  if (count < FEWEST_WRITES) return unable(`${count} changes were written since the start, and it takes ${FEWEST_WRITES}`)
  const quick = samples('crescendo_sample_to_scale_seconds_bucket').filter(({ labels }) => Number(labels.le) === LATE_SECONDS)
  const late = count - sum(quick)
  const mean = sum(samples('crescendo_sample_to_scale_seconds_sum')) / count
  const evidence = `from the newest sample to the written replicas it took ${Math.round(mean)} s on average; longer than ${LATE_SECONDS} s in ${late} of ${count} changes`
  if (late < 0.1 * count) return clear(evidence)
  const fix =
    'scrape more often (15 s), shorten the range of the query (rate over 1m, not 5m), or use a source without a pipeline (push, OpenMetrics ports of the pods)'
  return finding('metrics are old when they are acted on', { evidence, fix })
}

function lateTurns(samples: Samples) {
  const oldest = sum(samples('crescendo_queue_oldest_seconds'))
  const [skipped, decided] = [sum(samples('crescendo_skipped_ticks_total')), sum(samples('crescendo_decisions_total'))]
  const evidence = `the oldest object that is due waits for ${oldest.toFixed(1)} s; ${skipped} turns were skipped beside ${decided} decisions`
  if (oldest <= LATE_TURNS_SECONDS && skipped <= SKIPPED_SHARE * (skipped + decided)) return clear(evidence)
  const fix =
    'give the controller more processor, raise controller.workers, or see why sources and API server are slow (metric-source, api-server)'
  return finding('objects are decided about late', { evidence, fix })
}

function apiServer(samples: Samples) {
  const all = samples('crescendo_api_requests_total')
  const total = sum(all)
  if (total < FEWEST_CALLS) return unable(`${total} requests were sent since the start, and it takes ${FEWEST_CALLS}`)
  const isBad = (code: string | undefined) =>
    code === '0' || code === '429' || code === '401' || code === '403' || Number(code) >= 500
  const failed = sum(all.filter(({ labels }) => isBad(labels.code)))
  const evidence = `${failed} of ${total} requests (${percent(failed / total)}) had no answer, 401, 403, 429 or 5xx`
  if (failed < FAILING_SHARE * total) return clear(evidence)
  const fix =
    'see its health and the rights of the controller (crescendo manifests prints them); controller.apiQueriesPerSecond and apiBurst limit the pressure'
  return finding('the API server refuses or does not answer', { evidence, fix })
}

function store(samples: Samples) {
  const up = samples('crescendo_store_up')[0]?.value
  if (up === undefined) return unable('the controller does not say how its store is')
  if (up === 1) return clear('writes of the store succeed')
  const fix =
    'GET /api/v1/alerts (StoreTrouble) says why: disk, rights, connection; see store.path or store.url of the configuration'
  return finding('the store cannot be written, so no replica is taken away', { evidence: 'crescendo_store_up is 0', fix })
}

function writesNothing(samples: Samples) {
  const [leader, dryRun] = [sum(samples('crescendo_leader')), sum(samples('crescendo_dry_run'))]
  const evidence = `crescendo_leader is ${leader}, crescendo_dry_run is ${dryRun}`
  if (dryRun === 1)
    return finding('a dry run writes nothing', { evidence, fix: 'run without --dry-run (controller.dryRun: false)' })
  if (leader === 1) return clear(evidence)
  const fix = 'name the copy that leads with --server (kubectl get lease crescendo says which); no copy leads if none renews it'
  return finding('this process stands by and decides nothing', { evidence, fix })
}
