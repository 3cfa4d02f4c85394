import { parentPort } from 'node:worker_threads'
import { CrescendoError } from '../errors.ts'
import type { Database } from './database.ts'
import type { DatabaseOptions, Reply, Request } from './thread-messages.ts'

/** The thread that the database lives in: SQL, deflating and decoding happen here, and never on the loop that decides. */

let database: Database | undefined

async function open(options: DatabaseOptions): Promise<readonly string[]> {
  database =
    options.type === 'Sqlite'
      ? await (await import('./sqlite.ts')).openSqlite(options)
      : await (await import('./postgres.ts')).openPostgres(options)
  return database.quarantined
}

async function answer({ method, args }: Request): Promise<unknown> {
  if (method === 'open') return open(args[0] as DatabaseOptions) // `openInThread` is the only one who asks
  if (database === undefined) throw new Error('the database is not open')
  const call = database[method] as (...args: readonly unknown[]) => Promise<unknown> // args are those of the method: same caller
  return call(...args)
}

parentPort?.on('message', (request: Request) => {
  const send = (reply: Reply) => parentPort?.postMessage(reply)
  answer(request).then(
    value => send({ id: request.id, value }),
    (cause: unknown) => {
      const { message, stack } = cause instanceof Error ? cause : new Error(String(cause))
      send({
        id: request.id,
        error: { message, ...(cause instanceof CrescendoError && { code: cause.code }), ...(stack !== undefined && { stack }) },
      })
    },
  )
})
