import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRow, parseTimestamp, splitFields } from './series-row.ts'

function read(line: string) {
  const bytes = new TextEncoder().encode(line)
  const row = { atMs: -1, value: -1 }
  const problem = parseRow(bytes, { start: 0, end: bytes.length }, row)
  return problem ?? row
}

describe('a row', () => {
  test('every finite number is read as JavaScript itself reads it', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value + 0),
        value => {
          // + 0: no text says -0
          expect(read(`1767225600,${value}`)).toEqual({ atMs: 1_767_225_600_000, value })
        },
      ),
    )
  })

  test('short decimals take the quick way and come to the same number', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), fc.stringMatching(/^\d{0,6}$/), (whole, decimals) => {
        const text = `${whole}.${decimals}`
        expect(read(`0,${text}`)).toEqual({ atMs: 0, value: Number(text) })
      }),
    )
  })

  test.each([
    ['1767225600,5', 1_767_225_600_000, 5],
    ['1767225600.25,5', 1_767_225_600_250, 5],
    ['1.7672256e9,1e3', 1_767_225_600_000, 1000],
    ['"1767225600","5"', 1_767_225_600_000, 5],
    [' 1767225600 , 5 ', 1_767_225_600_000, 5],
    ['2026-01-01T00:00:00Z,-0.5', 1_767_225_600_000, -0.5],
    ['"2026-01-01T00:00:00.250Z",+5', 1_767_225_600_250, 5],
    ['2026-01-01 01:00:00+01:00,5', 1_767_225_600_000, 5],
    ['2025-12-31T19:30:00-0430,5', 1_767_225_600_000, 5],
    ['2026-01-01T00:00,5', 1_767_225_600_000, 5],
    ['2026-01-01,5', 1_767_225_600_000, 5],
  ])('%s is read', (line, atMs, value) => {
    expect(read(line)).toEqual({ atMs, value })
  })

  const fields = 'expected a row `timestamp,value` (two fields with a comma between)'
  const stamps = 'expected epoch seconds (1767225600) or ISO 8601 in UTC (2026-01-01T00:00:00Z)'
  test.each([
    ['1767225600', `found "1767225600", ${fields}`],
    ['1767225600;5', `found "1767225600;5", ${fields}`],
    ['1767225600,5,6', `found "1767225600,5,6", ${fields}`],
    ['"1767225600,5', `found "\\"1767225600,5", ${fields}`],
    ['yesterday,5', `found the timestamp "yesterday", ${stamps}`],
    [',5', `found the timestamp "", ${stamps}`],
    ['2026-02-30,5', `found the timestamp "2026-02-30", ${stamps}`],
    ['2026-01-01T25:00:00Z,5', `found the timestamp "2026-01-01T25:00:00Z", ${stamps}`],
    ['-5,5', 'found the timestamp "-5", expected epoch seconds of a time since 1970'],
    ['0050-01-01,5', 'found the timestamp "0050-01-01", expected a time since 1970'],
    [
      '1767225600000,5',
      'found the timestamp "1767225600000", which lies beyond the year 9999: expected epoch seconds, these look like milliseconds or finer',
    ],
    ['1767225600,', 'found no value, expected a number; a sample that is missing has no row at all'],
    ['1767225600,NaN', 'found the value "NaN", expected a finite number'],
    ['1767225600,Infinity', 'found the value "Infinity", expected a finite number'],
    ['1767225600,1e999', 'found the value "1e999", expected a finite number'],
    ['1767225600,0x10', 'found the value "0x10", expected a finite number'],
    ['1767225600,12 rps', 'found the value "12 rps", expected a finite number'],
  ])('%s is refused: %s', (line, problem) => {
    expect(read(line)).toBe(problem)
  })

  test('whatever the bytes, it answers, and never with a number that is not finite', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), bytes => {
        const row = { atMs: 0, value: 0 }
        const problem = parseRow(bytes, { start: 0, end: bytes.length }, row)
        expect(
          problem === undefined ? Number.isFinite(row.atMs) && Number.isFinite(row.value) : problem.includes('expected'),
        ).toBe(true)
      }),
    )
  })
})

test('any instant since 1970 is read back from its ISO form', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
      expect(parseTimestamp(date.toISOString())).toBe(date.getTime())
    }),
  )
})

test('quoted fields may hold commas and doubled quotes; a quote out of place gives no fields', () => {
  expect(splitFields('"a,b","say ""hi"""')).toEqual(['a,b', 'say "hi"'])
  expect(splitFields('a"b,c')).toBeUndefined()
})
