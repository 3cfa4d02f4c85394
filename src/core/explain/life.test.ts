import { expect, test } from 'vitest'
import { lifeText } from './life.ts'

test('each stage of life says what is known, and what the forecast can know of it', () => {
  const stages = (['naive', 'hours', 'days', 'weeks'] as const).map(stage => lifeText({ stage }))
  expect(new Set(stages).size).toBe(4)
  for (const text of stages) expect(text).toMatch(/known.*, so the forecast/)
})

test('whose day is borrowed is said', () => {
  expect(lifeText({ stage: 'hours', borrowsFrom: 'shop/old' })).toMatch(/no rhythm; it begins with the day of shop\/old$/)
})
