import type { DurableStore } from '../ports.ts'
import { BufferedStore, type StoreDependencies } from './buffered-store.ts'
import { DEFAULT_RETENTION, type Retention } from './database.ts'
import { openInThread } from './threaded-database.ts'

/** Where the store keeps what must outlive the process; `Memory` is the same store without a file, and ends with the process. */
export type StoreOptions =
  | { readonly type: 'Sqlite'; readonly path: string }
  | { readonly type: 'PostgreSql'; readonly url: string }
  | { readonly type: 'Memory' }

/** A database in memory holds this many decisions, some 1 KB each. */
const DECISIONS_IN_MEMORY = 20_000

/**
 * Opens the store and brings its tables to this version. SQLite and PostgreSQL are spoken to in a thread of their own, so that no
 * query keeps the loop waiting. Throws CRS_STORE_UNAVAILABLE or CRS_STORE_NEWER, with one line; a damaged SQLite file is put aside,
 * named in `quarantined` and logged.
 */
export async function openStore(
  options: StoreOptions,
  dependencies: StoreDependencies & { readonly retention?: Partial<Retention> },
): Promise<DurableStore> {
  const openedAt = dependencies.clock.now()
  const retention = { ...DEFAULT_RETENTION, ...dependencies.retention }
  const database = await openDatabase(options, { retention, openedAt })
  for (const file of database.quarantined) dependencies.log.warn('a damaged store was put aside, and a new one begun', { file })
  return new BufferedStore(database, dependencies)
}

async function openDatabase(
  options: StoreOptions,
  { retention, openedAt }: { readonly retention: Retention; readonly openedAt: number },
) {
  switch (options.type) {
    case 'Sqlite':
      return openInThread({ type: 'Sqlite', path: options.path, retention, openedAt })
    case 'PostgreSql':
      return openInThread({ type: 'PostgreSql', url: options.url, retention })
    case 'Memory': {
      const { openSqlite } = await import('./sqlite.ts') // not before it is asked for: it loads SQLite and Kysely
      const decisionRows = Math.min(retention.decisionRows, DECISIONS_IN_MEMORY)
      return openSqlite({ path: ':memory:', retention: { ...retention, decisionRows }, openedAt })
    }
  }
}
