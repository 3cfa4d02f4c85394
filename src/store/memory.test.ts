import { expect, test } from 'vitest'
import type { Situation } from '../core/model.ts'
import { emptyMemory } from '../core/rules.ts'
import { memoryStore } from './memory.ts'

const situation = (at: number, demand?: number): Situation => ({
  observation: {
    at,
    replicas: { spec: 1, status: 1, ready: 1 },
    pods: [],
    answers: [],
    demand: demand === undefined ? { kind: 'missing', at, why: 'silence' } : { kind: 'value', at, value: demand },
  },
  ...(demand !== undefined && { demand }),
  doubts: [],
})

test('history is the believed demand since a time, ascending; gaps are absent, and a time seen again is not stored twice', async () => {
  const store = memoryStore()
  for (const one of [situation(10, 1), situation(20), situation(30, 3), situation(30, 99), situation(40, 4)])
    await store.append('a', one)
  expect(await store.history('a', 0)).toEqual({ at: Float64Array.of(10, 30, 40), value: Float64Array.of(1, 3, 4) })
  expect(await store.history('a', 30)).toEqual({ at: Float64Array.of(30, 40), value: Float64Array.of(3, 4) })
  expect((await store.history('a', 41)).at).toHaveLength(0)
  expect((await store.history('unknown', 0)).at).toHaveLength(0)
})

test('keeps tens of thousands of samples, in order', async () => {
  const store = memoryStore()
  for (let at = 0; at < 5000; at++) await store.append('a', situation(at, at * 2))
  const { at, value } = await store.history('a', 0)
  expect(at).toHaveLength(5000)
  expect(value[4999]).toBe(9998)
})

test('remembers each target apart, and begins empty', async () => {
  const store = memoryStore()
  expect(await store.recall('a')).toBe(emptyMemory)
  await store.remember('a', { slots: { x: 1 } })
  expect(await store.recall('a')).toEqual({ slots: { x: 1 } })
  expect(await store.recall('b')).toBe(emptyMemory)
})
