import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DetectorState, type Finding, freshDetector, observe, scoreOf } from './detector.ts'

const MINUTES_5 = 300_000

/** Of a Tuesday, 22:13:20. */
const ODD_START = 1_700_000_000_000

function detect(
  values: readonly number[],
  { spacingMs = MINUTES_5, startMs = ODD_START } = {},
): { findings: Finding[]; state: DetectorState } {
  let state = freshDetector
  const findings = values.map((value, index) => {
    const result = observe(state, { at: startMs + index * spacingMs, value })
    state = result.state
    return result.finding
  })
  return { findings, state }
}

const fraction = (value: number) => value - Math.floor(value)

/** A day shape with deterministic noise. */
const daily = (index: number) => 100 + 40 * Math.sin((2 * Math.PI * index) / 288) + 2 * Math.sin(index * 12.9898)
const days = (count: number) => Array.from({ length: count * 288 }, (_, index) => daily(index))
const alarms = (findings: readonly Finding[]) => findings.flatMap((finding, index) => (finding.isAnomaly ? [index] : []))

/** Days that begin and end near nothing, at the weekend a third as high. */
const weekly = (index: number) => {
  const noon = 1 - Math.cos((2 * Math.PI * index) / 288)
  return 100 * noon * (Math.floor(index / 288) % 7 < 5 ? 1 : 0.35) + 2 * Math.sin(index * 12.9898)
}

