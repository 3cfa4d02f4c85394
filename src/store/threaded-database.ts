import { Worker } from 'node:worker_threads'
import { CrescendoError, type ErrorCode } from '../errors.ts'
import type { Database } from './database.ts'
import type { DatabaseOptions, Method, Reply } from './thread-messages.ts'

interface Waiting {
  resolve(value: unknown): void
  reject(cause: Error): void
}

/** Opens a database in a thread of its own. Should the thread die, its calls fail, and the next call starts and opens it anew. */
export async function openInThread(options: DatabaseOptions): Promise<Database> {
  let thread = await start(options)
  let restarting: Promise<Thread> | undefined
  const alive = async (): Promise<Thread> => {
    if (thread.isAlive()) return thread
    restarting ??= start(options).finally(() => {
      restarting = undefined
    })
    thread = await restarting
    return thread
  }
  const method =
    <M extends Method>(name: M) =>
    async (...args: Parameters<Database[M]>) =>
      (await alive()).call(name, args) as Promise<never> // the other side calls the method of that name, so it has its type
  return {
    quarantined: thread.quarantined,
    write: method('write'),
    load: method('load'),
    samples: method('samples'),
    decisions: method('decisions'),
    decisionAt: method('decisionAt'),
    journal: method('journal'),
    forecasts: method('forecasts'),
    model: method('model'),
    prune: method('prune'),
    close: async () => {
      if (thread.isAlive()) await thread.call('close', [])
      await thread.end()
    },
  }
}

interface Thread {
  readonly quarantined: readonly string[]
  isAlive(): boolean
  call(method: Method | 'open', args: readonly unknown[]): Promise<unknown>
  end(): Promise<void>
}

async function start(options: DatabaseOptions): Promise<Thread> {
  // The compiler renames imports but not this: from sources the file is .ts, from dist .js.
  const file = import.meta.url.endsWith('.ts') ? './database-thread.ts' : './database-thread.js'
  const worker = new Worker(new URL(file, import.meta.url), { name: 'crescendo-store' })
  const waiting = new Map<number, Waiting>()
  let isAlive = true
  let calls = 0
  const fail = (why: string) => {
    isAlive = false
    for (const one of waiting.values())
      one.reject(new CrescendoError('CRS_STORE_UNAVAILABLE', `the thread of the store ended: ${why}`))
    waiting.clear()
  }
  worker.on('message', (reply: Reply) => {
    const one = waiting.get(reply.id)
    waiting.delete(reply.id)
    if ('value' in reply) one?.resolve(reply.value)
    else one?.reject(errorOf(reply.error))
    if (waiting.size === 0) worker.unref()
  })
  worker.on('error', cause => fail(cause instanceof Error ? cause.message : String(cause)))
  worker.on('exit', code => fail(`exit code ${code}`))
  const call = (method: Method | 'open', args: readonly unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const id = calls++
      waiting.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, method, args })
    })
  const end = async () => void (await worker.terminate())
  try {
    const quarantined = (await call('open', [options])) as readonly string[] // what `open` of the thread returns
    return { quarantined, isAlive: () => isAlive, call, end }
  } catch (cause) {
    await end()
    throw cause
  }
}

function errorOf({ message, code, stack }: { readonly message: string; readonly code?: string; readonly stack?: string }): Error {
  const error = code === undefined ? new Error(message) : new CrescendoError(code as ErrorCode, message) // made by a CrescendoError there
  return stack === undefined ? error : Object.assign(error, { stack })
}
