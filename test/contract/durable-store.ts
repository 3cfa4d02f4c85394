import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import type { Decision, Situation } from '../../src/core/model.ts'
import type { Memory } from '../../src/core/rules.ts'
import type { DurableStore } from '../../src/ports.ts'
import type { StoreDependencies } from '../../src/store/buffered-store.ts'
import type { Retention } from '../../src/store/database.ts'

const [MINUTE, HOUR, DAY] = [60_000, 3_600_000, 86_400_000]
/** A midnight, so that days of roll-ups are whole. */
const START = 1_795_564_800_000 - (1_795_564_800_000 % DAY)

export type Opening = StoreDependencies & { readonly retention?: Partial<Retention> }

/** One database that was never used, and every store opened on it. */
export interface Home {
  open(opening: Opening): Promise<DurableStore>
  /** Removes it, after the stores were closed. */
  end(): Promise<void>
}

export function situation(at: number, demand?: number): Situation {
  return {
    observation: {
      at,
      replicas: { spec: 1, status: 1, ready: 1 },
      pods: [],
      answers: [],
      demand: demand === undefined ? { kind: 'missing', at, why: 'silence' } : { kind: 'value', at, value: demand },
    },
    ...(demand !== undefined && { demand }),
    doubts: [],
  }
}

export function decision(at: number, to: number, target = 'audio/web'): Decision {
  return {
    at,
    target,
    from: 1,
    to,
    doubts: [],
    proposals: [{ by: 'following', replicas: to, why: 'the load is 7 "rps" — ünïcode' }],
    abstentions: [],
    verdicts: [],
    conditions: [],
    plainHpa: { replicas: to, why: 'same' },
  }
}

async function appendMinutes(store: DurableStore, minutes: number): Promise<void> {
  for (let k = 0; k < minutes; k++) {
    await store.append('minutely', situation(START + k * MINUTE, k))
    if (k % 600 === 0) await store.openIntents() // an answer from the database comes after what waits was written
  }
}

/**
 * What every durable store does. `outlives`: whether what was written is there when the database is opened again.
 */
