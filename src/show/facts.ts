import type { Decision, Instant } from '../core/model.ts'

/**
 * What the HTTP API serves: facts that others have stored. `show/` renders and counts them, it never decides anything;
 * the demo's stage and, later, the controller's store are the ones who provide them.
 */
export interface Facts {
  /** Product version, for `crescendo_build_info`. */
  readonly version: string
  /** The time of the loop: simulated in the demo. */
  now(): Instant
  /** Why the loop is not ready to decide yet ("learning, day 3 of 7"); absent when it is. */
  notReady(): string | undefined
  workloads(): readonly WorkloadFact[]
  /** Newest first; empty where nothing was decided yet. */
  decisions(id: string): readonly Decision[]
  /** The decision that held at `at`: the last one made at or before it. */
  decisionAt(id: string, at: Instant): Decision | undefined
  explain(decision: Decision): { readonly sentence: string; readonly text: string }
  /** Calls `listener` for every new fact until the returned function is called. */
  subscribe(listener: (news: News) => void): () => void
}

/** One message of the stream, with what stands in its `data`. */
export interface News {
  readonly event: 'decision' | 'scoreboard' | 'caption'
  readonly data: unknown
}

export interface WorkloadFact {
  readonly namespace: string
  readonly name: string
  /** Which of the service types it is, where that is known. */
  readonly profile?: string
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly capacityPerReplica: number
  readonly startupSeconds: number
  /** Currency per replica-hour. */
  readonly price: number
  readonly currency: string
  /** Why the forecast does not take part yet; absent when it does. */
  readonly learning?: string
  /** Load units in the last tick; absent when nothing was measured. */
  readonly load?: number
  readonly neededReplicas?: number
  /** What each scaler has done with the same traffic; the first one is the one that acts, the others are compared. */
  readonly scalers: readonly ScalerFact[]
  readonly lastDecision?: Decision
}

export interface ScalerFact {
  readonly name: string
  readonly readyReplicas: number
  readonly desiredReplicas: number
  readonly sloViolationMinutes: number
  readonly replicaHours: number
  readonly cost: number
  readonly scaleUps: number
  readonly scaleDowns: number
}

/** "namespace/name", the id of a Target. */
export const idOf = ({ namespace, name }: { readonly namespace: string; readonly name: string }) => `${namespace}/${name}`
