import { describe, expect, test } from 'vitest'
import type { Band } from '../model.ts'
import type { Forecaster } from '../rules.ts'
import { withFan } from './fan.ts'

const MINUTE = 60_000
const band: Band = { at: 0, quantiles: [1, 2, 3, 4, 5] }

/** A forecaster that notes what it was fed and says what it was told to. */
function scripted(name: string, points: readonly Band[] | 'abstains') {
  const fed: (readonly [number, number | undefined])[] = []
  const forecaster: Forecaster = {
    name,
    absorb: (at, demand) => fed.push([at / MINUTE, demand]),
    predict: now => (points === 'abstains' ? { abstains: `${name} is silent` } : { by: name, madeAt: now, points, windows: [] }),
  }
  return { forecaster, fed }
}

function fanned(decisivePoints: readonly Band[] | 'abstains' = [], fanPoints: readonly Band[] | 'abstains' = [band]) {
  const [decisive, fan] = [scripted('decisive', decisivePoints), scripted('fan', fanPoints)]
  return { both: withFan(decisive.forecaster, { fan: fan.forecaster, everyMs: 5 * MINUTE }), decisive, fan }
}

describe('a forecaster with a fan of its own', () => {
  test('is called what the decisive one is called, and feeds it every value', () => {
    const { both, decisive } = fanned()
    both.absorb(MINUTE, 3)
    both.absorb(2 * MINUTE, undefined)
    expect(both.name).toBe('decisive')
    expect(decisive.fed).toEqual([
      [1, 3],
      [2, undefined],
    ])
  })

  test('feeds the coarse one the mean of each period; the value that ends with a period belongs to it', () => {
    const { both, fan } = fanned()
    for (const [minute, load] of [10, 20, 30, 40, 50, 60].entries()) both.absorb((minute + 1) * MINUTE, load)
    expect(fan.fed).toEqual([[5, 30]])
    for (let minute = 7; minute <= 11; minute++) both.absorb(minute * MINUTE, 100)
    expect(fan.fed).toEqual([
      [5, 30],
      [10, 92],
    ])
  })

  test('missing values are left out of the mean, and a period without any is a gap', () => {
    const { both, fan } = fanned()
    both.absorb(MINUTE, 10)
    both.absorb(2 * MINUTE, undefined)
    both.absorb(6 * MINUTE, undefined)
    both.absorb(11 * MINUTE, 7)
    expect(fan.fed).toEqual([
      [5, 10],
      [10, undefined],
    ])
  })

  test('after a silence of several periods only the one that was begun is closed', () => {
    const { both, fan } = fanned()
    both.absorb(MINUTE, 10)
    both.absorb(33 * MINUTE, 20)
    both.absorb(36 * MINUTE, 30)
    expect(fan.fed).toEqual([
      [5, 10],
      [35, 20],
    ])
  })

  test('shows the points of the coarse one as of the last whole period, and none before or while it abstains', () => {
    const { both } = fanned()
    both.absorb(MINUTE, 1)
    expect(both.predict(MINUTE)).toMatchObject({ by: 'decisive', madeAt: MINUTE, points: [] })
    both.absorb(6 * MINUTE, 1)
    expect(both.predict(6 * MINUTE)).toMatchObject({ by: 'decisive', points: [band] })
    const silent = fanned([], 'abstains').both
    silent.absorb(MINUTE, 1)
    silent.absorb(6 * MINUTE, 1)
    expect(silent.predict(6 * MINUTE)).toMatchObject({ by: 'decisive', points: [] })
  })

  test('abstains when the decisive one does, whatever the fan knows', () => {
    const { both } = fanned('abstains')
    both.absorb(MINUTE, 1)
    both.absorb(6 * MINUTE, 1)
    expect(both.predict(6 * MINUTE)).toEqual({ abstains: 'decisive is silent' })
  })
})
