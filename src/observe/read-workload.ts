import type { MetricSpec } from '../core/model.ts'
import type { Clock } from '../ports.ts'
import { builtInMetric } from './catalogue.ts'
import { answerOf, readingOf, type Total, totalOf } from './demand.ts'
import type { createLastSigns } from './last-signs.ts'
import { type Found, type Missing, missing } from './missing.ts'
import { loadsOf, objectiveReading, percentileOf, specOfObjective } from './objectives.ts'
import { type Answer, metricName } from './origin.ts'
import type { Measured, Workload } from './workload.ts'

export interface Reader {
  readonly clock: Clock
  readonly settings: { readonly timeoutMs: number; readonly windowSeconds: number }
  readonly ask: (workload: Workload, spec: MetricSpec, percentile?: number) => Promise<Found<Answer>>
  /** The same without the metrics APIs: what most workloads lack must not cost them a call for each object. */
  readonly askExtra: (workload: Workload, spec: MetricSpec) => Promise<Found<Answer>>
  readonly signs: ReturnType<typeof createLastSigns>
}

/** A read ends in this many timeouts of a single call, where several sources are asked one after the other. */
const READ_TIMES_TIMEOUT = 2
/** Once the rest is there, what only adds to a decision is not waited for longer than this. */
const EXTRAS_MS = 100
/** How the objectives stand is waited for a little longer: a source that is down must not delay what the others say. */
const OBJECTIVES_MS = 1000

/** Everything that one decision needs of the metrics: all specs at once, the demand, and the extras that there are. */
export async function readWorkload(workload: Workload, reader: Reader): Promise<Measured> {
  const { ask, askExtra, settings } = reader
  const limitMs = settings.timeoutMs * READ_TIMES_TIMEOUT
  const extras = EXTRAS.map(({ spec }) => ({ spec, answer: askExtra(workload, spec) }))
  const drivers = driverSpecs(workload)
  const asked = new Set([...workload.target.metrics, ...drivers.values()])
  const objectives = askObjectives(workload, reader)
  const outcomes = new Map(
    await Promise.all([...asked].map(async spec => [spec, await within(ask(workload, spec), limitMs, spec)] as const)),
  )
  return {
    answers: workload.target.metrics.map(spec => answerOf(outcomes.get(spec) ?? NOT_ASKED)),
    ...demandOf(workload, { drivers, outcomes, reader }),
    ...(await objectivesOf(objectives, {
      pods: workload.pods,
      loads: loadsOf(firstLoad({ drivers, outcomes })),
      now: reader.clock.now(),
    })),
    ...extrasOf(await Promise.all(extras.map(({ spec, answer }) => within(answer, EXTRAS_MS, spec)))),
  }
}

/** What the object promises, asked for in the order of its objectives. */
function askObjectives(workload: Workload, { ask }: Reader) {
  return (workload.target.objectives ?? []).map(objective => {
    const spec = specOfObjective(objective, workload)
    return { objective, spec, answer: ask(workload, spec, percentileOf(objective)) }
  })
}

async function objectivesOf(
  asked: ReturnType<typeof askObjectives>,
  facts: Parameters<typeof objectiveReading>[2],
): Promise<Pick<Measured, 'objectives'>> {
  if (asked.length === 0) return {}
  const readings = asked.map(async ({ objective, spec, answer }) =>
    objectiveReading(objective, await within(answer, OBJECTIVES_MS, spec), facts),
  )
  return { objectives: await Promise.all(readings) }
}

function firstLoad({ drivers, outcomes }: Pick<Outcomes, 'drivers' | 'outcomes'>): Found<Answer> | undefined {
  const spec = [...drivers].find(([driver]) => addsUp(driver))?.[1]
  return spec && outcomes.get(spec)
}

const NOT_ASKED = missing('NoData', 'nobody was asked')
const NO_TARGET = { type: 'AverageValue' } as const

const podsSpec = (metric: string): MetricSpec => ({ type: 'Pods', metric, target: NO_TARGET })

/** Facts that some workloads have and most lack, and how the values of pods become one. */
const EXTRAS = [
  { spec: podsSpec('error_ratio'), field: 'errorRatio', combine: mean },
  { spec: podsSpec('queue_length'), field: 'backlog', combine: sum },
  { spec: podsSpec('distinct_clients'), field: 'clients', combine: sum },
] as const

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function mean(values: readonly number[]): number {
  return Math.min(1, sum(values) / Math.max(1, values.length))
}

