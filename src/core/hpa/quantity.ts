import type { Milli } from '../model.ts'

/** The largest value that upstream's 64-bit integers hold; sums saturate there. */
export const INT64_MAX = 9223372036854775807n

/** The largest replica count that upstream's 32-bit integers hold. */
export const INT32_MAX = 2147483647

/** The same integer in its cheapest form: a number while that is exact. */
function milli(value: bigint): Milli {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

/** a + b, exact. */
export function plus(a: Milli, b: Milli): Milli {
  if (typeof a === 'number' && typeof b === 'number') {
    const total = a + b
    if (Number.isSafeInteger(total)) return total
  }
  return milli(BigInt(a) + BigInt(b))
}

/** a x b, exact. */
export function times(a: Milli, b: Milli): Milli {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    if (Number.isSafeInteger(product)) return product
  }
  return milli(BigInt(a) * BigInt(b))
}

/** a / b truncated toward zero, exact. `b` must not be zero. */
export function over(a: Milli, b: Milli): Milli {
  if (typeof a === 'number' && typeof b === 'number') return Math.trunc(a / b) || 0 // never -0
  return milli(BigInt(a) / BigInt(b))
}

/** a / b rounded up, exact, for b > 0. */
export function overRoundedUp(a: Milli, b: Milli): Milli {
  const whole = over(a, b)
  return a <= 0 || times(whole, b) === a ? whole : plus(whole, 1)
}

/** The sum of all values, saturating at the largest 64-bit integer as upstream's does. */
export function total(values: readonly Milli[]): Milli {
  let sum: Milli = 0
  for (const value of values) sum = plus(sum, value)
  return typeof sum === 'bigint' && sum > INT64_MAX ? INT64_MAX : sum
}

const BINARY: Readonly<Record<string, number>> = { Ki: 10, Mi: 20, Gi: 30, Ti: 40, Pi: 50, Ei: 60 }
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }

const QUANTITY = /^([+-]?)(\d+\.?\d*|\.\d+)(?:([KMGTPE]i)|([numkMGTPE]?)|[eE]([+-]?\d{1,3}))$/

/**
 * Kubernetes quantity text in milli-units: "500m" is 500, "2Gi" is 2147483648000, "5000" is 5000000. What is finer than a
 * thousandth is rounded away from zero, as upstream does. `undefined` where the text is no quantity.
 */
export function parseQuantity(text: string): Milli | undefined {
  const match = QUANTITY.exec(text)
  if (!match) return undefined
  const [, sign, digits, binary, decimal, exponent] = match
  const [whole = '', fraction = ''] = (digits ?? '').split('.')
  let numerator = BigInt(whole + fraction) * 1000n
  let denominator = 10n ** BigInt(fraction.length)
  if (binary) numerator <<= BigInt(BINARY[binary] ?? 0)
  const power = exponent === undefined ? (DECIMAL[decimal ?? ''] ?? 0) : Number(exponent)
  if (power < 0) denominator *= 10n ** BigInt(-power)
  else numerator *= 10n ** BigInt(power)
  const size = (numerator + denominator - 1n) / denominator
  return milli(sign === '-' ? -size : size)
}

/** Milli-units for a person: 1500 is "1.5". */
export function formatMilli(value: Milli): string {
  return String(typeof value === 'number' ? value / 1000 : Number(value) / 1000)
}
