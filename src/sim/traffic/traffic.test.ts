import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Samples } from '../../ports.ts'
import { bridge } from './bridge.ts'
import { type GenerateOptions, generate } from './generate.ts'
import { PROFILES, type ProfileName } from './profiles.ts'
import { resample } from './resample.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const samplesOf = (...pairs: readonly (readonly [seconds: number, value: number])[]): Samples => ({
  at: Float64Array.from(pairs, ([seconds]) => seconds * 1000),
  value: Float64Array.from(pairs, ([, value]) => value),
})

describe('a recording cut into ticks', () => {
  test('a value holds until the next one, and the last for the usual spacing', () => {
    const { load, gaps, spacingSeconds } = resample(samplesOf([0, 4], [30, 8], [60, 6]), { tickMs: 15_000 })
    expect([...load.value]).toEqual([4, 4, 8, 8, 6, 6])
    expect([load.missing, gaps, spacingSeconds]).toEqual([undefined, 0, 30])
  })

  test('several samples in a tick are averaged over their time', () => {
    const seconds = Array.from({ length: 30 }, (_, second) => [second, second < 5 ? 0 : 30] as const)
    expect([...resample(samplesOf(...seconds), { tickMs: 15_000 }).load.value]).toEqual([20, 30])
  })

  test('samples off the grid are weighed by how much of the tick they hold', () => {
    expect([...resample(samplesOf([5, 10], [25, 20], [45, 30]), { tickMs: 15_000 }).load.value]).toEqual([
      10,
      (5 * 10 + 10 * 20) / 15,
      (10 * 20 + 5 * 30) / 15,
      30,
    ])
  })

  test('a gap is missing: the last load is drawn on, but nothing in it is known', () => {
    const { load, gaps, missingTicks } = resample(samplesOf([0, 1], [15, 2], [30, 3], [300, 9], [315, 9]), { tickMs: 15_000 })
    expect(missingTicks).toBe(17)
    expect(gaps).toBe(1)
    expect([...load.missing!].lastIndexOf(1)).toBe(19)
    expect([load.value[2], load.value[10], load.value[20]]).toEqual([3, 3, 9])
  })

  test('ten times the usual spacing still holds, unless another factor is asked for', () => {
    const samples = samplesOf([0, 1], [15, 1], [30, 1], [180, 5], [195, 5])
    expect(resample(samples, { tickMs: 15_000 }).gaps).toBe(0)
    expect(resample(samples, { tickMs: 15_000, gapFactor: 5 }).gaps).toBe(1)
  })

  test.each([
    ['no sample', samplesOf(), 'the series holds no sample; a replay needs at least two'],
    ['one sample', samplesOf([0, 1]), 'the series holds one sample; a replay needs at least two'],
    ['times that repeat', samplesOf([0, 1], [0, 2]), 'the times of the series do not ascend'],
    ['forty years', samplesOf([0, 1], [1, 1], [2, 1], [1_261_440_000, 1]), 'at most 20000000 can be replayed'],
  ])('%s is refused in one sentence', (_, samples, message) => {
    expect(() => resample(samples, { tickMs: 15_000 })).toThrow(message)
  })
})

describe('the bridge over a coarse recording', () => {
  const coarse = samplesOf(
    ...Array.from(
      { length: 400 },
      (_, index) => [index * 600, 1000 * (1.5 + Math.sin(index / 20) + 0.05 * ((index * 7) % 5))] as const,
    ),
  )
  const options = { tickMs: 15_000, seed: 4, capacityPerReplica: 100 }

  test('the same seed gives the same ticks, another seed others', () => {
    expect(bridge(coarse, options).load.value).toEqual(bridge(coarse, options).load.value)
    expect(bridge(coarse, options).load.value).not.toEqual(bridge(coarse, { ...options, seed: 5 }).load.value)
  })

  test('passes the recorded points up to its counting noise, and does not run straight between them', () => {
    const { value } = bridge(coarse, options).load
    const offBy = Array.from(coarse.value, (known, index) => Math.abs(value[index * 40]! / known - 1))
    expect(offBy.reduce((sum, one) => sum + one, 0) / offBy.length).toBeLessThan(0.05)
    const quiet = bridge(coarse, { ...options, eventsPerReplicaTick: 1e9 }).load.value
    const middle = (index: number) => quiet[index * 40 + 20]! / Math.sqrt(coarse.value[index]! * coarse.value[index + 1]!) - 1
    const bend = Array.from({ length: 399 }, (_, index) => Math.abs(middle(index)))
    expect(bend.reduce((sum, one) => sum + one, 0) / bend.length).toBeGreaterThan(0.01)
  })

  test('zeros stay zeros, and gaps stay gaps', () => {
    const holey = samplesOf([0, 0], [600, 0], [1200, 0], [1800, 50], [100_000, 50], [100_600, 50])
    const { load, gaps } = bridge(holey, options)
    expect([...load.value.subarray(0, 80)]).toEqual(new Array(80).fill(0))
    expect(gaps).toBe(1)
  })
})

