import { describe, expect, test } from 'vitest'
import { numbersPart, restorable } from '../state.ts'
import type { PathModel } from './path-model.ts'
import { seasonalLoad } from './seeded-load.ts'
import { type DailyShape, dailyShapeOf, SHAPE_PARTS } from './transfer.ts'
import { transferred } from './transferred.ts'

const DAY_MS = 86_400_000
const STEP_MS = 300_000
const START = 20_000 * DAY_MS
const at = (step: number) => START + (step + 1) * STEP_MS

/** The last value, for every step ahead. */
function lastValue(): PathModel {
  let [last, seen] = [0, 0]
  const part = numbersPart(
    () => [last, seen],
    ([first = 0, second = 0]) => {
      ;[last, seen] = [first, second]
    },
  )
  return {
    name: 'last',
    stage: 'naive',
    absorb(_, value) {
      if (value !== undefined) [last, seen] = [value, 1]
    },
    predict: path => (seen === 0 ? { abstains: 'nothing seen' } : void path.fill(last)),
    ...restorable(() => ({ kind: 'last', version: 1 }), { part: () => part }),
  }
}

const load = (days: number, mean: number, seed = 3) =>
  seasonalLoad({ seed, ticks: Math.round(days * 288), stepMs: STEP_MS, mean, swing: 0.6, noise: 0.03 })

const donor = (): DailyShape => {
  const values = load(7, 5000)
  return dailyShapeOf('shop/old', { at: Float64Array.from(values, (_, i) => at(i)), value: Float64Array.from(values) })!
}
const flat: DailyShape = { from: 'shop/flat', shape: new Float32Array(SHAPE_PARTS).fill(1) }

/** Mean absolute error, half an hour ahead, over steps `from` to the end. */
function errorOf(model: PathModel, values: readonly number[], from = 0): number {
  const path = new Float64Array(6)
  let [sum, count] = [0, 0]
  values.forEach((value, step) => {
    model.absorb(at(step), value)
    if (step < from || step + 6 >= values.length) return
    model.predict(path)
    sum += Math.abs(path[5]! - values[step + 6]!)
    count += 1
  })
  return sum / count
}

function withShape(shape: DailyShape) {
  const model = transferred(lastValue(), { stepMs: STEP_MS })
  model.takeShape(shape)
  return model
}

describe('a model that begins with the day of another service', () => {
  test('is better in its first day than alone, at whatever level of its own', () => {
    const values = load(1, 80, 9)
    expect(errorOf(withShape(donor()), values, 6)).toBeLessThan(0.75 * errorOf(lastValue(), values, 6))
  })

  test('is little worse than alone where the other service is of no help', () => {
    const inverted = donor()
    const wrong = { from: 'shop/other', shape: inverted.shape.map(one => 2 / (1 + one * one)) }
    const values = load(1, 80, 9)
    expect(errorOf(withShape(wrong), values, 12)).toBeLessThan(1.15 * errorOf(lastValue(), values, 12))
  })

  test('says so in its name, and wants no other', () => {
    const model = transferred(lastValue(), { stepMs: STEP_MS })
    expect([model.name, model.wantsShape(), model.borrowsFrom]).toEqual(['last', true, undefined])
    model.takeShape(flat)
    model.takeShape(donor())
    expect([model.name, model.wantsShape(), model.stage]).toEqual(['last with the day of shop/flat', false, 'naive'])
    expect(model.borrowsFrom).toBe('shop/flat')
  })

  test('forgets it when two days of its own are known, and takes no new one', () => {
    const model = withShape(donor())
    const alone = lastValue()
    const paths = [new Float64Array(6), new Float64Array(6)] as const
    for (const [step, value] of load(2.1, 80).entries()) for (const one of [model, alone]) one.absorb(at(step), value)
    expect([model.name, model.wantsShape()]).toEqual(['last', false])
    model.takeShape(flat)
    expect(model.name).toBe('last')
    for (const [i, one] of [model, alone].entries()) one.predict(paths[i]!)
    expect(paths[0]).toEqual(paths[1])
  })

  test('without a shape it is the model exactly, before and after the first value', () => {
    const model = transferred(lastValue(), { stepMs: STEP_MS })
    const path = new Float64Array(6)
    expect(model.predict(path)).toEqual({ abstains: 'nothing seen' })
    model.absorb(at(0), undefined)
    model.absorb(at(1), 7)
    expect(model.predict(path)).toBeUndefined()
    expect(path).toEqual(new Float64Array(6).fill(7))
  })

  test('a shape that came before the first value waits for it, and a gap changes no level', () => {
    const model = withShape({ from: 'a', shape: flat.shape.map((_, part) => (part < 6 ? 1 : 2)) })
    const path = new Float64Array(6)
    model.absorb(at(0), undefined)
    expect(model.predict(path)).toEqual({ abstains: 'nothing seen' })
    model.absorb(at(1), 10)
    model.absorb(at(2), undefined)
    expect(model.predict(path)).toBeUndefined()
    const gone = 1 - STEP_MS / (2 * DAY_MS)
    expect(path[0]).toBeCloseTo(10, 9)
    expect(path[5]).toBeCloseTo(10 * (1 - gone / 2) + 20 * (gone / 2), 9)
  })

  test('a load ten times as large is forecast ten times as large', () => {
    const [one, ten] = [withShape(donor()), withShape(donor())]
    const [path, tenfold] = [new Float64Array(6), new Float64Array(6)]
    for (const [step, value] of load(0.5, 80).entries()) {
      one.absorb(at(step), value)
      ten.absorb(at(step), 10 * value)
    }
    one.predict(path)
    ten.predict(tenfold)
    path.forEach((value, i) => void expect(tenfold[i]! / value).toBeCloseTo(10, 9))
  })

  test('goes on from a snapshot as it would have, also into a model that was made without a shape', () => {
    const values = load(1, 80)
    const model = withShape(donor())
    for (const [step, value] of values.slice(0, 100).entries()) model.absorb(at(step), value)
    const restored = transferred(lastValue(), { stepMs: STEP_MS })
    expect(restored.restore(structuredClone(model.snapshot()))).toBe(true)
    const paths = [new Float64Array(6), new Float64Array(6)] as const
    for (const [step, value] of values.slice(100).entries())
      for (const [i, one] of [model, restored].entries()) {
        one.absorb(at(100 + step), value)
        one.predict(paths[i]!)
        expect(paths[0]).toEqual(i === 0 ? paths[0] : paths[1])
      }
    expect(restored.name).toBe('last with the day of shop/old')
  })

  test('one without a shape is restored without one; what is not its own is refused', () => {
    const model = withShape(flat)
    expect(model.restore(transferred(lastValue(), { stepMs: STEP_MS }).snapshot())).toBe(true)
    expect(model.name).toBe('last')
    const good = withShape(flat).snapshot()
    const state = good.state as { readonly lent: readonly [string, Float32Array, Float64Array] }
    const lents = [7, [7], ['a', 8], ['a', new Float32Array(3)], ['a', flat.shape, 9], ['a', flat.shape, new Float64Array(2)]]
    for (const lent of lents) expect(model.restore({ ...good, state: { ...state, lent } })).toBe(false)
    expect(model.name).toBe('last')
    expect(model.restore(good)).toBe(true)
  })
})
