import { describe, expect, test } from 'vitest'
import { createCircuit, type Ended, type Sign } from './circuit.ts'

/** A peer that answers with a word, or with silence. */
function bed() {
  const state = { now: 0, calls: 0, answer: 'silence' }
  const circuit = createCircuit({ now: () => state.now })
  const call = async () => {
    state.calls++
    return state.answer
  }
  const signOf = (ended: Ended<string>): Sign => ('error' in ended || ended.value === 'silence' ? 'silence' : 'answer')
  const ask = () => circuit.run(call, { signOf, refuse: told => `not asked: ${told}` })
  const fail = async (times: number) => {
    for (let time = 0; time < times; time++) await ask()
  }
  return { state, circuit, signOf, ask, fail }
}

describe('a peer that does not answer', () => {
  test('is asked no more after five times in a row, and who asks is told at once', async () => {
    const { state, circuit, ask, fail } = bed()
    await fail(4)
    expect(circuit.state()).toBe('closed')
    await fail(1)
    expect(circuit.state()).toBe('open')
    expect(await ask()).toBe('not asked: it did not answer 5 times in a row, and is tried every 5 s')
    expect(state.calls).toBe(5)
  })

  test('is tried once after five seconds, and stays open for another five while it is silent', async () => {
    const { state, circuit, ask, fail } = bed()
    await fail(5)
    state.now += 5000
    const all = [ask(), ask(), ask()]
    expect(circuit.state()).toBe('half-open')
    await Promise.all(all)
    expect([state.calls, circuit.state()]).toEqual([6, 'open'])
    state.now += 4999
    await ask()
    expect(state.calls).toBe(6)
  })

  test('is asked by all who waited, once it answers', async () => {
    const { state, circuit, ask, fail } = bed()
    await fail(7)
    state.now += 5000
    state.answer = 'yes'
    expect(await Promise.all([ask(), ask(), ask()])).toEqual(['yes', 'yes', 'yes'])
    expect([state.calls, circuit.state()]).toEqual([8, 'closed'])
  })

  test('that answers now and then keeps its circuit closed', async () => {
    const { state, circuit, ask, fail } = bed()
    for (let time = 0; time < 4; time++) {
      await fail(4)
      state.answer = 'no'
      await ask()
      state.answer = 'silence'
    }
    expect(circuit.state()).toBe('closed')
  })
})

test('a call that throws counts as it is said to, and ends its probe', async () => {
  const { state, circuit, signOf, fail } = bed()
  const broken = () => circuit.run(() => Promise.reject(new Error('broken')), { signOf, refuse: told => told })
  await fail(4)
  await expect(broken()).rejects.toThrow('broken')
  state.now += 5000
  await expect(broken()).rejects.toThrow('broken')
  expect(circuit.state()).toBe('open')
  state.now += 5000
  const forgiving = { signOf: (): Sign => 'answer', refuse: (told: string) => told }
  await expect(circuit.run(() => Promise.reject(new Error('no such thing')), forgiving)).rejects.toThrow('no such thing')
  expect(circuit.state()).toBe('closed')
})
