import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createBinQueue } from './bin-queue.ts'

const list = (queue: ReturnType<typeof createBinQueue>) => {
  const bins = new Uint16Array(queue.length)
  queue.copyTo(bins)
  return [...bins]
}

test('what goes in comes out in order, whatever the steps, while the oldest are dropped', () => {
  const near = fc.integer({ min: 600, max: 800 })
  const bin = fc.oneof({ weight: 4, arbitrary: near }, fc.integer({ min: 0, max: 65_535 }))
  fc.assert(
    fc.property(fc.array(bin, { maxLength: 600 }), fc.integer({ min: 1, max: 200 }), (bins, most) => {
      const queue = createBinQueue()
      for (const [i, one] of bins.entries()) {
        if (queue.length === most) queue.shift()
        queue.push(one)
        expect(queue.length).toBe(Math.min(i + 1, most))
      }
      expect(list(queue)).toEqual(bins.slice(-most))
    }),
  )
})

test('it may be emptied and filled again', () => {
  const queue = createBinQueue()
  for (const bin of [7, 900, 901]) queue.push(bin)
  for (let i = 0; i < 3; i++) queue.shift()
  expect([queue.length, list(queue)]).toEqual([0, []])
  queue.push(5)
  queue.push(65_535)
  expect(list(queue)).toEqual([5, 65_535])
  queue.clear()
  expect([queue.length, list(queue)]).toEqual([0, []])
})
