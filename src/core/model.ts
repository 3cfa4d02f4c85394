/** Milliseconds since the Unix epoch. The core never asks what time it is: it is told. */
export type Instant = number

/**
 * Thousandths of a Kubernetes quantity ("250m" is 250). Exact: a number while it is a safe integer, a bigint beyond 2^53
 * (1 TiB of memory in milli-bytes times 100 is 1e17).
 */
export type Milli = number | bigint

/** A measured value, or the reason why there is none. Never NaN, never a zero that stands for silence. */
export type Reading =
  | { readonly kind: 'value'; readonly at: Instant; readonly value: number }
  | { readonly kind: 'missing'; readonly at: Instant; readonly why: string }

export interface Container {
  readonly name: string
  /** Milli-units by resource name ("cpu", "memory", "nvidia.com/gpu"); an absent key means no request. */
  readonly requests: Readonly<Record<string, Milli>>
  /** An init container with restartPolicy Always: its request counts. Plain init containers are not listed. */
  readonly restartableInit?: boolean
}

export interface Pod {
  readonly name: string
  readonly phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
  /** The Ready condition; absent where the pod has none yet. `since` is its lastTransitionTime. */
  readonly ready?: { readonly status: 'True' | 'False' | 'Unknown'; readonly since: Instant }
  readonly startedAt?: Instant
  readonly deleted: boolean
  readonly containers: readonly Container[]
  /** Requests set on the pod itself (pod-level resources), by resource name; absent where the pod sets none. */
  readonly requests?: Readonly<Record<string, Milli>>
}

/** The target of one metric; the fields that are set decide, as in autoscaling/v2. Values in milli-units. */
export interface MetricTarget {
  readonly type: 'Utilization' | 'Value' | 'AverageValue'
  readonly averageUtilizationPercent?: number
  readonly averageValue?: Milli
  readonly value?: Milli
}

export type MetricSpec =
  | { readonly type: 'Resource'; readonly resource: string; readonly target: MetricTarget }
  | { readonly type: 'ContainerResource'; readonly resource: string; readonly container: string; readonly target: MetricTarget }
  | { readonly type: 'Pods'; readonly metric: string; readonly selector?: string; readonly target: MetricTarget }
  | {
      readonly type: 'Object'
      readonly metric: string
      readonly selector?: string
      readonly object: { readonly kind: string; readonly name: string; readonly apiVersion?: string }
      readonly target: MetricTarget
    }
  | { readonly type: 'External'; readonly metric: string; readonly selector?: string; readonly target: MetricTarget }

/** One pod's sample of a per-pod metric. `byContainer` for resources, `value` for custom metrics. */
export interface PodSample {
  readonly pod: string
  readonly at: Instant
  readonly windowMs: number
  readonly byContainer?: Readonly<Record<string, Milli>>
  readonly value?: Milli
  /** `value` in whole units, where thousandths are too coarse for it: an error ratio of 0.0001. */
  readonly exact?: number
}

/** What a metrics API answered for one MetricSpec; answers stand in the order of the specs. */
export type MetricAnswer =
  | { readonly kind: 'pods'; readonly samples: readonly PodSample[] }
  | { readonly kind: 'values'; readonly values: readonly Milli[]; readonly at: Instant; readonly exact?: number }
  | { readonly kind: 'missing'; readonly why: string }

export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent'
  readonly value: number
  readonly periodSeconds: number
}

/** One direction of `behavior`; absent fields take the upstream defaults (`core/hpa/behavior.ts`). */
export interface ScalingRules {
  readonly stabilizationWindowSeconds?: number
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled'
  readonly policies?: readonly ScalingPolicy[]
  readonly tolerance?: number
}

export interface Behavior {
  readonly scaleUp?: ScalingRules
  readonly scaleDown?: ScalingRules
}

/** One promise of a service. Thresholds are in the unit of the metric, ratios are 0 to 1. */
export type Objective =
  | {
      readonly type: 'Latency'
      readonly metric: string
      readonly selector?: string
      readonly percentile: number
      readonly threshold: number
    }
  | {
      readonly type: 'ErrorRatio' | 'Availability'
      readonly metric?: string
      readonly selector?: string
      readonly threshold: number
    }
  | { readonly type: 'Throughput' | 'Guard'; readonly metric: string; readonly selector?: string; readonly min: number }
  | { readonly type: 'Utilization'; readonly resource: string; readonly percent: number }

/** What one HorizontalPodAutoscaler asks for, after defaults and policies. */
export interface Target {
  /** "namespace/name" */
  readonly id: string
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly metrics: readonly MetricSpec[]
  /** Absent: the limits of an HPA without `behavior` hold (twice the replicas or four, 300 s scale-down window). */
  readonly behavior?: Behavior
  /** Load units that one ready replica serves within its SLO (lambda*). */
  readonly capacityPerReplica: number
  /** From the order of a replica until it is ready. */
  readonly startupMs: number
  /** Time between two decisions. */
  readonly periodMs: number
  /** What the service promises beside its metrics; absent or empty: nothing. */
  readonly objectives?: readonly Objective[]
}

