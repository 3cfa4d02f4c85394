import type { Target } from '../src/core/model.ts'
import { type CrescendoOptions, crescendoRules } from '../src/core/policy/crescendo-rules.ts'
import type { Load } from '../src/sim/load.ts'
import { prepare } from '../src/sim/rivals/contenders.ts'
import { BUDGET_MINUTES_PER_DAY } from '../src/sim/rivals/hpa-tuned.ts'
import { type Run, type Scenario, simulate, withLoadMetric } from '../src/sim/run.ts'
import { score } from '../src/sim/score.ts'
import { isSmooth, jumpOf } from './smooth.ts'

/** One scaler on one trace. */
export interface Row {
  readonly scaler: string
  /** Replica-hours over the oracle's, per day, and as a share of them. */
  readonly excessHoursPerDay: number
  readonly excess: number
  readonly badMinutesPerDay: number
  readonly actionsPerDay: number
  /** Changes of the plan against the direction of the change before. */
  readonly reversalsPerDay: number
  readonly replicaHoursPerDay: number
  readonly decisionMicros: number
  readonly note?: string
}

export interface Evaluated {
  readonly trace: string
  readonly startupSeconds: number
  readonly days: number
  readonly seconds: number
  /** How far the load of the history jumps within one start-up (`jumpOf`). */
  readonly jump: number
  readonly rows: readonly Row[]
}

/** The oracle comes first: the others are measured against it. */
export const SCALERS = [
  'oracle',
  'crescendo',
  'hpa',
  'hpa-tuned',
  'hpa-history',
  'keda',
  'kpa',
  'static-peak',
  'hpa@0.5',
  'hpa@0.6',
  'hpa@0.8',
  'hpa@0.9',
] as const
/** Beside them, for single goals. */
const FOR_GOALS = ['crescendo-3x', 'crescendo-4.3min', 'hpa-equal-cost', 'crescendo-99.99', 'crescendo-enterprise']
const METRICS_DELAY_MS = 15_000
const MAX_REPLICAS = 500
const HISTORY_DAYS = 3
const DAY_MS = 86_400_000

/** First half is history (at least three days), second half is scored. The target's metric aims at 70 % of the safe load. */
export function scenarioOf({ load, capacity }: { load: Load; capacity: number }, startupSeconds: number): Scenario {
  const ticks = load.value.length
  const scoredFrom = Math.min(ticks - 1, Math.max(ticks >> 1, (HISTORY_DAYS * DAY_MS) / load.tickMs))
  const target: Target = {
    id: 'bench/trace',
    minReplicas: 1,
    maxReplicas: MAX_REPLICAS,
    metrics: [],
    capacityPerReplica: capacity,
    startupMs: startupSeconds * 1000,
    periodMs: load.tickMs,
  }
  const metricScale = 1000 / capacity
  return {
    target: withLoadMetric(target, 0.7, metricScale),
    load,
    scoredFrom,
    metricsDelayMs: METRICS_DELAY_MS,
    metricScale,
    seed: 1,
  }
}

/**
 * Ourselves in other tunings, each for one goal. `crescendo-3x` may act three times as often as an HPA; `crescendo-4.3min` has an error
 * budget of 4.3 bad minutes a day; `crescendo-99.99` the one of the tier Enterprise, and `crescendo-enterprise` its guard as well.
 */
const OURS: Readonly<Record<string, Partial<CrescendoOptions>>> = {
  crescendo: {},
  'crescendo-3x': { learnt: { actionLimit: 3 } },
  'crescendo-4.3min': { badMinutesPerDay: 4.3 },
  'crescendo-99.99': { badMinutesPerDay: 0.144 },
  'crescendo-enterprise': { badMinutesPerDay: 0.144, guardsOwnViolations: true },
}

/** Scalers whose goal is stated for the smooth class at one start-up time only. */
const ONLY_WHERE_SMOOTH: Readonly<Record<string, number>> = { 'crescendo-3x': 75, 'crescendo-4.3min': 300 }

/** Runs every scaler on one trace. */
export async function evaluate(
  trace: string,
  scenario: Scenario,
  scalers: readonly string[] = [...SCALERS, ...FOR_GOALS],
): Promise<Evaluated> {
  const began = performance.now()
  const days = ((scenario.load.value.length - scenario.scoredFrom) * scenario.load.tickMs) / DAY_MS
  const startupSeconds = scenario.target.startupMs / 1000
  const jump = jumpOf(scenario)
  const rows: Row[] = []
  for (const scaler of scalers) {
    const only = ONLY_WHERE_SMOOTH[scaler]
    if (only !== undefined && (only !== startupSeconds || !isSmooth(jump, startupSeconds))) continue
    const played = await play(scaler, { scenario, rows })
    rows.push(rowOf(scaler, played, { scenario, days, best: rows[0]?.replicaHoursPerDay }))
  }
  return { trace, startupSeconds, days, seconds: (performance.now() - began) / 1000, jump, rows }
}

