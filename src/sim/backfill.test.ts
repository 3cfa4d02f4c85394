import { expect, test } from 'vitest'
import type { Target } from '../core/model.ts'
import { crescendoRules } from '../core/policy/crescendo-rules.ts'
import { backfill } from '../loop/backfill.ts'
import { startSimulation, withLoadMetric } from './run.ts'
import { generate } from './traffic/generate.ts'

const PERIOD = 60_000

test('rules that were taught a recording forecast what rules that lived through it forecast', async () => {
  const { load } = generate('analytics', { days: 3, seed: 4, startMs: Date.UTC(2026, 0, 5), tickMs: PERIOD })
  const bare: Target = {
    id: 'a/b',
    minReplicas: 1,
    maxReplicas: 100,
    metrics: [],
    capacityPerReplica: 800,
    startupMs: PERIOD,
    periodMs: PERIOD,
  }
  const target = withLoadMetric(bare, 0.7)
  const rules = () => crescendoRules({ mode: 'Slo', target, delayMs: PERIOD })
  const [lived, taught] = [rules(), rules()]

  const simulation = startSimulation(lived, { target, load, metricsDelayMs: PERIOD, seed: 1, scoredFrom: 0 })
  for (let tick = 0; tick < simulation.ticks; tick++) await simulation.step()
  const now = load.startMs + (load.value.length - 1) * PERIOD
  // The last two ticks were not visible yet at the last decision.
  const past = Array.from(load.value.subarray(0, -2), (value, tick) => {
    const end = load.startMs + (tick + 1) * PERIOD
    return { at: end + PERIOD, demand: { kind: 'value' as const, at: end, value }, clients: load.clients![tick]! }
  })
  const lessons = backfill(taught, target, past)
  let next = lessons.next()
  while (next.done !== true) next = lessons.next()

  expect(Object.keys(next.value.slots).sort()).toEqual(['anomaly', 'attack', 'jump', 'quality'])
  expect(taught.forecaster!.predict(now)).toEqual(lived.forecaster!.predict(now))
  expect(taught.tuner!.parameters()).toEqual(lived.tuner!.parameters())
})
