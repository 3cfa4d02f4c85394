import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LARGEST_STEP, moved, SCALAR_BOUNDS, SCALAR_NAMES, scalarProblems, USUAL_SCALARS } from './learnt-scalars.ts'

test('there are at most eight, and what holds where nothing was learnt lies inside their bounds', () => {
  expect(SCALAR_NAMES.length).toBeLessThanOrEqual(8)
  expect(scalarProblems(USUAL_SCALARS)).toEqual([])
})

test('a step moves one scalar by its share, days by whole ones', () => {
  expect(moved(USUAL_SCALARS, 'deadband', -0.2)).toEqual({ ...USUAL_SCALARS, deadband: 0.08 })
  expect(moved(USUAL_SCALARS, 'keptDays', -0.2).keptDays).toBe(12)
  expect(moved({ ...USUAL_SCALARS, keptDays: 7 }, 'keptDays', 0.2).keptDays).toBe(8)
})

test('no step is larger than a fifth, and none leaves the bounds', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SCALAR_NAMES),
      fc.double({ min: -9, max: 9, noNaN: true }),
      fc.nat(40),
      (name, share, times) => {
        let scalars = USUAL_SCALARS
        for (let i = 0; i < times; i++) {
          const next = moved(scalars, name, share)
          expect(Math.abs(next[name] / scalars[name] - 1)).toBeLessThanOrEqual(LARGEST_STEP + 0.01)
          scalars = next
        }
        expect(scalarProblems(scalars)).toEqual([])
      },
    ),
  )
})

test('what may not be obeyed is named with what may', () => {
  const { most } = SCALAR_BOUNDS.deadband
  expect(scalarProblems({ deadband: most, keptDays: 9 })).toEqual([])
  expect(scalarProblems({ deadband: 0.9, keptDays: 7.5, speed: 1, holdScale: 'x', budgetShare: Number.NaN })).toEqual([
    'deadband is 0.9, expected a number from 0.02 to 0.2',
    'keptDays is 7.5, expected a whole number from 3 to 14',
    'speed is none of budgetShare, actionLimit, orderAhead, deadband, holdScale, keptDays',
    'holdScale is x, expected a number from 0.5 to 3',
    'budgetShare is NaN, expected a number from 0.2 to 0.5',
  ])
})
