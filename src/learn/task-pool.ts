import { availableParallelism } from 'node:os'
import { Piscina } from 'piscina'
import { transferablesOf } from './transferables.ts'

export interface TaskPoolOptions {
  /** Default: one less than there are cores, at most four: the loop that decides keeps a core where there are two. */
  readonly threads?: number
  /** How many may wait for a thread; one more is refused. */
  readonly mostWaiting?: number
  /** How long one task may take, from when a thread takes it; a thread that takes longer is ended. */
  readonly limitMs?: number
  /** Of the heap of one thread. What needs more is broken, and ends alone. */
  readonly heapMib?: number
}

/**
 * Work in threads of its own: the loop that decides pays for a message there and back, and for nothing else. Buffers of typed arrays
 * are moved, not copied (those of shared memory stay where they are). Calls reject where the work throws, takes too long or dies,
 * where too many wait, and after `close`, which ends everything that runs or waits.
 */
export interface TaskPool {
  readonly threads: number
  readonly running: number
  readonly waiting: number
  /** Runs the export `name` of the pool's module. */
  run<In, Out>(name: string, input: In): Promise<Out>
  isClosed(): boolean
  close(): Promise<void>
}

/** Two weeks of 15 s ticks take seconds. */
const LIMIT_MS = 300_000
const MOST_WAITING = 256
/** A thread that had nothing to do for so long is ended: its memory is worth more than the 50 ms that the next one takes. */
const IDLE_MS = 60_000
const HEAP_MIB = 128
/** Learners give way to the loop where both want the same core (Linux, where the optional package is there). */
const NICE = 10

interface Place {
  begin(): void
  refuse(why: Error): void
}

/** `task` is the module whose exports are run, as a file URL. */
export function createTaskPool(task: URL, options: TaskPoolOptions = {}): TaskPool {
  const threads = options.threads ?? Math.max(1, Math.min(4, availableParallelism() - 1))
  const { limitMs = LIMIT_MS, mostWaiting = MOST_WAITING, heapMib = HEAP_MIB } = options
  const pool = piscinaOf(task, { threads, heapMib })
  const ending = new AbortController()
  const queue: Place[] = []
  let running = 0
  const place = () =>
    new Promise<void>((begin, refuse) => {
      if (running < threads) {
        running += 1
        begin()
      } else if (queue.length < mostWaiting) queue.push({ begin, refuse })
      else refuse(new Error(`${queue.length} pasts wait already`))
    })
  const run = async <In, Out>(name: string, input: In): Promise<Out> => {
    if (ending.signal.aborted) throw closed()
    await place()
    // A limit of its own, begun only now: time spent waiting for a thread is not the task's fault.
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
    run,
    isClosed: () => ending.signal.aborted,
    async close() {
      ending.abort()
      for (const one of queue.splice(0)) one.refuse(closed())
      await pool.destroy()
    },
  }
}

const closed = () => new Error('the threads that learn are closed')

/** The module `name` beside the one at `from`: the compiler renames imports but not this; from sources the file is .ts, from dist .js. */
export function taskUrl(name: string, from: string): URL {
  return new URL(`./${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from)
}

function piscinaOf(task: URL, { threads, heapMib }: { readonly threads: number; readonly heapMib: number }): Piscina {
  return new Piscina({
    filename: task.href,
    minThreads: 0,
    maxThreads: threads,
    idleTimeout: IDLE_MS,
    niceIncrement: NICE,
    recordTiming: false,
    resourceLimits: { maxOldGenerationSizeMb: heapMib },
  })
}
