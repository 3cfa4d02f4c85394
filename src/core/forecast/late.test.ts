import { describe, expect, test } from 'vitest'
import type { Forecaster, Restorable } from '../rules.ts'
import { late } from './late.ts'
import { seasonalRidge } from './seasonal-ridge.ts'
import { seasonalLoad } from './seeded-load.ts'

const STEP_MS = 300_000
const HOUR_MS = 3_600_000
const ridge = () => seasonalRidge({ stepMs: STEP_MS, delayMs: 0, windows: [], pointsMs: [STEP_MS, 4 * STEP_MS], unit: 100 })
const load = seasonalLoad({ seed: 4, ticks: 600, stepMs: STEP_MS, mean: 1000, swing: 0.5, noise: 0.05 })
const lately = () => late(ridge, { name: 'fan', afterMs: 5 * HOUR_MS })

/** Whether it says the same as one that was there from the start; while that abstains, it abstains. */
function agrees(one: Forecaster, series: readonly (number | undefined)[]): void {
  const eager = ridge()
  let spoke = 0
  for (const [i, demand] of series.entries()) {
    const at = (i + 1) * STEP_MS
    one.absorb(at, demand)
    eager.absorb(at, demand)
    const [said, expected] = [one.predict(at), eager.predict(at)]
    if ('abstains' in expected) expect(said).toHaveProperty('abstains')
    else expect(said).toEqual(expected)
    if (!('abstains' in expected)) spoke++
  }
  expect(spoke).toBeGreaterThan(0)
}

describe('a forecaster that is made late', () => {
  test('says the same as one that was there from the start, gaps and a silent beginning included', () => {
    agrees(lately(), load)
    agrees(
      lately(),
      load.map((demand, i) => (i < 7 || (i > 20 && i < 40) || i === 200 ? undefined : demand)),
    )
  })

  test('is not made before its time, and at the latest when there are many values', () => {
    const made: number[] = []
    const counted = (afterMs: number) => {
      const make = () => {
        made.push(afterMs)
        return ridge()
      }
      return late(make, { name: 'fan', afterMs })
    }
    const [soon, never] = [counted(HOUR_MS), counted(Number.POSITIVE_INFINITY)]
    for (let i = 0; i < 12; i++) soon.absorb(i * STEP_MS, 100)
    expect(made).toEqual([])
    soon.absorb(12 * STEP_MS, 100)
    expect(made).toEqual([HOUR_MS])
    for (let i = 0; i < 400; i++) never.absorb(i * STEP_MS, 100)
    expect(made).toHaveLength(2)
  })

  test('takes a prior before it is made and after, and tells whether it may', () => {
    const lender = ridge()
    seasonalLoad({ seed: 5, ticks: 4 * 288, stepMs: STEP_MS, mean: 500, swing: 0.5, noise: 0.05 }).forEach((demand, i) => {
      lender.absorb((i + 1) * STEP_MS, demand)
    })
    const prior = lender.lend()!
    const [young, begun] = [lately(), late(ridge, { name: 'fan', afterMs: STEP_MS })]
    for (const tick of [1, 2, 3]) begun.absorb(tick * STEP_MS, 1000)
    expect([young.prior(), begun.prior(), young.lend()]).toEqual(['open', 'open', undefined])
    expect([young.borrow({ ...prior, version: 0 }), young.borrow(prior), begun.borrow(prior)]).toEqual([false, true, true])
    expect([young.prior(), begun.prior()]).toEqual(['used', 'used'])
  })

  test('goes on from a snapshot of either time', () => {
    for (const cut of [0, 30, 300]) {
      const [before, after] = [lately(), lately()]
      const series = load.map((demand, i) => (i === 10 ? undefined : demand))
      series.slice(0, cut).forEach((demand, i) => {
        before.absorb((i + 1) * STEP_MS, demand)
      })
      expect(after.restore(structuredClone(before.snapshot()))).toBe(true)
      for (let i = cut; i < series.length; i++) {
        const at = (i + 1) * STEP_MS
        for (const one of [before, after]) one.absorb(at, series[i])
        expect(after.predict(at)).toEqual(before.predict(at))
      }
    }
  })

  test('refuses what it cannot read', () => {
    const taught = (one: Forecaster & Restorable) => {
      for (let i = 0; i < 80; i++) one.absorb(i * STEP_MS, 100)
      return one
    }
    const snapshot = taught(lately()).snapshot()
    expect(late(ridge, { name: 'fan', afterMs: HOUR_MS }).restore(snapshot)).toBe(false)
    expect(lately().restore({ ...snapshot, state: { values: [], model: [ridge()] } })).toBe(false)
    expect(lately().restore({ ...snapshot, state: { values: [], model: 'text' } })).toBe(false)
  })
})