/** One occurrence of a schedule: what a person knows of a time before it comes. */
export interface ScheduledWindow {
  readonly name: string
  readonly from: Instant
  /** The first moment after it. */
  readonly to: Instant
  readonly minReplicas?: number
  readonly maxReplicas?: number
  /** By what factor the load is expected to exceed (below 1: to stay under) what the past says of that time. */
  readonly expectedLoadFactor?: number
}

/** What the budgets of tier and fleet leave for one of those who share them. */
export interface Allowance {
  /** Most replicas: its share, and no more than there is money for that nobody holds yet. */
  readonly replicas: number
  /** Most of them where the believed demand needs that many right now; at least `replicas`. */
  readonly whenNeeded: number
  /** Whose budget ends first. */
  readonly by: 'Fleet' | 'Tier'
  /** What a person should know of it: "enterprise first, 39.60 of 40.00 USD an hour are on order". */
  readonly why: string
  /** A budget that only warns, and what of it is exceeded. */
  readonly warning?: string
}

/** The raw facts of one tick, before anybody doubts them. */
export interface Observation {
  readonly at: Instant
  readonly replicas: { readonly spec: number; readonly status: number; readonly ready: number }
  readonly pods: readonly Pod[]
  readonly answers: readonly MetricAnswer[]
  /** The total load behind the target (served, queued and rejected) over the last complete tick that is visible. */
  readonly demand: Reading
  /** What other sources say of the same load in the same units, for when `demand` is missing. */
  readonly otherDemand?: number
  /** Load units waiting in a queue, where there is one. */
  readonly backlog?: number
  /** Distinct clients behind the demand, where the source can tell. */
  readonly clients?: number
  /** Share of requests that failed, 0..1, where the source can tell. */
  readonly errorRatio?: number
  /** Prices and spending, where the target has a budget. */
  readonly costPerReplicaHour?: number
  /**
   * How each of the target's objectives stands, in their order: the value of its metric over the last complete tick that is visible.
   * Of Availability the share that succeeded (0.999), of Utilization percent of the requests (80).
   */
  readonly objectives?: readonly Reading[]
  /** Where the target shares a budget with others. */
  readonly allowance?: Allowance
  /** Occurrences of schedules that are on, or begin soon. */
  readonly scheduled?: readonly ScheduledWindow[]
}

/** "Of 90,000 rps I believe 80." A doubt names the number it believes instead of a weight. */
export interface Doubt {
  readonly by: string
  readonly believes: number
  readonly why: string
}

/** An observation together with what is believed of it. `demand` is absent when it is missing or not believable. */
export interface Situation {
  readonly observation: Observation
  readonly demand?: number
  readonly doubts: readonly Doubt[]
}

/** Quantile levels that every forecast carries, ascending. */
export const QUANTILES = [0.5, 0.9, 0.95, 0.99, 0.999] as const

/**
 * Levels of a window forecast, ascending: finer at the top than QUANTILES, because a decision that may be wrong for 1.44
 * minutes a day lives above 0.999.
 */
export const WINDOW_LEVELS = [0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 0.99995] as const

/** Quantiles (in QUANTILES order, load units) of the load at one time ahead. */
export interface Band {
  readonly at: Instant
  readonly quantiles: readonly number[]
}

/** Quantiles (in WINDOW_LEVELS order) of the maximum load over [madeAt + fromMs, madeAt + toMs]: that is what scaling needs. */
export interface WindowForecast {
  readonly fromMs: number
  readonly toMs: number
  readonly quantiles: readonly number[]
}

export interface Forecast {
  readonly by: string
  readonly madeAt: Instant
  readonly points: readonly Band[]
  readonly windows: readonly WindowForecast[]
}

export interface Proposal {
  readonly by: string
  readonly replicas: number
  readonly why: string
}

/** A proposer that had nothing to say, and why. */
export interface Abstention {
  readonly by: string
  readonly why: string
}

/** One guard's word. Guards that changed nothing are listed too (`from` equals `to`), so that the argument is complete. */
export interface Verdict {
  readonly by: string
  readonly from: number
  readonly to: number
  readonly why: string
  /** So many it keeps whatever the guards before it say: a floor that no budget of tier or fleet takes from the target. */
  readonly keeps?: number
}

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** The answer and the whole argument for it; dashboards, audit and `explain` only render this. */
export interface Decision {
  readonly at: Instant
  readonly target: string
  readonly from: number
  readonly to: number
  /** The believed demand this decision rests on; absent when it was missing. */
  readonly demand?: number
  readonly doubts: readonly Doubt[]
  readonly forecast?: Forecast
  readonly proposals: readonly Proposal[]
  readonly abstentions: readonly Abstention[]
  readonly verdicts: readonly Verdict[]
  readonly conditions: readonly Condition[]
  /** What the stock HPA would have decided here, from the same observation. */
  readonly plainHpa: { readonly replicas: number; readonly why: string }
}
