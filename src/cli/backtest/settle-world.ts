import type { Target } from '../../core/model.ts'
import { CrescendoError } from '../../errors.ts'
import type { Series } from '../../observe/series-file.ts'
import { type LoadedPolicy, loadPolicy } from '../../resources/policy-file.ts'
import type { Settings } from '../../resources/settings.ts'
import { capacityOf, DEFAULT_STARTUP_SECONDS, targetOf } from '../../resources/target.ts'
import { isMissing, type Load, ticksOf } from '../../sim/load.ts'
import { metricScaleFor, type Scenario } from '../../sim/run.ts'
import type { Resampled } from '../../sim/traffic/resample.ts'
import type { BacktestOptions, Warmup } from '../commands/backtest.ts'
import { resampledSeries } from '../resampled.ts'

/** One trace with its world: what is simulated, and where each figure of it came from. */
export interface Stage {
  readonly series: Series
  readonly cut: Resampled
  readonly scenario: Scenario
  readonly settings: Settings
  readonly capacitySource: CapacitySource
  readonly price: number
}

/** `trace`: the whole of it, where the history holds no load. */
type CapacitySource = 'flag' | 'policy' | 'history' | 'trace'

/** Flags above policy. Throws where the two do not go together. */
export async function policyFor(options: BacktestOptions): Promise<LoadedPolicy> {
  const { settings, ...rest } = await loadPolicy(options.policy)
  const minReplicas =
    options.min ?? (options.max === undefined ? settings.minReplicas : Math.min(settings.minReplicas, options.max))
  const maxReplicas =
    options.max ?? (options.min === undefined ? settings.maxReplicas : Math.max(settings.maxReplicas, options.min))
  if (minReplicas > maxReplicas) throw new CrescendoError('CRS_USAGE', `--min ${minReplicas} is above --max ${maxReplicas}`)
  const startupSeconds = options.startup === undefined ? settings.prediction.startupSeconds : options.startup / 1000
  const prediction = {
    ...settings.prediction,
    ...(startupSeconds !== undefined && { startupSeconds }),
    ...(options.capacityPerReplica !== undefined && { capacityPerReplica: options.capacityPerReplica }),
  }
  const periodSeconds = options.tick === undefined ? settings.periodSeconds : options.tick / 1000
  return { ...rest, settings: { ...settings, minReplicas, maxReplicas, periodSeconds, prediction } }
}

export function settleWorld(series: Series, { settings, object }: LoadedPolicy, options: BacktestOptions): Stage {
  const tickMs = settings.periodSeconds * 1000
  const cut = resampledSeries(series, tickMs)
  const { load } = cut
  const scoredFrom = scoredFromOf(
    cut,
    options.warmup ?? { kind: 'share', share: settings.simulation.warmupPercent / 100 },
    series,
  )
  const stated = object ? capacityOf(object, settings) : settings.prediction.capacityPerReplica
  const given: CapacitySource = options.capacityPerReplica === undefined ? 'policy' : 'flag'
  const { capacityPerReplica, capacitySource } =
    stated === undefined ? capacityFromLoad(cut, scoredFrom) : { capacityPerReplica: stated, capacitySource: given }
  refuseTinyCapacity(series, capacityPerReplica)
  const told = { ...settings, prediction: { ...settings.prediction, capacityPerReplica } }
  const target = object ? targetOf(object, told) : loadTarget(told, capacityPerReplica)
  const nodeStartupMs = options.nodeStartup ?? settings.simulation.nodeStartupSeconds * 1000
  return {
    series,
    cut,
    settings: told,
    capacitySource,
    price: options.price ?? settings.simulation.costPerReplicaHour,
    scenario: {
      target,
      load,
      scoredFrom,
      seed: options.seed,
      metricsDelayMs: options.metricsDelay ?? settings.simulation.metricsDelaySeconds * 1000,
      ...(object === undefined && { metricScale: metricScaleFor(capacityPerReplica) }),
      ...(options.startupJitter > 0 && { startup: { kind: 'lognormal' as const, sigma: options.startupJitter } }),
      ...(nodeStartupMs > 0 && { nodes: { podsPerNode: options.podsPerNode, startupMs: nodeStartupMs } }),
    },
  }
}

/** More replicas than that are no number that anything here could count with. */
const MOST_REPLICAS = 1e300

function refuseTinyCapacity({ file, samples }: Series, capacityPerReplica: number): void {
  const peak = samples.value.reduce((highest, value) => Math.max(highest, value), 0)
  if (peak / capacityPerReplica <= MOST_REPLICAS) return
  throw new CrescendoError(
    'CRS_USAGE',
    `${file}: the load reaches ${peak}, but a replica serves ${capacityPerReplica}; expected a larger --capacity-per-replica`,
  )
}

/** First scored tick. Something recorded has to be left after it. */
function scoredFromOf({ load }: Resampled, warmup: Warmup, { file }: Series): number {
  const ticks = load.value.length
  const first = warmup.kind === 'share' ? Math.floor(ticks * warmup.share + 1e-9) : ticksOf(warmup.ms, load.tickMs)
  for (let tick = first; tick < ticks; tick++) if (!isMissing(load, tick)) return first
  const minutes = Math.round((ticks * load.tickMs) / 6000) / 10
  throw new CrescendoError(
    'CRS_TRACE_TOO_SHORT',
    `${file}: nothing recorded is left to score after the warm-up (the trace spans ${minutes} min); expected a shorter --warmup`,
  )
}

/** Share of the history's load that the derived capacity is meant for, and the replicas that carry it. */
const HISTORY_QUANTILE = 0.99
const HISTORY_REPLICAS = 20

/**
 * A load file does not say what a replica serves: the 99th percentile of the history part is carried by 20 replicas. Without any
 * load in the history it is that of the whole trace, and without any load in the trace a replica serves one unit.
 */
function capacityFromLoad(
  { load }: Resampled,
  scoredFrom: number,
): Pick<Stage, 'capacitySource'> & { capacityPerReplica: number } {
  const fromHistory = usualHigh(load, scoredFrom) / HISTORY_REPLICAS
  if (fromHistory > 0) return { capacityPerReplica: fromHistory, capacitySource: 'history' }
  return { capacityPerReplica: usualHigh(load, load.value.length) / HISTORY_REPLICAS || 1, capacitySource: 'trace' }
}

/** The 99th percentile of the first `ticks` ticks; the highest of them where that is zero. */
function usualHigh(load: Load, ticks: number): number {
  const known = load.value
    .subarray(0, ticks)
    .filter((_, tick) => !isMissing(load, tick))
    .sort()
  const high = known[Math.min(known.length - 1, Math.floor(HISTORY_QUANTILE * known.length))] ?? 0
  return high > 0 ? high : (known.at(-1) ?? 0)
}

/** A target that follows its load: the scalers put their metric on it. */
function loadTarget(
  { name, minReplicas, maxReplicas, periodSeconds, prediction, behavior, objectives }: Settings,
  capacityPerReplica: number,
): Target {
  return {
    id: `backtest/${name}`,
    minReplicas,
    maxReplicas,
    metrics: [],
    ...(behavior && { behavior }),
    capacityPerReplica,
    startupMs: (prediction.startupSeconds ?? DEFAULT_STARTUP_SECONDS) * 1000,
    periodMs: periodSeconds * 1000,
    ...(objectives.length > 0 && { objectives }),
  }
}
