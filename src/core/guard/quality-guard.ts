import { condition } from '../conditions.ts'
import type { Condition, Instant, Objective } from '../model.ts'
import { type Context, type Guard, recall } from '../rules.ts'

/** One Guard objective over time; those that were never measured have none. */
interface Watch {
  readonly seenAt: Instant
  readonly value: number
  /** When it was last below its minimum; absent: it was not lately. */
  readonly brokenAt?: Instant
  readonly since?: Instant
  /** When it broke, and what was ready then; the most since, and how often that grew without relief. */
  readonly start?: number
  readonly readyAtStart?: number
  readonly ready?: number
  readonly increases?: number
}

type State = Readonly<Record<string, Watch>>
type GuardObjective = Extract<Objective, { readonly type: 'Throughput' | 'Guard' }>

/** So long after it was last broken nothing is taken away yet: what is just above its minimum would break again. */
const CALM_MS = 300_000
/** A guard that was measured and is silent now holds for that long. */
const SILENT_MS = 3_600_000
/** More replicas than that, so many times, over that time, without relief: they do not help. */
const INCREASES = 3
const PATIENCE_MS = 600_000

/**
 * While the metric of a Guard objective is below its minimum, no replica leaves, whatever that costs; nor for five minutes after. It
 * asks for no replicas: quality is not bought with them as a rule. Where three increases over ten minutes closed no fifth of the gap,
 * that is told, for people. A guard that was measured and is silent holds for an hour; one that never was has no effect.
 */
export function qualityGuard(): Guard {
  return {
    name: 'quality-guard',
    limit: (draft, context) => {
      const before = recall<State>(context.memory, 'quality-guard', {})
      const looked = guardsOf(context).map(one => ({
        key: keyOf(one.objective),
        ...look(before[keyOf(one.objective)], one, context),
      }))
      const holding = looked.filter(({ holds }) => holds)
      const memory: State = Object.fromEntries(looked.flatMap(({ key, watch }) => (watch ? [[key, watch]] : [])))
      const said = { conditions: [tell(looked)], memory }
      if (holding.length === 0) return { replicas: draft.replicas, why: 'quality is kept', ...said }
      const kept = Math.min(context.situation.observation.replicas.spec, context.target.maxReplicas)
      const why = holding.map(one => one.why).join('; ')
      return draft.replicas < kept
        ? { replicas: kept, why: `holds ${kept}: ${why}`, keeps: kept, ...said }
        : { replicas: draft.replicas, why: `no scale-down while ${why}`, keeps: kept, ...said }
    },
  }
}

const keyOf = ({ metric, selector = '' }: GuardObjective) => `${metric} ${selector}`

interface Asked {
  readonly objective: GuardObjective
  readonly value?: number
  readonly why: string
}

function guardsOf({ target: { objectives = [] }, situation }: Context): readonly Asked[] {
  return objectives.flatMap((objective, index) => {
    if (objective.type !== 'Guard') return []
    const reading = situation.observation.objectives?.[index]
    if (reading?.kind === 'value' && Number.isFinite(reading.value)) return [{ objective, value: reading.value, why: '' }]
    return [{ objective, why: reading?.kind === 'missing' ? reading.why : 'nobody measures it' }]
  })
}

interface Looked {
  readonly metric: string
  readonly watch?: Watch
  readonly holds: boolean
  readonly reason: 'Kept' | 'BelowMinimum' | 'NoRelief' | 'NotMeasured'
  readonly why: string
}

function look(before: Watch | undefined, asked: Asked, context: Context): Looked {
  const { metric, min } = asked.objective
  if (asked.value === undefined) return silent(before, asked, context.now)
  const watch = advance(before, { value: asked.value, min }, context)
  const { brokenAt, since = context.now, readyAtStart = 0, ready = 0 } = watch
  if (brokenAt === undefined)
    return { metric, watch, holds: false, reason: 'Kept', why: `${metric} is ${round(asked.value)} of ${min}` }
  if (asked.value >= min)
    return {
      metric,
      watch,
      holds: true,
      reason: 'Kept',
      why: `${metric} has been back at its minimum of ${min} for less than 5 min`,
    }
  const below = `${metric} is ${round(asked.value)}, below its minimum of ${min}`
  if (!isHopeless(watch, context.now)) return { metric, watch, holds: true, reason: 'BelowMinimum', why: below }
  const minutes = Math.round((context.now - since) / 60_000)
  const why = `${below}, and ${readyAtStart} → ${ready} ready replicas brought no relief in ${minutes} min`
  return { metric, watch, holds: true, reason: 'NoRelief', why }
}

function silent(before: Watch | undefined, { objective: { metric }, why }: Asked, now: Instant): Looked {
  if (before === undefined) return { metric, holds: false, reason: 'NotMeasured', why: `${metric} was never measured (${why})` }
  const silentMs = now - before.seenAt
  const holds = silentMs < SILENT_MS
  return {
    metric,
    watch: before,
    holds,
    reason: 'NotMeasured',
    why: `${metric} has been silent for ${Math.round(silentMs / 60_000)} min (${why})`,
  }
}

function advance(before: Watch | undefined, { value, min }: { value: number; min: number }, { now, situation }: Context): Watch {
  const { ready } = situation.observation.replicas
  if (value >= min) {
    const isCalm = before?.brokenAt === undefined || now - before.brokenAt >= CALM_MS
    return isCalm ? { seenAt: now, value } : { ...before, seenAt: now, value }
  }
  const known = before?.brokenAt === undefined ? undefined : before
  const isRelieved = known?.start !== undefined && value > known.start + 0.2 * (min - known.start)
  if (known === undefined || isRelieved)
    return { seenAt: now, value, brokenAt: now, since: now, start: value, readyAtStart: ready, ready, increases: 0 }
  const grew = ready > (known.ready ?? 0)
  return {
    ...known,
    seenAt: now,
    value,
    brokenAt: now,
    start: Math.min(value, known.start ?? value),
    ...(grew && { ready, increases: (known.increases ?? 0) + 1 }),
  }
}

function isHopeless({ increases = 0, since }: Watch, now: Instant): boolean {
  return increases >= INCREASES && since !== undefined && now - since >= PATIENCE_MS
}

const WORST_FIRST = ['NoRelief', 'BelowMinimum', 'NotMeasured', 'Kept'] as const

function tell(looked: readonly Looked[]): Condition {
  const reason = WORST_FIRST.find(one => looked.some(guard => guard.reason === one)) ?? 'Kept'
  const message = looked
    .filter(one => one.reason === reason)
    .map(({ why }) => why)
    .join('; ')
  const status = reason === 'Kept' ? 'False' : reason === 'NotMeasured' ? 'Unknown' : 'True'
  return condition('QualityGuard', { status, reason, message })
}

const round = (value: number) => Number(value.toPrecision(4))
