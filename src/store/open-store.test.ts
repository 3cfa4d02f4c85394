import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { durableStoreContract } from '../../test/contract/durable-store.ts'
import { emptyPostgres } from '../../test/contract/empty-postgres.ts'
import { openStore } from './open-store.ts'

const postgres = process.env.CRESCENDO_TEST_POSTGRES_URL

durableStoreContract('memory', {
  home: async () => ({ open: opening => openStore({ type: 'Memory' }, opening), end: async () => {} }),
  outlives: false,
})

durableStoreContract('SQLite', {
  home: async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crescendo-store-'))
    return {
      open: opening => openStore({ type: 'Sqlite', path: join(folder, 'store.db') }, opening),
      end: async () => rmSync(folder, { recursive: true }),
    }
  },
  outlives: true,
})

describe.skipIf(postgres === undefined)(
  'with CRESCENDO_TEST_POSTGRES_URL (skipped where it is not set; npm run e2e starts a server)',
  () => {
    durableStoreContract('PostgreSQL', {
      home: async () => {
        const { url, end } = await emptyPostgres(postgres ?? '')
        return { open: opening => openStore({ type: 'PostgreSql', url }, opening), end }
      },
      outlives: true,
    })
  },
)