interface Played {
  readonly run: Run
  readonly note?: string
}

function rowOf(
  scaler: string,
  { run, note }: Played,
  against: { scenario: Scenario; days: number; best: number | undefined },
): Row {
  const { scenario, days } = against
  const { capacityPerReplica } = scenario.target
  const { replicaHours, sloViolationMinutes, scaleUps, scaleDowns } = score(run, { capacityPerReplica, price: 0 })
  const replicaHoursPerDay = replicaHours / days
  const best = against.best ?? replicaHoursPerDay
  return {
    scaler,
    excessHoursPerDay: replicaHoursPerDay - best,
    excess: replicaHoursPerDay / best - 1,
    badMinutesPerDay: sloViolationMinutes / days,
    actionsPerDay: (scaleUps + scaleDowns) / days,
    reversalsPerDay: reversals(run) / days,
    replicaHoursPerDay,
    decisionMicros: run.decisionMicros?.p50 ?? 0,
    ...(note !== undefined && { note }),
  }
}

/** Changes of the plan against the direction of the change before. */
function reversals({ desired, scoredFrom }: Run): number {
  let [count, direction] = [0, 0]
  for (let tick = scoredFrom + 1; tick < desired.length; tick++) {
    const moved = Math.sign(desired[tick]! - desired[tick - 1]!)
    if (moved !== 0 && direction !== 0 && moved !== direction) count++
    if (moved !== 0) direction = moved
  }
  return count
}

/** Whether a row keeps to its budget; unless said, 99.9 % good minutes. */
export const meets = (row: Row, budgetMinutesPerDay = BUDGET_MINUTES_PER_DAY): boolean =>
  row.badMinutesPerDay <= budgetMinutesPerDay

async function play(scaler: string, { scenario, rows }: { scenario: Scenario; rows: readonly Row[] }): Promise<Played> {
  const stopwatch = () => performance.now() * 1000
  const variant = OURS[scaler]
  if (variant !== undefined) {
    const rules = crescendoRules({ mode: 'Slo', target: scenario.target, delayMs: METRICS_DELAY_MS, ...variant })
    return { run: await simulate(rules, scenario, { stopwatch }) }
  }
  if (scaler === 'hpa-equal-cost') return equalCost(scenario, rows)
  const { rules, target, note } = await prepare(scaler, scenario)
  return { run: await simulate(rules, { ...scenario, target }, { stopwatch }), ...(note !== undefined && { note }) }
}

/** Targets of the stock HPA that may cost the same, in hundredths of the safe load. */
const [DEAREST, CHEAPEST] = [2, 120]

/** The stock HPA with the highest target, in hundredths, that still buys at least as many replica-hours as we did on that trace. */
async function equalCost(scenario: Scenario, rows: readonly Row[]): Promise<Played> {
  const { capacityPerReplica } = scenario.target
  const days = ((scenario.load.value.length - scenario.scoredFrom) * scenario.load.tickMs) / DAY_MS
  const ours = rows.find(row => row.scaler === 'crescendo')?.replicaHoursPerDay ?? 0
  const at = async (hundredths: number) => {
    const { rules, target } = await prepare(`hpa@${hundredths / 100}`, scenario)
    return simulate(rules, { ...scenario, target })
  }
  let [enough, tooFew] = bracket(rows, ours)
  let run = await at(enough)
  while (tooFew - enough > 1) {
    const middle = (enough + tooFew) >> 1
    const tried = await at(middle)
    if (score(tried, { capacityPerReplica, price: 0 }).replicaHours / days < ours) tooFew = middle
    else [enough, run] = [middle, tried]
  }
  return { run, note: `target ${enough / 100}` }
}

/** Between which targets it must be, by those that were played already. */
function bracket(rows: readonly Row[], replicaHoursPerDay: number): [number, number] {
  const played = rows.flatMap(({ scaler, replicaHoursPerDay: hours }) => {
    const share = /^hpa@(.+)$/.exec(scaler)?.[1]
    return share === undefined ? [] : [{ hundredths: Math.round(100 * Number(share)), isEnough: hours >= replicaHoursPerDay }]
  })
  const of = (isEnough: boolean) => played.filter(one => one.isEnough === isEnough).map(({ hundredths }) => hundredths)
  const enough = Math.max(DEAREST, ...of(true))
  return [enough, Math.min(CHEAPEST + 1, ...of(false).filter(hundredths => hundredths > enough))]
}
