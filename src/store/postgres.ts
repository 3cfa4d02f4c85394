import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { CrescendoError } from '../errors.ts'
import type { Database, Retention } from './database.ts'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { sqlDatabase } from './sql-database.ts'

const CONNECT_TIMEOUT_MS = 5_000
/** A write that takes longer counts as failed: an intent, and with it an act, waits for it. */
const WRITE_TIMEOUT_MS = 5_000
const READ_TIMEOUT_MS = 60_000

export interface PostgresOptions {
  /** May hold a password: it is never shown. */
  readonly url: string
  readonly retention: Retention
}

/** Connects, and brings the tables to this version. One connection writes, two read, so that a long read keeps no intent waiting. */
export async function openPostgres({ url, retention }: PostgresOptions): Promise<Database> {
  const name = shownName(url)
  const writer = connect(url, { max: 1, timeoutMs: WRITE_TIMEOUT_MS })
  const reader = connect(url, { max: 2, timeoutMs: READ_TIMEOUT_MS })
  const database = sqlDatabase({ writer, reader }, retention)
  try {
    await migrate(reader, name)
  } catch (cause) {
    await database.close()
    throw postgresRefusal(name, cause)
  }
  const told = <T extends (...args: never[]) => Promise<unknown>>(call: T) =>
    ((...args) => call(...args).catch(cause => Promise.reject(postgresRefusal(name, cause)))) as T
  return {
    quarantined: [],
    write: told(database.write),
    load: told(database.load),
    samples: told(database.samples),
    decisions: told(database.decisions),
    decisionAt: told(database.decisionAt),
    journal: told(database.journal),
    forecasts: told(database.forecasts),
    model: told(database.model),
    prune: told(database.prune),
    close: database.close,
  }
}

function connect(url: string, { max, timeoutMs }: { readonly max: number; readonly timeoutMs: number }): Kysely<Schema> {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    application_name: 'crescendo',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: timeoutMs,
    statement_timeout: timeoutMs,
    keepAlive: true,
  })
  pool.on('error', () => {}) // an idle connection was lost: the pool opens another, and where it cannot, the next query says so
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) })
}

/** Host, port and database of a URL; nothing else of it may be shown. */
function shownName(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  if (parsed === undefined || !/^postgres(?:ql)?:$/.test(parsed.protocol))
    throw new CrescendoError(
      'CRS_STORE_UNAVAILABLE',
      'the URL of the PostgreSQL store is not understood; expected postgres://USER:PASSWORD@HOST:5432/DATABASE',
    )
  return `PostgreSQL at ${parsed.host || 'a local socket'}${parsed.pathname}`
}

/** By the code of the system, or SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html). */
const REFUSALS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody answers there; check host and port, and that the server runs',
  ECONNRESET: 'the connection was cut',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
  ETIMEDOUT: 'no answer came in time',
  '28P01': 'the password was refused',
  '28000': 'the user may not log in from here',
  '3D000': 'there is no such database; create it',
  '42501': 'the user may not do that; it needs to create and write tables in this database',
  '53100': "no space is left on the server's disk",
  '53300': 'the server takes no more connections',
  '57014': 'the query took too long',
  '57P01': 'the server is shutting down',
  '57P03': 'the server is starting up',
}

/** A server's own words are never passed on: they may quote data, and end in logs and status. */
function postgresRefusal(name: string, cause: unknown): unknown {
  if (cause instanceof CrescendoError) return cause
  if (!(cause instanceof Error)) return cause
  const code = 'code' in cause ? String(cause.code) : undefined
  const why =
    code === undefined ? 'the connection was lost, or no answer came in time' : (REFUSALS[code] ?? `the query failed (${code})`)
  return new CrescendoError('CRS_STORE_UNAVAILABLE', `${name}: ${why}`)
}
