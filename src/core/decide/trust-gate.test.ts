import { expect, test } from 'vitest'
import { lookAtTrust, type TrustState } from './trust-gate.ts'

const HOUR = 3_600_000

/** Whether it is distrusted after each of these hours. */
function after(trusts: readonly (number | undefined)[]): readonly boolean[] {
  let state: TrustState | undefined
  return trusts.map((trust, hour) => {
    state = lookAtTrust(state, hour * HOUR, trust)
    return state?.distrusted !== undefined
  })
}

test('two looks in a row below a half end the trust, one does not', () => {
  expect(after([0.9, 0.4, 0.6, 0.4, 0.49])).toEqual([false, false, false, false, true])
})

test('it returns after a whole day at 0.7 or more, and a lapse begins the day anew', () => {
  const day = Array.from({ length: 24 }, () => 0.7)
  expect(after([0.4, 0.4, ...day, 0.7]).slice(-2)).toEqual([true, false])
  expect(after([0.4, 0.4, ...day.slice(1), 0.69, ...day, 0.7]).slice(-3)).toEqual([true, true, false])
})

test('what is not known changes nothing', () => {
  expect(after([undefined, 0.4, undefined, 0.4, undefined])).toEqual([false, false, false, true, true])
})

test('within an hour nobody looks twice', () => {
  const first = lookAtTrust(undefined, 0, 0.4)
  expect(lookAtTrust(first, HOUR - 1, 0.4)).toBe(first)
})
