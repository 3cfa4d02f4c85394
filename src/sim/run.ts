import type { Allowance, Decision, Target } from '../core/model.ts'
import type { Rules } from '../core/rules.ts'
import { tick as decide } from '../loop/tick.ts'
import type { Ports } from '../ports.ts'
import { createColumns, type ServedColumns } from './served.ts'
import { createWorld, type WorldOptions } from './world.ts'

/** A world and what of it is scored. */
export interface Scenario extends WorldOptions {
  /** The first tick that is scored; everything before is history. */
  readonly scoredFrom: number
}

/** One scaler's way through a scenario, a row for each tick. */
export interface Run {
  readonly name: string
  readonly tickMs: number
  readonly scoredFrom: number
  /** Start of each tick, milliseconds since the epoch. */
  readonly time: Float64Array
  readonly load: Float64Array
  readonly ready: Int32Array
  /** Ordered, and billed, after the decision of the tick. */
  readonly desired: Int32Array
  /** 1 where the recording has a hole: not scored. */
  readonly missing?: Uint8Array
  /** Where the world has a service: how each tick was served. */
  readonly served?: ServedColumns
  /** How long decisions of the scored part took; absent without a stopwatch. */
  readonly decisionMicros?: { readonly p50: number; readonly p99: number }
}

export interface RunOptions {
  /** Microseconds from any fixed point. It is only reported: without one, a run is the same bytes every time. */
  readonly stopwatch?: () => number
  readonly onDecision?: (decision: Decision, tick: number) => void
  /** What shared budgets leave for it, asked before each decision. */
  readonly allowance?: (now: { readonly at: number; readonly ordered: number }) => Allowance
  readonly onProgress?: (done: number, total: number) => void
}

/** A run in the making, for those who watch it tick by tick. */
export interface Simulation {
  readonly ticks: number
  /** Plays the next tick: the live `tick` decides, then the tick's traffic arrives. */
  step(): Promise<Decision>
  /** What has been played so far. Views, not copies. */
  run(): Run
}

const PROGRESS_TICKS = 1024

/** `rules` may hold accumulators (a forecaster learns in place), so each simulation needs rules of its own. */
export function startSimulation(rules: Rules, scenario: Scenario, options: RunOptions = {}): Simulation {
  const { load, target } = scenario
  const world = createWorld(scenario)
  const ports = options.allowance ? sharing(world.ports, options.allowance) : world.ports
  const columns = {
    time: new Float64Array(world.ticks),
    ready: new Int32Array(world.ticks),
    desired: new Int32Array(world.ticks),
    micros: new Float64Array(options.stopwatch ? world.ticks : 0),
  }
  const service = scenario.service && createColumns(world.ticks)
  let played = 0
  return {
    ticks: world.ticks,
    async step() {
      world.begin()
      const before = options.stopwatch?.() ?? 0
      const decision = await decide(ports, rules, target)
      if (options.stopwatch) columns.micros[played] = options.stopwatch() - before
      const { time, ready, desired, served } = world.end()
      columns.time[played] = time
      columns.ready[played] = ready
      columns.desired[played] = desired
      if (served) service?.set(played, served)
      played++
      return decision
    },
    run() {
      const micros = columns.micros.subarray(scenario.scoredFrom, played)
      return {
        name: rules.name,
        tickMs: load.tickMs,
        scoredFrom: scenario.scoredFrom,
        time: columns.time.subarray(0, played),
        load: load.value.subarray(0, played),
        ready: columns.ready.subarray(0, played),
        desired: columns.desired.subarray(0, played),
        ...(load.missing && { missing: load.missing.subarray(0, played) }),
        ...(service && { served: service.upTo(played) }),
        ...(micros.length > 0 && { decisionMicros: percentiles(micros) }),
      }
    },
  }
}

/** The world of one that shares a budget with others: it is told with the metrics. */
function sharing(ports: Ports, allowance: NonNullable<RunOptions['allowance']>): Ports {
  const read: Ports['metrics']['read'] = async target => {
    const [found, { replicas }] = await Promise.all([ports.metrics.read(target), ports.cluster.replicas(target)])
    return { ...found, allowance: allowance({ at: ports.clock.now(), ordered: replicas.spec }) }
  }
  return { ...ports, metrics: { ...ports.metrics, read } }
}

/** Plays the whole scenario. */
export async function simulate(rules: Rules, scenario: Scenario, options: RunOptions = {}): Promise<Run> {
  const simulation = startSimulation(rules, scenario, options)
  for (let tick = 0; tick < simulation.ticks; tick++) {
    const decision = await simulation.step()
    options.onDecision?.(decision, tick)
    if (tick % PROGRESS_TICKS === 0) options.onProgress?.(tick, simulation.ticks)
  }
  return simulation.run()
}

function percentiles(micros: Float64Array): { readonly p50: number; readonly p99: number } {
  const sorted = micros.toSorted()
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!
  return { p50: at(0.5), p99: at(0.99) }
}

/** The metric that load-driven scalers of a back-test follow: total load, `share` of the safe load for each replica. */
export function withLoadMetric(target: Target, share: number, metricScale = 1): Target {
  const averageValue = Math.max(1, Math.round(target.capacityPerReplica * metricScale * share * 1000))
  return { ...target, metrics: [{ type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue } }] }
}

/**
 * A power of ten by which loads are multiplied before a metric tells them in whole thousandths, so that one replica's load has
 * a size that neither rounds away nor leaves the 64 bits of a quantity: 100 to 10^9 stay as they are.
 */
export function metricScaleFor(capacityPerReplica: number): number {
  if (capacityPerReplica >= 100 && capacityPerReplica <= 1e9) return 1
  return 10 ** (3 - Math.floor(Math.log10(capacityPerReplica)))
}
