import type { Instant, ScheduledWindow, Target } from '../core/model.ts'
import type { Cluster, Journal, Log, MetricSource, Ports, Store } from '../ports.ts'
import { memoryStore } from '../store/memory.ts'
import { answersOf, type View } from './answers.ts'
import { type Load, offeredAt, ticksOf, timeOf } from './load.ts'
import type { NodeOptions } from './nodes.ts'
import { createPods, type Pods } from './pods.ts'
import { type Random, seededRandom } from './random.ts'
import { createReplicas, type Replicas, type Startup } from './replicas.ts'
import { busyShare, promisedPercentile, readingsOf, type Served, type ServiceOptions, serve, tickLatency } from './service.ts'

export type Failure =
  /** Nothing is recorded of the ticks that lie in [from, to). */
  | { readonly kind: 'metric-gap'; readonly from: Instant; readonly to: Instant }
  /** In [from, to) the metrics say again and again what they said last before it. */
  | { readonly kind: 'metric-freeze'; readonly from: Instant; readonly to: Instant }
  /** Of what arrives in [from, to) at least that share fails, whatever the replicas: something that they depend on is down. */
  | { readonly kind: 'errors'; readonly from: Instant; readonly to: Instant; readonly share: number }
  /** Pods ordered in [from, to) are not ready before `to` plus their start-up. */
  | { readonly kind: 'pods-never-ready'; readonly from: Instant; readonly to: Instant }
  /** The oldest node is lost; without a node model, the `pods` oldest pods (default 10). */
  | { readonly kind: 'node-loss'; readonly at: Instant; readonly pods?: number }

export interface Queue {
  /** A backlog is meant to be gone in that time: demand is the offered load plus backlog / drainSeconds. */
  readonly drainSeconds: number
  /** What finds the queue this full (load units x seconds) is turned away. */
  readonly limit: number
}

export interface WorldOptions {
  readonly target: Target
  readonly load: Load
  readonly metricsDelayMs: number
  readonly seed: number
  /** Ready at the start. Default: what the first tick needs with 30 % to spare, inside min..max. */
  readonly initialReplicas?: number
  readonly startup?: Startup
  readonly nodes?: NodeOptions
  readonly queue?: Queue
  /**
   * Replicas as queues of requests: latency and errors follow from the load of each, the target's objectives are told, and pods are
   * as busy as their queue says. The error ratio is then the service's, not that of `queue`.
   */
  readonly service?: ServiceOptions
  readonly failures?: readonly Failure[]
  /** Load metrics (External, Object) are answered in load units times this factor; for loads far below one. Default 1. */
  readonly metricScale?: number
  /** What schedules say of the time that is played; told with the metrics as it comes near. */
  readonly scheduled?: readonly ScheduledWindow[]
  /** Default: an empty one in memory. One that remembers what a backfill taught is handed in. */
  readonly store?: Store
  readonly log?: Log
  readonly journal?: Journal
}

/** What the cluster did in one tick. */
export interface WorldTick {
  readonly time: Instant
  readonly load: number
  readonly ready: number
  readonly desired: number
  /** With a `service`: how it served, and the latency at the percentile that is promised (99 where none is). */
  readonly served?: ServedTick
}

export type ServedTick = Served & { readonly latencySeconds: number }

/**
 * A simulated cluster under replayed traffic, with a clock that we turn. For each tick: `begin`, let an autoscaler act
 * through `ports`, `end`. Everything is a function of the options, the seed included.
 */
export interface World {
  readonly ports: Ports
  readonly ticks: number
  begin(): void
  end(): WorldTick
}

/** The columns that later ticks look back on. */
interface Past {
  /** What the metrics say of a tick: offered load and, where there is a queue, the backlog's share. */
  readonly demand: Float64Array
  readonly backlog: Float64Array
  readonly errorRatio: Float64Array
  readonly ready: Int32Array
  /** Filled where there is a service. */
  readonly served: ServedTick[]
}

/** Mutable state of one world; `tick` is the tick that is being decided or has just been played. */
interface State {
  tick: number
  backlog: number
}

const MEAN_OVER_MS = 60_000
const SCHEDULED_AHEAD_MS = 3_600_000
const quiet: Log = { info() {}, warn() {} }
const forgetful: Journal = { async intend() {}, async settle() {} }

