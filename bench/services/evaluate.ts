import { scalersFor } from '../../src/cli/scalers.ts'
import type { Target } from '../../src/core/model.ts'
import { hpaRules } from '../../src/core/policy/hpa-rules.ts'
import type { Settings } from '../../src/resources/settings.ts'
import { type Contender, RIVALS } from '../../src/sim/rivals/contenders.ts'
import { tuneHpa } from '../../src/sim/rivals/hpa-tuned.ts'
import { type Scenario, simulate, withLoadMetric } from '../../src/sim/run.ts'
import { score } from '../../src/sim/score.ts'
import { serviceScore } from '../../src/sim/served.ts'
import { QUANTILE, type ServiceType, scenarioOf } from './scenarios.ts'

export interface ServiceRow {
  readonly scaler: string
  /** Replica-hours that the oracle needs over those billed. */
  readonly costEfficiency: number
  readonly p99Seconds: number
  readonly errorRatio: number
  readonly badMinutesPerDay: number
  readonly actionsPerDay: number
}

export interface EvaluatedService {
  readonly type: ServiceType
  readonly capacityPerReplica: number
  readonly startupSeconds: number
  readonly badMinutesPerDay: number
  readonly peakPerSecond: number
  readonly rows: readonly ServiceRow[]
}

const DAYS = 7
const STOCK_PERCENT = 70
/** What nines cost: the same profile with a weaker promise of good minutes. */
const FEWER_NINES = [
  { availability: '0.999', minutesPerDay: 1.44 },
  { availability: '0.99', minutesPerDay: 14.4 },
] as const

/** The oracle, Crescendo under the shipped profile, the HPA that people set up, and the one that nobody could. */
export async function evaluateService(type: ServiceType, seed: number): Promise<EvaluatedService> {
  const { scenario, settings } = await scenarioOf(type, seed)
  const rows: ServiceRow[] = []
  let best: number | undefined
  for (const [scaler, contender] of await contendersOf(type, { scenario, settings })) {
    const began = performance.now()
    const { rules, target } = await contender()
    const run = await simulate(rules, { ...scenario, target: { ...target, objectives: scenario.target.objectives! } })
    const { replicaHours, sloViolationMinutes, scaleUps, scaleDowns } = score(run, {
      capacityPerReplica: scenario.target.capacityPerReplica,
      price: 0,
    })
    best ??= replicaHours
    const { latencySeconds, errorRatio } = serviceScore(run, type.service, QUANTILE)!
    process.stderr.write(`${type.name}: ${scaler} in ${((performance.now() - began) / 1000).toFixed(0)} s\n`)
    rows.push({
      scaler,
      costEfficiency: best / replicaHours,
      p99Seconds: latencySeconds,
      errorRatio,
      badMinutesPerDay: sloViolationMinutes / DAYS,
      actionsPerDay: (scaleUps + scaleDowns) / DAYS,
    })
  }
  return {
    type,
    capacityPerReplica: scenario.target.capacityPerReplica,
    startupSeconds: scenario.target.startupMs / 1000,
    badMinutesPerDay: settings.violationMinutesPerDay,
    peakPerSecond: scenario.load.value.subarray(scenario.scoredFrom).reduce((high, load) => Math.max(high, load), 0),
    rows,
  }
}

type Making = () => Contender | Promise<Contender>

async function contendersOf(
  type: ServiceType,
  { scenario, settings }: { scenario: Scenario; settings: Settings },
): Promise<readonly (readonly [string, Making])[]> {
  const { behavior: _, ...stock } = scenario.target
  return [
    ['oracle', () => RIVALS.oracle!(scenario, {})],
    ['crescendo', () => scalersFor(settings, 0).crescendo!(scenario, {})],
    ...FEWER_NINES.filter(({ minutesPerDay }) => minutesPerDay > settings.violationMinutesPerDay).map(
      ({ availability, minutesPerDay }): readonly [string, Making] => {
        const relaxed = { ...settings, violationMinutesPerDay: minutesPerDay }
        return [`crescendo, Availability ${availability}`, () => scalersFor(relaxed, 0).crescendo!(scenario, {})]
      },
    ),
    [`hpa at ${STOCK_PERCENT} % ${type.resource}`, () => ({ rules: hpaRules(), target: onResource(stock, type) })],
    ['hpa tuned in hindsight', () => tuned(scenario, settings.violationMinutesPerDay)],
  ]
}

function onResource(target: Target, { resource }: ServiceType): Target {
  const averageUtilizationPercent = STOCK_PERCENT
  return { ...target, metrics: [{ type: 'Resource', resource, target: { type: 'Utilization', averageUtilizationPercent } }] }
}

/** The cheapest share of the safe load that keeps to the bad minutes which the policy leaves, chosen on the week that is scored. */
async function tuned(scenario: Scenario, budgetMinutesPerDay: number): Promise<Contender> {
  const { behavior: _, ...stock } = scenario.target
  const { service: __, ...plain } = scenario
  const { share } = await tuneHpa({ ...plain, target: stock }, { budgetMinutesPerDay })
  return { rules: hpaRules(), target: withLoadMetric(stock, share, scenario.metricScale) }
}
