import { describe, expect, test } from 'vitest'
import { seededUniform } from '../seeded-load.ts'
import { createDrift } from './drift.ts'

const PER_DAY = 288
const errorsOf = (seed: number) => {
  const uniform = seededUniform(seed)
  return () => Math.abs(uniform() + uniform() + uniform() - 1.5)
}

describe('errors that grow for good', () => {
  test('raise the alarm within an hour when they grow fourfold, and it holds for six hours', () => {
    const drift = createDrift({ stepsPerDay: PER_DAY, unit: 1 })
    const error = errorsOf(1)
    let step = 100 * PER_DAY
    for (; step < 103 * PER_DAY; step++) drift.error(step, error())
    expect(drift.facts(step, 103).since).toBeUndefined()
    const began = step
    while (drift.facts(step, 103).since === undefined) drift.error(++step, 4 * error())
    expect(step - began).toBeLessThanOrEqual(12)
    expect(drift.facts(step + 71, 103)).toMatchObject({ since: step, isDrifting: true })
    expect(drift.facts(step + 72, 103).since).toBeUndefined()
  })

  test('do not in thirty days of errors that stay what they are, outliers among them', () => {
    const drift = createDrift({ stepsPerDay: PER_DAY, unit: 1 })
    const error = errorsOf(2)
    for (let step = 0; step < 30 * PER_DAY; step++) {
      drift.error(step, step % 500 === 499 ? 1000 : error())
      expect(drift.facts(step, 30).since).toBeUndefined()
    }
  })

  test('errors of nothing at all are no scale', () => {
    const drift = createDrift({ stepsPerDay: PER_DAY, unit: 1 })
    for (let step = 1; step < 100; step++) drift.error(step, 0)
    expect(drift.facts(100, 1)).toMatchObject({ pageHinkley: 0, isDrifting: false })
  })
})

describe('loads unlike those of the week before', () => {
  const days = (count: number, loadOf: (day: number, step: number) => number) => {
    const drift = createDrift({ stepsPerDay: PER_DAY, unit: 10 })
    for (let day = 0; day < count; day++) for (let step = 0; step < PER_DAY; step++) drift.load(day, loadOf(day, step))
    return drift.facts(count * PER_DAY, count)
  }
  const weekly = (day: number, step: number) => (day % 7 < 5 ? 100 : 30) + 20 * Math.sin((2 * Math.PI * step) / PER_DAY)

  test('have a stability index near nothing while weeks repeat, whatever their level', () => {
    for (const level of [0, 0.001, 1, 1e9]) {
      const { populationStability, isDrifting } = days(16, (day, step) => level * weekly(day, step))
      expect(populationStability).toBeLessThan(0.01)
      expect(isDrifting).toBe(false)
    }
  })

  test('have one above the threshold when the last week was half as high again', () => {
    const { populationStability, isDrifting } = days(14, (day, step) => (day < 7 ? 1 : 1.5) * weekly(day, step))
    expect(populationStability).toBeGreaterThan(0.25)
    expect(isDrifting).toBe(true)
  })

  test('have none before five days of each of two weeks are known', () => {
    expect(days(11, weekly).populationStability).toBeUndefined()
    expect(days(12, () => 100).populationStability).toBeLessThan(0.01)
  })
})
