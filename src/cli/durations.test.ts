import { expect, test } from 'vitest'
import { durationMs, durationOption, durationText } from './durations.ts'

test('durations are numbers with units, added up; a bare number is seconds', () => {
  expect(['60s', '1m30s', '5m', '1h', '2d', '90', '250ms', '1.5h', '0s'].map(durationMs)).toEqual([
    60_000, 90_000, 300_000, 3_600_000, 172_800_000, 90_000, 250, 5_400_000, 0,
  ])
})

test('anything else is no duration', () => {
  for (const text of ['', '5x', '-5s', 'm', '1 h', '1e9', 'Infinity', '5m ']) expect(durationMs(text)).toBeUndefined()
})

test('an option has bounds, and its refusal names them', () => {
  const parse = durationOption('1s', '1h')
  expect(parse('15s')).toBe(15_000)
  expect(() => parse('0s')).toThrow('expected a duration from 1s to 1h')
  expect(() => parse('2h')).toThrow('expected a duration from 1s to 1h')
})

test('durations are told in the largest units that fit, and read back', () => {
  const told = { 300000: '5m', 5400000: '1h30m', 86400000: '1d', 500: '0.5s', 0: '0s', 300500: '5m0.5s' }
  for (const [ms, text] of Object.entries(told)) {
    expect(durationText(Number(ms))).toBe(text)
    expect(durationMs(text)).toBe(Number(ms))
  }
})