describe('generated traffic', () => {
  const monday = Date.UTC(2026, 10, 2)
  const options: GenerateOptions = { days: 7, seed: 1, startMs: monday, tickMs: 15_000 }
  const names = Object.keys(PROFILES) as ProfileName[]
  const meanOf = (value: Float64Array, from: number, to: number) => {
    const part = value.subarray((from - monday) / 15_000, (to - monday) / 15_000)
    return part.reduce((sum, one) => sum + one, 0) / part.length
  }

  test.each(names)('%s: the same seed gives the same bytes, every load is a number, and no attack was ordered', name => {
    const { load, failures } = generate(name, options)
    expect(load.value).toEqual(generate(name, options).load.value)
    expect(load.value).not.toEqual(generate(name, { ...options, seed: 2 }).load.value)
    expect(load.value.every(value => Number.isFinite(value) && value >= 0)).toBe(true)
    expect(load.attack!.every(value => value === 0)).toBe(true)
    expect(failures).toEqual([])
  })

  test('the bytes are the same on every machine: a golden hash of a day', () => {
    const { value } = generate('api-gateway', { ...options, days: 1 }).load
    const hash = createHash('sha256').update(new Uint8Array(value.buffer)).digest('hex')
    expect(hash.slice(0, 16)).toBe('d32952382f8960be')
  })

  test('an api gateway has its peak in the afternoon, and a calmer weekend', () => {
    const { value } = generate('api-gateway', options).load
    const hourOf = (hour: number) => meanOf(value, monday + DAY + hour * HOUR, monday + DAY + (hour + 1) * HOUR)
    expect(hourOf(16)).toBeGreaterThan(1.5 * hourOf(4))
    expect(meanOf(value, monday + 5 * DAY, monday + 7 * DAY)).toBeLessThan(0.85 * meanOf(value, monday + DAY, monday + 4 * DAY))
  })

  test('a flash crowd rises, peaks at its factor and decays; everything else stays as it was', () => {
    const at = monday + DAY
    const crowd = { kind: 'flash-crowd' as const, at, factor: 4, riseMs: 5 * MINUTE, decayMs: 20 * MINUTE }
    const [calm, busy] = [generate('analytics', options), generate('analytics', { ...options, events: [crowd] })]
    const ratio = (after: number) =>
      meanOf(busy.load.value, at + after, at + after + MINUTE) / meanOf(calm.load.value, at + after, at + after + MINUTE)
    expect(ratio(-10 * MINUTE)).toBe(1)
    expect(ratio(5 * MINUTE)).toBeGreaterThan(3.5)
    expect(ratio(65 * MINUTE)).toBeLessThan(1.3)
  })

  test('an attack stands apart from the load, with its few clients; an outage is a failure of the world', () => {
    const [from, to] = [monday + HOUR, monday + 2 * HOUR]
    const events = [
      { kind: 'attack' as const, from, to, load: 90_000, clients: 20 },
      { kind: 'metric-outage' as const, from, to },
    ]
    const { load, failures } = generate('api-gateway', { ...options, events })
    const tick = HOUR / 15_000
    expect([load.attack![tick - 1], load.attack![tick], load.attack![2 * tick]]).toEqual([0, 90_000, 0])
    expect(load.value).toEqual(generate('api-gateway', options).load.value)
    expect(load.clients![tick]! - generate('api-gateway', options).load.clients![tick]!).toBe(20)
    expect(failures).toEqual([{ kind: 'metric-gap', from, to }])
  })
})
