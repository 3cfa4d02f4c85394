import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openStore, type StoreOptions } from '../../src/store/open-store.ts'
import { durableStoreContract } from '../contract/durable-store.ts'
import { emptyPostgres } from '../contract/empty-postgres.ts'
import { type PostgresServer, startPostgres } from './bed/postgres.ts'
import { seededRandom } from './bed/seeded-random.ts'

const program = resolve(import.meta.dirname, 'store-process.ts')
const random = seededRandom(31)

interface Said {
  readonly intended: readonly number[]
  readonly settled: ReadonlySet<number>
  readonly refused: number
  /** Number and time of each sample. */
  readonly samples: readonly (readonly [number, number])[]
}

class Writer {
  readonly #process: ChildProcess
  #text = ''

  constructor(options: StoreOptions, begin: number) {
    this.#process = spawn(process.execPath, [program, JSON.stringify(options), String(begin)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process.stdout?.on('data', (data: Buffer) => {
      this.#text += data.toString()
    })
  }

  async until(seen: (said: Said) => boolean): Promise<void> {
    for (const end = Date.now() + 60_000; !seen(this.said()); await sleep(20))
      if (Date.now() > end || this.#process.exitCode !== null) throw new Error('the writer does not say what it should')
  }

  async kill(): Promise<Said> {
    const closed = new Promise(done => this.#process.once('close', done))
    this.#process.kill('SIGKILL')
    await closed
    return this.said()
  }

  said(): Said {
    const lines = this.#text
      .slice(0, this.#text.lastIndexOf('\n') + 1)
      .split('\n')
      .map(line => line.split(' '))
    const numbersOf = (what: string) => lines.filter(([word]) => word === what).map(([, number]) => Number(number))
    return {
      intended: numbersOf('intended'),
      settled: new Set(numbersOf('settled')),
      refused: numbersOf('refused').length,
      samples: lines.filter(([word]) => word === 'sample').map(([, number, at]) => [Number(number), Number(at)] as const),
    }
  }
}

const open = (options: StoreOptions) =>
  openStore(options, { clock: { now: () => Date.now() }, log: { info: () => {}, warn: () => {} }, periodMs: () => 1000 })

/** Everything that the writer was promised is there; answers the number to go on with. */
async function expectKept(options: StoreOptions, { intended, settled, samples }: Said): Promise<number> {
  const store = await open(options)
  try {
    expect(store.quarantined).toEqual([])
    const journal = new Map((await store.journal(10_000)).map(entry => [entry.decision.to, entry]))
    for (const number of intended) expect(journal.get(number)?.decision.to, `intent ${number}`).toBe(number)
    const isOpen = new Set((await store.openIntents()).map(({ to }) => to))
    for (const number of intended) if (!settled.has(number)) expect(isOpen.has(number), `open intent ${number}`).toBe(true)
    const remembered = Number((await store.recall('numbers')).slots.number)
    expect(remembered).toBeGreaterThanOrEqual(intended.at(-1)!)

    const { value } = await store.history('numbers', samples[0]![0] * 1000)
    const stored = value.at(-1) ?? -1
    expect([...value]).toEqual(Array.from({ length: value.length }, (_, k) => samples[0]![0] + k))
    const killedAt = samples.at(-1)![1]
    const lost = samples.filter(([number]) => number > stored)
    expect(lost.length === 0 ? 0 : killedAt - lost[0]![1], 'milliseconds of samples lost').toBeLessThan(1000)
    return Math.max(samples.at(-1)![0], remembered) + 1000
  } finally {
    await store.close()
  }
}

async function killedAgainAndAgain(options: StoreOptions, rounds: number, check: () => void = () => {}): Promise<void> {
  let begin = 0
  for (let round = 0; round < rounds; round++) {
    const writer = new Writer(options, begin)
    await writer.until(({ intended }) => intended.length > 0)
    await sleep(random() * 1800)
    const said = await writer.kill()
    check()
    begin = await expectKept(options, said)
  }
}

describe('SQLite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-store-crash-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('killed at twelve moments it loses no acknowledged intent and at most a second of samples, and is never damaged', async () => {
    const path = join(folder, 'store.db')
    await killedAgainAndAgain({ type: 'Sqlite', path }, 12, () => {
      const file = new DatabaseSync(path)
      expect(file.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }])
      file.close()
    })
  })
})

describe('PostgreSQL', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  durableStoreContract('PostgreSQL', {
    home: async () => {
      const { url, end } = await emptyPostgres(postgres.url)
      return { open: opening => openStore({ type: 'PostgreSql', url }, opening), end }
    },
    outlives: true,
  })

  test('killed at six moments the controller loses no acknowledged intent and at most a second of samples', async () => {
    const { url, end } = await emptyPostgres(postgres.url)
    await killedAgainAndAgain({ type: 'PostgreSql', url }, 6)
    await end()
  })

  test('when the server itself is killed, intents are refused until it is back; what was acknowledged stays, samples of the outage come later', async () => {
    const { url, end } = await emptyPostgres(postgres.url)
    const writer = new Writer({ type: 'PostgreSql', url }, 0)
    await writer.until(({ intended }) => intended.length > 20)
    await postgres.kill()
    await writer.until(({ refused }) => refused > 0)
    const { samples, intended } = writer.said()
    await postgres.start()
    await writer.until(said => said.intended.length > intended.length + 20)
    const said = await writer.kill()
    expect(said.samples.length).toBeGreaterThan(samples.length)
    await expectKept({ type: 'PostgreSql', url }, said)
    await end()
  })
})
