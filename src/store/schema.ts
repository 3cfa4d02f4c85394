import { type Kysely, PostgresAdapter, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/**
 * The tables, the same in SQLite and PostgreSQL. Instants are double precision: exact for any number of milliseconds, also broken
 * ones, and they come back as numbers from both. Texts that programs read (decisions, memories) are deflated bytes.
 */
export interface Schema {
  targets: { target: string; seen_at: number; rolled_until: number }
  memories: { target: string; part: string; state: Uint8Array }
  decisions: { target: string; at: number; body: Uint8Array }
  journal: { target: string; at: number; intended_at: number; body: Uint8Array; outcome: string | null }
  forecasts: { target: string; by: string; made_at: number; due_at: number; quantiles: string; actual: number | null }
  models: { target: string; name: string; version: number; state: Uint8Array }
  chunks: { target: string; t0: number; step_ms: number; data: Uint8Array }
  rollups: { target: string; step_ms: number; t0: number; data: Uint8Array }
}

/** Forward only, by name. A change of the tables is a new entry at the end; entries that were released are never edited. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-tables': { up: createTables },
}

/** SQLite says "blob", PostgreSQL "bytea". */
function bytesOf(db: Kysely<Schema>) {
  return sql.raw(db.getExecutor().adapter instanceof PostgresAdapter ? 'bytea' : 'blob')
}

async function createTables(db: Kysely<Schema>): Promise<void> {
  await createState(db)
  await createRecord(db)
  await createSeries(db)
}

async function createState(db: Kysely<Schema>): Promise<void> {
  const bytes = bytesOf(db)
  await db.schema
    .createTable('targets')
    .addColumn('target', 'text', column => column.notNull().primaryKey())
    .addColumn('seen_at', 'double precision', column => column.notNull())
    .addColumn('rolled_until', 'double precision', column => column.notNull())
    .execute()
  await db.schema
    .createTable('memories')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('part', 'text', column => column.notNull())
    .addColumn('state', bytes, column => column.notNull())
    .addPrimaryKeyConstraint('memories_key', ['target', 'part'])
    .execute()
  await db.schema
    .createTable('models')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('version', 'double precision', column => column.notNull())
    .addColumn('state', bytes, column => column.notNull())
    .addPrimaryKeyConstraint('models_key', ['target', 'name'])
    .execute()
}

async function createRecord(db: Kysely<Schema>): Promise<void> {
  const bytes = bytesOf(db)
  await db.schema
    .createTable('decisions')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('at', 'double precision', column => column.notNull())
    .addColumn('body', bytes, column => column.notNull())
    .addPrimaryKeyConstraint('decisions_key', ['target', 'at'])
    .execute()
  await db.schema.createIndex('decisions_at').on('decisions').column('at').execute()
  await db.schema
    .createTable('journal')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('at', 'double precision', column => column.notNull())
    .addColumn('intended_at', 'double precision', column => column.notNull())
    .addColumn('body', bytes, column => column.notNull())
    .addColumn('outcome', 'text')
    .addPrimaryKeyConstraint('journal_key', ['target', 'at'])
    .execute()
  await db.schema.createIndex('journal_intended').on('journal').column('intended_at').execute()
  await db.schema.createIndex('journal_open').on('journal').column('intended_at').where(sql.ref('outcome'), 'is', null).execute()
  await db.schema
    .createTable('forecasts')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('by', 'text', column => column.notNull())
    .addColumn('made_at', 'double precision', column => column.notNull())
    .addColumn('due_at', 'double precision', column => column.notNull())
    .addColumn('quantiles', 'text', column => column.notNull())
    .addColumn('actual', 'double precision')
    .addPrimaryKeyConstraint('forecasts_key', ['target', 'due_at', 'by', 'made_at'])
    .execute()
  await db.schema.createIndex('forecasts_due').on('forecasts').column('due_at').execute()
}

async function createSeries(db: Kysely<Schema>): Promise<void> {
  const bytes = bytesOf(db)
  await db.schema
    .createTable('chunks')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('t0', 'double precision', column => column.notNull())
    .addColumn('step_ms', 'double precision', column => column.notNull())
    .addColumn('data', bytes, column => column.notNull())
    .addPrimaryKeyConstraint('chunks_key', ['target', 't0', 'step_ms'])
    .execute()
  await db.schema
    .createTable('rollups')
    .addColumn('target', 'text', column => column.notNull())
    .addColumn('step_ms', 'double precision', column => column.notNull())
    .addColumn('t0', 'double precision', column => column.notNull())
    .addColumn('data', bytes, column => column.notNull())
    .addPrimaryKeyConstraint('rollups_key', ['target', 'step_ms', 't0'])
    .execute()
}
