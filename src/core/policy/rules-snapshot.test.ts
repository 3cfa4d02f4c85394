import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seasonalRidge } from '../forecast/seasonal-ridge.ts'
import { seasonalLoad } from '../forecast/seeded-load.ts'
import { workload } from '../guard/timeline.ts'
import type { Target } from '../model.ts'
import type { Forecaster, Rules, Snapshot } from '../rules.ts'
import { type CrescendoOptions, crescendoRules } from './crescendo-rules.ts'
import { hpaRules } from './hpa-rules.ts'
import { restoreRules, restoreSafeLoad, snapshotRules } from './rules-snapshot.ts'

const STEP_MS = 1_800_000
const PER_DAY = 48
const target: Target = { ...workload, maxReplicas: 100, startupMs: 3_600_000, periodMs: STEP_MS }
const options: CrescendoOptions = { mode: 'Slo', target, delayMs: 0 }
const DAYS = 10
const load = seasonalLoad({ seed: 5, ticks: DAYS * PER_DAY, stepMs: STEP_MS, mean: 2000, swing: 0.6, noise: 0.05 })

type Series = readonly (number | undefined)[]

/** Lets the rules live through [from, to) of a series, as the loop does. */
function live(rules: Rules, series: Series, [from, to]: readonly [number, number]): readonly unknown[] {
  return series.slice(from, to).map((demand, i) => {
    const at = (from + i + 1) * STEP_MS
    rules.forecaster?.absorb(at, demand)
    const forecast = rules.forecaster?.predict(at)
    const made = forecast && 'windows' in forecast ? forecast : undefined
    rules.tuner?.absorb({ at, demand, forecast: made, target })
    return [forecast, rules.tuner?.parameters()]
  })
}

const series = fc
  .record({
    gaps: fc.array(fc.record({ at: fc.nat(DAYS * PER_DAY - 1), ticks: fc.integer({ min: 1, max: 40 }) }), { maxLength: 4 }),
    bursts: fc.array(fc.record({ at: fc.nat(DAYS * PER_DAY - 1), factor: fc.double({ min: 0, max: 6, noNaN: true }) }), {
      maxLength: 6,
    }),
  })
  .map(({ gaps, bursts }): Series => {
    const found: (number | undefined)[] = [...load]
    for (const { at, factor } of bursts) found[at] = load[at]! * factor
    for (const { at, ticks } of gaps) found.fill(undefined, at, at + ticks)
    return found
  })

describe('the load that is safe', () => {
  const objectives = [{ type: 'Latency', metric: 'x_seconds', percentile: 99, threshold: 0.1 }] as const
  const made = (change: Partial<CrescendoOptions> = {}) =>
    crescendoRules({ ...options, target: { ...target, objectives }, learnsSafeLoad: true, ...change })
  const taught = made()
  for (let tick = 1; tick <= 4 * PER_DAY; tick++) {
    const at = tick * STEP_MS
    const perReplica = 60 + (tick % PER_DAY)
    const observation = {
      at,
      replicas: { spec: 10, status: 10, ready: 10 },
      pods: [],
      answers: [],
      demand: { kind: 'value', at, value: 10 * perReplica },
      objectives: [{ kind: 'value', at, value: perReplica > 80 ? 0.3 : 0.02 }],
    } as const
    taught.safeLoad!.absorb({ observation, demand: 10 * perReplica, doubts: [] }, STEP_MS)
  }
  const kept = structuredClone(snapshotRules(taught)!)
  const learnt = taught.safeLoad!.inForce()

  test('is kept with the rules', () => {
    expect(learnt.by).not.toBe('written')
    const after = made()
    expect(restoreRules(after, kept)).toBe(true)
    expect(after.safeLoad!.inForce()).toEqual(learnt)
  })

  test('outlives rules that are made anew for another reason, and no other promise', () => {
    const after = made({ delayMs: 3_600_000 })
    expect(restoreRules(after, kept)).toBe(false)
    expect(restoreSafeLoad(after, kept)).toBe(true)
    expect(after.safeLoad!.inForce()).toEqual(learnt)
    const tighter = made({ target: { ...target, objectives: [{ ...objectives[0], threshold: 0.05 }] } })
    expect(restoreSafeLoad(tighter, kept)).toBe(false)
    expect(restoreSafeLoad(crescendoRules(options), kept)).toBe(false)
    expect(restoreSafeLoad(made(), snapshotRules(crescendoRules(options))!)).toBe(false)
    expect(restoreSafeLoad(made(), { ...kept, state: null })).toBe(false)
  })
})