describe('detector', () => {
  test('knows the hours of the week: a quiet Saturday is as usual, a Tuesday as quiet is not', () => {
    const monday = { startMs: Date.UTC(2026, 10, 23) }
    const base = Array.from({ length: 63 * 288 }, (_, index) => weekly(index))
    const quietTuesday = base.map((value, index) => (Math.floor(index / 288) === 57 ? 0.35 * value : value))
    expect(alarms(detect(base, monday).findings).filter(index => index >= 21 * 288)).toEqual([])
    const { findings } = detect(quietTuesday, monday)
    const found = alarms(findings).filter(index => index >= 21 * 288)
    expect(found[0]! - 57 * 288).toBeGreaterThan(0)
    expect(found[0]! - 57 * 288).toBeLessThan(144)
  })

  test('scale and offset of the values do not matter', () => {
    const base = days(4).with(3 * 288 + 7, 300)
    const sigmas = (values: readonly number[]) => detect(values).findings.map(({ sigma }) => Math.round(sigma * 1e6) / 1e6)
    expect(sigmas(base.map(value => value * 1024))).toEqual(sigmas(base))
  })

  test('a week of a regular day raises no alarm after the first', () => {
    expect(alarms(detect(days(7)).findings).filter(index => index > 288)).toEqual([])
  })

  test('a spike, a drop and a level shift are found, named, and measured against what was expected', () => {
    const base = days(10)
    const spike = base.with(5 * 288 + 100, 400)
    const drop = base.with(5 * 288 + 100, -200)
    const first = (values: readonly number[]) => {
      const { findings } = detect(values)
      const index = alarms(findings).find(one => one > 2 * 288)!
      return { index, ...findings[index]! }
    }
    expect(first(spike)).toMatchObject({ index: 5 * 288 + 100, kind: 'spike' })
    expect(Math.abs(first(spike).expected - daily(5 * 288 + 100))).toBeLessThan(6)
    expect(first(drop)).toMatchObject({ index: 5 * 288 + 100, kind: 'drop' })
  })

  test('a step that stays begins as a spike, and is called a level shift once it has stayed', () => {
    const { findings } = detect(
      Array.from({ length: 600 }, (_, index) => (index < 400 ? 50 : 65) + 2 * Math.sin(index * 12.9898)),
    )
    const found = alarms(findings).filter(index => index > 100)
    expect(found).toEqual([400])
    expect(findings[400]).toMatchObject({ kind: 'spike' })
    const stayed = findings.slice(401, 420).filter(({ kind, sigma }) => kind === 'level shift' && sigma >= 2.5)
    expect(stayed.length).toBeGreaterThan(5)
  })

  test('after an alarm half a day is quiet, unless something larger comes', () => {
    const base = days(6)
    const at = 5 * 288 + 20
    const same = base.with(at, 300).with(at + 30, 260)
    expect(alarms(detect(same).findings).filter(index => index > 2 * 288)).toEqual([at])
    const larger = base.with(at, 190).with(at + 30, 5000)
    expect(alarms(detect(larger).findings).filter(index => index > 2 * 288)).toEqual([at, at + 30])
  })

  test('a spike that comes every day is less news each time, and a month without it makes it news again', () => {
    const hasSpike = (day: number) => (day >= 10 && day < 20) || day === 50
    const spiky = days(52).map((value, index) => (index % 288 === 144 && hasSpike(Math.floor(index / 288)) ? value + 25 : value))
    const { findings } = detect(spiky)
    const sigmaOn = (day: number) => findings[day * 288 + 144]!.sigma
    expect(sigmaOn(13)).toBeLessThan(0.6 * sigmaOn(10))
    expect(sigmaOn(50)).toBeGreaterThan(1.5 * sigmaOn(19))
  })

  test('a restored state goes on as if nothing had happened', () => {
    const values = days(5).with(4 * 288, 300)
    const { findings, state } = detect(values)
    const { state: half } = detect(values.slice(0, 700))
    let restored: DetectorState = JSON.parse(JSON.stringify(half))
    const rest = values.slice(700).map((value, index) => {
      const result = observe(restored, { at: ODD_START + (700 + index) * MINUTES_5, value })
      restored = JSON.parse(JSON.stringify(result.state))
      return result.finding
    })
    expect(rest).toEqual(findings.slice(700))
    expect(restored).toEqual(state)
  })

  test('on noise 3.5 sigma is about as rare as of a normal deviate, and 2.5 no more frequent, before it is habit', () => {
    const noise = Array.from({ length: 20_000 }, (_, index) => {
      const [one, other] = [fraction(Math.sin(index * 12.9898) * 43758.5453), fraction(Math.sin(index * 78.233) * 12543.123)]
      return 100 + Math.sqrt(-2 * Math.log(one + 1e-12)) * Math.cos(2 * Math.PI * other)
    })
    let state = freshDetector
    const bare = noise.map((value, index) => {
      state = observe(state, { at: ODD_START + index * MINUTES_5, value }).state
      return state.peaks.at(-1)!.sigma
    })
    const share = (sigma: number) => bare.slice(5000).filter(one => one >= sigma).length / 15_000
    expect(share(2.5)).toBeGreaterThan(0.0012)
    expect(share(2.5)).toBeLessThan(0.012)
    expect(share(3.5)).toBeGreaterThan(0.0001)
    expect(share(3.5)).toBeLessThan(0.001)
  })

  test('a giant spike does not blind the range for good', () => {
    const { state } = detect(days(63).with(3 * 288, 5000))
    expect(state.high).toBeLessThan(2700)
    expect(detect(days(183).with(3 * 288, 5000)).state.high).toBeLessThan(850)
  })

  test('the first thirty values are silent, and a constant series stays so until it moves', () => {
    const { findings } = detect([...Array.from({ length: 200 }, () => 7), 8])
    expect(findings.slice(0, 200).every(({ sigma }) => sigma === 0)).toBe(true)
    expect(findings[200]).toMatchObject({ isAnomaly: true, kind: 'spike' })
    expect(findings[200]!.sigma).toBeGreaterThan(15)
  })

  test('the score is a half at 2.5 sigma, inside 0..1, and grows with sigma', () => {
    expect(scoreOf(0)).toBe(0)
    expect(scoreOf(2.5)).toBe(0.5)
    fc.assert(
      fc.property(fc.double({ min: 0, max: 20, noNaN: true }), fc.double({ min: 0.001, max: 5, noNaN: true }), (sigma, more) => {
        expect(scoreOf(sigma + more)).toBeGreaterThan(scoreOf(sigma))
        expect(scoreOf(sigma)).toBeLessThan(1)
      }),
    )
  })

  test('a value depends on what came before it only: any prefix gives bit-identical findings', () => {
    const value = fc.double({ min: -1e9, max: 1e9, noNaN: true })
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 400 }), fc.nat(400), (values, cut) => {
        const whole = detect(values, { spacingMs: 1_000_000 }).findings
        expect(detect(values.slice(0, cut), { spacingMs: 1_000_000 }).findings).toEqual(whole.slice(0, cut))
      }),
      { numRuns: 50 },
    )
  })

  test('whatever the values and times, scores are numbers in 0..1 and the memory survives JSON unchanged', () => {
    const sample = fc.record({
      at: fc.integer({ min: -1e12, max: 4e12 }),
      value: fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 150 }), samples => {
        let state = freshDetector
        for (const one of samples) {
          const result = observe(state, one)
          state = result.state
          expect(result.finding.score).toBeGreaterThanOrEqual(0)
          expect(result.finding.score).toBeLessThan(1)
          expect(Number.isFinite(result.finding.expected)).toBe(true)
        }
        expect(JSON.parse(JSON.stringify(state), (_, value) => value)).toEqual(JSON.parse(JSON.stringify(state)))
      }),
      { numRuns: 50 },
    )
  })

  test('the memory does not grow: a month takes no more than nine days', () => {
    const size = (values: readonly number[]) => JSON.stringify(detect(values).state).length
    expect(size(days(30))).toBeLessThan(size(days(9)) + 600)
  })
})
