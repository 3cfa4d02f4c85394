import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type AlarmBook, activeAlarms, alarmSigma, emptyBook, labelEpisodes, noteSightings } from './alarm-book.ts'
import { ALARM_BOUNDS, ALARM_SIGMA, thresholdFrom } from './labels.ts'
import type { Sighting } from './sighting.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const sighting = (given: Partial<Sighting>): Sighting => ({
  kind: 'spike',
  startAt: 0,
  sigma: 5,
  value: 9,
  expected: 1,
  why: 'demand 9 is odd',
  ...given,
})
const hear = (book: AlarmBook, at: number, ...sightings: readonly Partial<Sighting>[]) =>
  noteSightings(book, { at, sightings: sightings.map(one => sighting({ startAt: at, ...one })) })

describe('episodes', () => {
  test('an alarm is told once, and goes on until half a day is quiet', () => {
    const first = hear(emptyBook, 0, { sigma: 6 })
    expect(first.alarms).toMatchObject([{ kind: 'spike', startAt: 0, severity: 'major', alarm: true }])
    const second = hear(first.book, HOUR_MS, { sigma: 11, value: 20 })
    expect(second.alarms).toEqual([])
    expect(second.book.episodes).toMatchObject([{ startAt: 0, endAt: HOUR_MS, sigma: 11, value: 20, severity: 'critical' }])
    expect(hear(second.book, 14 * HOUR_MS, {}).alarms).toHaveLength(1)
  })

  test('a score of 2.5 is kept and shown, and becomes an alarm only when it grows', () => {
    const shown = hear(emptyBook, 0, { sigma: 2.6 })
    expect(shown.alarms).toEqual([])
    expect(shown.book.episodes).toMatchObject([{ alarm: false }])
    expect(activeAlarms(shown.book, 0)).toEqual([])
    expect(hear(shown.book, MINUTE_MS, { sigma: 4 }).alarms).toMatchObject([{ startAt: 0, endAt: MINUTE_MS, sigma: 4 }])
  })

  test('a spike that stays is a level shift, an attack remains one, and its peak is what is told', () => {
    const shifted = hear(hear(emptyBook, 0, { sigma: 8 }).book, MINUTE_MS, { kind: 'level shift', sigma: 5 }).book
    expect(shifted.episodes).toMatchObject([{ kind: 'level shift', sigma: 8 }])
    const attack = hear(hear(emptyBook, 0, { kind: 'attack-like' }).book, MINUTE_MS, { kind: 'spike', sigma: 9 }).book
    expect(attack.episodes).toMatchObject([{ kind: 'attack-like', sigma: 9 }])
  })

  test('other kinds, and each pod, have episodes of their own', () => {
    const pods = ['a', 'b'].map(pod => ({ kind: 'pod unlike its peers' as const, pod }))
    const { alarms } = hear(emptyBook, 0, {}, { kind: 'flat line' }, ...pods)
    expect(alarms.map(({ kind, pod }) => pod ?? kind)).toEqual(['spike', 'flat line', 'a', 'b'])
  })

  test('an alarm is active for ten minutes after it was last seen, unless a person called it false', () => {
    const { book } = hear(emptyBook, 0, {})
    expect(activeAlarms(book, 9 * MINUTE_MS)).toHaveLength(1)
    expect(activeAlarms(book, 10 * MINUTE_MS)).toEqual([])
    expect(activeAlarms(labelEpisodes(book, { startAt: 0, label: 'false' }).book, 0)).toEqual([])
  })

  test('only the newest hundred are kept', () => {
    let book = emptyBook
    for (let index = 0; index < 150; index++) book = hear(book, index * 13 * HOUR_MS, {}).book
    expect(book.episodes).toHaveLength(100)
    expect(book.episodes.at(-1)?.startAt).toBe(149 * 13 * HOUR_MS)
  })
})

describe('labels', () => {
  test('a false alarm raises the threshold above it, for things of its kind only', () => {
    const { book } = hear(emptyBook, 0, { sigma: 6 })
    const { book: labelled, labelled: count } = labelEpisodes(book, { startAt: 0, label: 'false' })
    expect(count).toBe(1)
    expect(alarmSigma(labelled, 'drop')).toBeCloseTo(6.3)
    expect(alarmSigma(labelled, 'flat line')).toBe(ALARM_SIGMA)
    expect(hear(labelled, 20 * HOUR_MS, { sigma: 6 }).alarms).toEqual([])
    expect(hear(labelled, 20 * HOUR_MS, { sigma: 7 }).alarms).toHaveLength(1)
    expect(hear(labelled, HOUR_MS, { sigma: 9 }).book.episodes).toMatchObject([{ label: 'false', sigma: 9 }])
  })

  test('a true one that was not told lowers it', () => {
    const { book } = hear(emptyBook, 0, { sigma: 2.7 })
    const labelled = labelEpisodes(book, { startAt: 0, kind: 'spike', label: 'true' }).book
    expect(alarmSigma(labelled, 'spike')).toBe(2.7)
    expect(hear(labelled, 20 * HOUR_MS, { sigma: 2.8 }).alarms).toHaveLength(1)
  })

  test('one that began at another time, or is of another kind, is not labelled', () => {
    const { book } = hear(emptyBook, 0, {})
    expect(labelEpisodes(book, { startAt: 1, label: 'true' })).toEqual({ book, labelled: 0 })
    expect(labelEpisodes(book, { startAt: 0, kind: 'drift', label: 'true' }).labelled).toBe(0)
  })

  test('a miss counts twice: a true alarm below two false ones keeps the threshold, below three it does not', () => {
    const falses = [5, 6].map(sigma => ({ sigma, label: 'false' as const }))
    expect(thresholdFrom([{ sigma: 4, label: 'true' }, ...falses])).toBe(ALARM_SIGMA)
    expect(thresholdFrom([{ sigma: 4, label: 'true' }, ...falses, { sigma: 7, label: 'false' }])).toBeCloseTo(7.35)
  })

  test('without labels it is the base, and it never leaves its bounds, in whatever order the labels come', () => {
    expect(thresholdFrom([{ sigma: 8 }])).toBe(ALARM_SIGMA)
    const label = fc.constantFrom('true' as const, 'false' as const)
    fc.assert(
      fc.property(
        fc.array(fc.record({ sigma: fc.double({ min: 0, max: 50, noNaN: true }), label }), { maxLength: 20 }),
        labels => {
          const found = thresholdFrom(labels)
          expect(found).toBeGreaterThanOrEqual(ALARM_BOUNDS.least)
          expect(found).toBeLessThanOrEqual(ALARM_BOUNDS.most)
          expect(thresholdFrom(labels.toReversed())).toBe(found)
        },
      ),
    )
  })
})
