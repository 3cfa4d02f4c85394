import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRing } from './ring.ts'

test('a ring remembers at least as many of the newest ticks as it was asked for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70 }),
      fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 200 }),
      (n, all) => {
        const ring = createRing(n)
        for (const [tick, value] of all.entries()) ring.set(tick, value)
        for (let tick = Math.max(0, all.length - n); tick < all.length; tick++) expect(ring.get(tick)).toBe(all[tick])
      },
    ),
  )
})

test('ticks are absolute: after the buffer came round, the same time a lap ago is gone and the newest is there', () => {
  const ring = createRing(4)
  for (let tick = 0; tick < 10; tick++) ring.set(tick, tick * 10)
  expect([6, 7, 8, 9].map(tick => ring.get(tick))).toEqual([60, 70, 80, 90])
  expect(ring.get(5)).toBe(90)
})

test('values are as exact as 32 bits, and unset ticks are zero', () => {
  const ring = createRing(2)
  ring.set(0, 0.1)
  expect(ring.get(0)).toBe(Math.fround(0.1))
  expect(ring.get(1)).toBe(0)
})

test('the largest of some ticks is that of reading them one by one, also where the buffer came round in between', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 150 }),
      fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 400 }),
      fc.tuple(fc.nat(), fc.nat()),
      (n, all, picked) => {
        const ring = createRing(n)
        for (const [tick, value] of all.entries()) ring.set(tick, value)
        const oldest = Math.max(0, all.length - n)
        const [first, last] = picked.map(at => oldest + (at % (all.length - oldest))).toSorted((a, b) => a - b)
        expect(ring.maximum(first!, last!)).toBe(Math.max(...all.slice(first, last! + 1)))
      },
    ),
  )
})
