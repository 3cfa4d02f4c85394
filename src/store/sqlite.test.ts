import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decision, situation } from '../../test/contract/durable-store.ts'
import type { DurableStore } from '../ports.ts'
import { BufferedStore } from './buffered-store.ts'
import { DEFAULT_RETENTION } from './database.ts'
import { openStore } from './open-store.ts'
import { openSqlite } from './sqlite.ts'

let folder: string
let path: string
let warnings: object[]
const opened: DurableStore[] = []

const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
const log = { info: () => {}, warn: (event: string, facts?: object) => void warnings.push({ event, ...facts }) }

/** As `openStore` does, but without the thread, whose start takes longer than all the rest. */
const open = async (): Promise<DurableStore> => {
  const database = await openSqlite({ path, retention: DEFAULT_RETENTION, openedAt: clock.now() })
  const store = new BufferedStore(database, { clock, log })
  opened.push(store)
  return store
}
const fill = async () => {
  const store = await open()
  for (let k = 0; k < 300; k++) {
    await store.append(`t${k}`, situation(k, k))
    await store.remember(`t${k}`, { slots: { text: `${k}`.repeat(300) } })
  }
  await store.intend(decision(1, 2))
  await store.close()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crescendo-sqlite-'))
  path = join(folder, 'store.db')
  warnings = []
})
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  rmSync(folder, { recursive: true })
})

const damages: Readonly<Record<string, () => void>> = {
  'garbage in its header': () => scribble(0),
  'garbage in its middle': () => scribble(8192),
  'its second half missing': () => truncateSync(path, (statSync(path).size / 2) & ~1),
  'text in its place': () => writeFileSync(path, 'not a database at all '.repeat(100)),
}
function scribble(at: number): void {
  const bytes = readFileSync(path)
  bytes.fill(0xa7, at, at + 6000)
  writeFileSync(path, bytes)
}

for (const [damage, make] of Object.entries(damages))
  test(`a file with ${damage} is put aside as it is and named, and a new one begins`, async () => {
    await fill()
    make()
    const damaged = readFileSync(path)
    const store = await open()
    const aside = `${path}.damaged-2026-01-02T03-04-05-000Z`
    expect(store.quarantined).toEqual([aside])
    expect(readFileSync(aside).equals(damaged)).toBe(true)
    expect(await store.openIntents()).toEqual([])
    await store.intend(decision(3, 4))
    await store.close()
    expect((await (await open()).openIntents()).map(({ to }) => to)).toEqual([4])
  })

test('what was put aside is logged, and named by the store in its thread', async () => {
  writeFileSync(path, 'not a database at all')
  const store = await openStore({ type: 'Sqlite', path }, { clock, log })
  opened.push(store)
  expect(store.quarantined).toEqual([`${path}.damaged-2026-01-02T03-04-05-000Z`])
  expect(warnings).toEqual([expect.objectContaining({ file: store.quarantined[0] })])
  await expect(openStore({ type: 'Sqlite', path }, { clock, log })).rejects.toMatchObject({
    code: 'CRS_STORE_UNAVAILABLE',
    message: expect.stringContaining('another process has it open'),
  })
})

const refused = async (words: RegExp) => {
  const before = readdirSync(folder)
  const cause: unknown = await open().then(
    () => undefined,
    (error: unknown) => error,
  )
  expect(cause).toMatchObject({ code: expect.stringMatching(/^CRS_STORE_/), message: expect.stringMatching(words) })
  expect((cause as Error).message).not.toContain('\n')
  expect((cause as Error).message).toContain(path)
  expect(readdirSync(folder)).toEqual(before)
}

test('a file that another holds is refused in one line and stays; once it is let go it opens', async () => {
  const first = await open()
  await first.intend(decision(1, 7))
  await refused(/another process has it open/)
  await first.close()
  expect((await (await open()).openIntents()).map(({ to }) => to)).toEqual([7])
})

test('a file of a newer version is refused, named, and not touched', async () => {
  await fill()
  const file = new DatabaseSync(path)
  file.exec("insert into kysely_migration (name, timestamp) values ('0999-from-the-future', '2030')")
  file.close()
  const before = readFileSync(path)
  await refused(/newer version.*0999-from-the-future/)
  expect(readFileSync(path).equals(before)).toBe(true)
})

test("another program's database is refused and not touched", async () => {
  const file = new DatabaseSync(path)
  file.exec('create table theirs (x)')
  file.close()
  const before = readFileSync(path)
  await refused(/another program/)
  expect(readFileSync(path).subarray(100).equals(before.subarray(100))).toBe(true)
})

test('a folder in the place of the file, and a file in the place of its folder, are refused in one line', async () => {
  mkdirSync(path)
  await refused(/store\.db/)
  rmSync(path, { recursive: true })
  writeFileSync(path, '')
  path = join(path, 'below.db')
  await refused(/below\.db/)
})

test.skipIf(process.getuid?.() === 0)('a folder that may not be written is refused in one line (skipped as root)', async () => {
  chmodSync(folder, 0o500)
  await refused(/permission/i)
  chmodSync(folder, 0o700)
})

test('only its owner may read it', async () => {
  await fill()
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('each adapter says whom it cannot reach, and never the password', async () => {
  const dependencies = { clock: { now: () => 0 }, log: { info: () => {}, warn: () => {} } }
  const url = 'postgres://someone:hunter2@127.0.0.1:1/crescendo'
  const cause: unknown = await openStore({ type: 'PostgreSql', url }, dependencies).catch((error: unknown) => error)
  expect((cause as Error).message).toBe(
    'PostgreSQL at 127.0.0.1:1/crescendo: nobody answers there; check host and port, and that the server runs',
  )
  await expect(openStore({ type: 'PostgreSql', url: 'hunter2' }, dependencies)).rejects.toThrow(/^(?!.*hunter2).*not understood/)
})
