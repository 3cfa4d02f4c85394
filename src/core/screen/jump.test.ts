import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { contextAt } from '../guard/timeline.ts'
import type { Doubt, Reading } from '../model.ts'
import { emptyMemory, type Memory } from '../rules.ts'
import { type JumpSettings, jump } from './jump.ts'

type Sample = number | 'missing' | Reading

/** What is said of samples that come a quarter of a minute apart; memory goes through JSON, as a restart would. */
function screened(samples: readonly Sample[], settings: JumpSettings = { unit: 100 }): readonly (Doubt | undefined)[] {
  let memory: Memory = emptyMemory
  return samples.map((sample, i) => {
    const at = i * 15_000
    const { observation } = contextAt({ seconds: at / 1000, asked: 0 }).situation
    const demand: Reading =
      sample === 'missing'
        ? { kind: 'missing', at, why: '' }
        : typeof sample === 'number'
          ? { kind: 'value', at, value: sample }
          : sample
    const said = jump(settings).doubt({ ...observation, demand }, memory)
    if (said.memory !== undefined) memory = { slots: JSON.parse(JSON.stringify({ jump: said.memory })) }
    return said.doubt
  })
}

const believed = (samples: readonly Sample[], settings?: JumpSettings) =>
  screened(samples, settings).map(doubt => doubt?.believes)

describe('a single absurd sample', () => {
  test('is not believed, and what was believed last holds meanwhile', () => {
    const [, , doubt, after] = screened([900, 1000, 1_000_000, 1000])
    expect(doubt).toEqual({
      by: 'jump',
      believes: 1000,
      why: '1,000,000 is more than 20 times the largest of the last day (1,000): one more must confirm it',
    })
    expect(after).toBeUndefined()
  })

  test('is believed once the next sample, of a later time, says so too', () => {
    expect(believed([1000, 1_000_000, 1_000_000, 1_000_000])).toEqual([undefined, 1000, undefined, undefined])
    expect(believed([1000, 50_000, 70_000])).toEqual([undefined, 1000, undefined])
  })

  test('a repetition of the same sample, or one that is older, confirms nothing; silence between them neither hides it', () => {
    const same: Reading = { kind: 'value', at: 15_000, value: 1e9 }
    expect(believed([1000, same, same, { ...same, at: 10_000 }, 'missing', 1e9])).toEqual([
      undefined,
      1000,
      1000,
      1000,
      undefined,
      undefined,
    ])
  })

  test('twice, with a usual one between, is twice a single one', () => {
    expect(believed([1000, 1e300, 1000, 1e300, 1000])).toEqual([undefined, 1000, undefined, 1000, undefined])
  })
})

describe('a load that grows', () => {
  test('is believed at once up to twenty times the largest of the last day', () => {
    expect(believed([1000, 20_000])).toEqual([undefined, undefined])
    expect(believed([1000, 20_001])).toEqual([undefined, 1000])
    expect(believed([1000, 20_000, 10, 390_000])).toEqual([undefined, undefined, undefined, undefined])
    expect(believed([1000, 5000], { factor: 4 })).toEqual([undefined, 1000])
  })

  test('a small one may grow as it likes: up to twenty units nothing is absurd', () => {
    expect(believed([0, 2000])).toEqual([undefined, undefined])
    expect(believed([1, 2001])).toEqual([undefined, 1])
    expect(believed([0, 1e9], {})).toEqual([undefined, undefined])
  })

  test('a peak is remembered for a day, and not longer', () => {
    const reading = (hour: number, value: number): Reading => ({ kind: 'value', at: hour * 3_600_000, value })
    const day = (gap: number) => [
      reading(0, 50_000),
      ...Array.from({ length: gap }, (_, i) => reading(i + 1, 100)),
      reading(gap, 90_000),
    ]
    expect(believed(day(23)).at(-1)).toBeUndefined()
    expect(believed(day(25)).at(-1)).toBe(100)
  })
})

test('any load that never grows twentyfold is believed as it is, and no doubt lasts longer than one sample', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { maxLength: 60 }), samples => {
      const doubts = screened(samples)
      doubts.forEach((doubt, i) => {
        const before = samples.slice(0, i).filter((_, j) => doubts[j] === undefined)
        if (samples[i]! <= 20 * Math.max(100, ...before)) expect(doubt).toBeUndefined()
        if (doubt !== undefined) expect(doubts[i + 1]).toBeUndefined()
        if (doubt !== undefined) expect(before).toContain(doubt.believes)
      })
    }),
  )
})
