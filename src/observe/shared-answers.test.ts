import { describe, expect, test } from 'vitest'
import { createLane } from './lane.ts'
import { type Found, found } from './missing.ts'
import { createSharedAnswers } from './shared-answers.ts'

function shared(options: { sharedMs?: number; costMs?: number; fails?: boolean } = {}) {
  let now = 0
  const loads: (readonly string[])[] = []
  const answers = createSharedAnswers<string>({
    clock: { now: () => now },
    gatherMs: 5,
    ...(options.sharedMs !== undefined && { sharedMs: options.sharedMs }),
    load: async names => {
      loads.push(names)
      now += options.costMs ?? 0
      if (options.fails) throw new Error('broken')
      return new Map(names.map(name => [name, `${name}${loads.length}`]))
    },
  })
  return { answers, loads, pass: (ms: number) => (now += ms) }
}

describe('shared answers', () => {
  test('all who ask within a moment share one call', async () => {
    const { answers, loads } = shared()
    expect(await Promise.all(['b', 'a', 'a', 'c'].map(name => answers.get(name, 7500)))).toEqual(['b1', 'a1', 'a1', 'c1'])
    expect(loads).toEqual([['a', 'b', 'c']])
  })

  test('an answer serves for a second; then all who asked lately are asked for again, whoever asks', async () => {
    const { answers, loads, pass } = shared()
    await Promise.all(['a', 'b'].map(name => answers.get(name, 7500)))
    pass(900)
    expect(await answers.get('b', 7500)).toBe('b1')
    pass(200)
    expect(await answers.get('a', 7500)).toBe('a2')
    expect(await answers.get('b', 7500)).toBe('b2')
    expect(loads).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })

  test('who wants it fresher gets it fresher', async () => {
    const { answers, pass } = shared()
    await answers.get('a', 7500)
    pass(600)
    expect(await answers.get('a', 500)).toBe('a2')
  })

  test('what is expensive is asked for less often, but never shared beyond the age allowed', async () => {
    const { answers, pass } = shared({ costMs: 500 })
    await answers.get('a', 7500)
    pass(3000)
    expect(await answers.get('a', 7500)).toBe('a1')
    expect(await answers.get('a', 2000)).toBe('a2')
  })

  test('a name that nobody asks for any more leaves the union', async () => {
    const { answers, loads, pass } = shared()
    await Promise.all(['a', 'b'].map(name => answers.get(name, 7500)))
    pass(121_000)
    await answers.get('a', 7500)
    expect(loads.at(-1)).toEqual(['a'])
  })

  test('after a failure the next one tries again', async () => {
    const { answers, loads } = shared({ fails: true })
    await expect(answers.get('a', 7500)).rejects.toThrow('broken')
    await expect(answers.get('a', 7500)).rejects.toThrow('broken')
    expect(loads).toHaveLength(2)
  })
})

describe('a lane', () => {
  const clock = { now: () => performance.now() }

  test('runs a few at a time, the others in turn', async () => {
    const lane = createLane(2, clock)
    let [running, most] = [0, 0]
    const call = async () => {
      most = Math.max(most, ++running)
      await new Promise(resolve => setTimeout(resolve, 10))
      running--
      return found('done')
    }
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => lane.run(1000, call)))
    expect([most, outcomes.every(({ kind }) => kind === 'found')]).toEqual([2, true])
  })

  test('a turn that does not come in time is a Timeout, and leaves no gap behind', async () => {
    const lane = createLane(1, clock)
    let release = () => {}
    const first = lane.run(1000, () => new Promise<Found<string>>(resolve => (release = () => resolve(found('first')))))
    expect(await lane.run(30, async () => found('late'))).toMatchObject({ kind: 'missing', reason: 'Timeout' })
    release()
    expect(await first).toMatchObject({ value: 'first' })
    expect(await lane.run(30, async () => found('third'))).toMatchObject({ value: 'third' })
  })
})
