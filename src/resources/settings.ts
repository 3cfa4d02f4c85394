import type { Behavior, Objective } from '../core/model.ts'
import { amount } from './fields.ts'
import type { Layered } from './layers.ts'
import { named } from './metric-name.ts'
import { throughputDoubts } from './throughput.ts'
import type { BehaviorBlock } from './upstream.ts'

/**
 * What is in force for one object or one `--policy`, after every layer (`policy.ts`). Quantities are plain numbers here. A
 * command line flag (`--min`, `--max`, `--capacity-per-replica` …) simply replaces the field: `{ ...settings, minReplicas: 3 }`.
 */
export interface Settings {
  /** The object or policy these are for. */
  readonly name: string
  readonly mode: 'Auto' | 'Recommend' | 'ScaleOutOnly' | 'Paused'
  /** RFC 3339. From then on the policy's own mode holds. */
  readonly modeExpiresAt?: string
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Time between two decisions. */
  readonly periodSeconds: number
  readonly tier?: 'Enterprise' | 'Premium' | 'Basic'
  readonly profile?: 'ApiGateway' | 'AudioProcessor' | 'MlInference' | 'Analytics' | 'Generic'
  readonly behaviorPreset?: 'Aggressive' | 'Balanced' | 'Conservative'
  /** Absent: the limits of an HPA without `behavior` hold. */
  readonly behavior?: Behavior
  readonly objectives: readonly Objective[]
  /** What the Availability objective leaves for violations: 0.999 is 1.44 minutes a day. */
  readonly violationMinutesPerDay: number
  readonly prediction: {
    readonly mode: 'Off' | 'Additive' | 'Slo'
    readonly horizonSeconds: number
    /** Metrics whose demand is forecast; empty: every metric of the spec that measures load. */
    readonly drivers: readonly string[]
    /** Load units that one ready replica serves within its SLO; absent: not stated, to be learnt or derived. */
    readonly capacityPerReplica?: number
    /** From the order of a replica until it is ready; absent: not stated, to be learnt or assumed. */
    readonly startupSeconds?: number
  }
  readonly anomaly: { readonly thresholdSigma: number; readonly response: 'Hold' | 'Widen' | 'Ignore' | 'AlertOnly' }
  readonly schedules: readonly Schedule[]
  /** Has the shape of the budget guard's settings. Absent: no budget. */
  readonly budget?: {
    readonly currency: string
    readonly perHour?: number
    readonly perDay?: number
    readonly perMonth?: number
    readonly enforcement: 'Warn' | 'Cap'
  }
  readonly emergency: { readonly maxReplicas: number; readonly maxDurationSeconds: number }
  readonly protection: { readonly envelope: 'Off' | 'Observe' | 'Enforce'; readonly surgeBudgetPerDay?: number }
  readonly learning: { readonly mode: 'Off' | 'Shadow' | 'Promote' | 'RequireApproval' }
  readonly spot: { readonly maxShare: number }
  /** Who is served first where a budget cap cannot serve all; higher is first. */
  readonly priority: number
  readonly simulation: {
    readonly nodeStartupSeconds: number
    readonly metricsDelaySeconds: number
    readonly costPerReplicaHour: number
    readonly warmupPercent: number
  }
  /** Field path ("prediction.mode") to the layer its value came from. */
  readonly origins: Readonly<Record<string, string>>
  /** What was ignored or cut, and why: a policy that is not there, a locked field, a bound. */
  readonly warnings: readonly string[]
  /** The policy that the object refers to and that is not there: its bounds and its budget are unknown. */
  readonly missingPolicy?: string
  /** Why the newest word of the policies makes no sense; these settings are what held before it. */
  readonly refused?: string
}

export interface Schedule {
  readonly name: string
  /** Either this, `start` or `dates`. */
  readonly cron?: string
  /** Of `cron` and the dates; UTC when absent. */
  readonly timeZone?: string
  /** RFC 3339 */
  readonly start?: string
  /** "2026-12-25" */
  readonly dates?: readonly string[]
  /** Days on which `cron` does not begin. */
  readonly exceptDates?: readonly string[]
  readonly durationSeconds: number
  readonly minReplicas?: number
  readonly maxReplicas?: number
  readonly expectedLoadFactor?: number
}

/** The layer below every other: what holds where nobody said anything. */
export const BUILT_IN = {
  mode: 'Auto',
  minReplicas: 1,
  maxReplicas: 500,
  periodSeconds: 15,
  prediction: { mode: 'Additive', horizonSeconds: 1800 },
  anomaly: { thresholdSigma: '2.5', response: 'Hold' },
  emergency: { maxReplicas: 500, maxDurationSeconds: 1800 },
  protection: { envelope: 'Enforce' },
  learning: { mode: 'Shadow' },
  spot: { maxShare: '0' },
  priority: 50,
  simulation: { nodeStartupSeconds: 0, metricsDelaySeconds: 15, costPerReplicaHour: '0.10', warmupPercent: 50 },
} as const satisfies Layered

/** 99.9 % availability, where no Availability objective says otherwise. */
const DEFAULT_AVAILABILITY = 0.999
const MINUTES_PER_DAY = 1440

