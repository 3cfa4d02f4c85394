import { hash } from 'node:crypto'
import type { Instant } from '../core/model.ts'
import { emptyMemory, type Memory } from '../core/rules.ts'
import type { StoredForecast } from '../ports.ts'
import type { MemoryRow } from './database.ts'
import { fromExactJson, toExactJson } from './exact-json.ts'
import { type Kept, RecentSamples } from './recent-samples.ts'

/** Forecasts of one target that wait for their actual value; older ones beyond that stay without. */
const MOST_DUE = 2_000
/** A loop that runs a little late leaves more than a whole step between two samples; a forecast due in the middle still counts. */
const LATE_STEPS = 0.75
const SLOT = 'slot/'

/** What this process holds of one target: its recent samples, its memory as last written, and forecasts that wait for what comes. */
export class HeldTarget {
  readonly target: string
  readonly recent: RecentSamples
  isLoaded = false
  loading: Promise<void> | undefined
  #memory: Memory | undefined
  /** For each part of the memory: the value, and the hash of its text, as last handed on. */
  readonly #written = new Map<string, { readonly value: unknown; readonly hash: string }>()
  #due: StoredForecast[] = []

  constructor(target: string, kept: Kept) {
    this.target = target
    this.recent = new RecentSamples(kept)
  }

  get memory(): Memory {
    return this.#memory ?? emptyMemory
  }

  /** What the database holds. A memory that was remembered meanwhile is newer and stays. */
  load({ memories, due }: { readonly memories: readonly MemoryRow[]; readonly due: readonly StoredForecast[] }): void {
    this.isLoaded = true
    this.#due.unshift(...due)
    if (this.#memory !== undefined || memories.length === 0) return
    const parts = memories.filter(({ state }) => state !== '').map(({ part, state }) => [part, fromExactJson(state)] as const)
    for (const { part, state } of memories) this.#written.set(part, { value: undefined, hash: hash('sha1', state) })
    const slots = parts.filter(([part]) => part.startsWith(SLOT)).map(([part, value]) => [part.slice(SLOT.length), value])
    const fields = parts.filter(([part]) => !part.startsWith(SLOT))
    // What `remember` was given, so it has its type; a slot is read by the plug-in that wrote it.
    this.#memory = { ...Object.fromEntries(fields), slots: Object.fromEntries(slots) } as Memory
  }

  /** The parts that differ from what was handed on last. The same object, or the same text, is not written again. */
  remember(memory: Memory): readonly MemoryRow[] {
    this.#memory = memory
    const { slots, ...fields } = memory
    const parts = new Map<string, unknown>(Object.entries(fields).filter(([, value]) => value !== undefined))
    for (const [name, value] of Object.entries(slots)) if (value !== undefined) parts.set(SLOT + name, value)
    const changed: MemoryRow[] = []
    for (const [part, value] of parts) {
      const before = this.#written.get(part)
      if (before !== undefined && before.value === value && typeof value === 'object') continue
      const state = toExactJson(value)
      const now = hash('sha1', state)
      this.#written.set(part, { value, hash: now })
      if (before?.hash !== now) changed.push({ target: this.target, part, state })
    }
    for (const part of this.#written.keys()) {
      if (parts.has(part)) continue
      this.#written.delete(part)
      changed.push({ target: this.target, part, state: '' })
    }
    return changed
  }

  expect(forecast: StoredForecast): void {
    this.#due.push(forecast)
    if (this.#due.length > MOST_DUE) this.#due.splice(0, this.#due.length - MOST_DUE)
  }

  /**
   * Forecasts that fell due with the sample at `at`, now with what came. Due times need not lie on the samples' grid: the nearest
   * sample counts, up to half a step away, or three quarters where samples came late. What fell due in a gap stays without.
   */
  mature(at: Instant, demand: number | undefined, stepMs: number): readonly StoredForecast[] {
    if (this.#due.length === 0) return []
    const isNear = ({ dueAt }: StoredForecast) => dueAt - at <= stepMs / 2 && at - dueAt < LATE_STEPS * stepMs
    const matured = demand === undefined ? [] : this.#due.filter(isNear).map(one => ({ ...one, actual: demand }))
    this.#due = this.#due.filter(one => one.dueAt > at + stepMs / 2 || (demand === undefined && isNear(one)))
    return matured
  }
}
