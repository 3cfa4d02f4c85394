import type { Decision, Instant, Situation } from '../core/model.ts'
import type { Memory } from '../core/rules.ts'
import { CrescendoError } from '../errors.ts'
import type { Clock, DurableStore, JournalEntry, Log, Outcome, Samples, StoredForecast } from '../ports.ts'
import { joined } from './chunk-samples.ts'
import type { ChunkRow, Database, JournalQuestion, JournalRow } from './database.ts'
import { fromExactJson, toExactJson } from './exact-json.ts'
import { Flusher } from './flusher.ts'
import { HeldTarget } from './held-target.ts'
import { Waiting } from './waiting.ts'

const HOUR_MS = 3_600_000
/** Samples stay in memory for two hours once they are written, and for a day while they cannot be. */
const KEPT = { writtenHours: 2, unwrittenHours: 24 }
/** Who appends hours faster than they can be written waits for the database, as long as it works. */
const UNWRITTEN_MS = 6 * HOUR_MS
const MOST_OPEN_INTENTS = 10_000

export interface StoreDependencies {
  readonly clock: Clock
  readonly log: Log
  /** The time between two samples of a target; where it is absent or unknown, 15 s. */
  periodMs?(target: string): number | undefined
  /** How long a write may wait for others. */
  readonly flushMs?: number
}

/**
 * The store that the loop sees: everything is answered from this process and written behind, in one transaction for all that came
 * within `flushMs`. Only `intend` waits for its transaction. While the database is down it keeps what it must and tries again.
 */
export class BufferedStore implements DurableStore {
  readonly #database: Database
  readonly #dependencies: StoreDependencies
  readonly #targets = new Map<string, HeldTarget>()
  readonly #dirty = new Set<HeldTarget>()
  readonly #waiting = new Waiting()
  readonly #flusher: Flusher
  readonly #bodies = new WeakMap<Decision, string>()
  #droppedSamples = 0
  #isClosed = false

  constructor(database: Database, dependencies: StoreDependencies) {
    this.#database = database
    this.#dependencies = dependencies
    this.#flusher = new Flusher({ write: () => this.#write(), everyMs: dependencies.flushMs ?? 500, log: dependencies.log })
  }

  get quarantined(): readonly string[] {
    return this.#database.quarantined
  }

