import type { CircuitState } from '../circuit.ts'
import type { MetricAnswer, Observation, Pod, Target } from '../core/model.ts'

/** A pod with what a metric source needs beyond the core's view of it. */
export interface ObservedPod extends Pod {
  readonly address?: string
  /** Container ports by name. */
  readonly ports?: Readonly<Record<string, number>>
}

/** Everything a source may know of the workload that it measures. */
export interface Workload {
  readonly target: Target
  readonly namespace: string
  /** Kind and name of the scaled object: Deployment, api-gateway. */
  readonly kind: string
  readonly name: string
  /** The label selector of its pods, as text: "app=api-gateway". */
  readonly selector: string
  readonly pods: readonly ObservedPod[]
  /** Names of the metrics whose total is the demand; the first that can be read counts. Resource names stand for themselves ("cpu"). */
  readonly drivers: readonly string[]
}

/**
 * What the sources found for one workload; the shape of `MetricSource.read`. `driver` is the metric in whose unit `demand` is: the
 * first driver that any source offers, whether or not it can be read now.
 */
export type Measured = { readonly answers: readonly MetricAnswer[]; readonly driver?: string } & Pick<
  Observation,
  'demand' | 'backlog' | 'clients' | 'errorRatio' | 'objectives'
>

/** What is still known of the demand while it cannot be read. All values in the unit of the demand. */
export interface LastSigns {
  /** Since when the demand has been missing. */
  readonly since: number
  readonly why: string
  readonly lastGood?: { readonly at: number; readonly value: number }
  /** Other drivers that can be read, converted by what they were per unit of demand while both could be. */
  readonly others: readonly { readonly driver: string; readonly at: number; readonly value: number }[]
}

/** All sources behind one door. Missing data comes back as `missing` with the reason; a read never throws and ends in time. */
export interface Sources {
  read(workload: Workload): Promise<Measured>
  /** The past of the workload's demand, oldest first, where a source keeps one (Prometheus `query_range`). */
  history(
    workload: Workload,
    range: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
  ): Promise<readonly { readonly at: number; readonly value: number }[]>
  /**
   * What is still known while the demand of the last read was missing; absent while it is not. A fallback believes
   * the highest of these and of the forecast's median, never less.
   */
  lastSigns?(workload: Workload): LastSigns | undefined
  /** Closes connections. */
  close?(): Promise<void>
  /** State of each source, for conditions, metrics and `doctor`. */
  health(): readonly SourceHealth[]
}

export interface SourceHealth {
  readonly name: string
  readonly up: boolean
  /** Why it is down, without anything that the source itself answered. */
  readonly why?: string
  readonly lastAnswerAt?: number
  readonly latencyMs?: number
  /** Calls so far, and those of them that failed; absent where the source is not called but told. */
  readonly calls?: number
  readonly failures?: number
  /** Whether calls get through to it; absent where nothing keeps them. */
  readonly circuit?: CircuitState
}
