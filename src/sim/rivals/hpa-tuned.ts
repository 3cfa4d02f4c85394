import { hpaRules } from '../../core/policy/hpa-rules.ts'
import { type RunOptions, type Scenario, simulate, withLoadMetric } from '../run.ts'
import { score } from '../score.ts'

/** 99.9 % of a day in minutes of violation. */
export const BUDGET_MINUTES_PER_DAY = 1.44

/** Targets that are tried, as shares of the safe load: 0.20 to 1.00 in steps of 0.025. */
export const SHARES: readonly number[] = Array.from({ length: 33 }, (_, index) => Math.round(200 + 25 * index) / 1000)

export interface Tuned {
  readonly share: number
  /** Whether the share keeps to the budget; if none does, it is the one with the least violation. */
  readonly meetsBudget: boolean
  /** Runs that it took. */
  readonly tried: number
}

interface Tried {
  readonly index: number
  readonly minutesPerDay: number
  readonly replicaHours: number
}

/** How many shares above the boundary are looked at too: violation does not fall strictly with the share. */
const LOOK_BEYOND = 2

/**
 * The HPA target that is cheapest **in hindsight**: chosen on the very part that is scored, with a budget of violation. Nobody could
 * know it beforehand, so it is unfair in the HPA's favour, on purpose. Higher targets are cheaper, so the boundary of the budget is
 * found by bisection, and the next shares above it are tried as well; the cheapest of all tried that keep to the budget wins.
 */
export async function tuneHpa(
  scenario: Scenario,
  {
    budgetMinutesPerDay = BUDGET_MINUTES_PER_DAY,
    onProgress,
  }: { budgetMinutesPerDay?: number } & Pick<RunOptions, 'onProgress'> = {},
): Promise<Tuned> {
  const tried = new Map<number, Tried>()
  const isKept = async (index: number) => {
    const known = tried.get(index) ?? (await attempt(scenario, index))
    tried.set(index, known)
    onProgress?.(tried.size, Math.ceil(Math.log2(SHARES.length)) + LOOK_BEYOND)
    return known.minutesPerDay <= budgetMinutesPerDay
  }
  let [kept, broken] = [-1, SHARES.length]
  while (broken - kept > 1) {
    const middle = (kept + broken) >> 1
    if (await isKept(middle)) kept = middle
    else broken = middle
  }
  for (let index = kept + 1; index <= Math.min(SHARES.length - 1, kept + LOOK_BEYOND); index++) await isKept(index)
  const all = [...tried.values()]
  const within = all.filter(one => one.minutesPerDay <= budgetMinutesPerDay)
  const best =
    within.length > 0
      ? within.reduce((a, b) => (b.replicaHours < a.replicaHours ? b : a))
      : all.toSorted((a, b) => a.minutesPerDay - b.minutesPerDay || a.replicaHours - b.replicaHours)[0]!
  return { share: SHARES[best.index]!, meetsBudget: within.length > 0, tried: all.length }
}

async function attempt(scenario: Scenario, index: number): Promise<Tried> {
  const target = withLoadMetric(scenario.target, SHARES[index]!, scenario.metricScale)
  const run = await simulate(hpaRules(), { ...scenario, target })
  const { sloViolationRatio, replicaHours } = score(run, { capacityPerReplica: target.capacityPerReplica, price: 0 })
  return { index, minutesPerDay: sloViolationRatio * 24 * 60, replicaHours }
}
