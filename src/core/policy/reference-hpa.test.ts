import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MetricAnswer, Target } from '../model.ts'
import { emptyMemory } from '../rules.ts'
import { step } from '../step.ts'
import { hpaRules } from './hpa-rules.ts'
import { createReferenceHpa } from './reference-hpa.ts'

/**
 * Load units of a replica. Every target is a whole multiple of 7 and no load is, so that no ratio lies exactly on a bound of the
 * tolerance or on a whole replica, where the last bit of a division would decide.
 */
const CAPACITY = 140

interface Setting {
  readonly shareOfTwenty: number
  readonly minReplicas: number
  readonly maxReplicas: number
  readonly periodMs: number
}

/** Replicas after each tick, by the reference and by the rules of the HPA, from the same loads. */
function race({ shareOfTwenty, minReplicas, maxReplicas, periodMs }: Setting, loads: readonly (number | undefined)[]) {
  const share = shareOfTwenty / 20
  const target: Target = {
    id: 'audio/web',
    minReplicas,
    maxReplicas,
    metrics: [
      { type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue: CAPACITY * shareOfTwenty * 50 } },
    ],
    capacityPerReplica: CAPACITY,
    startupMs: 60_000,
    periodMs,
  }
  const reference = createReferenceHpa({ share, startupTicks: 4, periodMs, minReplicas, maxReplicas, replicas: minReplicas })
  const rules = hpaRules()
  let [memory, spec, changes] = [emptyMemory, minReplicas, 0]
  const [ours, stock]: [number[], number[]] = [[], []]
  for (const [tick, load] of loads.entries()) {
    reference.decide(load === undefined ? undefined : load / CAPACITY)
    ours.push(reference.fleet.replicas)
    const at = tick * periodMs
    const answer: MetricAnswer =
      load === undefined ? { kind: 'missing', why: 'timeout' } : { kind: 'values', values: [load * 1000], at }
    const observation = {
      at,
      replicas: { spec, status: spec, ready: spec },
      pods: [],
      answers: [answer],
      demand: { kind: 'missing', at, why: 'not asked' },
    } as const
    const { memory: next, decision } = step(rules, memory, { target, situation: { observation, doubts: [] } })
    memory = next
    spec = decision.to
    if (decision.to !== decision.from) changes++
    stock.push(spec)
  }
  return { ours, stock, actions: reference.fleet.actions, changes }
}

const setting = fc.record({
  shareOfTwenty: fc.integer({ min: 6, max: 20 }),
  minReplicas: fc.integer({ min: 1, max: 5 }),
  maxReplicas: fc.integer({ min: 5, max: 200 }),
  periodMs: fc.constantFrom(15_000, 15_000, 60_000, 120_000),
})

const besideSevens = (load: number) => 7 * Math.max(0, Math.round(load / 7)) + 3

/** Loads that stay for a while, creep, jump and drop: all that moves an HPA. */
const loads = fc
  .array(
    fc.record({
      load: fc.integer({ min: 0, max: 20_000 }),
      ticks: fc.integer({ min: 1, max: 30 }),
      drift: fc.integer({ min: -40, max: 40 }),
    }),
    { minLength: 1, maxLength: 15 },
  )
  .map(parts =>
    parts.flatMap(({ load, ticks, drift }) => Array.from({ length: ticks }, (_, i) => besideSevens(load + i * drift))),
  )

describe('the reference HPA', () => {
  test('takes the same course as the rules of the HPA, tick by tick', () => {
    let moves = 0
    fc.assert(
      fc.property(setting, loads, (how, series) => {
        const { ours, stock, actions, changes } = race(how, series)
        expect(ours).toEqual(stock)
        expect(actions).toBe(changes)
        moves += changes
      }),
      { numRuns: 100 },
    )
    expect(moves).toBeGreaterThan(500)
  })

  test('stays where it is while the load is missing, and forgets by time what it wanted before, as the HPA does', () => {
    fc.assert(
      fc.property(setting, loads, fc.infiniteStream(fc.nat(40)), (how, series, dice) => {
        let silentFor = 0
        const holed = series.map(load => {
          const roll = dice.next().value
          silentFor = silentFor > 0 ? silentFor - 1 : roll > 36 ? roll - 30 : 0
          return silentFor > 0 ? undefined : load
        })
        const { ours, stock } = race(how, holed)
        expect(ours).toEqual(stock)
      }),
      { numRuns: 100 },
    )
  })
})