export function createWorld(options: WorldOptions): World {
  const { load, target } = options
  const ticks = load.value.length
  const replicas = createReplicas(replicaOptions(options, seededRandom(options.seed, 1)))
  const past = emptyPast(ticks)
  const state: State = { tick: -1, backlog: 0 }
  const pods = createPods(target, load, replicas)
  return {
    ports: {
      clock: { now: () => timeOf(load, state.tick) },
      metrics: metricSource(options, { past, state, pods }),
      cluster: cluster({ replicas, state, pods }),
      store: options.store ?? memoryStore(),
      journal: options.journal ?? forgetful,
      log: options.log ?? quiet,
    },
    ticks,
    begin() {
      state.tick++
      replicas.advance(state.tick)
      for (const failure of options.failures ?? []) {
        if (failure.kind === 'node-loss' && tickOf(load, failure.at) === state.tick)
          replicas.loseNode(state.tick, failure.pods ?? 10)
      }
    },
    end() {
      const ready = replicas.ready.length
      play(options, { past, state, capacity: ready * target.capacityPerReplica })
      past.ready[state.tick] = ready
      const served = answerRequests(options, { past, state, ready })
      const time = timeOf(load, state.tick)
      return { time, load: load.value[state.tick]!, ready, desired: replicas.ordered(), ...(served && { served }) }
    },
  }
}

function emptyPast(ticks: number): Past {
  return {
    demand: new Float64Array(ticks),
    backlog: new Float64Array(ticks),
    errorRatio: new Float64Array(ticks),
    ready: new Int32Array(ticks),
    served: [],
  }
}

/** Replicas that are ready when the world begins. */
export function initialReplicas({ initialReplicas: asked, load, target }: WorldOptions): number {
  const wanted = Math.ceil(offeredAt(load, 0) / target.capacityPerReplica / 0.7)
  return asked ?? Math.max(target.minReplicas, Math.min(target.maxReplicas, wanted))
}

function replicaOptions(options: WorldOptions, random: Random) {
  const { load, target } = options
  return {
    initial: initialReplicas(options),
    startupMs: target.startupMs,
    startup: options.startup ?? { kind: 'fixed' as const },
    ...(options.nodes && { nodes: options.nodes }),
    stuck: (options.failures ?? []).filter(failure => failure.kind === 'pods-never-ready'),
    startMs: load.startMs,
    tickMs: load.tickMs,
    random,
  }
}

function tickOf(load: Load, at: Instant): number {
  return Math.floor((at - load.startMs) / load.tickMs)
}

/** One tick of serving: spare capacity drains the queue, what does not fit waits, what finds the queue full fails. */
function play(options: WorldOptions, { past, state, capacity }: { past: Past; state: State; capacity: number }): void {
  const { load, queue } = options
  const tickSeconds = load.tickMs / 1000
  const offered = offeredAt(load, state.tick)
  const excess = (offered - capacity) * tickSeconds
  const waiting = Math.max(0, state.backlog + excess)
  const held = queue ? Math.min(queue.limit, waiting) : 0
  const failed = queue ? waiting - held : Math.max(0, excess)
  state.backlog = held
  past.backlog[state.tick] = held
  past.demand[state.tick] = offered + (queue ? held / queue.drainSeconds : 0)
  past.errorRatio[state.tick] =
    offered > 0 ? Math.max(failing(options, state.tick), Math.min(1, failed / (offered * tickSeconds))) : 0
}

/** Share of a tick's arrivals that fails whatever the replicas. */
function failing({ load, failures = [] }: WorldOptions, tick: number): number {
  const at = timeOf(load, tick)
  const shares = failures.map(one => (one.kind === 'errors' && at >= one.from && at < one.to ? one.share : 0))
  return Math.max(0, ...shares)
}

/** The same tick as the requests see it, where the replicas are queues. */
function answerRequests(
  options: WorldOptions,
  { past, state, ready }: { past: Past; state: State; ready: number },
): ServedTick | undefined {
  const { service, load, target } = options
  if (service === undefined) return undefined
  const waiting = past.served[state.tick - 1]?.waiting ?? 0
  const answered = serve(service, { perSecond: offeredAt(load, state.tick), seconds: load.tickMs / 1000, ready, waiting })
  const served = { ...answered, errorRatio: Math.max(answered.errorRatio, failing(options, state.tick)) }
  past.errorRatio[state.tick] = served.errorRatio
  const tick = { ...served, latencySeconds: tickLatency(service, served, promisedPercentile(target)) }
  past.served[state.tick] = tick
  return tick
}

interface Eyes {
  readonly past: Past
  readonly state: State
  readonly pods: Pods
}

