import type { Database } from './database.ts'
import type { PostgresOptions } from './postgres.ts'
import type { SqliteOptions } from './sqlite.ts'

export type DatabaseOptions = ({ readonly type: 'Sqlite' } & SqliteOptions) | ({ readonly type: 'PostgreSql' } & PostgresOptions)

export type Method = Exclude<keyof Database, 'quarantined'>

/** One call of a method of `Database`, or the opening itself. */
export interface Request {
  readonly id: number
  readonly method: Method | 'open'
  readonly args: readonly unknown[]
}

/** An error crosses as its parts: a thrown object would lose its class on the way. */
export type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code?: string; readonly stack?: string } }
