import { expect, test } from 'vitest'
import { createMind, takingTurns } from '../../src/controller/mind.ts'
import { planOf } from '../../src/controller/plan.ts'
import { seasonalLoad } from '../../src/core/forecast/seeded-load.ts'
import type { Decision } from '../../src/core/model.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import type { Rules } from '../../src/core/rules.ts'
import { loadPolicy } from '../../src/resources/policy-file.ts'
import { type Run, type Scenario, simulate } from '../../src/sim/run.ts'
import { openStore } from '../../src/store/open-store.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 23)

/** Four days of a load that doubles within ten minutes each morning, on a cluster where things go wrong. */
function scenarioOf(target: Scenario['target']): Scenario {
  const usual = seasonalLoad({ seed: 3, ticks: 4 * 1440, stepMs: MINUTE, mean: 800, swing: 0.4, noise: 0.03 })
  /** From once to twice the load between 08:00 and 08:10, and back in the evening. */
  const opening = (minute: number) => 1 + Math.max(0, Math.min(1, (minute - 480) / 10, (1200 - minute) / 10))
  return {
    target,
    load: {
      startMs: START,
      tickMs: MINUTE,
      value: Float64Array.from(usual, (load, minute) => load * opening(minute % 1440)),
    },
    metricsDelayMs: MINUTE,
    seed: 1,
    scoredFrom: 0,
    failures: [
      { kind: 'metric-gap', from: START + DAY + 3 * HOUR, to: START + DAY + 4 * HOUR },
      { kind: 'node-loss', at: START + DAY + 14 * HOUR },
      { kind: 'pods-never-ready', from: START + 2 * DAY + 8 * HOUR, to: START + 2 * DAY + 9 * HOUR },
    ],
  }
}

/** What the controller would decide with for that object, with nothing learnt yet. */
async function controllersOwn(name: string) {
  const { object, settings } = await loadPolicy(`examples/stock-hpa.yaml#${name}`)
  const clock = { now: () => START }
  const log = { info: () => undefined, warn: () => undefined }
  const store = await openStore({ type: 'Memory' }, { clock, log })
  const plan = planOf(
    object!,
    { ...settings, periodSeconds: 60 },
    { pods: [], costPerReplicaHour: 0.1, manualFloorMs: 0, fallbackAfterMs: 120_000 },
  )
  const options = { store, clock, log, history: async () => [], backfillMs: DAY, settlesAt: START, inTurn: takingTurns() }
  const mind = createMind(plan, options)
  while (mind.learning() !== undefined) await new Promise(resolve => setTimeout(resolve, 5))
  await store.close()
  return { rules: mind.rules(), target: plan.target }
}

async function play(rules: Rules, target: Scenario['target']): Promise<{ run: Run; decisions: readonly Decision[] }> {
  const decisions: Decision[] = []
  const run = await simulate(rules, scenarioOf(target), { onDecision: decision => void decisions.push(decision) })
  return { run, decisions }
}

/** Minutes of the last morning, when nothing is broken, in which the load exceeded what was ready. */
function badMinutes({ time, load, ready }: Run): number {
  const [from, to] = [START + 3 * DAY + 7 * HOUR, START + 3 * DAY + 10 * HOUR]
  return Array.from(time).filter((at, minute) => at >= from && at < to && load[minute]! > 70 * ready[minute]!).length
}

test('an object of autoscaling/v2 with prediction off is the stock HPA, replica for replica, whatever goes wrong', async () => {
  const { rules, target } = await controllersOwn('stock')
  const [ours, upstream] = [await play(rules, target), await play(hpaRules(), target)]
  expect(ours.run.desired).toEqual(upstream.run.desired)
  expect(new Set(ours.run.desired).size).toBeGreaterThan(10)
}, 60_000)

test('the same object in mode Additive never has less than the stock HPA asks for, and is there before the morning', async () => {
  const { rules, target } = await controllersOwn('additive')
  const [ours, upstream] = [await play(rules, target), await play(hpaRules(), target)]
  const short = ours.decisions.filter(
    ({ to, plainHpa, verdicts }) =>
      to < plainHpa.replicas && !verdicts.some(({ by, from, to: left }) => by === 'breaker' && left < from),
  )
  expect(short.map(({ at, to, plainHpa }) => [at, to, plainHpa])).toEqual([])
  expect(badMinutes(upstream.run)).toBeGreaterThan(0)
  expect(badMinutes(ours.run)).toBeLessThan(badMinutes(upstream.run))
}, 60_000)