/** At the start of tick k the newest visible tick is the last that ended `metricsDelayMs` ago or earlier. */
function metricSource(options: WorldOptions, { past, state, pods }: Eyes): MetricSource {
  const { load, metricsDelayMs, queue, service } = options
  const blind = blindTicks(options)
  const delayTicks = 1 + ticksOf(metricsDelayMs, load.tickMs)
  const meanTicks = Math.max(1, Math.round(MEAN_OVER_MS / load.tickMs))
  return {
    name: 'simulated',
    async read(target) {
      const now = state.tick - delayTicks
      const tick = shownTick(options, now)
      const at = timeOf(load, now + 1)
      if (tick < 0 || blind[tick] === 1) {
        const why = tick < 0 ? 'nothing was measured yet' : 'the metrics of this time are missing'
        const answers = target.metrics.map(() => ({ kind: 'missing' as const, why }))
        return { answers, demand: { kind: 'missing', at, why }, ...scheduledAt(options, timeOf(load, state.tick)) }
      }
      const served = past.served[tick]
      const [mean, ready] = [meanOf(past.demand, blind, { from: tick - meanTicks + 1, to: tick }), past.ready[tick]!]
      const view: View = {
        at,
        load: mean,
        ready,
        pods: pods.list(state.tick),
        windowMs: MEAN_OVER_MS,
        metricScale: options.metricScale ?? 1,
        ...(service &&
          served && {
            service: {
              busy: busyShare(service, { perSecond: mean, ready, waiting: served.waiting }),
              latencySeconds: served.latencySeconds,
            },
          }),
      }
      return {
        answers: answersOf(target, view),
        demand: { kind: 'value', at, value: past.demand[tick]! },
        errorRatio: past.errorRatio[tick]!,
        ...(queue && { backlog: past.backlog[tick]! }),
        ...(load.clients && { clients: load.clients[tick]! }),
        ...(service &&
          served &&
          target.objectives && {
            objectives: readingsOf(service, target.objectives, { at, perSecond: offeredAt(load, tick), served }),
          }),
        ...scheduledAt(options, timeOf(load, state.tick)),
      }
    },
  }
}

/** Windows within a few hours; those just over are told for as long as metrics may be late. */
function scheduledAt({ scheduled, metricsDelayMs, target }: WorldOptions, now: Instant) {
  if (scheduled === undefined) return {}
  const [before, ahead] = [metricsDelayMs + target.periodMs, SCHEDULED_AHEAD_MS + 2 * target.startupMs]
  return { scheduled: scheduled.filter(({ from, to }) => to >= now - before && from <= now + ahead) }
}

/** Whose figures are told as those of a tick: its own, or the last ones before the metrics froze. */
function shownTick({ load, failures = [] }: WorldOptions, tick: number): number {
  const at = timeOf(load, tick)
  const frozen = failures.find(one => one.kind === 'metric-freeze' && at >= one.from && at < one.to)
  return frozen?.kind === 'metric-freeze' ? Math.max(0, tickOf(load, frozen.from) - 1) : tick
}

/** 1 for each tick of which nothing is recorded: a hole in the recording, or a scheduled outage of the metrics. */
function blindTicks({ load, failures }: WorldOptions): Uint8Array {
  const blind = load.missing ? load.missing.slice() : new Uint8Array(load.value.length)
  for (const failure of failures ?? []) {
    if (failure.kind !== 'metric-gap') continue
    const from = Math.max(0, tickOf(load, failure.from))
    blind.fill(1, from, Math.max(from, ticksOf(failure.to - load.startMs, load.tickMs)))
  }
  return blind
}

/** Mean over the ticks from..to that are recorded; `to` is. */
function meanOf(column: Float64Array, blind: Uint8Array, { from, to }: { from: number; to: number }): number {
  let [sum, count] = [0, 0]
  for (let tick = Math.max(0, from); tick <= to; tick++) {
    if (blind[tick] === 1) continue
    sum += column[tick]!
    count++
  }
  return sum / count
}

function cluster({ replicas, state, pods }: { replicas: Replicas; state: State; pods: Pods }): Cluster {
  return {
    async replicas() {
      const ordered = replicas.ordered()
      return { replicas: { spec: ordered, status: ordered, ready: replicas.ready.length }, pods: pods.list(state.tick) }
    },
    async scale(target, to) {
      if (!Number.isInteger(to) || to < 0)
        throw new Error(`${target.id}: spec.replicas is ${to}; expected an integer of 0 or more`)
      replicas.scale(to, state.tick)
    },
  }
}