/** The merged layers as settings: quantities become numbers, absent lists become empty ones. */
export function settingsFrom(
  name: string,
  merged: Layered,
  { currency, ...told }: Pick<Settings, 'origins' | 'warnings' | 'missingPolicy'> & { readonly currency?: string | undefined },
): Settings {
  const objectives = (merged.objectives ?? []).map(plainObjective)
  const availability = objectives.find(({ type }) => type === 'Availability')
  const threshold = availability && 'threshold' in availability ? availability.threshold : DEFAULT_AVAILABILITY
  const { capacityPerReplica, startupSeconds, mode, horizonSeconds } = { ...BUILT_IN.prediction, ...merged.prediction }
  const minReplicas = merged.minReplicas ?? BUILT_IN.minReplicas
  const maxReplicas = merged.maxReplicas ?? BUILT_IN.maxReplicas
  const drivers = (merged.prediction?.drivers ?? []).map(({ metric }) => metric)
  const capacity = capacityPerReplica === undefined ? undefined : amount(capacityPerReplica)
  const capacityOf = (metric: string) => (metric === drivers[0] ? capacity : undefined)
  return {
    ...told,
    warnings: [...told.warnings, ...throughputDoubts(objectives, { maxReplicas, capacityOf })],
    name,
    mode: merged.mode ?? BUILT_IN.mode,
    minReplicas,
    maxReplicas,
    periodSeconds: merged.periodSeconds ?? BUILT_IN.periodSeconds,
    priority: merged.priority ?? BUILT_IN.priority,
    ...pick(merged, ['modeExpiresAt', 'tier', 'profile', 'behaviorPreset']),
    ...(merged.behavior && { behavior: plainBehavior(merged.behavior) }),
    objectives,
    violationMinutesPerDay: Math.round((1 - threshold) * MINUTES_PER_DAY * 1e6) / 1e6,
    prediction: {
      mode,
      horizonSeconds,
      drivers,
      ...(capacity !== undefined && { capacityPerReplica: capacity }),
      ...(startupSeconds !== undefined && { startupSeconds }),
    },
    schedules: (merged.schedules ?? []).map(plainSchedule),
    ...limitsFrom(merged, currency),
  }
}

function limitsFrom(merged: Layered, currency = 'USD') {
  const { anomaly, budget, emergency, protection, learning, spot, simulation } = merged
  const world = { ...BUILT_IN.simulation, ...simulation }
  return {
    anomaly: {
      thresholdSigma: amount(anomaly?.thresholdSigma ?? BUILT_IN.anomaly.thresholdSigma),
      response: anomaly?.response ?? BUILT_IN.anomaly.response,
    },
    ...(budget && {
      budget: {
        currency: budget.currency ?? currency,
        enforcement: budget.enforcement ?? 'Cap',
        ...amounts<'perHour' | 'perDay' | 'perMonth'>(pick(budget, ['perHour', 'perDay', 'perMonth'])),
      },
    }),
    emergency: { ...BUILT_IN.emergency, ...emergency },
    protection: {
      envelope: protection?.envelope ?? BUILT_IN.protection.envelope,
      ...amounts<'surgeBudgetPerDay'>(pick(protection ?? {}, ['surgeBudgetPerDay'])),
    },
    learning: { ...BUILT_IN.learning, ...learning },
    spot: { maxShare: amount(spot?.maxShare ?? BUILT_IN.spot.maxShare) },
    simulation: { ...world, costPerReplicaHour: amount(world.costPerReplicaHour) },
  }
}

type RawObjective = NonNullable<Layered['objectives']>[number]

function plainObjective(raw: RawObjective): Objective {
  switch (raw.type) {
    case 'Latency':
      return { type: raw.type, ...named(raw.metric), percentile: amount(raw.percentile), threshold: amount(raw.threshold) }
    case 'ErrorRatio':
    case 'Availability':
      return { type: raw.type, ...(raw.metric && named(raw.metric)), threshold: amount(raw.threshold) }
    case 'Throughput':
    case 'Guard':
      return { type: raw.type, ...named(raw.metric), min: amount(raw.min) }
    case 'Utilization':
      return raw
  }
}

/** A schedule as it is written, with plain numbers. */
export function plainSchedule({ expectedLoadFactor, ...schedule }: NonNullable<Layered['schedules']>[number]): Schedule {
  return { ...schedule, ...(expectedLoadFactor !== undefined && { expectedLoadFactor: amount(expectedLoadFactor) }) }
}

/** `behavior` of a document as the core has it: tolerances are shares there. */
function plainBehavior({ scaleUp, scaleDown }: BehaviorBlock): Behavior {
  return { ...(scaleUp && { scaleUp: plainRules(scaleUp) }), ...(scaleDown && { scaleDown: plainRules(scaleDown) }) }
}

function plainRules({ tolerance, ...rules }: NonNullable<BehaviorBlock['scaleUp']>) {
  return { ...rules, ...(tolerance !== undefined && { tolerance: amount(tolerance) }) }
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  return Object.fromEntries(keys.filter(key => from[key] !== undefined).map(key => [key, from[key]])) as Pick<T, K> // only those keys
}

function amounts<K extends string>(quantities: { readonly [Key in K]?: string | number }): { [Key in K]?: number } {
  const entries = Object.entries<string | number | undefined>(quantities)
  return Object.fromEntries(entries.map(([key, value]) => [key, amount(value ?? 0)])) as { [Key in K]?: number } // the same keys
}
