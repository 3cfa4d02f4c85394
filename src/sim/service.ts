import type { Instant, Objective, Reading, Target } from '../core/model.ts'
import { exceedShare, type Service } from '../core/slo/queueing.ts'

/**
 * The replicas of a world as queues. Load is then in requests per second. Every replica is an M/G/k queue in its steady state;
 * what all of them cannot carry waits in front of them, and drains when there is room again.
 */
export interface ServiceOptions extends Service {
  /** A request that would wait longer is turned away: an error. Default 10. */
  readonly timeoutSeconds?: number
  /** How unevenly the load is spread: standard deviation of the replicas' shares over their mean, 0 to 0.5. Default 0. */
  readonly imbalance?: number
  /** Guard metrics by name. */
  readonly guards?: Readonly<Record<string, GuardCurve>>
  /** While one of them runs, the guard metrics that it names are that healthy at most, whatever the replicas. */
  readonly releases?: readonly Release[]
}

/** `healthy` up to 90 % of what the replicas can carry, from there in a line to `saturated` at 120 %. */
interface GuardCurve {
  readonly healthy: number
  readonly saturated: number
}

interface Release {
  readonly from: Instant
  readonly to: Instant
  readonly guards: Readonly<Record<string, number>>
}

/** How one tick was served. */
export interface Served {
  /** Arrivals over what all ready replicas can carry: above 1 they are overloaded, Infinity without any. */
  readonly busy: number
  /** What the first and the last arrival of the tick wait before a replica takes them. */
  readonly waitFromSeconds: number
  readonly waitToSeconds: number
  /** Share of the arrivals that failed. */
  readonly errorRatio: number
  /** Requests that wait in front of the replicas at the end of the tick. */
  readonly waiting: number
}

export interface Arrivals {
  readonly perSecond: number
  readonly seconds: number
  readonly ready: number
  /** Requests that wait from the tick before. */
  readonly waiting: number
}

const DEFAULT_TIMEOUT_SECONDS = 10
/** No tick is long enough for the endless line of a full replica: its steady state counts up to here, the rest is the queue in front. */
const STEADY = 0.98
/** Slices of a tick whose waits differ. */
const SLICES = [0.125, 0.375, 0.625, 0.875]
const STRAIN_FROM = 0.9
const STRAIN_FULL = 1.2
const QUANTILE_STEPS = 40

/** One tick of serving. */
export function serve(options: ServiceOptions, { perSecond, seconds, ready, waiting }: Arrivals): Served {
  const { timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, concurrency, serviceSeconds } = options
  const full = (ready * concurrency) / serviceSeconds
  const grown = Math.max(0, waiting + (perSecond - full) * seconds)
  const held = Math.min(grown, timeoutSeconds * (full || perSecond))
  const waitSeconds = (requests: number) => (full === 0 ? timeoutSeconds : Math.min(timeoutSeconds, requests / full))
  const busy = perSecond === 0 ? 0 : perSecond / full
  const steady = { busy, waitFromSeconds: 0, waitToSeconds: 0 }
  const turnedAway = perSecond === 0 ? 0 : Math.min(1, (grown - held) / (perSecond * seconds))
  return {
    busy,
    waitFromSeconds: waitSeconds(waiting),
    waitToSeconds: waitSeconds(held),
    errorRatio: turnedAway + (1 - turnedAway) * lateShare(options, steady, timeoutSeconds),
    waiting: held,
  }
}

type Stay = Pick<Served, 'busy' | 'waitFromSeconds' | 'waitToSeconds'>

/** Share of the tick's answered requests that took longer than `seconds`, waiting included. */
export function lateShare(options: ServiceOptions, stay: Stay, seconds: number): number {
  const { waitFromSeconds: from, waitToSeconds: to } = stay
  if (from === 0 && to === 0) return steadyShare(options, stay.busy, seconds)
  const late = SLICES.map(slice => {
    const left = seconds - (from + (to - from) * slice)
    return left <= 0 ? 1 : steadyShare(options, stay.busy, left)
  })
  return late.reduce((sum, share) => sum + share, 0) / SLICES.length
}

