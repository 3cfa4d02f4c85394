import type { Decision, Instant, MetricAnswer, Observation, Pod, Situation, Target } from './core/model.ts'
import type { Memory } from './core/rules.ts'

export interface Clock {
  now(): Instant
}

/** Reads everything a decision needs from the metrics APIs. Missing data comes back as `missing`, it never throws for it. */
export interface MetricSource {
  readonly name: string
  read(
    target: Target,
  ): Promise<{ readonly answers: readonly MetricAnswer[] } & Pick<Observation, 'demand' | 'backlog' | 'clients' | 'errorRatio'>>
}

export interface Cluster {
  replicas(target: Target): Promise<{ readonly replicas: Observation['replicas']; readonly pods: readonly Pod[] }>
  /** Sets spec.replicas. Rejects when the API server refuses. */
  scale(target: Target, to: number): Promise<void>
}

/** Believed demand on its way in, memory in and out. Samples are kept as typed chunks, never as rows. */
export interface Store {
  append(target: string, situation: Situation): Promise<void>
  /** Believed demand since `since`, ascending; gaps are absent. */
  history(target: string, since: Instant): Promise<Samples>
  recall(target: string): Promise<Memory>
  remember(target: string, memory: Memory): Promise<void>
}

/** A series as two equally long columns: milliseconds since the epoch, and values. */
export interface Samples {
  readonly at: Float64Array
  readonly value: Float64Array
}

export type Outcome = { readonly kind: 'scaled' } | { readonly kind: 'held' } | { readonly kind: 'failed'; readonly why: string }

/** Intent before the act, outcome after it: a crash leaves an open intent, never an unexplained scale. */
export interface Journal {
  intend(decision: Decision): Promise<void>
  settle(decision: Decision, outcome: Outcome): Promise<void>
}

export interface Log {
  info(event: string, facts?: object): void
  warn(event: string, facts?: object): void
}

export interface Ports {
  readonly clock: Clock
  readonly metrics: MetricSource
  readonly cluster: Cluster
  readonly store: Store
  readonly journal: Journal
  readonly log: Log
}