export function durableStoreContract(
  name: string,
  { home, outlives }: { readonly home: () => Promise<Home>; readonly outlives: boolean },
): void {
  describe(`${name} as a durable store`, () => {
    const opened: { readonly stores: DurableStore[]; home?: Home } = { stores: [] }
    let now = START
    const open = async (retention: Partial<Retention> = {}) => {
      opened.home ??= await home()
      const store = await opened.home.open({
        clock: { now: () => now },
        log: { info: () => {}, warn: () => {} },
        periodMs: target => (target.startsWith('minutely') ? MINUTE : 15_000),
        retention,
      })
      opened.stores.push(store)
      return store
    }
    /** The same database as the next process sees it; where it does not outlive the process, the store itself. */
    const reopened = async (store: DurableStore, retention: Partial<Retention> = {}) => {
      if (!outlives) return store
      await store.close()
      return open(retention)
    }
    afterEach(async () => {
      now = START
      for (const store of opened.stores.splice(0)) await store.close()
      await opened.home?.end()
      delete opened.home
    })

    test('history is the believed demand since a time, ascending; gaps are absent, and a time seen again is not stored twice', async () => {
      const store = await open()
      for (const [at, demand] of [[15_000, 1], [30_000], [45_000, 3], [45_000, 99], [60_000, 4.5]] as const)
        await store.append('a', situation(START + at, demand))
      const all = { at: Float64Array.of(START + 15_000, START + 45_000, START + 60_000), value: Float64Array.of(1, 3, 4.5) }
      expect(await store.history('a', 0)).toEqual(all)
      expect(await store.history('a', START + 45_000)).toEqual({ at: all.at.slice(1), value: all.value.slice(1) })
      expect((await store.history('a', START + 60_001)).at).toHaveLength(0)
      expect((await store.history('unknown', 0)).at).toHaveLength(0)
      expect(await (await reopened(store)).history('a', 0)).toEqual(all)
    })

    test('history goes on over hours, over a restart, and over what memory no longer holds', async () => {
      let store = await open()
      const put = async (from: number, until: number) => {
        for (let k = from; k < until; k++) if (k % 100 !== 7) await store.append('a', situation(START + 3333 + k * 15_000, k))
      }
      await put(0, 1000)
      store = await reopened(store)
      await put(1000, 1500)
      const { at, value } = await store.history('a', START)
      const expected = Array.from({ length: 1500 }, (_, k) => k).filter(k => k % 100 !== 7)
      expect([...value]).toEqual(expected)
      expect([...at]).toEqual(expected.map(k => START + 3333 + k * 15_000))
    })

    test('remembers each target apart, begins empty, and gives back what JSON alone would lose', async () => {
      const store = await open()
      expect(await store.recall('a')).toEqual({ slots: {} })
      const memory: Memory = {
        slots: { x: { low: Number.NEGATIVE_INFINITY, big: 2n ** 70n, gaps: [1, undefined, 3], none: null }, y: [1, 2], gone: 1 },
        decided: { at: 5, from: 1, to: 2 },
      }
      await store.remember('a', memory)
      await store.remember('a', { ...memory, slots: { ...memory.slots, y: [1, 2, 3] } })
      await store.remember('a', { slots: { x: memory.slots.x, y: [1, 2, 3] } })
      const again = await reopened(store)
      expect(await again.recall('a')).toEqual({ slots: { x: memory.slots.x, y: [1, 2, 3] } })
      expect(await again.recall('b')).toEqual({ slots: {} })
    })

    test('an intent without an outcome is open, also for the next process; with one it is closed, and both stay in the journal', async () => {
      const store = await open()
      const [first, second, third] = [decision(START + 1, 5), decision(START + 2, 6), decision(START + 3, 7)]
      for (const one of [first, second]) {
        await store.intend(one)
        now += 1000
      }
      await store.settle(first, { kind: 'failed', why: 'the API server said no' })
      await store.settle(third, { kind: 'held', why: 'recommend only' })
      const again = await reopened(store)
      expect(await again.openIntents()).toEqual([second])
      expect(await again.journal(10)).toEqual([
        { decision: second, intendedAt: START + 1000 },
        { decision: third, intendedAt: START + 3, outcome: { kind: 'held', why: 'recommend only' } },
        { decision: first, intendedAt: START, outcome: { kind: 'failed', why: 'the API server said no' } },
      ])
      expect(await again.journal(1)).toHaveLength(1)
      await again.settle(second, { kind: 'scaled' })
      expect(await again.openIntents()).toEqual([])
    })

    test('decisions come newest first, those of one target; a change that only the journal still holds is found by its time', async () => {
      const store = await open()
      for (const at of [10, 20, 30]) await store.record(decision(START + at, at))
      await store.record(decision(START + 25, 1, 'audio/other'))
      await store.intend(decision(START + 5, 4))
      const again = await reopened(store)
      expect((await again.decisions('audio/web', 2)).map(({ to }) => to)).toEqual([30, 20])
      expect(await again.decisions('nobody', 2)).toEqual([])
      expect(await again.decisionAt('audio/web', START + 29)).toEqual(decision(START + 20, 20))
      expect(await again.decisionAt('audio/web', START + 30)).toEqual(decision(START + 30, 30))
      expect((await again.decisionAt('audio/web', START + 9))?.to).toBe(4)
      expect(await again.decisionAt('audio/web', START + 4)).toBeUndefined()
    })

    test('a forecast gets the value that came when it fell due, also over a restart; what fell due in a gap stays without', async () => {
      const store = await open()
      const forecast = (dueAt: number) => ({
        target: 'a',
        by: 'ridge',
        madeAt: START,
        dueAt: START + dueAt,
        quantiles: [1, 2, 3, 4, 5],
      })
      for (const dueAt of [15_000, 30_000, 46_000, 60_000]) await store.recordForecast(forecast(dueAt))
      await store.append('a', situation(START + 15_000, 11))
      now = START + 20_000
      const again = await reopened(store)
      await again.recall('a')
      await again.append('a', situation(START + 30_000))
      await again.append('a', situation(START + 45_000, 13))
      expect(await again.forecastErrors('a', { since: START, until: START + 50_000 })).toEqual([
        { ...forecast(15_000), actual: 11 },
        forecast(30_000),
        { ...forecast(46_000), actual: 13 },
      ])
      expect(await again.forecastErrors('b', { since: START, until: START + 50_000 })).toEqual([])
    })

    test('models come back byte for byte, the last version', async () => {
      const store = await open()
      const state = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) % 256)
      await store.saveModel('a', { name: 'ridge', version: 1, state: state.slice(5) })
      await store.saveModel('a', { name: 'ridge', version: 2, state })
      const again = await reopened(store)
      expect(await again.loadModel('a', 'ridge')).toEqual({ version: 2, state })
      expect(await again.loadModel('a', 'other')).toBeUndefined()
    })

    test('past their time raw samples go and their roll-ups answer; then those go too', async () => {
      const retention = { rawRetentionDays: 2, rollupRetentionDays: 4 }
      const store = await open(retention)
      await appendMinutes(store, (3 * DAY) / MINUTE)
      for (let k = 0; k < HOUR / 15_000; k++) await store.append('often', situation(START + k * 15_000, k))
      now = START + 3 * DAY
      const targets = ['minutely', 'often']
      await store.prune(now, { targets })
      const again = await reopened(store, retention)
      await again.prune(now, { targets })
      const { at, value } = await again.history('minutely', START)
      expect([...at.slice(0, 3)]).toEqual([START, START + 5 * MINUTE, START + 10 * MINUTE])
      expect([...value.slice(0, 3)]).toEqual([2, 7, 12])
      expect([...at.slice(-2)]).toEqual([START + 3 * DAY - 2 * MINUTE, START + 3 * DAY - MINUTE])
      expect(at.every((one, i) => i === 0 || one > at[i - 1]!)).toBe(true)
      const often = await again.history('often', START)
      if (outlives) expect([...often.value]).toEqual(Array.from({ length: 60 }, (_, minute) => minute * 4 + 1.5))
      await again.prune(START + 30 * DAY, { targets })
      const left = await (await reopened(again)).history('minutely', 0)
      expect(left.at.length).toBe(outlives ? 0 : left.at.length)
    })

    test('what is older than its retention goes: decisions by days and by rows, forecasts, the journal', async () => {
      const store = await open({
        decisionRows: 1200,
        decisionRetentionDays: 2,
        journalRetentionDays: 5,
        forecastRetentionDays: 3,
      })
      for (let k = 0; k < 2500; k++) await store.record(decision(START + k, k))
      await store.settle(decision(START, 3), { kind: 'scaled' })
      await store.settle(decision(START + 4 * DAY, 4), { kind: 'scaled' })
      for (const day of [0, 4])
        await store.recordForecast({ target: 'a', by: 'x', madeAt: START, dueAt: START + day * DAY, quantiles: [1] })
      await store.prune(START + DAY, { targets: ['audio/web', 'a'] })
      expect(await store.decisions('audio/web', 10_000)).toHaveLength(1200)
      await store.prune(START + 6 * DAY, { targets: ['audio/web', 'a'] })
      expect(await store.decisions('audio/web', 10_000)).toHaveLength(0)
      expect((await store.journal(10)).map(({ decision: { to } }) => to)).toEqual([4])
      expect(await store.forecastErrors('a', { since: 0, until: START + 9 * DAY })).toHaveLength(1)
    })

    test('a target that is gone for a day is forgotten, but for the journal; a shorter absence loses nothing', async () => {
      const store = await open()
      await store.append('gone', situation(START, 1))
      await store.remember('gone', { slots: { x: 1 } })
      await store.saveModel('gone', { name: 'm', version: 1, state: Uint8Array.of(1) })
      await store.intend(decision(START, 2, 'gone'))
      await store.prune(START, { targets: ['gone'] })
      await store.prune(START + 23 * HOUR, { targets: [] })
      expect(await store.recall('gone')).toEqual({ slots: { x: 1 } })
      await store.prune(START + 25 * HOUR, { targets: ['other'] })
      expect(await store.recall('gone')).toEqual({ slots: {} })
      expect((await store.history('gone', 0)).at).toHaveLength(0)
      expect(await store.loadModel('gone', 'm')).toBeUndefined()
      expect(await store.journal(10)).toHaveLength(1)
    })

    test('hundreds of targets in one transaction', async () => {
      const store = await open()
      const targets = Array.from({ length: 733 }, (_, i) => `ns-${i}/web`)
      for (const [i, target] of targets.entries()) {
        await store.append(target, situation(START, i))
        await store.remember(target, { slots: { i } })
        await store.record(decision(START, i, target))
      }
      const again = await reopened(store)
      for (const [i, target] of targets.entries()) {
        expect(await again.recall(target)).toEqual({ slots: { i } })
        expect((await again.history(target, 0)).value).toEqual(Float64Array.of(Math.fround(i)))
      }
      expect((await again.decisions('ns-732/web', 1))[0]?.to).toBe(732)
    })

    test('any memory of JSON values comes back as it was', async () => {
      const store = await open()
      const memories: unknown[] = fc.sample(fc.jsonValue({ noUnicodeString: false }), { numRuns: 60, seed: 7 })
      for (const [i, x] of memories.entries()) await store.remember(`t${i}`, { slots: { x } })
      const again = await reopened(store)
      for (const [i, x] of memories.entries())
        expect((await again.recall(`t${i}`)).slots.x).toEqual(JSON.parse(JSON.stringify(x)))
    })
  })
}
