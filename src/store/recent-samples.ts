import type { Instant } from '../core/model.ts'
import type { Samples } from '../ports.ts'
import { type Stretch, samplesOf } from './chunk-samples.ts'
import type { ChunkRow } from './database.ts'

const HOUR_MS = 3_600_000
/** The most samples of one chunk: an hour at one second. */
const LONGEST = 3600

interface Chunk {
  readonly t0: Instant
  readonly stepMs: number
  readonly values: Float32Array
  length: number
  isDirty: boolean
}

/** How much stays in memory: chunks that are written, and those that cannot be while the database is down. */
export interface Kept {
  readonly writtenHours: number
  readonly unwrittenHours: number
}

/**
 * The last hours of one target's believed demand, as hourly Float32 chunks in memory: a ring of chunks, 960 bytes for an hour at 15 s.
 *
 * A chunk begins at its first sample and counts steps from there, so a steady series keeps its exact times and jitter below half a step
 * is smoothed away. Nothing is ever added to a chunk of an earlier process: a restart begins a new one, so there is nothing to load first.
 */
export class RecentSamples {
  #chunks: Chunk[] = []
  #lastAt = Number.NEGATIVE_INFINITY
  readonly #kept: Kept

  constructor(kept: Kept) {
    this.#kept = kept
  }

  /** Whether the sample is new: a time seen before, or one within half a step of the last, is not stored twice. `dropped` counts samples that were given up unwritten. */
  append(at: Instant, value: number, stepMs: number): { readonly isNew: boolean; readonly dropped: number } {
    if (at <= this.#lastAt) return { isNew: false, dropped: 0 }
    this.#lastAt = at
    const chunk = this.#openChunk(at, stepMs)
    const slot = Math.round((at - chunk.t0) / stepMs)
    if (slot < chunk.length && at - (chunk.t0 + (chunk.length - 1) * stepMs) < stepMs / 2) return { isNew: false, dropped: 0 }
    const free = Math.max(chunk.length, slot)
    chunk.values[free] = value
    chunk.length = free + 1
    chunk.isDirty = true
    return { isNew: true, dropped: this.#trim(at) }
  }

  /** Where the chunks in memory begin; absent while there are none. */
  get from(): Instant | undefined {
    return this.#chunks[0]?.t0
  }

  /** Where what was not written yet begins; absent where all was. */
  get unwrittenFrom(): Instant | undefined {
    return this.#chunks.find(({ isDirty }) => isDirty)?.t0
  }

  since(since: Instant): Samples {
    const stretches = this.#chunks.map((chunk): Stretch => ({ ...chunk, values: chunk.values.subarray(0, chunk.length) }))
    return samplesOf(stretches, { since, until: Number.POSITIVE_INFINITY })
  }

  /** Copies of the chunks that changed since the last call. */
  takeDirty(target: string): readonly ChunkRow[] {
    const dirty = this.#chunks.filter(({ isDirty }) => isDirty)
    for (const chunk of dirty) chunk.isDirty = false
    return dirty.map(({ t0, stepMs, values, length }) => {
      const used = values.slice(0, length)
      return { target, t0, stepMs, data: new Uint8Array(used.buffer) }
    })
  }

  /** What `takeDirty` gave could not be written. */
  putBack({ t0, stepMs }: ChunkRow): void {
    for (const chunk of this.#chunks) if (chunk.t0 === t0 && chunk.stepMs === stepMs) chunk.isDirty = true
  }

  #openChunk(at: Instant, stepMs: number): Chunk {
    const last = this.#chunks.at(-1)
    const capacity = Math.max(1, Math.min(LONGEST, Math.ceil(HOUR_MS / stepMs)))
    const fits = last !== undefined && last.stepMs === stepMs && last.length < capacity
    if (fits && Math.round((at - last.t0) / stepMs) < capacity) return last
    const chunk: Chunk = { t0: at, stepMs, values: new Float32Array(capacity).fill(Number.NaN), length: 0, isDirty: true }
    this.#chunks.push(chunk)
    return chunk
  }

  /** Chunks leave from the front: written ones after `writtenHours`, unwritten ones after `unwrittenHours`, counted. */
  #trim(now: Instant): number {
    let dropped = 0
    for (let first = this.#chunks[0]; first !== undefined && this.#chunks.length > 1; first = this.#chunks[0]) {
      const hours = first.isDirty ? this.#kept.unwrittenHours : this.#kept.writtenHours
      if (first.t0 + HOUR_MS > now - hours * HOUR_MS) break
      if (first.isDirty)
        dropped += first.values.subarray(0, first.length).reduce((count, one) => count + (Number.isNaN(one) ? 0 : 1), 0)
      this.#chunks.shift()
    }
    return dropped
  }
}
