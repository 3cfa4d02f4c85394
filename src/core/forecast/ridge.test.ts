import { describe, expect, test } from 'vitest'
import { createRidge } from './ridge.ts'
import { seededUniform } from './seeded-load.ts'

const row = (...values: number[]) => Float64Array.from(values)

/** Rows (1, a, b) with a and b in 0..1, and what `truth` makes of them. */
function teach(ridge: ReturnType<typeof createRidge>, seed: number, truth: (a: number, b: number) => number) {
  const uniform = seededUniform(seed)
  for (let i = 0; i < 200; i++) {
    const [a, b] = [uniform(), uniform()]
    ridge.add(row(1, a, b), truth(a, b))
  }
}

const coefficientsOf = (ridge: ReturnType<typeof createRidge>) =>
  [row(1, 0, 0), row(0, 1, 0), row(0, 0, 1)].map(unit => ridge.predict(unit))

describe('a ridge regression', () => {
  test('predicts zero before it is solved', () => {
    const ridge = createRidge(3, 1e-9)
    teach(ridge, 1, () => 5)
    expect(ridge.predict(row(1, 1, 1))).toBe(0)
  })

  test('recovers the coefficients that made the rows', () => {
    const ridge = createRidge(3, 1e-9)
    teach(ridge, 1, (a, b) => 3 + 2 * a - 7 * b)
    ridge.solve()
    const [constant, ofA, ofB] = coefficientsOf(ridge)
    expect(constant).toBeCloseTo(3, 5)
    expect(ofA).toBeCloseTo(2, 5)
    expect(ofB).toBeCloseTo(-7, 5)
  })

  test('a penalty pulls coefficients towards zero: one feature alone keeps 1 of 1 + penalty', () => {
    const ridge = createRidge(1, 0.25)
    for (let i = 0; i < 1000; i++) ridge.add(row(2), 10)
    ridge.solve()
    expect(ridge.predict(row(2))).toBeCloseTo(10 / 1.25, 5)
  })

  test('the penalty does not depend on the unit of a feature', () => {
    const [metres, millimetres] = [createRidge(2, 0.1), createRidge(2, 0.1)]
    const uniform = seededUniform(3)
    for (let i = 0; i < 100; i++) {
      const a = uniform()
      metres.add(row(1, a), 4 * a)
      millimetres.add(row(1, 1000 * a), 4 * a)
    }
    metres.solve()
    millimetres.solve()
    expect(millimetres.predict(row(1, 500))).toBeCloseTo(metres.predict(row(1, 0.5)), 5)
  })

  test('old rows fade: faded to nothing, only the new ones count', () => {
    const ridge = createRidge(3, 1e-9)
    teach(ridge, 1, a => 100 * a)
    expect(ridge.weight).toBe(200)
    ridge.fade(1e-9)
    expect(ridge.weight).toBeCloseTo(200e-9, 12)
    teach(ridge, 2, (_, b) => 5 - b)
    ridge.solve()
    const [constant, ofA, ofB] = coefficientsOf(ridge)
    expect(constant).toBeCloseTo(5, 4)
    expect(ofA).toBeCloseTo(0, 4)
    expect(ofB).toBeCloseTo(-1, 4)
  })

  test('a row faded to a half weighs half as much as a new one', () => {
    const ridge = createRidge(1, 0)
    ridge.add(row(1), 0)
    ridge.fade(0.5)
    ridge.add(row(1), 30)
    ridge.solve()
    expect(ridge.predict(row(1))).toBeCloseTo(20, 3)
    expect(ridge.weight).toBe(1.5)
  })

  test('fading alone changes no prediction before the next solve', () => {
    const ridge = createRidge(3, 1e-9)
    teach(ridge, 1, (a, b) => 3 + 2 * a - 7 * b)
    ridge.solve()
    const before = coefficientsOf(ridge)
    ridge.fade(0.1)
    teach(ridge, 2, () => 999)
    expect(coefficientsOf(ridge)).toEqual(before)
  })

  test('a singular system keeps the old coefficients', () => {
    const ridge = createRidge(2, 0)
    ridge.add(row(1, 0), 3)
    ridge.add(row(0, 1), 4)
    ridge.solve()
    const before = [ridge.predict(row(1, 0)), ridge.predict(row(0, 1))]
    expect(before[0]).toBeCloseTo(3, 5)
    expect(before[1]).toBeCloseTo(4, 5)
    ridge.fade(0)
    ridge.add(row(1e12, 1e12), 1)
    ridge.solve()
    expect([ridge.predict(row(1, 0)), ridge.predict(row(0, 1))]).toEqual(before)
  })

  test('a feature that was always zero gets no say', () => {
    const ridge = createRidge(2, 1e-9)
    for (let i = 1; i <= 50; i++) ridge.add(row(i, 0), 2 * i)
    ridge.solve()
    expect(ridge.predict(row(1, 1000))).toBeCloseTo(2, 5)
  })

  test('lends its rows with as much weight as is asked, one that borrows them predicts as if it had seen them', () => {
    const [lender, borrower] = [createRidge(3, 1e-9), createRidge(3, 1e-9)]
    teach(lender, 1, (a, b) => 3 + 2 * a - 7 * b)
    borrower.borrow(lender.lend(20, []), 20)
    expect(borrower.weight).toBe(20)
    borrower.solve()
    const [constant, ofA, ofB] = coefficientsOf(borrower)
    expect([constant, ofA, ofB].map(one => Math.round(one! * 1000))).toEqual([3000, 2000, -7000])
    for (let i = 0; i < 380; i++) borrower.add(row(1, 0, 0), 13)
    borrower.solve()
    expect(borrower.predict(row(1, 0, 0))).toBeGreaterThan(11)
  })

  test('lends nothing of a feature that is left out: the others are fitted as if it had not been there', () => {
    const [lender, without, borrower] = [createRidge(3, 1e-9), createRidge(3, 1e-9), createRidge(3, 1e-9)]
    const uniform = seededUniform(7)
    for (let i = 0; i < 100; i++) {
      const [a, b] = [uniform(), uniform()]
      lender.add(row(1, a, b), 3 + 2 * a - 7 * b)
      without.add(row(1, 0, b), 3 + 2 * a - 7 * b)
    }
    borrower.borrow(lender.lend(100, [1]), 100)
    for (const one of [borrower, without]) one.solve()
    expect(borrower.predict(row(1, 9, 0.5))).toBeCloseTo(without.predict(row(1, 9, 0.5)), 9)
    expect(borrower.predict(row(0, 1, 0))).toBe(0)
  })

  test('that has seen nothing lends nothing', () => {
    expect(
      createRidge(2, 0)
        .lend(50, [])
        .every(one => one === 0),
    ).toBe(true)
  })
})
