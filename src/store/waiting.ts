import type { StoredForecast } from '../ports.ts'
import type { Batch, DecisionRow, JournalRow, MemoryRow, ModelRow } from './database.ts'

/** How much may wait while the database is down. What does not fit is dropped, oldest first, and counted. */
const MOST_DECISION_CHARACTERS = 32_000_000
const MOST_JOURNAL_ROWS = 10_000
const MOST_FORECASTS = 20_000

export interface Dropped {
  readonly decisions: number
  readonly outcomes: number
  readonly forecasts: number
}

/** Everything but samples that waits for the next transaction, one row for each key: the newest wins. */
export class Waiting {
  #targets = new Set<string>()
  #memories = new Map<string, MemoryRow>()
  #decisions = new Map<string, DecisionRow>()
  #decisionCharacters = 0
  #journal = new Map<string, JournalRow>()
  #forecasts = new Map<string, StoredForecast>()
  #models = new Map<string, ModelRow>()
  #dropped = { decisions: 0, outcomes: 0, forecasts: 0 }

  get dropped(): Dropped {
    return this.#dropped
  }

  addTarget(target: string): void {
    this.#targets.add(target)
  }

  addMemory(row: MemoryRow): void {
    this.#memories.set(keyOf(row.target, row.part), row)
  }

  addModel(row: ModelRow): void {
    this.#models.set(keyOf(row.target, row.name), row)
  }

  addDecision(row: DecisionRow): void {
    const key = keyOf(row.target, row.at)
    this.#decisionCharacters += row.body.length - (this.#decisions.get(key)?.body.length ?? 0)
    this.#decisions.set(key, row)
    for (const [oldest, { body }] of this.#decisions) {
      if (this.#decisionCharacters <= MOST_DECISION_CHARACTERS) break
      this.#decisions.delete(oldest)
      this.#decisionCharacters -= body.length
      this.#dropped.decisions++
    }
  }

  /** An outcome joins the intent that still waits; without one it stands for itself. */
  addJournal(row: JournalRow): void {
    const key = keyOf(row.target, row.at)
    this.#journal.set(key, { ...row, ...this.#journal.get(key), ...(row.outcome && { outcome: row.outcome }) })
    this.#dropped.outcomes += dropOldest(this.#journal, MOST_JOURNAL_ROWS)
  }

  addForecast(row: StoredForecast): void {
    const key = keyOf(row.target, row.by, row.madeAt, row.dueAt)
    this.#forecasts.set(key, { ...this.#forecasts.get(key), ...row })
    this.#dropped.forecasts += dropOldest(this.#forecasts, MOST_FORECASTS)
  }

  get isEmpty(): boolean {
    const kinds = [this.#targets, this.#memories, this.#decisions, this.#journal, this.#forecasts, this.#models]
    return kinds.every(({ size }) => size === 0)
  }

  /** Memories and models that wait are older than what another process has written since; the record of what was done stays. */
  dropState(): void {
    this.#memories.clear()
    this.#models.clear()
  }

  take(): Omit<Batch, 'chunks'> {
    const batch = {
      targets: [...this.#targets],
      memories: [...this.#memories.values()],
      decisions: [...this.#decisions.values()],
      journal: [...this.#journal.values()],
      forecasts: [...this.#forecasts.values()],
      models: [...this.#models.values()],
    }
    for (const kind of [this.#targets, this.#memories, this.#decisions, this.#journal, this.#forecasts, this.#models])
      kind.clear()
    this.#decisionCharacters = 0
    return batch
  }

  /**
   * What `take` gave could not be written; what came meanwhile is newer and wins. Bare intents do not come back: whoever wrote them
   * was told that they failed and does not act.
   */
  putBack(batch: Omit<Batch, 'chunks'>): void {
    const newer = this.take()
    for (const part of [batch, newer]) {
      for (const target of part.targets) this.addTarget(target)
      for (const row of part.memories) this.addMemory(row)
      for (const row of part.decisions) this.addDecision(row)
      for (const row of part.forecasts) this.addForecast(row)
      for (const row of part.models) this.addModel(row)
    }
    for (const row of batch.journal) if (row.outcome !== undefined) this.addJournal(row)
    for (const row of newer.journal) this.addJournal(row)
  }
}

function keyOf(...parts: readonly (string | number)[]): string {
  return parts.join('\n')
}

function dropOldest(rows: Map<string, unknown>, most: number): number {
  let dropped = 0
  for (const key of rows.keys()) {
    if (rows.size <= most) break
    rows.delete(key)
    dropped++
  }
  return dropped
}
