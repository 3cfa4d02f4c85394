import type { Insertable, Kysely, Transaction } from 'kysely'
import type { Instant } from '../core/model.ts'
import type { Outcome, Samples, StoredForecast } from '../ports.ts'
import { joined, samplesOf, valuesOf } from './chunk-samples.ts'
import type { Batch, Database, JournalQuestion, JournalRow, Retention } from './database.ts'
import { pack, unpack } from './packed.ts'
import type { Schema } from './schema.ts'
import { pruner } from './sql-prune.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Rows of one INSERT: few enough for the limits on parameters (32,766 in SQLite), many enough that compiling does not show. */
const ROWS_PER_STATEMENT = 100
const MOST_ROWS_READ = 10_000

/** One connection (or pool) to write with, one to read with; SQLite has one for both. */
export interface Connections {
  readonly writer: Kysely<Schema>
  readonly reader: Kysely<Schema>
}

/** The store's database over any Kysely dialect that takes `on conflict do update`. The tables must be there (`migrate`). */
export function sqlDatabase(connections: Connections, retention: Retention): Omit<Database, 'quarantined'> {
  const { writer, reader } = connections
  return {
    write: batch => (isEmpty(batch) ? Promise.resolve() : writer.transaction().execute(write => writeAll(write, batch))),
    load: async (target, dueAfter) => ({
      memories: (await reader.selectFrom('memories').selectAll().where('target', '=', target).execute()).map(row => ({
        ...row,
        state: unpack(row.state),
      })),
      due: await forecasts(reader, target, { since: dueAfter, until: Number.MAX_VALUE, openOnly: true }),
    }),
    samples: (target, range) => samples(reader, target, range),
    decisions: async (target, limit) =>
      (
        await reader
          .selectFrom('decisions')
          .select('body')
          .where('target', '=', target)
          .orderBy('at', 'desc')
          .limit(Math.min(limit, MOST_ROWS_READ))
          .execute()
      ).map(({ body }) => unpack(body)),
    decisionAt: (target, at) => decisionAt(reader, target, at),
    journal: question => journal(reader, question),
    forecasts: (target, range) => forecasts(reader, target, range),
    model: (target, name) =>
      reader.selectFrom('models').selectAll().where('target', '=', target).where('name', '=', name).executeTakeFirst(),
    prune: pruner(reader, retention),
    close: async () => {
      await reader.destroy()
      if (writer !== reader) await writer.destroy()
    },
  }
}

function isEmpty(batch: Batch): boolean {
  return Object.values(batch).every((rows: readonly unknown[]) => rows.length === 0)
}

async function writeAll(write: Transaction<Schema>, batch: Batch): Promise<void> {
  await writeState(write, batch)
  await writeRecord(write, batch)
}

/** Calls `insert` with slices of the rows, one after the other: a transaction has one connection. */
async function sliced<T>(rows: readonly T[], insert: (slice: readonly T[]) => Promise<unknown>): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT)
    await insert(rows.slice(start, start + ROWS_PER_STATEMENT))
}

async function writeState(write: Transaction<Schema>, batch: Batch): Promise<void> {
  await sliced(batch.targets, targets =>
    write
      .insertInto('targets')
      .values(targets.map(target => ({ target, seen_at: 0, rolled_until: 0 })))
      .onConflict(clash => clash.column('target').doNothing())
      .execute(),
  )
  await sliced(batch.chunks, chunks =>
    write
      .insertInto('chunks')
      .values(chunks.map(({ target, t0, stepMs, data }) => ({ target, t0, step_ms: stepMs, data })))
      .onConflict(clash => clash.columns(['target', 't0', 'step_ms']).doUpdateSet(({ ref }) => ({ data: ref('excluded.data') })))
      .execute(),
  )
  await sliced(batch.memories, memories =>
    write
      .insertInto('memories')
      .values(memories.map(({ target, part, state }) => ({ target, part, state: pack(state) })))
      .onConflict(clash => clash.columns(['target', 'part']).doUpdateSet(({ ref }) => ({ state: ref('excluded.state') })))
      .execute(),
  )
  await sliced(batch.models, models =>
    write
      .insertInto('models')
      .values([...models])
      .onConflict(clash =>
        clash
          .columns(['target', 'name'])
          .doUpdateSet(({ ref }) => ({ version: ref('excluded.version'), state: ref('excluded.state') })),
      )
      .execute(),
  )
}

async function writeRecord(write: Transaction<Schema>, batch: Batch): Promise<void> {
  await sliced(batch.decisions, decisions =>
    write
      .insertInto('decisions')
      .values(decisions.map(({ target, at, body }) => ({ target, at, body: pack(body) })))
      .onConflict(clash => clash.columns(['target', 'at']).doUpdateSet(({ ref }) => ({ body: ref('excluded.body') })))
      .execute(),
  )
  await sliced(batch.journal, rows =>
    write
      .insertInto('journal')
      .values(rows.map(journalValues))
      .onConflict(clash =>
        clash
          .columns(['target', 'at'])
          .doUpdateSet(({ ref, fn }) => ({ outcome: fn.coalesce(ref('excluded.outcome'), ref('journal.outcome')) })),
      )
      .execute(),
  )
  await sliced(batch.forecasts, rows =>
    write
      .insertInto('forecasts')
      .values(rows.map(forecastValues))
      .onConflict(clash =>
        clash
          .columns(['target', 'due_at', 'by', 'made_at'])
          .doUpdateSet(({ ref, fn }) => ({ actual: fn.coalesce(ref('excluded.actual'), ref('forecasts.actual')) })),
      )
      .execute(),
  )
}

