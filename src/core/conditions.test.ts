import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CONDITIONS } from './conditions.ts'
import { seasonalLoad } from './forecast/seeded-load.ts'
import { workload } from './guard/timeline.ts'
import type { Condition, MetricAnswer, Observation, Reading, Target } from './model.ts'
import { type CrescendoOptions, crescendoRules } from './policy/crescendo-rules.ts'
import { emptyMemory, type Memory } from './rules.ts'
import { screen, step } from './step.ts'

const STEP_MS = 600_000
const target: Target = {
  ...workload,
  periodMs: STEP_MS,
  metrics: [{ type: 'External', metric: 'load', target: { type: 'AverageValue', averageValue: 70_000 } }],
  objectives: [
    { type: 'ErrorRatio', threshold: 0.01 },
    { type: 'Guard', metric: 'audio_quality_score', min: 0.95 },
  ],
}
const load = seasonalLoad({ seed: 3, ticks: 500, stepMs: STEP_MS, mean: 900, swing: 0.5, noise: 0.05 })

interface Trouble {
  readonly at: number
  readonly ticks: number
  readonly change: Partial<Record<'factor' | 'ready' | 'spec' | 'clients', number>> & { readonly missing?: boolean }
}

/** Errors and quality: bad where the load is far above the usual. */
function standing(at: number, factor: number, missing: boolean): Pick<Observation, 'errorRatio' | 'objectives'> {
  const [errorRatio, quality] = factor > 1 ? [0.3, 0.9] : [0, 0.98]
  const errors: Reading = { kind: 'value', at, value: errorRatio }
  const score: Reading = missing ? { kind: 'missing', at, why: 'timeout' } : { kind: 'value', at, value: quality }
  return { errorRatio, objectives: [errors, score] }
}

/** Lives through three days with troubles, and lists every condition that was ever told. */
function conditionsOf(options: Partial<CrescendoOptions>, troubles: readonly Trouble[]): readonly Condition[] {
  const rules = crescendoRules({ mode: 'Slo', target, delayMs: STEP_MS, learnsSafeLoad: true, ...options })
  const found: Condition[] = []
  let [memory, replicas]: [Memory, number] = [emptyMemory, 10]
  load.forEach((usual, tick) => {
    const at = (tick + 1) * STEP_MS
    const changes = troubles.filter(one => tick >= one.at && tick < one.at + one.ticks).map(one => one.change)
    const {
      factor = 1,
      missing = false,
      clients = 50,
      ready,
      spec = replicas,
    } = Object.assign({}, ...changes) as Trouble['change']
    const answer: MetricAnswer = missing
      ? { kind: 'missing', why: 'timeout' }
      : { kind: 'values', values: [Math.round(usual * factor * 1000)], at }
    const observation: Observation = {
      at,
      replicas: { spec, status: spec, ready: ready ?? spec },
      pods: [],
      answers: [answer],
      demand: missing ? { kind: 'missing', at, why: 'timeout' } : { kind: 'value', at, value: usual * factor },
      clients,
      ...standing(at, factor, missing),
    }
    const seen = screen(rules, memory, observation)
    const { demand } = seen.situation
    rules.safeLoad?.absorb(seen.situation, STEP_MS)
    rules.forecaster?.absorb(at, demand)
    const forecast = rules.forecaster?.predict(at)
    rules.tuner?.absorb({ at, demand, forecast: forecast && 'windows' in forecast ? forecast : undefined, target })
    const stepped = step(rules, seen.memory, { target, situation: seen.situation })
    memory = stepped.memory
    replicas = stepped.decision.to
    found.push(...stepped.decision.conditions)
  })
  return found
}

const TYPES = Object.keys(CONDITIONS)
const budget = { perHour: 12, costPerReplicaHour: 1, enforcement: 'Cap' } as const

test('whatever happens, a decision tells no condition and no reason that the table does not have', () => {
  const trouble = fc.record({
    at: fc.nat(480),
    ticks: fc.integer({ min: 1, max: 30 }),
    change: fc.oneof(
      fc.record({ factor: fc.constantFrom(0, 3, 30, 1e6) }),
      fc.constant({ missing: true }),
      fc.record({ ready: fc.nat(3) }),
      fc.record({ spec: fc.constantFrom(0, 2, 40) }),
      fc.record({ clients: fc.constantFrom(1, 5000), factor: fc.constantFrom(2, 9) }),
    ),
  })
  const modes = fc.constantFrom('Off' as const, 'Additive' as const, 'Slo' as const)
  const response = fc.constantFrom('Hold' as const, 'Widen' as const, 'Ignore' as const, 'AlertOnly' as const)
  const seen = new Set<string>()
  fc.assert(
    fc.property(
      modes,
      fc.tuple(response, fc.boolean()),
      fc.array(trouble, { maxLength: 6 }),
      (mode, [answer, hasBudget], troubles) => {
        const options = { mode, screens: { anomaly: { response: answer } }, guards: hasBudget ? { budget } : {} }
        const told = new Map(conditionsOf(options, troubles).map(one => [`${one.type} ${one.reason}`, one]))
        for (const { type, reason, message } of told.values()) {
          expect(CONDITIONS).toHaveProperty(type)
          expect(CONDITIONS[type as keyof typeof CONDITIONS]).toContain(reason)
          expect(message.length).toBeGreaterThan(3)
          seen.add(`${type} ${reason}`)
        }
      },
    ),
    { numRuns: 8 },
  )
  expect(new Set([...seen].map(one => one.split(' ')[0]))).toEqual(new Set(TYPES))
  expect(seen.size).toBeGreaterThan(25)
})

test('a calm day in mode Slo tells every type but the budget that it does not have', () => {
  const calm = conditionsOf({ screens: { anomaly: { response: 'Hold' } } }, [])
  expect(new Set(calm.map(({ type }) => type))).toEqual(new Set(TYPES.filter(type => type !== 'BudgetLimited')))
})
