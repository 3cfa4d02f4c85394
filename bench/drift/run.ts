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

const PROFILE: ProfileName = 'api-gateway'
const STARTUPS = '75,300'
const SHARE = 0.7
const MAX_REPLICAS = 1000
/** So much worse than the reactive target we may be after a change. */
const WORST_RATIO = 1.2
const BUDGET_MINUTES_PER_DAY = 1.44

interface Outcome {
  /** Bad minutes a day: on the first day after the change, and over all three. */
  readonly firstDay: number
  readonly all: number
  readonly replicaHoursPerDay: number
}

interface Case {
  readonly one: DriftCase
  readonly startup: number
}

interface Compared extends Case {
  readonly ours: Outcome
  readonly theirs: Outcome
}

/** `npm run bench:drift [-- --startup 75 --write]`: what happens in the three days after the world has changed, or with a forecaster that is wrong. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { write: { type: 'boolean', default: false }, startup: { type: 'string', default: STARTUPS } },
  })
  const startups = values.startup.split(',').map(Number)
  const compared: Compared[] = []
  for (const given of CASES.flatMap(one => startups.map(startup => ({ one, startup })))) {
    const [ours, theirs] = await both(given)
    compared.push({ ...given, ours, theirs })
    process.stderr.write(`${lineOf(compared.at(-1)!).join(' | ')}\n`)
  }
  const lines = table([HEAD, ...compared.map(lineOf)])
  const text = `### After a drift, a regime change, or with a wrong forecast\n\n${verdict(compared)}\n\n${lines}`
  process.stdout.write(`${text}\n`)
  if (values.write) writePart('drift', text)
}

const HEAD = ['change', 'start-up', 'first day: crescendo / reactive', 'three days', 'replica-hours of reactive', '']

/** By more than what crescendo spends on purpose. */
const isBeyond = ({ ours, theirs }: Compared): boolean => ours.all > WORST_RATIO * theirs.all + BUDGET_MINUTES_PER_DAY

function verdict(compared: readonly Compared[]): string {
  const count = (is: (one: Compared) => boolean) => compared.filter(is).length
  return [
    `Bad minutes a day. Over ${WORST_RATIO} x those of the reactive target (70 % of the safe load): on the first day in`,
    `${count(({ ours, theirs }) => ours.firstDay > WORST_RATIO * theirs.firstDay)} of ${compared.length} cases, over all three days in`,
    `${count(({ ours, theirs }) => ours.all > WORST_RATIO * theirs.all)}; by more than the error budget of ${BUDGET_MINUTES_PER_DAY} a day,`,
    `which crescendo spends on purpose, in ${count(isBeyond)}.`,
  ].join(' ')
}

function lineOf(compared: Compared): readonly string[] {
  const { one, startup, ours, theirs } = compared
  return [
    one.name,
    `${startup} s`,
    `${ours.firstDay.toFixed(2)} / ${theirs.firstDay.toFixed(2)}`,
    `${ours.all.toFixed(2)} / ${theirs.all.toFixed(2)}`,
    `${(ours.replicaHoursPerDay / theirs.replicaHoursPerDay).toFixed(2)} x`,
    isBeyond(compared) ? '**over**' : '',
  ]
}

/** Crescendo, and the reactive target that it falls back to, on the same load. */
async function both({ one, startup }: Case): Promise<[Outcome, Outcome]> {
  const material = materialOf(one, { profile: PROFILE, seed: 1 })
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
  const ticksPerDay = 86_400_000 / load.tickMs
  const days = (load.value.length - scoredFrom) / ticksPerDay
  const run = await simulate(rules, scenario)
  const bill = { capacityPerReplica: target.capacityPerReplica, price: 0 }
  const { replicaHours, sloViolationMinutes } = score(run, bill)
  const { sloViolationMinutes: firstDay } = score({ ...run, desired: run.desired.subarray(0, scoredFrom + ticksPerDay) }, bill)
  return { firstDay, all: sloViolationMinutes / days, replicaHoursPerDay: replicaHours / days }
}

await main()
