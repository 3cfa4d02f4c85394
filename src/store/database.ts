import type { Instant } from '../core/model.ts'
import type { Outcome, Samples, StoredForecast } from '../ports.ts'

/** One hour of a series, or the part of it since a start: sample k stands at `t0 + k * stepMs`. Float32, little-endian; NaN is a gap. */
export interface ChunkRow {
  readonly target: string
  readonly t0: Instant
  readonly stepMs: number
  readonly data: Uint8Array
}

/** One part of a target's memory, as text; an empty text is a part that is gone. */
export interface MemoryRow {
  readonly target: string
  readonly part: string
  readonly state: string
}

export interface DecisionRow {
  readonly target: string
  readonly at: Instant
  readonly body: string
}

/** An intent, an outcome, or both where they fell into one transaction. */
export interface JournalRow extends DecisionRow {
  readonly intendedAt: Instant
  readonly outcome?: Outcome
}

export interface ModelRow {
  readonly target: string
  readonly name: string
  readonly version: number
  readonly state: Uint8Array
}

/** Everything that waits to be written, in one transaction. Crosses a thread, so it holds plain values only. */
export interface Batch {
  /** Targets seen by this process for the first time. */
  readonly targets: readonly string[]
  readonly chunks: readonly ChunkRow[]
  readonly memories: readonly MemoryRow[]
  readonly decisions: readonly DecisionRow[]
  readonly journal: readonly JournalRow[]
  readonly forecasts: readonly StoredForecast[]
  readonly models: readonly ModelRow[]
}

/** What of the journal is asked for; newest first. */
export interface JournalQuestion {
  readonly limit: number
  readonly openOnly: boolean
}

/** How long each thing is kept. Whatever passes its limit goes at the next `prune`. */
export interface Retention {
  readonly rawRetentionDays: number
  readonly rollupRetentionDays: number
  readonly decisionRetentionDays: number
  /** Decisions of all targets together: one a period adds up, a thousand targets at 15 s make 5.8 million a day. */
  readonly decisionRows: number
  readonly forecastRetentionDays: number
  readonly journalRetentionDays: number
  /** A target that was not among those to keep for this long is gone; shorter absences (a relist, a re-apply) lose nothing. */
  readonly goneAfterHours: number
}

export const DEFAULT_RETENTION: Retention = {
  rawRetentionDays: 14,
  rollupRetentionDays: 14,
  decisionRetentionDays: 14,
  decisionRows: 200_000,
  forecastRetentionDays: 14,
  journalRetentionDays: 90,
  goneAfterHours: 24,
}

/** What a database does for the store. Every adapter is this over one schema; calls of one adapter may overlap but for `write`. */
export interface Database {
  /** Files that were damaged and put aside when it was opened. */
  readonly quarantined: readonly string[]
  write(batch: Batch): Promise<void>
  /** A target's memory, and its forecasts whose actual value is not known yet and that fall due after `dueAfter`. */
  load(
    target: string,
    dueAfter: Instant,
  ): Promise<{ readonly memories: readonly MemoryRow[]; readonly due: readonly StoredForecast[] }>
  /** Samples in [since, until), ascending: raw ones, and roll-ups before the first of those. */
  samples(target: string, range: { readonly since: Instant; readonly until: Instant }): Promise<Samples>
  decisions(target: string, limit: number): Promise<readonly string[]>
  /** The last one at or before `at`, of the decisions and of the journal, which is kept longer. */
  decisionAt(target: string, at: Instant): Promise<string | undefined>
  journal(question: JournalQuestion): Promise<readonly JournalRow[]>
  forecasts(target: string, range: { readonly since: Instant; readonly until: Instant }): Promise<readonly StoredForecast[]>
  model(target: string, name: string): Promise<ModelRow | undefined>
  /** Rolls finished days up, then deletes what is past its retention. Gives way to other calls between small steps. */
  prune(now: Instant, keep: readonly string[]): Promise<void>
  close(): Promise<void>
}
