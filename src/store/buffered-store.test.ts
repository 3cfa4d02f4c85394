import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { decision, situation } from '../../test/contract/durable-store.ts'
import { BufferedStore } from './buffered-store.ts'
import { type Batch, type Database, DEFAULT_RETENTION } from './database.ts'
import { openSqlite } from './sqlite.ts'

const HOUR_MS = 3_600_000

/** A real database in memory that a test can take away, or hold up. */
let isDown: boolean
let gate: Promise<void>
let batches: Batch[]
let store: BufferedStore
let reads: number

const down = () => new Error('nobody answers there')

beforeEach(async () => {
  isDown = false
  gate = Promise.resolve()
  batches = []
  reads = 0
  const real = await openSqlite({ path: ':memory:', retention: DEFAULT_RETENTION, openedAt: 0 })
  const read =
    <Q extends readonly unknown[], A>(call: (...question: Q) => Promise<A>) =>
    async (...question: Q) => {
      reads++
      if (isDown) throw down()
      return call(...question)
    }
  const database: Database = {
    ...real,
    load: read(real.load),
    samples: read(real.samples),
    journal: read(real.journal),
    decisions: read(real.decisions),
    write: async batch => {
      await gate
      if (isDown) throw down()
      await real.write(batch)
      batches.push(batch)
    },
  }
  store = new BufferedStore(database, { clock: { now: () => 0 }, log: { info: () => {}, warn: () => {} }, flushMs: 500 })
})
afterEach(() => {
  isDown = false
  return store.close()
})

test('an intent resolves once it is committed, together with the memory remembered before it', async () => {
  let openGate = () => {}
  gate = new Promise(done => {
    openGate = done
  })
  await store.remember('audio/web', { slots: { x: 1 } })
  let isResolved = false
  const intended = store.intend(decision(1, 2)).then(() => {
    isResolved = true
  })
  await sleep(50)
  expect(isResolved).toBe(false)
  openGate()
  await intended
  expect(batches.flatMap(({ journal }) => journal)).toHaveLength(1)
  expect(batches.flatMap(({ memories }) => memories)).toEqual([{ target: 'audio/web', part: 'slot/x', state: '1' }])
})

test('what a hundred targets write is one transaction, within a second, and intents that come together share one', async () => {
  for (let k = 0; k < 100; k++) {
    await store.append(`t${k}`, situation(15_000, k))
    await store.record(decision(15_000, k, `t${k}`))
  }
  await sleep(900)
  expect(batches).toHaveLength(1)
  expect(batches[0]).toMatchObject({ chunks: { length: 100 }, decisions: { length: 100 } })
  await Promise.all(Array.from({ length: 100 }, (_, k) => store.intend(decision(30_000, k, `t${k}`))))
  expect(batches.length).toBeLessThanOrEqual(3)
})

test('recall and recent history are answered from this process, also while the database is down', async () => {
  await store.recall('a')
  await store.append('a', situation(15_000, 4))
  await store.remember('a', { slots: { x: 2 } })
  isDown = true
  reads = 0
  expect(await store.recall('a')).toEqual({ slots: { x: 2 } })
  expect([...(await store.history('a', 15_000)).value]).toEqual([4])
  expect(reads).toBe(0)
})

test('while the database is down an intent is refused at once and is not written later; all else is written when it is back', async () => {
  isDown = true
  await store.append('a', situation(15_000, 4))
  await store.remember('a', { slots: { x: 1 } })
  await store.record(decision(15_000, 3, 'a'))
  await expect(store.intend(decision(15_000, 3, 'a'))).rejects.toThrow('nobody answers there')
  expect(store.trouble()).toBe('nobody answers there')
  const began = performance.now()
  await expect(store.intend(decision(15_000, 3, 'a'))).rejects.toThrow('nobody answers there')
  expect(performance.now() - began).toBeLessThan(100)
  await store.append('a', situation(30_000, 5))
  isDown = false
  await sleep(1300)
  expect(store.trouble()).toBeUndefined()
  expect(await store.openIntents()).toEqual([])
  expect((await store.decisions('a', 5)).map(({ to }) => to)).toEqual([3])
  const written = batches.flatMap(({ chunks }) => chunks).at(-1)
  expect([...new Float32Array(new Uint8Array(written!.data).buffer)]).toEqual([4, 5])
  expect(batches.flatMap(({ memories }) => memories)).toHaveLength(1)
})

test('an outage keeps a day of samples and a bounded rest in memory; what is dropped beyond is counted and told', async () => {
  isDown = true
  await expect(store.intend(decision(0, 1))).rejects.toThrow('nobody answers there')
  for (let k = 0; k < (30 * HOUR_MS) / 15_000; k++) await store.append('a', situation(k * 15_000, k))
  for (let k = 0; k < 20_100; k++)
    await store.recordForecast({ target: 'b', by: 'x', madeAt: 0, dueAt: k, quantiles: [1], actual: 1 })
  expect(store.trouble()).toMatch(/^nobody answers there; \d+ samples dropped; 100 forecasts dropped$/)
  const { at } = await store.history('a', 0)
  expect(at.at(-1)! - at[0]!).toBeGreaterThan(24 * HOUR_MS)
  expect(at.at(-1)! - at[0]!).toBeLessThan(26 * HOUR_MS)
})

test('samples that come faster than the group commit, with the database up, are all kept', async () => {
  for (let k = 0; k < (60 * HOUR_MS) / 15_000; k++) await store.append('a', situation(k * 15_000, k))
  expect((await store.history('a', 0)).at).toHaveLength((60 * HOUR_MS) / 15_000)
})

test('a store that is closed has written what waited, and refuses more', async () => {
  await store.append('a', situation(15_000, 4))
  await store.settle(decision(15_000, 3, 'a'), { kind: 'scaled' })
  await store.close()
  expect(batches.flatMap(({ journal }) => journal)).toHaveLength(1)
  expect(batches.flatMap(({ chunks }) => chunks)).toHaveLength(1)
  await expect(store.intend(decision(30_000, 3, 'a'))).rejects.toThrow('the store is closed')
})

test('after another process has led, its memory holds: what waited here is not written over it, the record is', async () => {
  isDown = true
  await store.remember('audio/web', { slots: { x: 'old' } })
  await store.record(decision(1, 2))
  await expect(store.intend(decision(5, 6))).rejects.toThrow()
  isDown = false
  await store.handOver()
  await store.openIntents()
  expect(batches.flatMap(({ memories }) => memories)).toEqual([])
  expect(batches.flatMap(({ decisions }) => decisions)).toHaveLength(1)
  expect(await store.recall('audio/web')).toEqual({ slots: {} })
})