/** Over a third each of the replicas with less, as much and more than their share; a balancer spares those that are full. */
function steadyShare(options: ServiceOptions, busy: number, seconds: number): number {
  const { imbalance = 0, concurrency, serviceSeconds } = options
  const level = Math.min(STEADY, busy)
  const rate = (level * concurrency) / serviceSeconds
  const spread = Math.min(imbalance * Math.sqrt(1.5), STEADY / level - 1)
  if (!(spread > 0)) return exceedShare(options, rate, seconds)
  const late = (share: number) => exceedShare(options, rate * share, seconds)
  return (late(1 - spread) + late(1) + late(1 + spread)) / 3
}

/** By how much more than the mean the fullest third of the replicas gets. */
export function fullestShare({ imbalance = 0 }: ServiceOptions): number {
  return 1 + imbalance * Math.sqrt(1.5)
}

/** The time that `quantile` of the requests stay within; of several ticks, each counts by its requests. */
export function latencyOf(lateAfter: (seconds: number) => number, quantile: number, serviceSeconds: number): number {
  let [from, to] = [0, serviceSeconds]
  while (lateAfter(to) > 1 - quantile) [from, to] = [to, 2 * to]
  for (let step = 0; step < QUANTILE_STEPS; step++) {
    const middle = (from + to) / 2
    if (lateAfter(middle) > 1 - quantile) from = middle
    else to = middle
  }
  return to
}

/** One tick as its metrics tell it. */
export interface Told {
  readonly at: Instant
  readonly perSecond: number
  readonly served: Served
}

/** How each objective stands, in their order and in the unit of its metric: `_ms` in milliseconds, `_per_minute` in minutes, else seconds. */
export function readingsOf(options: ServiceOptions, objectives: readonly Objective[], told: Told): readonly Reading[] {
  return objectives.map(objective => {
    const value = standingOf(options, objective, told)
    if (value !== undefined) return { kind: 'value', at: told.at, value }
    return {
      kind: 'missing',
      at: told.at,
      why: `the simulated service has no ${'metric' in objective ? objective.metric : 'such'}`,
    }
  })
}

function standingOf(options: ServiceOptions, objective: Objective, told: Told): number | undefined {
  const { served, perSecond } = told
  switch (objective.type) {
    case 'Latency':
      return tickLatency(options, served, objective.percentile) * (isInMilliseconds(objective.metric) ? 1000 : 1)
    case 'ErrorRatio':
      return served.errorRatio
    case 'Availability':
      return 1 - served.errorRatio
    case 'Throughput':
      return perSecond * (1 - served.errorRatio) * (/per_minute/.test(objective.metric) ? 60 : 1)
    case 'Utilization':
      return 100 * Math.min(1, served.busy)
    case 'Guard':
      return guardValue(options, objective.metric, told)
  }
}

/** Seconds that `percentile` (0 to 100) of the tick's requests stay within. */
export function tickLatency(options: ServiceOptions, stay: Stay, percentile: number): number {
  return latencyOf(seconds => lateShare(options, stay, seconds), percentile / 100, options.serviceSeconds)
}

/** The percentile of the first promise of latency; 99 where none is made. */
export function promisedPercentile({ objectives = [] }: Pick<Target, 'objectives'>): number {
  return objectives.find(objective => objective.type === 'Latency')?.percentile ?? 99
}

/** Share of all servers that is busy, 0..1. */
export function busyShare(
  { serviceSeconds, concurrency }: Service,
  { perSecond, ready, waiting }: Omit<Arrivals, 'seconds'>,
): number {
  return waiting > 0 || ready === 0 ? 1 : Math.min(1, (perSecond * serviceSeconds) / (ready * concurrency))
}

export function isInMilliseconds(metric: string): boolean {
  return /(_ms|milliseconds)$/.test(metric)
}

function guardValue({ guards, releases = [] }: ServiceOptions, metric: string, { at, served }: Told): number | undefined {
  const curve = guards?.[metric]
  if (curve === undefined) return undefined
  const running = releases.filter(({ from, to }) => at > from && at <= to) // `at` is the end of the tick that is told
  const healthy = running.reduce((least, release) => Math.min(least, release.guards[metric] ?? least), curve.healthy)
  const pressure = served.waiting > 0 ? Math.max(1, served.busy) : served.busy
  const strain = Math.max(0, Math.min(1, (pressure - STRAIN_FROM) / (STRAIN_FULL - STRAIN_FROM)))
  return healthy - strain * (curve.healthy - curve.saturated)
}
