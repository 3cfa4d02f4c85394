import { describe, expect, test } from 'vitest'
import { contextAt, type Moment } from '../guard/timeline.ts'
import { emptyMemory, type Memory } from '../rules.ts'
import { ownViolations } from './own-violations.ts'

const HOUR = 3600
/** Ten ready replicas at 100 units carry 1000; over that is a violation. */
const [CALM, TOO_MUCH] = [700, 1400]

interface Told {
  readonly replicas?: number
  readonly why: string
  readonly reason: string | undefined
}

/** The tuner has chosen: the forecast decides. */
const parameters = { missingPrice: 1, keepPrice: 1, orderAhead: 0, orderToMedian: false, deadband: 0, holdTicks: 0 }

/** What the guard says along moments, its memory passed through JSON as a restart would. */
function said(
  moments: readonly Omit<Moment, 'asked'>[],
  { budget = 1, isTuned = true }: { readonly budget?: number; readonly isTuned?: boolean } = {},
): readonly Told[] {
  let memory: Memory = emptyMemory
  return moments.map(moment => {
    const context = contextAt({ asked: 10, memory, ...moment })
    const answer = ownViolations(budget).propose(isTuned ? { ...context, parameters } : context)
    memory = { slots: JSON.parse(JSON.stringify({ 'own-violations': answer.memory })) }
    const told = { why: answer.why, reason: answer.conditions?.[0]?.reason }
    return answer.kind === 'proposes' ? { ...told, replicas: answer.replicas } : told
  })
}

/** `minutes` of load above the replicas, from a time on: four ticks each. */
const bad = (minutes: number, from = 0) =>
  Array.from({ length: minutes * 4 }, (_, tick) => ({ seconds: from + tick * 15, demand: TOO_MUCH }))

describe("the guard of one's own violations", () => {
  test('is silent up to five times the budget of a day', () => {
    const last = said(bad(5)).at(-1)!
    expect(last).toEqual({ why: '5 bad minutes in the last day, within 5 x 1', reason: undefined })
  })

  test('beyond, it asks for load / 0.7, and says so', () => {
    const last = said(bad(6)).at(-1)!
    expect(last).toEqual({
      replicas: 20,
      why: '6 bad minutes in the last day (budget 1): 1,400 at 70 % of what a replica carries',
      reason: 'OwnViolations',
    })
  })

  test('it holds its highest wish for five minutes, as an HPA does', () => {
    const [, soon, later] = said([...bad(6), { seconds: 400, demand: CALM }, { seconds: 800, demand: CALM }]).slice(-3)
    expect([soon?.replicas, later?.replicas]).toEqual([20, 10])
  })

  test('it speaks until the bad hours are a day old, even where the rest is within five times', () => {
    const told = said([
      ...bad(4),
      ...bad(3, 2 * HOUR),
      { seconds: 24 * HOUR + 60, demand: CALM },
      { seconds: 26 * HOUR + 60, demand: CALM },
    ])
    expect(told.slice(-2).map(({ replicas }) => replicas)).toEqual([10, undefined])
  })

  test('without a demand it stands by, and is still on', () => {
    const last = said([...bad(6), { seconds: 400, demand: 'missing' as const }]).at(-1)!
    expect(last).toEqual({ why: '6 bad minutes in the last day, but the demand is missing', reason: 'OwnViolations' })
  })

  test('a demand of an earlier time is compared with what was ready then', () => {
    const late = (seconds: number, ready: number) => ({
      seconds,
      ready,
      observation: { demand: { kind: 'value' as const, at: (seconds - 60) * 1000, value: TOO_MUCH } },
      believes: TOO_MUCH,
    })
    const ticks = (ready: number) => Array.from({ length: 60 }, (_, tick) => late(tick * 15, tick < 50 ? ready : 10))
    expect(said(ticks(20)).at(-1)?.why).toContain('1.5 bad minutes')
    expect(said(ticks(10)).at(-1)?.why).toContain('14 bad minutes')
  })

  test('a sample that is told again counts once, and one that stands for long counts for two minutes at most', () => {
    const at = (seconds: number, told: number) => ({
      seconds,
      observation: { demand: { kind: 'value' as const, at: told * 1000, value: TOO_MUCH } },
      believes: TOO_MUCH,
    })
    expect(said([at(0, 0), at(15, 15), at(30, 15), at(45, 15)]).at(-1)?.why).toMatch(/^0\.5 bad minutes/)
    expect(said([at(0, 0), at(15, 15), at(1200, 1200)]).at(-1)?.why).toMatch(/^2\.5 bad minutes/)
  })

  test('what a screen does not believe is no violation', () => {
    expect(said(bad(6).map(one => ({ ...one, believes: CALM }))).at(-1)?.why).toContain('0 bad minutes')
  })

  test('what went wrong while the forecast did not decide yet is none of its own', () => {
    expect(said(bad(6), { isTuned: false }).at(-1)?.why).toContain('0 bad minutes')
  })
})
