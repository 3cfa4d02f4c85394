import { parseArgs } from 'node:util'
import type { Target } from '../../src/core/model.ts'
import { crescendoRules } from '../../src/core/policy/crescendo-rules.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import type { Rules } from '../../src/core/rules.ts'
import { type Scenario, simulate, withLoadMetric } from '../../src/sim/run.ts'
import { score } from '../../src/sim/score.ts'
import type { ProfileName } from '../../src/sim/traffic/profiles.ts'
import { writePart } from '../benchmarks-page.ts'
import { table } from '../format.ts'
import { CASES, DELAY_MS, type DriftCase, materialOf, mistaken } from './cases.ts'

const PROFILES: readonly ProfileName[] = ['api-gateway', 'ml-inference']
const STARTUPS = [75, 300]
const SHARE = 0.7
const MAX_REPLICAS = 1000
/** So much worse than the reactive target we may be after a change. */
const WORST_RATIO = 1.2
const BUDGET_MINUTES_PER_DAY = 1.44

interface Outcome {
  readonly badMinutesPerDay: number
  readonly replicaHoursPerDay: number
}

/** `npm run bench:drift [-- --write]`: what happens in the four days after the world has changed, or with a forecaster that is wrong. */
async function main(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false } } })
  const lines: string[][] = []
  let worse = 0
  for (const one of CASES) {
    for (const profile of PROFILES) {
      for (const startup of STARTUPS) {
        const [ours, theirs] = await both(one, { profile, startup })
        const isWorse = isOver(ours, theirs)
        if (isWorse) worse++
        lines.push([one.name, profile, `${startup} s`, ...told(ours, theirs), isWorse ? '**over**' : ''])
        process.stderr.write(`${lines.at(-1)!.join(' | ')}\n`)
      }
    }
  }
  const head = ['change', 'profile', 'start-up', 'crescendo, bad min a day', 'reactive', 'replica-hours of reactive', '']
  const verdict = `Over ${WORST_RATIO} x the bad minutes of the reactive target and over ${BUDGET_MINUTES_PER_DAY} a day: ${worse} of ${lines.length}.`
  const text = `### After a drift, a regime change, or with a wrong forecast\n\n${verdict}\n\n${table([head, ...lines])}`
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('drift', text)
}

const told = (ours: Outcome, theirs: Outcome): readonly string[] => [
  ours.badMinutesPerDay.toFixed(2),
  theirs.badMinutesPerDay.toFixed(2),
  `${(ours.replicaHoursPerDay / theirs.replicaHoursPerDay).toFixed(2)} x`,
]

function isOver(ours: Outcome, theirs: Outcome): boolean {
  return ours.badMinutesPerDay > Math.max(BUDGET_MINUTES_PER_DAY, WORST_RATIO * theirs.badMinutesPerDay)
}

/** Crescendo, and the reactive target that it falls back to, on the same load. */
async function both(
  one: DriftCase,
  { profile, startup }: { profile: ProfileName; startup: number },
): Promise<[Outcome, Outcome]> {
  const material = materialOf(one, { profile, seed: 1 })
  const { load, capacity, scoredFrom } = material
  const metricScale = 1000 / capacity
  const bare: Target = {
    id: 'bench/drift',
    minReplicas: 1,
    maxReplicas: MAX_REPLICAS,
    metrics: [],
    capacityPerReplica: capacity,
    startupMs: startup * 1000,
    periodMs: load.tickMs,
  }
  const target = withLoadMetric(bare, SHARE, metricScale)
  const scenario: Scenario = { target, load, scoredFrom, metricsDelayMs: DELAY_MS, metricScale, seed: 1 }
  const forecaster = mistaken(one, material, target)
  const ours = crescendoRules({ mode: 'Slo', target, delayMs: DELAY_MS, ...(forecaster && { forecaster }) })
  return [await outcomeOf(ours, scenario), await outcomeOf(hpaRules(), scenario)]
}

async function outcomeOf(rules: Rules, scenario: Scenario): Promise<Outcome> {
  const { load, scoredFrom, target } = scenario
  const days = ((load.value.length - scoredFrom) * load.tickMs) / 86_400_000
  const run = await simulate(rules, scenario)
  const { replicaHours, sloViolationMinutes } = score(run, { capacityPerReplica: target.capacityPerReplica, price: 0 })
  return { badMinutesPerDay: sloViolationMinutes / days, replicaHoursPerDay: replicaHours / days }
}

await main()
