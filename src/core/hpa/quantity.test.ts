import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMilli, INT64_MAX, over, overRoundedUp, parseQuantity, plus, times, total } from './quantity.ts'

describe('parseQuantity', () => {
  test.each([
    ['500m', 500],
    ['0', 0],
    ['1', 1000],
    ['5000', 5_000_000],
    ['0.5', 500],
    ['.5', 500],
    ['1.', 1000],
    ['+2', 2000],
    ['-1500m', -1500],
    ['2Gi', 2_147_483_648_000],
    ['128Mi', 134_217_728_000],
    ['1.5Ki', 1_536_000],
    ['3k', 3_000_000],
    ['1e3', 1_000_000],
    ['12E2', 1_200_000],
    ['5e-3', 5],
    ['100u', 1],
    ['1n', 1],
    ['-1n', -1],
    ['1E', 1_000_000_000_000_000_000_000n],
    ['16Ei', 18_446_744_073_709_551_616_000n],
  ])('reads %s as %s thousandths', (text, expected) => {
    expect(parseQuantity(text)).toBe(expected)
  })

  test.each(['', 'm', '1 Gi', '1gi', '1Kib', 'abc', '1e', '--1', '0x10', '1,5', 'NaN', '1.2.3'])('refuses "%s"', text => {
    expect(parseQuantity(text)).toBeUndefined()
  })
})

describe('arithmetic is exact on both sides of 2^53', () => {
  const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  const cheap = (value: bigint) => (Number.isSafeInteger(Number(value)) ? Number(value) : value)

  test('sums, products and quotients equal those of big integers', () => {
    fc.assert(
      fc.property(integer, integer, (a, b) => {
        expect(BigInt(plus(cheap(a), cheap(b)))).toBe(a + b)
        expect(BigInt(times(cheap(a), cheap(b)))).toBe(a * b)
        if (b !== 0n) expect(BigInt(over(cheap(a), cheap(b)))).toBe(a / b)
      }),
    )
  })

  test('small sums, products and quotients stay numbers', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1 }), (a, b) => {
        expect(plus(a, b)).toBe(a + b)
        expect(BigInt(over(a, b))).toBe(BigInt(a) / BigInt(b))
        expect(Object.is(over(a, b), -0)).toBe(false)
        expect(typeof times(a % 1_000_000, b % 1_000_000)).toBe('number')
      }),
    )
  })

  test('rounding up adds one only where something is left over', () => {
    expect(overRoundedUp(8600, 3)).toBe(2867)
    expect(overRoundedUp(8600, 4)).toBe(2150)
    expect(overRoundedUp(-7, 2)).toBe(-3)
    expect(overRoundedUp(INT64_MAX, 1)).toBe(INT64_MAX)
  })

  test('a total saturates at the largest 64-bit integer', () => {
    expect(total([1, 2, 3])).toBe(6)
    expect(total([2n ** 62n, 2n ** 62n])).toBe(INT64_MAX)
    expect(total([2n ** 62n])).toBe(2n ** 62n)
  })
})

test('milli-units read like the quantity that was written', () => {
  expect(formatMilli(1500)).toBe('1.5')
  expect(formatMilli(5_000_000)).toBe('5000')
  expect(formatMilli(INT64_MAX)).toBe('9223372036854776')
})
