import type { Decision, Instant, MetricAnswer, Observation, Pod, ScheduledWindow, Situation, Target } from './core/model.ts'
import type { CrescendoOptions } from './core/policy/crescendo-rules.ts'
import type { Memory, Snapshot } from './core/rules.ts'

export interface Clock {
  now(): Instant
}

/** Reads everything a decision needs from the metrics APIs. Missing data comes back as `missing`, it never throws for it. */
export interface MetricSource {
  readonly name: string
  read(
    target: Target,
  ): Promise<
    { readonly answers: readonly MetricAnswer[] } & Pick<
      Observation,
      'demand' | 'otherDemand' | 'backlog' | 'clients' | 'errorRatio' | 'objectives' | 'scheduled'
    >
  >
}

export interface Cluster {
  replicas(target: Target): Promise<{ readonly replicas: Observation['replicas']; readonly pods: readonly Pod[] }>
  /** Sets spec.replicas. Rejects when the API server refuses. */
  scale(target: Target, to: number): Promise<void>
  /** Why nothing may be written now (recommend mode, a second writer, no Lease); absent where everything may. */
  withheld?(target: Target, to: number): string | undefined
}

/** Believed demand on its way in, memory in and out. Samples are kept as typed chunks, never as rows. */
export interface Store {
  append(target: string, situation: Situation): Promise<void>
  /** Believed demand since `since`, ascending; gaps are absent. */
  history(target: string, since: Instant): Promise<Samples>
  recall(target: string): Promise<Memory>
  remember(target: string, memory: Memory): Promise<void>
}

/** What a store that outlives the process keeps beside the series: the record, open intents, forecasts with their errors, models. */
export interface DurableStore extends Store, Journal {
  /** Keeps a decision for `decisions` and `decisionAt`, whether or not anything was written. */
  record(decision: Decision): Promise<void>
  /** Newest first. */
  decisions(target: string, limit: number): Promise<readonly Decision[]>
  /** The last decision made at or before `at`. */
  decisionAt(target: string, at: Instant): Promise<Decision | undefined>
  /** Intents whose outcome was never written: what a crash leaves. */
  openIntents(): Promise<readonly Decision[]>
  /** Journal entries, newest first. */
  journal(limit: number): Promise<readonly JournalEntry[]>
  /** A forecast of the load at `dueAt`, to be compared with what came. */
  recordForecast(forecast: StoredForecast): Promise<void>
  /** Forecasts that fell due in [since, until], ascending, with the error where the actual value is known. */
  forecastErrors(target: string, range: { readonly since: Instant; readonly until: Instant }): Promise<readonly StoredForecast[]>
  saveModel(target: string, model: { readonly name: string; readonly version: number; readonly state: Uint8Array }): Promise<void>
  loadModel(target: string, name: string): Promise<{ readonly version: number; readonly state: Uint8Array } | undefined>
  /** Everything of a target that is gone, and everything older than its retention. */
  prune(now: Instant, keep: { readonly targets: readonly string[] }): Promise<void>
  /** Another process has written since: writes the record that waits, and forgets what this one holds of the targets. */
  handOver(): Promise<void>
  /** Files that were damaged and put aside when the store was opened. */
  readonly quarantined: readonly string[]
  /** Why the last write failed; absent while it works. */
  trouble(): string | undefined
  /** Writes what waits, and closes. */
  close(): Promise<void>
}

export interface JournalEntry {
  readonly decision: Decision
  readonly intendedAt: Instant
  readonly outcome?: Outcome
}

export interface StoredForecast {
  readonly target: string
  readonly by: string
  readonly madeAt: Instant
  readonly dueAt: Instant
  /** In QUANTILES order. */
  readonly quantiles: readonly number[]
  /** What was measured at `dueAt`; absent until then, and where nothing was. */
  readonly actual?: number
}

/** A series as two equally long columns: milliseconds since the epoch, and values. */
export interface Samples {
  readonly at: Float64Array
  readonly value: Float64Array
}

export type Outcome =
  | { readonly kind: 'scaled' }
  | { readonly kind: 'held'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string }

/** Intent before the act, outcome after it: a crash leaves an open intent, never an unexplained scale. */
export interface Journal {
  /** Resolves once the intent, and the memory that was remembered before it, would survive a crash of this process. */
  intend(decision: Decision): Promise<void>
  settle(decision: Decision, outcome: Outcome): Promise<void>
}

export interface Log {
  info(event: string, facts?: object): void
  warn(event: string, facts?: object): void
}

/** Learns pasts where that delays no decision. Calls reject with one clear sentence, and all of them after `close`. */
export interface Learners {
  /** The columns belong to the lesson from now on. */
  learn(lesson: Lesson): Promise<Learnt>
  /** How many lessons are learnt at once. */
  readonly threads: number
  isClosed(): boolean
  close(): Promise<void>
}

/** A whole past, and the rules to learn it; plain values and typed arrays. */
export interface Lesson {
  readonly options: CrescendoOptions
  /** Demand that was recorded, oldest first, as two equally long columns. */
  readonly at: Float64Array
  readonly value: Float64Array
  /** What was known of that past before it came. */
  readonly scheduled?: readonly ScheduledWindow[]
}

export interface Learnt {
  /** For fresh rules of the same options. */
  readonly rules: Snapshot
  /** What the screens remember. */
  readonly slots: Memory['slots']
}

export interface Ports {
  readonly clock: Clock
  readonly metrics: MetricSource
  readonly cluster: Cluster
  readonly store: Store
  readonly journal: Journal
  readonly log: Log
}

/** One family of metrics as it stands now, before any text format: without `_total`, `_bucket` and the like in its name. */
export interface MetricFamily {
  readonly name: string
  readonly type: 'gauge' | 'counter' | 'histogram' | 'info'
  readonly help: string
  readonly samples: readonly MetricFamilySample[]
}

export type MetricFamilySample =
  | { readonly labels: Readonly<Record<string, string>>; readonly value: number }
  | {
      readonly labels: Readonly<Record<string, string>>
      /** `counts[i]` observations were at most `bounds[i]`; `count` is all of them. */
      readonly histogram: {
        readonly bounds: readonly number[]
        readonly counts: readonly number[]
        readonly sum: number
        readonly count: number
      }
    }
