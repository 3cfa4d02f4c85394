import type { Target } from '../src/core/model.ts'
import { crescendoRules } from '../src/core/policy/crescendo-rules.ts'
import type { Load } from '../src/sim/load.ts'
import { prepare } from '../src/sim/rivals/contenders.ts'
import { BUDGET_MINUTES_PER_DAY } from '../src/sim/rivals/hpa-tuned.ts'

import { type Run, type Scenario, simulate, withLoadMetric } from '../src/sim/run.ts'
import { score } from '../src/sim/score.ts'

/** One scaler on one trace. */
export interface Row {
  readonly scaler: string
  /** Replica-hours over the oracle's, per day, and as a share of them. */
  readonly excessHoursPerDay: number
  readonly excess: number
  readonly badMinutesPerDay: number
  readonly actionsPerDay: number
  readonly decisionMicros: number
  readonly note?: string
}

export interface Evaluated {
  readonly trace: string
  readonly startupSeconds: number
  readonly days: number
  readonly seconds: number
  readonly rows: readonly Row[]
}

/** The oracle comes first: the others are measured against it. */
export const SCALERS = [
  'oracle',
  'crescendo',
  'hpa',
  'hpa-tuned',
  'keda',
  'kpa',
  'static-peak',
  'hpa@0.5',
  'hpa@0.6',
  'hpa@0.8',
  'hpa@0.9',
] as const
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

/** Runs every scaler on one trace. */
export async function evaluate(trace: string, scenario: Scenario, scalers: readonly string[] = SCALERS): Promise<Evaluated> {
  const began = performance.now()
  const days = ((scenario.load.value.length - scenario.scoredFrom) * scenario.load.tickMs) / DAY_MS
  const rows: Row[] = []
  let best: number | undefined
  for (const scaler of scalers) {
    const { run, note } = await play(scaler, scenario)
    const { replicaHours, sloViolationMinutes, scaleUps, scaleDowns } = score(run, {
      capacityPerReplica: scenario.target.capacityPerReplica,
      price: 0,
    })
    best ??= replicaHours
    rows.push({
      scaler,
      excessHoursPerDay: (replicaHours - best) / days,
      excess: replicaHours / best - 1,
      badMinutesPerDay: sloViolationMinutes / days,
      actionsPerDay: (scaleUps + scaleDowns) / days,
      decisionMicros: run.decisionMicros?.p50 ?? 0,
      ...(note !== undefined && { note }),
    })
  }
  return { trace, startupSeconds: scenario.target.startupMs / 1000, days, seconds: (performance.now() - began) / 1000, rows }
}

/** Whether a row keeps to 99.9 % good minutes. */
export const meets = (row: Row): boolean => row.badMinutesPerDay <= BUDGET_MINUTES_PER_DAY

async function play(scaler: string, scenario: Scenario): Promise<{ run: Run; note?: string }> {
  const stopwatch = () => performance.now() * 1000
  if (scaler === 'crescendo') {
    const rules = crescendoRules({ mode: 'Slo', target: scenario.target, delayMs: METRICS_DELAY_MS })
    return { run: await simulate(rules, scenario, { stopwatch }) }
  }
  const { rules, target, note } = await prepare(scaler, scenario)
  return { run: await simulate(rules, { ...scenario, target }, { stopwatch }), ...(note !== undefined && { note }) }
}
