import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isotonic, type Weighed } from './isotonic.ts'

const points = fc.array(
  fc.record({ value: fc.double({ min: -1e6, max: 1e6, noNaN: true }), weight: fc.double({ min: 0.01, max: 1e4, noNaN: true }) }),
  { maxLength: 40 },
)
const rises = (values: readonly number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]!)
const squares = (fit: readonly number[], of: readonly Weighed[]) =>
  of.reduce((sum, { value, weight }, i) => sum + weight * (value - fit[i]!) ** 2, 0)

describe('isotonic regression', () => {
  test('pools neighbours that fall into their weighted mean', () => {
    const even = (...values: number[]) => isotonic(values.map(value => ({ value, weight: 1 })))
    expect(even()).toEqual([])
    expect(even(1, 3, 2)).toEqual([1, 2.5, 2.5])
    expect(even(4, 3, 2, 1)).toEqual([2.5, 2.5, 2.5, 2.5])
    expect(
      isotonic([
        { value: 9, weight: 1 },
        { value: 1, weight: 3 },
      ]),
    ).toEqual([3, 3])
  })

  test('never falls, whatever it is given', () => {
    fc.assert(fc.property(points, given => rises(isotonic(given))))
  })

  test('leaves what never falls as it is', () => {
    fc.assert(
      fc.property(points, given => {
        const values = given.map(({ value }) => value).toSorted((a, b) => a - b)
        expect(isotonic(given.map(({ weight }, i) => ({ value: values[i]!, weight })))).toEqual(values)
      }),
    )
  })

  test('no other sequence that never falls is nearer', () => {
    const rival = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 40, maxLength: 40 })
    fc.assert(
      fc.property(points, rival, (given, other) => {
        const sorted = other.toSorted((a, b) => a - b)
        const [ours, theirs] = [squares(isotonic(given), given), squares(sorted, given)]
        expect(ours).toBeLessThanOrEqual(theirs * (1 + 1e-9) + 1e-6)
      }),
    )
  })
})
