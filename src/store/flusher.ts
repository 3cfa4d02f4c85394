import type { Log } from '../ports.ts'

/** How soon after a failed attempt the next one is worth it; until then callers are told at once. */
const RETRY_MS = 1_000

interface Flushing {
  /** Writes everything that waits, in one transaction. Rejects when it could not; then it all waits again. */
  write(): Promise<void>
  readonly everyMs: number
  readonly log: Log
}

/** Group commit: one write at a time, soon after something began to wait, at once for whoever asks; again and again while it fails. */
export class Flusher {
  readonly #flushing: Flushing
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #failure: { readonly why: string; readonly cause: unknown; readonly at: number } | undefined

  constructor(flushing: Flushing) {
    this.#flushing = flushing
  }

  get trouble(): string | undefined {
    return this.#failure?.why
  }

  /** Throws the last failure while trying again is not worth it yet. */
  assertWorthTrying(): void {
    if (this.#failure !== undefined && performance.now() - this.#failure.at < RETRY_MS) throw this.#failure.cause
  }

  /** A failure that somebody else met; the next write that works clears it. */
  noteFailure(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    if (this.#failure === undefined) this.#flushing.log.warn('the store has trouble; state is kept in memory', { why })
    this.#failure = { why, cause, at: performance.now() }
    this.schedule()
  }

  schedule(): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#failure === undefined ? this.#flushing.everyMs : RETRY_MS
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.flush().catch(() => {}) // noted already, and scheduled again
    }, waitMs)
    this.#timer.unref()
  }

  /** Resolves when all that waits at this moment is committed; rejects when the attempt that held it failed. */
  flush(): Promise<void> {
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#start()
      })
    return this.#next
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #start(): Promise<void> {
    this.#running = this.#attempt().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #attempt(): Promise<void> {
    try {
      await this.#flushing.write()
    } catch (cause) {
      this.noteFailure(cause)
      throw cause
    }
    if (this.#failure !== undefined) this.#flushing.log.info('the store works again')
    this.#failure = undefined
  }
}
