import { expect, test } from 'vitest'
import type { Finding } from './detector.ts'
import { storyteller } from './episodes.ts'

const HOUR = 3_600_000
const finding = (sigma: number, more: Partial<Finding> = {}): Finding => ({
  sigma,
  score: 0.5,
  isEcho: false,
  isAnomaly: false,
  kind: 'spike',
  expected: 10,
  ...more,
})

test('an alarm and the unusual values after it are one episode, told at its most unusual', () => {
  const { hear, episodes } = storyteller()
  hear(0, 10, finding(1))
  hear(HOUR, 30, finding(4, { isAnomaly: true }))
  hear(2 * HOUR, 80, finding(11))
  hear(3 * HOUR, 12, finding(1))
  expect(episodes()).toEqual([
    { startAt: HOUR, endAt: 2 * HOUR, kind: 'spike', severity: 'critical', sigma: 11, value: 80, expected: 10 },
  ])
})

test('half a day of quiet ends it, and the next alarm is another', () => {
  const { hear, episodes } = storyteller()
  hear(0, 30, finding(4, { isAnomaly: true }))
  hear(13 * HOUR, 30, finding(4)) // no alarm: nothing begins
  hear(14 * HOUR, -30, finding(6, { isAnomaly: true, kind: 'drop' }))
  expect(episodes().map(({ startAt, kind, severity }) => [startAt, kind, severity])).toEqual([
    [0, 'spike', 'minor'],
    [14 * HOUR, 'drop', 'major'],
  ])
})

test('a step that stays is a level shift', () => {
  const { hear, episodes } = storyteller()
  hear(0, 30, finding(9, { isAnomaly: true }))
  for (let hour = 1; hour <= 3; hour++) hear(hour * HOUR, 30, finding(5, { kind: 'level shift' }))
  expect(episodes()[0]).toMatchObject({ kind: 'level shift', sigma: 9, endAt: 3 * HOUR })
})
