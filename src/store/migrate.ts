import type { Kysely } from 'kysely'
import { Migrator } from 'kysely/migration'
import { CrescendoError } from '../errors.ts'
import { MIGRATIONS, type Schema } from './schema.ts'

/** Brings the tables to this version. Refuses a database that a newer version has already moved on. `name` says which one in the error. */
export async function migrate(db: Kysely<Schema>, name: string): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => MIGRATIONS } })
  const unknown = await newerThanUs(db)
  if (unknown !== undefined)
    throw new CrescendoError(
      'CRS_STORE_NEWER',
      `${name}: written by a newer version of Crescendo (it has "${unknown}", this version ends with "${Object.keys(MIGRATIONS).at(-1)}"); run that version, or give this one another store`,
    )
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

async function newerThanUs(db: Kysely<Schema>): Promise<string | undefined> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return undefined
  const applied = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute()
  return applied.find(({ name }) => !Object.hasOwn(MIGRATIONS, name))?.name
}