function extrasOf(outcomes: readonly Found<Answer>[]): Pick<Measured, 'errorRatio' | 'backlog' | 'clients'> {
  const extras: { errorRatio?: number; backlog?: number; clients?: number } = {}
  for (const [index, { field, combine }] of EXTRAS.entries()) {
    const outcome = outcomes[index]
    if (outcome?.kind !== 'found') continue
    const { value } = outcome
    const values = value.kind === 'values' ? value.values : value.samples.map(sample => sample.value ?? 0)
    extras[field] = combine(values.map(milli => Number(milli) / 1000))
  }
  return extras
}

function within(answer: Promise<Found<Answer>>, limitMs: number, spec: MetricSpec): Promise<Found<Answer>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Found<Answer>>(resolve => {
    const why = missing('Timeout', `${metricName(spec)}: no source answered within ${limitMs / 1000} s`)
    timer = setTimeout(() => resolve(why), limitMs)
  })
  return Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/** Each driver's spec: the one of the object's metrics with that name, else a question of its own. */
function driverSpecs({ drivers, target }: Workload): ReadonlyMap<string, MetricSpec> {
  const own = (driver: string) => target.metrics.find(spec => metricName(spec) === driver && spec.type !== 'ContainerResource')
  return new Map(drivers.map(driver => [driver, own(driver) ?? specFor(driver)]))
}

function specFor(driver: string): MetricSpec {
  const isResource = builtInMetric(driver)?.kind === 'Resource' && driver !== 'gpu_memory'
  return isResource ? { type: 'Resource', resource: driver, target: NO_TARGET } : podsSpec(driver)
}

interface Outcomes {
  readonly drivers: ReadonlyMap<string, MetricSpec>
  readonly outcomes: ReadonlyMap<MetricSpec, Found<Answer>>
  readonly reader: Reader
}

function demandOf(workload: Workload, { drivers, outcomes, reader }: Outcomes): Pick<Measured, 'demand' | 'driver'> {
  const { clock, settings, signs } = reader
  const now = { at: clock.now(), graceMs: settings.windowSeconds * 1000 }
  const totals = new Map<string, Total>()
  const whys = new Map<string, Missing>()
  for (const [driver, spec] of drivers) {
    const outcome = addsUp(driver) ? (outcomes.get(spec) ?? NOT_ASKED) : notLoad(driver)
    const total = outcome.kind === 'found' ? totalOf(outcome.value, workload.pods, now) : outcome
    if (total.kind === 'found') totals.set(driver, total.value)
    else whys.set(driver, total)
  }
  const driver = chosen([...drivers.keys()], { before: signs.driverOf(workload.target.id), totals, whys })
  const [unnamed] = whys.values()
  const why = (driver === undefined ? unnamed : whys.get(driver)) ?? missing('NotOffered', 'no driver is named')
  const total = driver === undefined ? undefined : totals.get(driver)
  signs.note(workload.target.id, { driver, totals, ...(total === undefined && { why: why.why }) })
  const demand = readingOf(total === undefined ? why : { kind: 'found', value: total }, now.at)
  return { demand, ...(driver !== undefined && { driver }) }
}

/** Only loads and resources in use add up over pods: a sum of latencies is nothing. */
function addsUp(driver: string): boolean {
  const kind = builtInMetric(driver)?.kind
  return kind === undefined || kind === 'Load' || kind === 'Resource'
}

function notLoad(driver: string): Missing {
  return missing('WrongType', `${driver} is no load: it does not add up over pods`)
}

interface Candidates {
  readonly before: string | undefined
  readonly totals: ReadonlyMap<string, Total>
  readonly whys: ReadonlyMap<string, Missing>
}

/**
 * The driver in whose unit the demand is: the first that can be read. A driver that was read before, or whose source is out, is
 * waited for instead of passed over: the next one counts in another unit, and 3 cores after 5,000 requests would look like a fall.
 */
function chosen(drivers: readonly string[], { before, totals, whys }: Candidates): string | undefined {
  for (const driver of drivers) {
    if (totals.has(driver) || driver === before) return driver
    if (!isUnknown(whys.get(driver))) return driver
  }
  return undefined
}

/** Nobody knows the metric, it has no data yet, or it is no load. */
function isUnknown(why: Missing | undefined): boolean {
  return why?.reason === 'NotOffered' || why?.reason === 'NoData' || why?.reason === 'WrongType'
}
