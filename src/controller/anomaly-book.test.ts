import { describe, expect, test } from 'vitest'
import type { Sighting } from '../core/screen/sighting.ts'
import { createAnomalyBook } from './anomaly-book.ts'

const spike: Sighting = { kind: 'spike', startAt: 1000, sigma: 6, value: 900, expected: 100, why: 'demand 900 is odd' }

function bookOn(store = new Map<string, Uint8Array>(), trouble?: 'read' | 'write') {
  const warned: string[] = []
  const clock = { time: 1000 }
  const book = createAnomalyBook({
    clock: { now: () => clock.time },
    log: { info: () => undefined, warn: message => void warned.push(message) },
    store: {
      async saveModel(target, { name, state }) {
        if (trouble === 'write') throw new Error('disk full')
        store.set(`${target} ${name}`, state)
      },
      async loadModel(target, name) {
        if (trouble === 'read') throw new Error('damaged')
        const state = store.get(`${target} ${name}`)
        return state && { version: 1, state }
      },
    },
  })
  return { book, store, warned, clock }
}
const settle = () => new Promise(resolve => setImmediate(resolve))

describe('anomalies of an object', () => {
  test('an alarm is told once, is active, and outlives the process with its label', async () => {
    const { book, store, clock } = bookOn()
    expect(await book.note('shop/web', { at: 1000, sightings: [spike] })).toMatchObject([{ kind: 'spike', alarm: true }])
    expect(await book.note('shop/web', { at: 2000, sightings: [spike] })).toEqual([])
    expect(book.active('shop/web')).toHaveLength(1)
    expect(book.active('shop/other')).toEqual([])
    expect(await book.label('shop/web', { startAt: 1000, label: 'false' })).toBe(1)
    expect(await book.label('shop/web', { startAt: 5, label: 'false' })).toBe(0)
    expect(book.active('shop/web')).toEqual([])
    clock.time = 2000
    const { book: next } = bookOn(store)
    expect(await next.episodes('shop/web')).toMatchObject([{ startAt: 1000, endAt: 2000, label: 'false', alarm: true }])
  })

  test('a quiet tick reads once, so that alarms of before are known, and saves nothing', async () => {
    const { book, store } = bookOn()
    await book.note('shop/web', { at: 1000, sightings: [] })
    await book.note('shop/web', { at: 2000, sightings: [] })
    expect(store.size).toBe(0)
  })

  test('one that goes on is saved every five minutes', async () => {
    const { book, store, clock } = bookOn()
    await book.note('shop/web', { at: 1000, sightings: [spike] })
    store.clear()
    clock.time = 200_000
    await book.note('shop/web', { at: 200_000, sightings: [spike] })
    expect(store.size).toBe(0)
    clock.time = 301_000
    await book.note('shop/web', { at: 301_000, sightings: [spike] })
    expect(store.size).toBe(1)
  })

  test('a store in trouble costs no turn, but a label that is not kept is refused', async () => {
    const { book, warned } = bookOn(new Map(), 'write')
    expect(await book.note('shop/web', { at: 1000, sightings: [spike] })).toHaveLength(1)
    await settle()
    expect(warned).toEqual(['anomalies not kept'])
    await expect(book.label('shop/web', { startAt: 1000, label: 'true' })).rejects.toThrow('disk full')
    const damaged = bookOn(new Map(), 'read')
    expect(await damaged.book.episodes('shop/web')).toEqual([])
    expect(damaged.warned).toEqual(['anomalies not read'])
  })

  test('what another process led is read again', async () => {
    const { book, store } = bookOn()
    await book.note('shop/web', { at: 1000, sightings: [spike] })
    store.clear()
    book.forgetAll()
    expect(await book.episodes('shop/web')).toEqual([])
    await book.note('shop/web', { at: 1000, sightings: [spike] })
    book.forget('shop/web')
    expect(book.active('shop/web')).toEqual([])
  })
})