describe('a snapshot of the rules', () => {
  test('goes on as if nothing had happened, for any series, wherever it is cut', () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 0, max: DAYS * PER_DAY }), (all, cut) => {
        const [whole, after] = [crescendoRules(options), crescendoRules(options)]
        live(whole, all, [0, cut])
        expect(restoreRules(after, structuredClone(snapshotRules(whole)!))).toBe(true)
        const rest = [cut, all.length] as const
        expect(JSON.stringify(live(after, all, rest))).toBe(JSON.stringify(live(whole, all, rest)))
      }),
      { numRuns: 4 },
    )
  })

  test('says the same at once, before anything new came', () => {
    const [before, after] = [crescendoRules(options), crescendoRules(options)]
    live(before, load, [0, 5 * PER_DAY])
    after.forecaster?.predict(5 * PER_DAY * STEP_MS) // what was said before the restore is not said again
    restoreRules(after, snapshotRules(before)!)
    const now = 5 * PER_DAY * STEP_MS
    expect(after.forecaster?.predict(now)).toEqual(before.forecaster?.predict(now))
    expect(after.forecaster?.predict(now)).toHaveProperty('windows')
    expect(after.tuner?.parameters()).toEqual(before.tuner?.parameters())
    expect(after.tuner?.parameters()).toHaveProperty('missingPrice')
  })

  test('is a copy: what its rules learn afterwards does not change it', () => {
    const rules = crescendoRules(options)
    live(rules, load, [0, 3 * PER_DAY])
    const snapshot = snapshotRules(rules)!
    const kept = structuredClone(snapshot)
    live(rules, load, [3 * PER_DAY, 4 * PER_DAY])
    expect(snapshot).toEqual(kept)
  })
})

describe('a snapshot that does not fit is refused, and the rules stay as they were', () => {
  const taught = () => {
    const rules = crescendoRules(options)
    live(rules, load, [0, PER_DAY + 20])
    return rules
  }
  const refused = (snapshot: Snapshot) => {
    const rules = taught()
    const before = snapshotRules(rules)
    const isTaken = restoreRules(rules, snapshot)
    expect(snapshotRules(rules)).toEqual(before)
    return !isTaken
  }
  const own = () => structuredClone(snapshotRules(taught())!)

  test('of another kind, version, step, start-up, delay or capacity', () => {
    expect(refused(own())).toBe(false)
    expect(refused({ ...own(), version: 2 })).toBe(true)
    expect(refused({ ...own(), kind: 'rules hpa' })).toBe(true)
    const others = [
      { target: { ...target, periodMs: 600_000 } },
      { target: { ...target, startupMs: 1_800_000 } },
      { delayMs: 600_000 },
    ]
    for (const change of [...others, { target: { ...target, capacityPerReplica: 90 } }])
      expect(refused(snapshotRules(crescendoRules({ ...options, ...change }))!)).toBe(true)
  })

  /** Every place inside a plain value, with a function that spoils it. */
  function places(value: unknown, spoil: (at: (with_: unknown) => void, now: unknown) => void): void {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return
    if (Array.isArray(value) && value.every(one => typeof one === 'number')) return
    const record = value as Record<string, unknown>
    for (const key of Object.keys(record)) {
      spoil(with_ => {
        record[key] = with_
      }, record[key])
      places(record[key], spoil)
    }
  }

  test('with any part of it missing, or of another type', () => {
    const snapshot = own()
    const rules = taught()
    const before = JSON.stringify(snapshotRules(rules))
    let spoilt = 0
    places(snapshot.state, (set, now) => {
      set([undefined, null, 'text', { length: 1 }, [{}]][spoilt % 5])
      expect(restoreRules(rules, snapshot)).toBe(false)
      spoilt++
      set(now)
    })
    expect(JSON.stringify(snapshotRules(rules))).toBe(before)
    expect(spoilt).toBeGreaterThan(200)
  })

  test('with arrays that are too long, too short or of another kind', () => {
    const snapshot = own()
    const rules = taught()
    let spoilt = 0
    places(snapshot.state, (set, now) => {
      if (!ArrayBuffer.isView(now)) return
      const array = now as Float64Array
      const like = array.constructor as typeof Float64Array
      set([new Int8Array(array.length), new like(5000)][spoilt++ % 2])
      expect(restoreRules(rules, snapshot)).toBe(false)
      set(now)
    })
    expect(spoilt).toBeGreaterThan(40)
    expect(restoreRules(rules, snapshot)).toBe(true)
  })

  test('rules without accumulators, or with a forecaster of somebody else, have none', () => {
    const foreign: Forecaster = { name: 'own', absorb: () => undefined, predict: () => ({ abstains: 'never speaks' }) }
    expect(snapshotRules(hpaRules())).toBeUndefined()
    expect(snapshotRules(crescendoRules({ ...options, forecaster: foreign }))).toBeUndefined()
    expect(restoreRules(hpaRules(), own())).toBe(false)
  })
})

test('a fresh target is small, and one that saw its whole week is bounded', () => {
  const size = (value: unknown): number =>
    ArrayBuffer.isView(value)
      ? value.byteLength
      : typeof value === 'object' && value !== null
        ? Object.values(value).reduce<number>((sum, part) => sum + size(part), 0)
        : 8
  const quick: Target = { ...target, periodMs: 60_000, startupMs: 120_000 }
  const rules = crescendoRules({ ...options, target: quick })
  expect(size(snapshotRules(rules))).toBeLessThan(150_000)
  const forecaster = seasonalRidge({ stepMs: 300_000, delayMs: 0, unit: 100, windows: [{ fromMs: 0, toMs: 0 }], pointsMs: [] })
  const sizes = [9, 12].map(days => {
    for (let tick = 0; tick < days * 288; tick++) forecaster.absorb(tick * 300_000 + days * 86_400_000, 100 + (tick % 12))
    return size(forecaster.snapshot())
  })
  expect(sizes[1]).toBe(sizes[0])
  expect(sizes[0]).toBeLessThan(150 * 288)
})
