import { chmodSync, closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type Dialect, Kysely, SqliteAdapter, SqliteDialect, type SqliteDialectConfig } from 'kysely'
import { CrescendoError, fileError } from '../errors.ts'
import type { Database, Retention } from './database.ts'
import { migrate } from './migrate.ts'
import type { Schema } from './schema.ts'
import { sqlDatabase } from './sql-database.ts'

/** "CRSC": says in the file's header whose it is, so that another program's database is never written to. */
const APPLICATION_ID = 0x43525343
const STATEMENTS_KEPT = 64
/** Primary result codes of SQLite (sqlite.org/rescode.html); extended codes hold them in their low byte. */
const [BUSY, READ_ONLY, CORRUPT, FULL, CANNOT_OPEN, NOT_A_DATABASE] = [5, 8, 11, 13, 14, 26]

export interface SqliteOptions {
  /** A file, made with its folder where there is none; ":memory:" for a database that ends with the process. */
  readonly path: string
  readonly retention: Retention
  /** Names what is put aside. */
  readonly openedAt: number
}

/**
 * Opens a SQLite file for this process alone. A damaged one is put aside under `NAME.damaged-TIME`, together with its -wal and -shm,
 * and a new one begins; a file that cannot be opened, or that another process holds, is an error and stays where it is.
 */
export async function openSqlite({ path, retention, openedAt }: SqliteOptions): Promise<Database> {
  if (path !== ':memory:') prepareFile(path)
  const { file, quarantined } = openOrReplace(path, openedAt)
  const db = new Kysely<Schema>({ dialect: nodeSqlite(file) })
  try {
    await migrate(db, path)
  } catch (cause) {
    file.close()
    throw refusal(path, cause)
  }
  const database = sqlDatabase({ writer: db, reader: db }, retention)
  return {
    ...database,
    quarantined,
    // An intent survives a loss of power too (an fsync, some milliseconds); for the rest, surviving the process is enough.
    write: batch => {
      file.exec(`PRAGMA synchronous=${batch.journal.some(({ outcome }) => outcome === undefined) ? 'FULL' : 'NORMAL'}`)
      return database.write(batch)
    },
  }
}

function prepareFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    else chmodSync(path, 0o600)
  } catch (cause) {
    const { message } =
      cause instanceof Error && 'code' in cause && cause.code === 'EEXIST'
        ? { message: `${path}: its folder is a file; name another path for the store` }
        : fileError(cause as NodeJS.ErrnoException, path) // nothing but calls of the file system is tried
    throw new CrescendoError('CRS_STORE_UNAVAILABLE', message, { cause })
  }
}

function openOrReplace(path: string, openedAt: number): { readonly file: DatabaseSync; readonly quarantined: readonly string[] } {
  try {
    return { file: openSound(path), quarantined: [] }
  } catch (cause) {
    if (!isDamage(cause)) throw refusal(path, cause)
  }
  const aside = quarantine(path, openedAt)
  prepareFile(path)
  return { file: openSound(path), quarantined: [aside] }
}

/** Opens, locks and checks. Throws what SQLite throws; a failed check is thrown as damage. */
function openSound(path: string): DatabaseSync {
  const file = new DatabaseSync(path)
  try {
    file.exec(
      'PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA journal_size_limit=67108864',
    )
    file.exec('BEGIN IMMEDIATE; COMMIT') // takes the lock now, and not at the first write
    checkOwner(file, path)
    const checked = file.prepare('PRAGMA quick_check(1)').get()?.quick_check
    if (checked !== 'ok') throw Object.assign(new Error(String(checked)), { errcode: CORRUPT })
    return file
  } catch (cause) {
    file.close()
    throw cause
  }
}

function checkOwner(file: DatabaseSync, path: string): void {
  const isEmpty = file.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined
  if (isEmpty) file.exec(`PRAGMA application_id=${APPLICATION_ID}`)
  else if (file.prepare('PRAGMA application_id').get()?.application_id !== APPLICATION_ID)
    throw new CrescendoError(
      'CRS_STORE_UNAVAILABLE',
      `${path}: a SQLite database of another program; name a file of its own for the store`,
    )
}

function quarantine(path: string, openedAt: number): string {
  const aside = `${path}.damaged-${new Date(openedAt).toISOString().replace(/[:.]/g, '-')}`
  for (const suffix of ['', '-wal', '-shm', '-journal']) if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
  return aside
}

function primaryCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : undefined
}

function isDamage(error: unknown): boolean {
  const code = primaryCode(error)
  return code === CORRUPT || code === NOT_A_DATABASE
}

const REFUSALS: Readonly<Record<number, string>> = {
  [BUSY]: 'another process has it open; stop that one, or give this one another file',
  [READ_ONLY]: 'it cannot be written; check its permissions',
  [CANNOT_OPEN]: 'it cannot be opened; check its permissions and those of its folder',
  [CORRUPT]: 'the file is damaged; it will be put aside at the next start',
  [NOT_A_DATABASE]: 'the file is damaged; it will be put aside at the next start',
  [FULL]: 'no space is left on the disk',
}

/** What SQLite said, as one line of ours. */
function refusal(path: string, cause: unknown): unknown {
  if (cause instanceof CrescendoError) return cause
  const code = primaryCode(cause)
  if (code === undefined) return cause
  return new CrescendoError('CRS_STORE_UNAVAILABLE', `${path}: ${REFUSALS[code] ?? `SQLite says error ${code}`}`, { cause })
}

/**
 * Kysely's SQLite dialect over `node:sqlite`. It is written for better-sqlite3, whose statements say whether they return rows; and it
 * does not know that SQLite can roll back changes of tables, which keeps a migration that was killed from being half done.
 */
function nodeSqlite(file: DatabaseSync): Dialect {
  const statements = new Map<string, StatementSync>()
  const prepared = (text: string) => {
    const statement = statements.get(text) ?? file.prepare(text)
    statements.delete(text)
    statements.set(text, statement)
    for (const [oldest] of statements) {
      if (statements.size <= STATEMENTS_KEPT) break
      statements.delete(oldest)
    }
    return statement
  }
  // Kysely passes on what our own queries bind: numbers, texts, bytes and null.
  const bound = (parameters: readonly unknown[]) => parameters as readonly SQLInputValue[]
  const database: SqliteDialectConfig['database'] = {
    close: () => file.close(),
    prepare: text => {
      const statement = prepared(text)
      return {
        reader: statement.columns().length > 0,
        all: parameters => statement.all(...bound(parameters)),
        run: parameters => statement.run(...bound(parameters)),
        iterate: parameters => statement.iterate(...bound(parameters)),
      }
    },
  }
  const dialect = new SqliteDialect({ database })
  const adapter = Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true })
  return {
    createAdapter: () => adapter,
    createDriver: () => dialect.createDriver(),
    createQueryCompiler: () => dialect.createQueryCompiler(),
    createIntrospector: db => dialect.createIntrospector(db),
  }
}
