import type { CircuitState } from '../circuit.ts'
import type { BudgetFact } from '../core/fleet/fleet.ts'
import type { ForecastAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import type { Condition, Decision, Instant } from '../core/model.ts'
import type { KeptEpisode } from '../core/screen/alarm-book.ts'
import type { Label } from '../core/screen/labels.ts'
import type { UnusualKind } from '../core/screen/sighting.ts'
import type { JournalEntry, MetricFamily, StoredForecast } from '../ports.ts'

/** A durable store answers later, one in memory at once. */
export type Soon<T> = T | Promise<T>

/**
 * What the HTTP API serves: facts that others have stored. `show/` renders and counts them, it never decides anything;
 * the demo's stage and the controller are the ones who provide them. What is optional is what the demo does not have.
 */
export interface Facts {
  /** Product version, for `crescendo_build_info`. */
  readonly version: string
  /** The time of the loop: simulated in the demo. */
  now(): Instant
  /** Why the loop is not ready to decide yet ("learning, day 3 of 7", "the API server does not answer"); absent when it is. */
  notReady(): string | undefined
  /** Why a restart would help; absent while the process is sound. An API server that is away is no reason. */
  notAlive?(): string | undefined
  workloads(): readonly WorkloadFact[]
  /** Newest first, no more than `limit`; empty where nothing was decided yet. */
  decisions(id: string, limit: number): Soon<readonly Decision[]>
  /** The decision that held at `at`: the last one made at or before it. */
  decisionAt(id: string, at: Instant): Soon<Decision | undefined>
  explain(decision: Decision): { readonly sentence: string; readonly text: string }
  /** Calls `listener` for every new fact until the returned function is called. */
  subscribe(listener: (news: News) => void): () => void
  /** Every policy that an object may refer to, with the settings that it results in. */
  policies?(): readonly PolicyFact[]
  /** What was unusual about one object, oldest first. Absent where nothing keeps it. */
  anomalies?(id: string): Soon<readonly KeptEpisode[]>
  /** How many episodes that began then have the label now. */
  labelAnomaly?(
    id: string,
    given: { readonly startAt: Instant; readonly kind?: UnusualKind; readonly label: Label },
  ): Soon<number>
  /** Forecasts of one object that fell due in [since, now], oldest first, with what came of them. Absent where nothing keeps them. */
  pastForecasts?(id: string, since: Instant): Soon<readonly StoredForecast[]>
  /** Intents and outcomes, newest first. Absent where nothing keeps them. */
  journal?(limit: number): Soon<readonly JournalEntry[]>
  /** Absent where no controller runs. */
  controller?(): ControllerFact
  /** What was counted meanwhile; `/metrics` shows it beside what it makes of the facts. */
  counted?(): readonly MetricFamily[]
}

/** One message of the stream, with what stands in its `data`. */
export interface News {
  readonly event: 'decision' | 'scoreboard' | 'caption'
  readonly data: unknown
}

export interface WorkloadFact {
  readonly namespace: string
  /** Name of the object that scales: of the HorizontalPodAutoscaler, in a cluster. */
  readonly name: string
  /** What it scales; a Deployment of the same name where this is absent. */
  readonly scaled?: { readonly kind: string; readonly name: string }
  /** Auto, Recommend, ScaleOutOnly, Paused. */
  readonly mode?: string
  /** Which of the service types it is, where that is known. */
  readonly profile?: string
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Absent where nothing says what load one replica serves. */
  readonly capacityPerReplica?: number
  readonly startupSeconds: number
  /** Currency per replica-hour; absent where nobody stated one. */
  readonly price?: number
  readonly currency?: string
  /** Why the forecast does not take part yet; absent when it does. */
  readonly learning?: string
  /** Load units in the last tick; absent when nothing was measured. */
  readonly load?: number
  readonly neededReplicas?: number
  /** Replicas that exist, ready or not. */
  readonly currentReplicas?: number
  /** As the object's status has them; those of the last decision where this is absent. */
  readonly conditions?: readonly ConditionFact[]
  /** What each scaler has done with the same traffic; the first one is the one that acts, the others are compared. */
  readonly scalers: readonly ScalerFact[]
  readonly lastDecision?: Decision
  /** How good its forecasts of the last week were; absent while nothing is forecast. */
  readonly accuracy?: ForecastAccuracy
  /** Score of the newest sample of the load, 0..1; absent where nothing is scored. */
  readonly anomalyScore?: number
  /** Alarms that go on; absent where nothing keeps them, and the condition Anomalous speaks for them. */
  readonly alarms?: readonly KeptEpisode[]
}

export interface ConditionFact extends Condition {
  /** Since when it has this status, where that is known. */
  readonly since?: Instant
}

export interface ScalerFact {
  readonly name: string
  readonly readyReplicas: number
  readonly desiredReplicas: number
  /** These count from the start of the process; absent where nobody counts them. */
  readonly sloViolationMinutes?: number
  readonly replicaHours?: number
  readonly cost?: number
  readonly scaleUps?: number
  readonly scaleDowns?: number
}

export interface PolicyFact {
  readonly name: string
  /** Where it comes from: "default policies", a file, "ScalingPolicy of the cluster". */
  readonly origin: string
  readonly extends: readonly string[]
  readonly tier?: string
  readonly profile?: string
  readonly behaviorPreset?: string
  /** The settings in force for an object that says nothing itself. */
  readonly effective: Readonly<Record<string, unknown>>
  /** Field path to the layer its value came from. */
  readonly origins: Readonly<Record<string, string>>
  /** Why it results in nothing, where it does not. */
  readonly problem?: string
}

/** What a controller knows about itself at any time. What it counts comes through `counted`. */
export interface ControllerFact {
  readonly isLeader: boolean
  readonly isDryRun: boolean
  /** Objects that are due and wait for a free place. */
  readonly queueDepth: number
  readonly oldestDueSeconds?: number
  /** Open watches, each with the time since its last event or bookmark. */
  readonly watches: readonly { readonly resource: string; readonly ageSeconds: number }[]
  readonly sources: readonly SourceFact[]
  /** How the budgets that objects share stand. */
  readonly budgets?: readonly BudgetFact[]
  /** Whether writes get through to the API server; absent where nothing is written. */
  readonly writes?: CircuitState
  /** Intents without an outcome. */
  readonly openIntents: number
  /** Why the store's last write failed; absent while it works. */
  readonly storeTrouble?: string
}

export interface SourceFact {
  readonly name: string
  readonly up: boolean
  /** Why it is down, without anything that the source itself answered. */
  readonly why?: string
  readonly lastAnswerAt?: number
  readonly latencyMs?: number
  /** Calls so far, and those of them that failed. */
  readonly calls?: number
  readonly failures?: number
  /** Whether calls get through to it; absent where nothing keeps them. */
  readonly circuit?: CircuitState
}

/** "namespace/name", the id of a Target. */
export const idOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => `${namespace}/${name}`
