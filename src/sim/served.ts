import type { Run } from './run.ts'
import { latencyOf, lateShare, type ServiceOptions } from './service.ts'
import type { ServedTick } from './world.ts'

/** How each tick was served, as in `Served`; the latency is at the promised percentile of that tick. */
export interface ServedColumns {
  readonly latencySeconds: Float64Array
  readonly errorRatio: Float64Array
  readonly busy: Float64Array
  readonly waitFromSeconds: Float64Array
  readonly waitToSeconds: Float64Array
}

export function createColumns(ticks: number) {
  const columns: ServedColumns = {
    latencySeconds: new Float64Array(ticks),
    errorRatio: new Float64Array(ticks),
    busy: new Float64Array(ticks),
    waitFromSeconds: new Float64Array(ticks),
    waitToSeconds: new Float64Array(ticks),
  }
  return {
    set(tick: number, served: ServedTick) {
      columns.latencySeconds[tick] = served.latencySeconds
      columns.errorRatio[tick] = served.errorRatio
      columns.busy[tick] = served.busy
      columns.waitFromSeconds[tick] = served.waitFromSeconds
      columns.waitToSeconds[tick] = served.waitToSeconds
    },
    upTo: (played: number): ServedColumns => ({
      latencySeconds: columns.latencySeconds.subarray(0, played),
      errorRatio: columns.errorRatio.subarray(0, played),
      busy: columns.busy.subarray(0, played),
      waitFromSeconds: columns.waitFromSeconds.subarray(0, played),
      waitToSeconds: columns.waitToSeconds.subarray(0, played),
    }),
  }
}

export interface ServiceScore {
  /** What `quantile` of all answered requests of the scored ticks stayed within. */
  readonly latencySeconds: number
  /** Share of all requests of the scored ticks that failed. */
  readonly errorRatio: number
}

/** Latency and errors over all requests of the scored ticks; a tick counts by its requests. Undefined where nothing was answered. */
export function serviceScore(run: Run, service: ServiceOptions, quantile: number): ServiceScore | undefined {
  const { served, load, missing, scoredFrom } = run
  if (served === undefined) return undefined
  const ticks = Array.from(load.keys()).filter(tick => tick >= scoredFrom && missing?.[tick] !== 1)
  const sumOf = (value: (tick: number) => number) => ticks.reduce((sum, tick) => sum + value(tick), 0)
  const answered = (tick: number) => load[tick]! * (1 - served.errorRatio[tick]!)
  const [requests, answers, errors] = [
    sumOf(tick => load[tick]!),
    sumOf(answered),
    sumOf(tick => load[tick]! * served.errorRatio[tick]!),
  ]
  if (answers === 0) return undefined
  const stayOf = (tick: number) => ({
    busy: served.busy[tick]!,
    waitFromSeconds: served.waitFromSeconds[tick]!,
    waitToSeconds: served.waitToSeconds[tick]!,
  })
  const late = (seconds: number) => sumOf(tick => answered(tick) * lateShare(service, stayOf(tick), seconds)) / answers
  return {
    latencySeconds: latencyOf(late, quantile, service.serviceSeconds),
    errorRatio: errors / requests,
  }
}
