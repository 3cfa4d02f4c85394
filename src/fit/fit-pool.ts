import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import type { Fits, Learnt } from '../ports.ts'
import { transferablesOf } from './transferables.ts'

export interface FitPoolOptions {
  /** The module whose exports `fit` and `learn` are run, as a file URL. Default: `fit-task.ts`. */
  readonly task?: URL
  /** Default: one less than there are cores, at most four: the loop that decides keeps a core where there are two. */
  readonly threads?: number
  /** How many may wait for a thread; one more is refused. */
  readonly mostWaiting?: number
  /** How long one fit may take, from when a thread takes it; a thread that takes longer is ended. */
  readonly limitMs?: number
  /** The same for a whole past. */
  readonly learnLimitMs?: number
}

/**
 * Fits in threads of their own: the loop that decides pays for a message there and back, and for nothing else. Buffers of typed arrays
 * are moved, not copied. Calls reject where the work throws, takes too long or dies, where too many wait, and after `close`,
 * which ends everything that runs or waits.
 */
export interface FitPool extends Fits {
  readonly running: number
  readonly waiting: number
}

/** A fit takes milliseconds, a hundred of them on a machine that is out of breath: what takes longer hangs. */
const LIMIT_MS = 10_000
/** Two weeks of 15 s ticks take two seconds. */
const LEARN_LIMIT_MS = 300_000
const MOST_WAITING = 256
/** A thread that had nothing to do for so long is ended: its memory is worth more than the 50 ms that the next one takes. */
const IDLE_MS = 60_000
/** Of the heap of one thread. What needs more is broken, and ends alone. */
const HEAP_MIB = 128
/** Fits give way to the loop where both want the same core (Linux, where the optional package is there). */
const NICE = 10

interface Place {
  begin(): void
  refuse(why: Error): void
}

export function createFitPool(options: FitPoolOptions = {}): FitPool {
  const threads = options.threads ?? Math.max(1, Math.min(4, availableParallelism() - 1))
  const { limitMs = LIMIT_MS, learnLimitMs = LEARN_LIMIT_MS, mostWaiting = MOST_WAITING } = options
  const pool = piscinaOf(options.task ?? taskUrl(), threads)
  const ending = new AbortController()
  const queue: Place[] = []
  let running = 0
  const place = () =>
    new Promise<void>((begin, refuse) => {
      if (running < threads) {
        running += 1
        begin()
      } else if (queue.length < mostWaiting) queue.push({ begin, refuse })
      else refuse(new Error(`${queue.length} fits wait already`))
    })
  const run = async (name: 'fit' | 'learn', input: unknown, limitMs: number) => {
    if (ending.signal.aborted) throw closed()
    await place()
    // A limit of its own, begun only now: time spent waiting for a thread is not the fit's fault.
    const limit = AbortSignal.timeout(limitMs)
    const signal = AbortSignal.any([limit, ending.signal])
    try {
      return await pool.run(input, { name, signal, transferList: transferablesOf(input) })
    } catch (cause) {
      if (ending.signal.aborted) throw closed()
      throw limit.aborted ? new Error(`it took longer than ${limitMs / 1000} s, and was ended`, { cause }) : cause
    } finally {
      // The place is handed on, so that nobody who asks meanwhile takes it as well.
      const next = queue.shift()
      if (next === undefined) running -= 1
      else next.begin()
    }
  }
  return {
    threads,
    get running() {
      return running
    },
    get waiting() {
      return queue.length
    },
    fit: input => run('fit', input, limitMs),
    learn: lesson => run('learn', lesson, learnLimitMs) as Promise<Learnt>, // what `learn` of the task returns
    isClosed: () => ending.signal.aborted,
    async close() {
      ending.abort()
      for (const one of queue.splice(0)) one.refuse(closed())
      await pool.destroy()
    },
  }
}

const closed = () => new Error('the threads that fit are closed')

/** The compiler renames imports but not this: from sources the file is .ts, from dist .js. */
function taskUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './fit-task.ts' : './fit-task.js', import.meta.url)
}

function piscinaOf(task: URL, threads: number): Piscina {
  return new Piscina({
    filename: task.href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    niceIncrement: NICE,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  })
}
