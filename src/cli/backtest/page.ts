import { type Decision, QUANTILES } from '../../core/model.ts'
import { isMissing, timeOf } from '../../sim/load.ts'
import { renderReport } from '../../sim/report-html/render-report.ts'
import type { ForecastBand, TraceReport } from '../../sim/report-html/report.ts'
import { pageOrigin } from '../page-origin.ts'
import type { Played } from './play-scalers.ts'
import type { Stage } from './settle-world.ts'

/** Keeps, of crescendo's forecasts, the one for ten minutes ahead. */
export interface BandCollector {
  readonly hear: (scaler: string, decision: Decision, tick: number) => void
  readonly band: () => ForecastBand | undefined
}

const LEAD_MS = 600_000
const [LOW, HIGH] = [QUANTILES.indexOf(0.5), QUANTILES.indexOf(0.99)]

export function collectBand({ scenario }: Stage): BandCollector {
  const { load } = scenario
  const end = timeOf(load, load.value.length)
  const columns = { at: [] as number[], low: [] as number[], high: [] as number[] }
  return {
    hear(scaler, { forecast }, tick) {
      if (scaler !== 'crescendo' || forecast === undefined || tick < scenario.scoredFrom) return
      const point = forecast.points.find(({ at }) => at >= forecast.madeAt + LEAD_MS)
      const [low, high] = [point?.quantiles[LOW], point?.quantiles[HIGH]]
      if (point === undefined || low === undefined || high === undefined || point.at >= end) return
      columns.at.push(point.at)
      columns.low.push(low)
      columns.high.push(high)
    },
    band: () =>
      columns.at.length === 0 ? undefined : { ...columns, leadSeconds: LEAD_MS / 1000, levels: { low: 0.5, high: 0.99 } },
  }
}

/** The comparison as one self-contained page. */
export function pageOf(replayed: readonly { stage: Stage; played: readonly Played[]; band: BandCollector }[]): string {
  return renderReport({
    origin: pageOrigin(),
    traces: replayed.map(traceReport),
  })
}

function traceReport({ stage, played, band }: { stage: Stage; played: readonly Played[]; band: BandCollector }): TraceReport {
  const { scenario, series, price } = stage
  const { load, target } = scenario
  const forecast = band.band()
  return {
    file: series.file,
    world: {
      capacityPerReplica: target.capacityPerReplica,
      startupSeconds: target.startupMs / 1000,
      metricsDelaySeconds: scenario.metricsDelayMs / 1000,
      tickSeconds: load.tickMs / 1000,
      price,
      minReplicas: target.minReplicas,
      maxReplicas: target.maxReplicas,
    },
    scoredFrom: timeOf(load, scenario.scoredFrom),
    at: played[0]?.run.time ?? [],
    load: Array.from(load.value, (value, tick) => (isMissing(load, tick) ? undefined : value)),
    scalers: played.map(({ run, score }) => ({
      name: run.name,
      ready: run.ready,
      desired: run.desired,
      score: { ...score, ...(run.decisionMicros && { decisionMicros: run.decisionMicros }) },
    })),
    ...(forecast && { band: forecast }),
  }
}
