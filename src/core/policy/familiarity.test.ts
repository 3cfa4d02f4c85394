import { describe, expect, test } from 'vitest'
import { workload } from '../guard/timeline.ts'
import { type Forecast, type Target, WINDOW_LEVELS } from '../model.ts'
import { createFamiliarity } from './familiarity.ts'

/** Replicas of 100 units, ready after two ticks; the newest demand is one tick old, so a bound is met after three. */
const target: Target = { ...workload, minReplicas: 1, startupMs: 30_000 }
const AHEAD = 3
const HALF_AN_HOUR = 120

/** A forecast that is 99.95 % sure of `bound` units at lead time, and says more only for higher levels. */
const sureOf = (bound: number): Forecast => {
  const window = { fromMs: 30_000, toMs: 30_000, quantiles: WINDOW_LEVELS.map(level => (level <= 0.9995 ? bound : 9e9)) }
  return { by: 'test', madeAt: 0, points: [], windows: [window] }
}

function started() {
  const familiarity = createFamiliarity({ target, lag: 1 })
  return {
    /** The doubt after each tick. */
    see: (ticks: number, need: number | undefined, forecast?: Forecast) =>
      Array.from({ length: ticks }, () => {
        familiarity.see({ need, forecast, target })
        return familiarity.doubt()
      }),
    closeDay: familiarity.closeDay,
  }
}

const BEYOND = 'the load is beyond every day before'
const OUTRUN = 'the load just outran its forecast'

describe('a load beyond every day before', () => {
  test('is a doubt from a tenth above the highest of them, for the rest of the day', () => {
    const present = started()
    present.see(10, 8)
    present.closeDay()
    present.see(10, 10)
    present.closeDay()
    expect(present.see(1, 11)).toEqual([undefined])
    expect(present.see(3, 11.1)).toEqual([BEYOND, BEYOND, BEYOND])
    expect(present.see(1, 2)).toEqual([BEYOND])
  })

  test('is the past of the next day', () => {
    const present = started()
    present.see(1, 8)
    present.closeDay()
    expect(present.see(1, 20)).toEqual([BEYOND])
    present.closeDay()
    expect(present.see(2, 20)).toEqual([undefined, undefined])
  })

  test('is none while it takes no more than one replica', () => {
    const present = started()
    present.see(1, 0.1)
    present.closeDay()
    expect(present.see(1, 1)).toEqual([undefined])
    expect(present.see(1, 1.01)).toEqual([BEYOND])
  })

  test('a day is remembered for fourteen days', () => {
    const present = started()
    present.see(1, 50)
    present.closeDay()
    for (let day = 1; day <= 13; day++) {
      expect(present.see(1, 10)).toEqual([undefined])
      present.closeDay()
    }
    expect(present.see(1, 20)).toEqual([undefined])
    present.closeDay()
    expect(present.see(1, 30)).toEqual([BEYOND])
  })

  test('a missing demand is no load', () => {
    const present = started()
    present.see(1, 8)
    present.closeDay()
    expect(present.see(3, undefined)).toEqual([undefined, undefined, undefined])
  })
})

describe('a load that outran its forecast', () => {
  function familiar() {
    const present = started()
    present.see(1, 100)
    present.closeDay()
    return present
  }

  test('is a doubt once the tick has come that the bound was made for, not before and not for another', () => {
    const present = familiar()
    expect(present.see(1, 5, sureOf(600))).toEqual([undefined])
    expect(present.see(AHEAD - 1, 7, sureOf(900))).toEqual([undefined, undefined])
    expect(present.see(1, 7, sureOf(900))).toEqual([OUTRUN])
  })

  test('is judged in whole replicas: a bound that needs as many was good enough', () => {
    const present = familiar()
    expect(present.see(10, 6, sureOf(501)).every(doubt => doubt === undefined)).toBe(true)
    expect(present.see(1, 6.01, sureOf(501))).toEqual([OUTRUN])
  })

  test('lasts for half an hour after the last such miss', () => {
    const present = familiar()
    present.see(AHEAD, 5, sureOf(600))
    expect(present.see(1, 9, sureOf(600))).toEqual([OUTRUN])
    const after = present.see(HALF_AN_HOUR, 5, sureOf(600))
    expect(after.filter(doubt => doubt === OUTRUN).length).toBe(HALF_AN_HOUR - 1)
    expect(after.at(-1)).toBeUndefined()
  })

  test('what the minimum of the object carries is no surprise', () => {
    const present = familiar()
    expect(present.see(10, 1, sureOf(0)).every(doubt => doubt === undefined)).toBe(true)
  })

  test('without a forecast or a demand there is nothing to outrun', () => {
    const present = familiar()
    expect(present.see(10, 90).every(doubt => doubt === undefined)).toBe(true)
    present.see(5, undefined, sureOf(100))
    expect(present.see(1, undefined, sureOf(100))).toEqual([undefined])
  })
})
