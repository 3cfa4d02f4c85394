import { basename } from 'node:path'
import type { Instant, Target } from '../../core/model.ts'
import { CrescendoError } from '../../errors.ts'
import { readSeries, requireSamples } from '../../observe/series-file.ts'
import type { Load } from '../../sim/load.ts'
import type { Failure, WorldOptions } from '../../sim/world.ts'
import { note } from '../output.ts'
import { resampledSeries } from '../resampled.ts'

export const TICK_MS = 15_000
const DAY_TICKS = 86_400_000 / TICK_MS

/** Something that happens to a service while one watches, with the sentence that the live view shows. */
export interface StageEvent {
  readonly kind: 'daily peak' | 'flash crowd' | 'attack' | 'metric outage'
  readonly from: Instant
  readonly to: Instant
  readonly text: string
}

/** One service of the demo: its cluster, and its traffic from the learned past to the end of the visible time. */
export interface Service {
  readonly namespace: string
  readonly name: string
  readonly profile?: string
  /** What the load counts, e.g. "rps". */
  readonly unit: string
  readonly target: Target
  readonly price: number
  readonly currency: string
  readonly load: Load
  /** Ticks before the visible time: history, which only crescendo can use. */
  readonly historyTicks: number
  readonly failures: readonly Failure[]
  readonly startup: NonNullable<WorldOptions['startup']>
  readonly events: readonly StageEvent[]
}

export const METRICS_DELAY_MS = 15_000
/** Replicas that carry the usual peak of a file. */
const PEAK_REPLICAS = 20

/**
 * The user's own file as one service. The last day is played (of a file shorter than two days: its second half), everything
 * before is history. A load file does not say what a replica serves: here 20 replicas serve the 99th percentile of the history.
 */
export async function serviceOfTrace(path: string, skipBadRows = false): Promise<Service> {
  const series = await readSeries(path, { skipBadRows })
  if (series.skipped > 0) note(`${series.skipped} bad rows left out, the first: ${series.firstSkipped}`)
  requireSamples(series, 2, 'the demo')
  const { load } = resampledSeries(series, TICK_MS)
  const ticks = load.value.length
  const visible = Math.min(DAY_TICKS, Math.floor(ticks / 2))
  const history = load.value.slice(0, ticks - visible).sort()
  const usualPeak = history[Math.floor(0.99 * history.length)] ?? 0
  const peak = load.value.reduce((highest, value) => Math.max(highest, value), 0)
  if (visible < 60) {
    const found = `${series.file}: it spans ${Math.round((ticks * TICK_MS) / 60_000)} min`
    throw new CrescendoError('CRS_TRACE_TOO_SHORT', `${found}; the demo needs at least 30 min, half of them to learn from`)
  }
  if (usualPeak === 0) {
    throw new CrescendoError(
      'CRS_TRACE_MALFORMED',
      `${series.file}: the load is zero nearly everywhere; there is nothing to scale`,
    )
  }
  const capacityPerReplica = usualPeak / PEAK_REPLICAS
  const name = basename(series.file).replace(/\.(csv|gz|csv\.gz)$/, '')
  return {
    namespace: 'trace',
    name: labelOf(name),
    unit: 'load units',
    target: targetOf({
      id: `trace/${labelOf(name)}`,
      capacityPerReplica,
      startupSeconds: 75,
      min: 1,
      max: Math.min(500, Math.max(3 * PEAK_REPLICAS, Math.ceil((1.5 * peak) / capacityPerReplica))),
    }),
    price: 0.1,
    currency: 'USD',
    load,
    historyTicks: ticks - visible,
    failures: [],
    startup: { kind: 'lognormal', sigma: 0.2 },
    events: [],
  }
}

/** A Kubernetes name out of a file name: lower-case letters, digits and dashes. */
function labelOf(name: string): string {
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  return label.slice(0, 63) || 'series'
}

/** A target whose scalers follow its load. */
export function targetOf(one: {
  readonly id: string
  readonly capacityPerReplica: number
  readonly startupSeconds: number
  readonly min: number
  readonly max: number
}): Target {
  return {
    id: one.id,
    minReplicas: one.min,
    maxReplicas: one.max,
    metrics: [],
    capacityPerReplica: one.capacityPerReplica,
    startupMs: one.startupSeconds * 1000,
    periodMs: TICK_MS,
  }
}