function journalValues({ target, at, intendedAt, body, outcome }: JournalRow): Insertable<Schema['journal']> {
  return {
    target,
    at,
    intended_at: intendedAt,
    body: pack(body),
    outcome: outcome === undefined ? null : JSON.stringify(outcome),
  }
}

function forecastValues({ target, by, madeAt, dueAt, quantiles, actual }: StoredForecast): Insertable<Schema['forecasts']> {
  return { target, by, made_at: madeAt, due_at: dueAt, quantiles: JSON.stringify(quantiles), actual: actual ?? null }
}

async function decisionAt(reader: Kysely<Schema>, target: string, at: Instant): Promise<string | undefined> {
  const [decided, intended] = await Promise.all(
    (['decisions', 'journal'] as const).map(table =>
      reader
        .selectFrom(table)
        .select(['at', 'body'])
        .where('target', '=', target)
        .where('at', '<=', at)
        .orderBy('at', 'desc')
        .limit(1)
        .executeTakeFirst(),
    ),
  )
  const last = intended === undefined || (decided !== undefined && decided.at >= intended.at) ? decided : intended
  return last && unpack(last.body)
}

async function journal(reader: Kysely<Schema>, { limit, openOnly }: JournalQuestion): Promise<readonly JournalRow[]> {
  const rows = await reader
    .selectFrom('journal')
    .selectAll()
    .$if(openOnly, query => query.where('outcome', 'is', null))
    .orderBy('intended_at', 'desc')
    .limit(Math.min(limit, MOST_ROWS_READ))
    .execute()
  return rows.map(({ target, at, intended_at, body, outcome }) => ({
    target,
    at,
    intendedAt: intended_at,
    body: unpack(body),
    ...(outcome !== null && { outcome: JSON.parse(outcome) as Outcome }), // written by `journalValues`, so it has its type
  }))
}

async function forecasts(
  reader: Kysely<Schema>,
  target: string,
  range: { readonly since: Instant; readonly until: Instant; readonly openOnly?: boolean },
): Promise<readonly StoredForecast[]> {
  const rows = await reader
    .selectFrom('forecasts')
    .selectAll()
    .where('target', '=', target)
    .where('due_at', '>=', range.since)
    .where('due_at', '<=', range.until)
    .$if(range.openOnly === true, query => query.where('actual', 'is', null))
    .orderBy('due_at')
    .orderBy('made_at')
    .limit(MOST_ROWS_READ)
    .execute()
  return rows.map(({ by, made_at, due_at, quantiles, actual }) => ({
    target,
    by,
    madeAt: made_at,
    dueAt: due_at,
    quantiles: JSON.parse(quantiles) as number[], // written by `forecastValues`
    ...(actual !== null && { actual }),
  }))
}

async function samples(
  reader: Kysely<Schema>,
  target: string,
  { since, until }: { readonly since: Instant; readonly until: Instant },
): Promise<Samples> {
  const rows = await reader
    .selectFrom('chunks')
    .select(['t0', 'step_ms', 'data'])
    .where('target', '=', target)
    .where('t0', '>', since - 2 * HOUR_MS)
    .where('t0', '<', until)
    .orderBy('t0')
    .execute()
  const stretches = rows.map(({ t0, step_ms, data }) => ({ t0, stepMs: step_ms, values: valuesOf(data) }))
  const raw = samplesOf(stretches, { since, until })
  const rawFrom = raw.at[0] ?? until
  const minutes = await rolledUp(reader, target, { since, until: rawFrom, stepMs: 60_000 })
  const fives = await rolledUp(reader, target, { since, until: minutes.at[0] ?? rawFrom, stepMs: 300_000 })
  return joined(fives, joined(minutes, raw))
}

async function rolledUp(
  reader: Kysely<Schema>,
  target: string,
  { since, until, stepMs }: { readonly since: Instant; readonly until: Instant; readonly stepMs: number },
): Promise<Samples> {
  if (since >= until) return { at: new Float64Array(0), value: new Float64Array(0) }
  const rows = await reader
    .selectFrom('rollups')
    .select(['t0', 'data'])
    .where('target', '=', target)
    .where('step_ms', '=', stepMs)
    .where('t0', '>', since - DAY_MS)
    .where('t0', '<', until)
    .orderBy('t0')
    .execute()
  return samplesOf(
    rows.map(({ t0, data }) => ({ t0, stepMs, values: valuesOf(data) })),
    { since, until: until - stepMs + 1 },
  )
}
