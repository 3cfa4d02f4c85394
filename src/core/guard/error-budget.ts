import { condition } from '../conditions.ts'
import type { Condition, Instant, Objective } from '../model.ts'
import { type Context, type Guard, recall } from '../rules.ts'
import { type Burn, burnsIn, nameOf } from '../screen/burn.ts'

/** A burn that lasts longer is no incident that replicas could mend: to keep them would keep every peak for good. */
const LONGEST_MS = 4 * 3_600_000
/** What burns again sooner is the same burn. */
const QUIET_MS = 3_600_000

interface State {
  /** When the burn began, and when an objective burned fast for the last time. */
  readonly since: Instant
  readonly last: Instant
}

/**
 * While an objective burns its error budget fast, nothing is taken away, for four hours at most. A slow burn is only told. Money outranks
 * it, as it does every SLO. It also tells which objectives nobody measures: those change nothing.
 */
export function errorBudget(): Guard {
  return {
    name: 'error-budget',
    limit: (draft, context) => {
      const burns = burnsIn(context.memory)
      const fast = burns.filter(one => one.fast)
      const conditions = [measured(context), ...burning(context, burns)]
      if (fast.length === 0) return { replicas: draft.replicas, why: 'no objective burns its error budget fast', conditions }
      const memory = burnSince(context)
      const why = fast.map(told).join('; ')
      if (context.now - memory.since >= LONGEST_MS)
        return {
          replicas: draft.replicas,
          why: `${why}, for over four hours: replicas are not what is missing`,
          memory,
          conditions,
        }
      const kept = Math.min(context.situation.observation.replicas.spec, context.target.maxReplicas)
      return draft.replicas < kept
        ? { replicas: kept, why: `holds ${kept}: ${why}`, memory, conditions }
        : { replicas: draft.replicas, why: `no scale-down while ${why}`, memory, conditions }
    },
  }
}

function burnSince({ memory, now }: Context): State {
  const before = recall<State | undefined>(memory, 'error-budget', undefined)
  return before !== undefined && now - before.last < QUIET_MS ? { since: before.since, last: now } : { since: now, last: now }
}

const round = (rate: number) => Math.round(rate * 10) / 10

const told = ({ objective, rates, fast }: Burn) =>
  fast
    ? `${objective} burns its error budget ${round(rates.hour)} times too fast over an hour (${round(rates.fiveMinutes)} over five minutes)`
    : `${objective} burns its error budget ${round(rates.sixHours)} times too fast over six hours (${round(rates.halfHour)} over half an hour)`

function burning({ target: { objectives = [] } }: Context, burns: readonly Burn[]): readonly Condition[] {
  if (objectives.every(objective => nameOf(objective) === undefined)) return []
  const bad = [...burns.filter(({ fast }) => fast), ...burns.filter(({ fast, slow }) => slow && !fast)]
  const [worst] = bad
  const message = bad.map(told).join('; ')
  if (worst !== undefined)
    return [condition('SloBurning', { status: 'True', reason: worst.fast ? 'FastBurn' : 'SlowBurn', message })]
  return [
    condition(
      'SloBurning',
      burns.length > 0
        ? { status: 'False', reason: 'WithinBudget', message: 'no objective burns its error budget too fast' }
        : { status: 'Unknown', reason: 'NotMeasured', message: 'nobody measured any objective that has an error budget' },
    ),
  ]
}

/** Which objectives have no reading, and why. */
function measured({ target: { objectives = [] }, situation }: Context): Condition {
  const readings = situation.observation.objectives ?? []
  const absent = objectives.flatMap((objective, index) => {
    const reading = readings[index]
    if (reading?.kind === 'value') return []
    return [`${labelOf(objective)} (${reading?.why ?? 'nobody measures objectives here'})`]
  })
  return condition(
    'ObjectivesMeasured',
    absent.length === 0
      ? { status: 'True', reason: 'AllMeasured', message: 'every objective is measured' }
      : { status: 'False', reason: 'NotMeasured', message: `not measured, and without effect: ${absent.join('; ')}` },
  )
}

function labelOf(objective: Objective): string {
  if (objective.type === 'Utilization') return `${objective.type} of ${objective.resource}`
  return nameOf(objective) ?? `${objective.type} ${'metric' in objective ? objective.metric : ''}`
}
