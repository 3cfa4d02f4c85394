import { setImmediate } from 'node:timers/promises'
import { type Kysely, sql } from 'kysely'
import type { Instant } from '../core/model.ts'
import { means, samplesOf, valuesOf } from './chunk-samples.ts'
import type { Database, Retention } from './database.ts'
import type { Schema } from './schema.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ROLLUP_STEPS_MS = [60_000, 300_000] as const
/** Samples of the day before may still come, or be written, for this long. */
const SETTLE_MS = HOUR_MS
const ROWS_PER_DELETE = 500

/** Rolls finished days up, forgets targets that are gone, and deletes what is past its retention; small steps, each giving way. */
export function pruner(db: Kysely<Schema>, retention: Retention): Database['prune'] {
  return async (now, keep) => {
    await markSeen(db, keep, now)
    for (const { target, seen_at, rolled_until } of await db.selectFrom('targets').selectAll().orderBy('target').execute()) {
      await setImmediate()
      if (seen_at < now - retention.goneAfterHours * HOUR_MS) {
        await forget(db, target)
        continue
      }
      await rollUp(db, { target, from: rolled_until, until: Math.floor((now - SETTLE_MS) / DAY_MS) * DAY_MS })
      await db
        .deleteFrom('chunks')
        .where('target', '=', target)
        .where('t0', '<', now - retention.rawRetentionDays * DAY_MS)
        .execute()
      await deleteRollups(db, target, now - retention.rollupRetentionDays * DAY_MS)
    }
    await deleteOld(db, { table: 'forecasts', column: 'due_at', before: now - retention.forecastRetentionDays * DAY_MS })
    await deleteOld(db, { table: 'journal', column: 'intended_at', before: now - retention.journalRetentionDays * DAY_MS })
    await deleteOld(db, { table: 'decisions', column: 'at', before: now - retention.decisionRetentionDays * DAY_MS })
    await deleteOld(db, { table: 'decisions', column: 'at', before: await firstToKeep(db, retention.decisionRows) })
  }
}

/** A target first seen by a write has no time yet (0): from now on it counts as seen, so that nothing is forgotten before its time. */
async function markSeen(db: Kysely<Schema>, keep: readonly string[], now: Instant): Promise<void> {
  await db.updateTable('targets').set({ seen_at: now }).where('seen_at', '=', 0).execute()
  for (let start = 0; start < keep.length; start += ROWS_PER_DELETE) {
    const slice = keep.slice(start, start + ROWS_PER_DELETE)
    await db.updateTable('targets').set({ seen_at: now }).where('target', 'in', slice).execute()
  }
}

/** The journal stays for its own time: it is the audit of what was done, also to what is gone. */
async function forget(db: Kysely<Schema>, target: string): Promise<void> {
  for (const table of ['chunks', 'rollups', 'memories', 'models', 'forecasts', 'decisions', 'targets'] as const)
    await db.deleteFrom(table).where('target', '=', target).execute()
}

/** Means of each finished day since `from`, written once. A step that is not coarser than the samples adds nothing and is left out. */
async function rollUp(
  db: Kysely<Schema>,
  { target, from, until }: { readonly target: string; readonly from: Instant; readonly until: Instant },
): Promise<void> {
  if (from >= until) return
  const rows = await db
    .selectFrom('chunks')
    .selectAll()
    .where('target', '=', target)
    .where('t0', '>', from - 2 * HOUR_MS)
    .where('t0', '<', until)
    .orderBy('t0')
    .execute()
  const stretches = rows.map(({ t0, step_ms, data }) => ({ t0, stepMs: step_ms, values: valuesOf(data) }))
  const finest = stretches.reduce((least, { stepMs }) => Math.min(least, stepMs), Number.POSITIVE_INFINITY)
  const samples = samplesOf(stretches, { since: from, until })
  const days = [...new Set([...samples.at].map(at => Math.floor(at / DAY_MS) * DAY_MS))]
  for (const t0 of days)
    for (const stepMs of ROLLUP_STEPS_MS.filter(step => step > finest)) {
      const values = means(samples, { t0, stepMs, count: DAY_MS / stepMs })
      await db
        .insertInto('rollups')
        .values({ target, step_ms: stepMs, t0, data: new Uint8Array(values.buffer) })
        .onConflict(clash =>
          clash.columns(['target', 'step_ms', 't0']).doUpdateSet(({ ref }) => ({ data: ref('excluded.data') })),
        )
        .execute()
    }
  await db.updateTable('targets').set({ rolled_until: until }).where('target', '=', target).execute()
}

async function deleteRollups(db: Kysely<Schema>, target: string, before: Instant): Promise<void> {
  await db
    .deleteFrom('rollups')
    .where('target', '=', target)
    .where('t0', '<', before - DAY_MS)
    .execute()
}

interface Old {
  readonly table: 'decisions' | 'journal' | 'forecasts'
  readonly column: 'at' | 'intended_at' | 'due_at'
  readonly before: Instant
}

/** In slices, oldest first: one DELETE of a million rows would keep every write waiting. */
async function deleteOld(db: Kysely<Schema>, { table, column, before }: Old): Promise<void> {
  for (let deleted = 1n; deleted > 0n; ) {
    await setImmediate()
    const [at, from] = [sql.ref(column), sql.table(table)]
    const oldest = sql`select ${at} from ${from} where ${at} < ${before} order by ${at} limit ${sql.lit(ROWS_PER_DELETE)}`
    const result = await sql`delete from ${from} where ${at} <= (select max(${at}) from (${oldest}) as oldest)`.execute(db)
    deleted = result.numAffectedRows ?? 0n
  }
}

/** The time of the oldest decision that is among the newest `rows`. */
async function firstToKeep(db: Kysely<Schema>, rows: number): Promise<Instant> {
  const first = await db
    .selectFrom('decisions')
    .select('at')
    .orderBy('at', 'desc')
    .offset(rows - 1)
    .limit(1)
    .executeTakeFirst()
  return first?.at ?? 0
}
