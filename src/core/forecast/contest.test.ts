import { describe, expect, test } from 'vitest'
import { createContest } from './contest.ts'

const DAY = 100

function play(errorsAt: (tick: number) => readonly number[], ticks: number) {
  const contest = createContest(['one', 'other'], DAY)
  const champions: number[] = []
  for (let tick = 0; tick < ticks; tick++) {
    contest.score(tick, errorsAt(tick))
    champions.push(contest.champion)
  }
  return { contest, champions }
}

describe('champion and challenger', () => {
  test('the first speaks until three days of errors are known, and stays where it is best', () => {
    const { contest, champions } = play(() => [1, 2], 5 * DAY)
    expect(new Set(champions)).toEqual(new Set([0]))
    expect(contest.since).toBe(-1)
    expect(contest.errors()).toEqual([1, 2])
    expect(createContest(['one', 'other'], DAY).errors()).toEqual([Number.NaN, Number.NaN])
  })

  test('a challenger that is clearly better is promoted after three days, one that is a little better is not', () => {
    const { contest, champions } = play(() => [1, 0.85], 5 * DAY)
    expect(champions.indexOf(1)).toBe(3 * DAY - 1)
    expect(contest.since).toBe(3 * DAY - 1)
    expect(play(() => [1, 0.93], 5 * DAY).contest.champion).toBe(0)
  })

  test('who was promoted speaks for a day at least, whatever comes', () => {
    const { champions } = play(tick => (tick < 3 * DAY ? [1, 0.5] : [0.1, 100]), 6 * DAY)
    const promoted = champions.indexOf(1)
    expect(champions.slice(promoted, promoted + DAY)).toEqual(Array(DAY).fill(1))
    expect(champions.at(-1)).toBe(0)
  })

  test('who has nothing to say is not scored, and cannot be promoted', () => {
    const { contest } = play(() => [5, Number.NaN], 5 * DAY)
    expect(contest.champion).toBe(0)
    expect(contest.errors()).toEqual([5, Number.NaN])
  })

  test('it goes on from a saved state as it would have', () => {
    const errors = (tick: number) => [1 + Math.sin(tick), 0.6 + Math.sin(tick * 1.3)]
    const whole = play(errors, 700).contest
    const half = play(errors, 250).contest
    const restored = createContest(['one', 'other'], DAY)
    expect(restored.part().load(structuredClone(half.part().save()))).toBe(true)
    for (let tick = 250; tick < 700; tick++) restored.score(tick, errors(tick))
    expect(restored.part().save()).toEqual(whole.part().save())
  })
})
