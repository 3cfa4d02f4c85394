import { afterEach, describe, expect, test } from 'vitest'
import type { RoughLearnt, RoughLesson } from '../../test/learn/rough-task.ts'
import { seasonalLoad } from '../core/forecast/seeded-load.ts'
import { learnLesson } from '../loop/lesson.ts'
import type { Lesson } from '../ports.ts'
import { createLearnPool, type LearnPool, type LearnPoolOptions } from './learn-pool.ts'
import { transferablesOf } from './transferables.ts'

interface RoughPool extends Omit<LearnPool, 'learn'> {
  learn(input: RoughLesson): Promise<RoughLearnt>
}

const task = new URL('../../test/learn/rough-task.ts', import.meta.url)
const pools: { close(): Promise<void> }[] = []

function pool(options: LearnPoolOptions = {}): RoughPool {
  const made = createLearnPool({ task, threads: 1, ...options }) as unknown as RoughPool // its task learns what the test says
  pools.push(made)
  return made
}

afterEach(async () => {
  for (const one of pools.splice(0)) await one.close()
})

describe('lessons in threads', () => {
  test('a lesson comes back with its typed arrays, and its input was moved, not copied', async () => {
    const values = new Float32Array([1, 2, 3])
    const { sum, thread } = await pool().learn({ does: 'sums', values })
    expect(sum).toBe(6)
    expect(thread).toBeInstanceOf(Float64Array)
    expect(values.length).toBe(0)
  })

  test('a lesson that throws says why, and the next one is none the worse', async () => {
    const one = pool()
    await expect(one.learn({ does: 'throws' })).rejects.toThrow('the matrix has no inverse')
    await expect(one.learn({ does: 'sums', values: new Float32Array([4]) })).resolves.toMatchObject({ sum: 4 })
  })

  test('a lesson that hangs is ended with its thread when its time is up, and those behind it still come', async () => {
    const one = pool({ limitMs: 700 })
    const hanging = one.learn({ does: 'hangs' })
    const behind = one.learn({ does: 'sums', values: new Float32Array([5]) })
    expect([one.running, one.waiting]).toEqual([1, 1])
    await expect(hanging).rejects.toThrow('it took longer than 0.7 s, and was ended')
    await expect(behind).resolves.toMatchObject({ sum: 5 })
    expect([one.running, one.waiting]).toEqual([0, 0])
  })

  test('the loop goes on while a lesson hangs', async () => {
    const one = pool({ limitMs: 600 })
    const hanging = one.learn({ does: 'hangs' }).catch(() => 'ended')
    let beats = 0
    const beat = setInterval(() => {
      beats += 1
    }, 5)
    await hanging
    clearInterval(beat)
    expect(beats).toBeGreaterThan(10)
  })

  test.each(['dies', 'eats'] as const)('a thread that %s fails its lesson alone', async does => {
    const one = pool()
    await expect(one.learn({ does })).rejects.toThrow()
    await expect(one.learn({ does: 'sums', values: new Float32Array([6]) })).resolves.toMatchObject({ sum: 6 })
  })

  test('more than may wait are refused', async () => {
    const one = pool({ mostWaiting: 1, limitMs: 500 })
    const [first, second, third] = [1, 2, 3].map(() => one.learn({ does: 'hangs' }).catch((cause: Error) => cause.message))
    await expect(third).resolves.toBe('1 pasts wait already')
    await one.close()
    await expect(Promise.all([first, second])).resolves.toEqual(Array(2).fill('the threads that learn are closed'))
  })

  test('closing ends what hangs and what waits, and takes nothing more', async () => {
    const one = pool()
    const left = [one.learn({ does: 'hangs' }), one.learn({ does: 'sums' })].map(fit =>
      fit.catch((cause: Error) => cause.message),
    )
    await one.close()
    await expect(Promise.all(left)).resolves.toEqual(Array(2).fill('the threads that learn are closed'))
    await expect(one.learn({ does: 'sums' })).rejects.toThrow('the threads that learn are closed')
  })
})

describe('a past that is learnt in a thread', () => {
  const values = seasonalLoad({ seed: 4, ticks: 2 * 1440, stepMs: 60_000, mean: 1000, swing: 0.5, noise: 0.05 })
  const target = { id: 'shop/web', minReplicas: 1, maxReplicas: 50, metrics: [], capacityPerReplica: 100, startupMs: 60_000 }
  const lesson = (): Lesson => ({
    options: { mode: 'Slo', target: { ...target, periodMs: 60_000 }, delayMs: 15_000 },
    at: Float64Array.from(values, (_, i) => 20_000 * 86_400_000 + i * 60_000),
    value: Float64Array.from(values),
  })

  test('is to the last bit what it would be here, and the loop goes on meanwhile', async () => {
    const pool = createLearnPool({ threads: 1 })
    pools.push(pool)
    let beats = 0
    const beat = setInterval(() => {
      beats += 1
    }, 2)
    const learnt = await pool.learn(lesson())
    clearInterval(beat)
    expect(beats).toBeGreaterThan(10)
    expect(learnt).toEqual(learnLesson(lesson()))
  })

  test('has a time limit of its own', async () => {
    const pool = createLearnPool({ threads: 1, limitMs: 1 })
    pools.push(pool)
    await expect(pool.learn(lesson())).rejects.toThrow('it took longer than 0.001 s, and was ended')
  })
})

describe('what a message moves', () => {
  test('is each buffer once, wherever it stands, and no empty or shared one', () => {
    const numbers = new Float64Array(4)
    const shared = new Float32Array(new SharedArrayBuffer(8))
    const input = {
      a: numbers,
      b: [{ c: numbers.subarray(1) }, new Uint8Array(2)],
      d: 'text',
      e: undefined,
      f: new Int32Array(),
      shared,
    }
    expect(transferablesOf(input)).toEqual([numbers.buffer, input.b[1] && (input.b[1] as Uint8Array).buffer])
  })
})