  trouble(): string | undefined {
    const { trouble } = this.#flusher
    if (trouble === undefined) return undefined
    const dropped = Object.entries({ samples: this.#droppedSamples, ...this.#waiting.dropped }).filter(([, count]) => count > 0)
    return [trouble, ...dropped.map(([what, count]) => `${count} ${what} dropped`)].join('; ')
  }

  async append(target: string, { observation, demand }: Situation): Promise<void> {
    const held = this.#held(target)
    const { at } = observation.demand
    const stepMs = this.#dependencies.periodMs?.(target) ?? 15_000
    const value = demand !== undefined && Number.isFinite(demand) ? demand : undefined
    if (value !== undefined) {
      const { isNew, dropped } = held.recent.append(at, value, stepMs)
      this.#droppedSamples += dropped
      if (isNew) this.#dirty.add(held)
    }
    for (const forecast of held.mature(at, value, stepMs)) this.#waiting.addForecast(forecast)
    this.#flusher.schedule()
    if (at - (held.recent.unwrittenFrom ?? at) > UNWRITTEN_MS && this.#flusher.trouble === undefined)
      await this.#flusher.flush().catch(() => {}) // noted as trouble; from then on nobody waits
  }

  async history(target: string, since: Instant): Promise<Samples> {
    const recent = this.#held(target).recent
    const { from } = recent
    if (from !== undefined && since >= from) return recent.since(since)
    try {
      const stored = await this.#ask(() => this.#database.samples(target, { since, until: from ?? Number.MAX_VALUE }))
      return joined(stored, recent.since(since))
    } catch (why) {
      this.#dependencies.log.warn('history holds what is in memory only', { target, cause: why })
      return recent.since(since)
    }
  }

  async recall(target: string): Promise<Memory> {
    const held = this.#held(target)
    if (!held.isLoaded) {
      held.loading ??= this.#load(held)
      await held.loading
    }
    return held.memory
  }

  async remember(target: string, memory: Memory): Promise<void> {
    for (const row of this.#held(target).remember(memory)) this.#waiting.addMemory(row)
    this.#flusher.schedule()
  }

  async intend(decision: Decision): Promise<void> {
    this.#assertOpen()
    this.#flusher.assertWorthTrying()
    this.#waiting.addJournal({ ...this.#rowOf(decision), intendedAt: this.#dependencies.clock.now() })
    await this.#flusher.flush()
  }

  async settle(decision: Decision, outcome: Outcome): Promise<void> {
    this.#waiting.addJournal({ ...this.#rowOf(decision), intendedAt: decision.at, outcome })
    this.#flusher.schedule()
  }

  async record(decision: Decision): Promise<void> {
    this.#waiting.addDecision(this.#rowOf(decision))
    this.#flusher.schedule()
  }

  async decisions(target: string, limit: number): Promise<readonly Decision[]> {
    return (await this.#askAfterFlush(() => this.#database.decisions(target, limit))).map(decisionOf)
  }

  async decisionAt(target: string, at: Instant): Promise<Decision | undefined> {
    const body = await this.#askAfterFlush(() => this.#database.decisionAt(target, at))
    return body === undefined ? undefined : decisionOf(body)
  }

  async openIntents(): Promise<readonly Decision[]> {
    return (await this.#journalRows({ limit: MOST_OPEN_INTENTS, openOnly: true })).map(({ body }) => decisionOf(body))
  }

  async journal(limit: number): Promise<readonly JournalEntry[]> {
    return (await this.#journalRows({ limit, openOnly: false })).map(({ body, intendedAt, outcome }) => ({
      decision: decisionOf(body),
      intendedAt,
      ...(outcome !== undefined && { outcome }),
    }))
  }

  async recordForecast(forecast: StoredForecast): Promise<void> {
    this.#waiting.addForecast(forecast)
    if (forecast.actual === undefined) this.#held(forecast.target).expect(forecast)
    this.#flusher.schedule()
  }

  forecastErrors(
    target: string,
    range: { readonly since: Instant; readonly until: Instant },
  ): Promise<readonly StoredForecast[]> {
    return this.#askAfterFlush(() => this.#database.forecasts(target, range))
  }

  async saveModel(target: string, { name, version, state }: Parameters<DurableStore['saveModel']>[1]): Promise<void> {
    this.#held(target)
    this.#waiting.addModel({ target, name, version, state: state.slice() })
    this.#flusher.schedule()
  }

  async loadModel(target: string, name: string): ReturnType<DurableStore['loadModel']> {
    const model = await this.#askAfterFlush(() => this.#database.model(target, name))
    return model && { version: model.version, state: new Uint8Array(model.state) }
  }

  async prune(now: Instant, keep: { readonly targets: readonly string[] }): Promise<void> {
    await this.#askAfterFlush(() => this.#database.prune(now, keep.targets))
    const kept = new Set(keep.targets)
    for (const [target, held] of this.#targets) if (!kept.has(target) && !this.#dirty.has(held)) this.#targets.delete(target)
  }

  async handOver(): Promise<void> {
    this.#waiting.dropState()
    await this.#flusher.flush().catch(() => {}) // noted as trouble
    this.#targets.clear()
    this.#dirty.clear()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.#flusher.flush()
    } catch {
      this.#dependencies.log.warn('the store was closed with unwritten state', { why: this.trouble() })
    }
    this.#flusher.stop()
    await this.#database.close()
  }

  #held(target: string): HeldTarget {
    this.#assertOpen()
    const held = this.#targets.get(target) ?? new HeldTarget(target, KEPT)
    if (!this.#targets.has(target)) {
      this.#targets.set(target, held)
      this.#waiting.addTarget(target)
    }
    return held
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new CrescendoError('CRS_STORE_UNAVAILABLE', 'the store is closed')
  }

  #rowOf(decision: Decision) {
    this.#assertOpen()
    const body = this.#bodies.get(decision) ?? toExactJson(decision)
    this.#bodies.set(decision, body)
    return { target: decision.target, at: decision.at, body }
  }

  async #load(held: HeldTarget): Promise<void> {
    try {
      held.load(await this.#ask(() => this.#database.load(held.target, this.#dependencies.clock.now() - HOUR_MS)))
    } catch (why) {
      this.#dependencies.log.warn('what a target remembered cannot be read; it goes on from what is in memory', {
        target: held.target,
        cause: why,
      })
    } finally {
      held.loading = undefined
    }
  }

  async #ask<T>(question: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    this.#flusher.assertWorthTrying()
    try {
      return await question()
    } catch (cause) {
      this.#flusher.noteFailure(cause)
      throw cause
    }
  }

  /** So that an answer holds what was written before the question. */
  async #askAfterFlush<T>(question: () => Promise<T>): Promise<T> {
    this.#assertOpen()
    if (!this.#isIdle()) await this.#flusher.flush()
    return this.#ask(question)
  }

  #journalRows(question: JournalQuestion): Promise<readonly JournalRow[]> {
    return this.#askAfterFlush(() => this.#database.journal(question))
  }

  #isIdle(): boolean {
    return this.#waiting.isEmpty && this.#dirty.size === 0
  }

  async #write(): Promise<void> {
    const batch = this.#waiting.take()
    const dirty = [...this.#dirty]
    const chunks = dirty.flatMap(held => held.recent.takeDirty(held.target))
    this.#dirty.clear()
    try {
      await this.#database.write({ ...batch, chunks })
    } catch (cause) {
      this.#waiting.putBack(batch)
      this.#putBackSamples(dirty, chunks)
      throw cause
    }
  }

  #putBackSamples(dirty: readonly HeldTarget[], chunks: readonly ChunkRow[]): void {
    const byTarget = new Map(dirty.map(held => [held.target, held]))
    for (const chunk of chunks) byTarget.get(chunk.target)?.recent.putBack(chunk)
    for (const held of dirty) this.#dirty.add(held)
  }
}

function decisionOf(body: string): Decision {
  return fromExactJson(body) as Decision // written by `rowOf`
}
