import { condition } from '../conditions.ts'
import type { Condition, Instant, Observation, Situation } from '../model.ts'
import { type Context, type Guard, recall } from '../rules.ts'

export interface BreakerSettings {
  /** Opens when pods made no progress towards ready for that many start-up times. Default 4. */
  readonly startups?: number
  /** Share of the ordered replicas that must be missing for that. Default 0.2: one broken pod of ten changes nothing. */
  readonly missingShare?: number
  /** Error ratio from which we ask whether scaling helps. Default 0.05. */
  readonly errorRatio?: number
  /** So many increases without relief open it. Default 3. */
  readonly increases?: number
}

type Settings = Required<BreakerSettings>

/** Pods on their way: how many were ready last time, and when that last grew. */
interface Progress {
  readonly ready: number
  readonly at: Instant
}

/** A time of errors or backlog: the worst of each since it began, and how often ready replicas grew since without relief. */
interface Trouble {
  readonly errorRatio: number
  readonly backlog: number
  readonly demand: number
  readonly readyAtStart: number
  readonly ready: number
  readonly increases: number
}

type Position =
  | { readonly kind: 'closed' }
  | { readonly kind: 'open'; readonly since: Instant; readonly ready: number; readonly why: string }
  | { readonly kind: 'probing'; readonly since: Instant; readonly ready: number; readonly why: string; readonly limit: number }

interface State {
  readonly progress: Progress
  readonly trouble?: Trouble
  readonly position: Position
}

/** No pause is shorter: metrics and probes of a fast workload are slower than its start. */
const SHORTEST_PAUSE_MS = 120_000

/**
 * Opens where scaling demonstrably does not help: ordered pods do not become ready (a failing rollout, a quota wall), or
 * errors or backlog do not fall after several increases although demand did not grow. Open means no further scale-up, for
 * an emergency too; what runs and `minReplicas` are never cut. After a pause of two start-up times it lets one step
 * through (a tenth), and closes once that helped.
 */
export function breaker(given: BreakerSettings = {}): Guard {
  const settings: Settings = { startups: 4, missingShare: 0.2, errorRatio: 0.05, increases: 3, ...given }
  return {
    name: 'breaker',
    limit: (draft, context) => {
      const { spec, ready } = context.situation.observation.replicas
      const fresh: State = { progress: { ready, at: context.now }, position: { kind: 'closed' } }
      const before = recall<State>(context.memory, 'breaker', fresh)
      const progress = progressOf(before.progress, context)
      const trouble = troubleOf(before.trouble, context.situation, settings)
      const position = move(before.position, { progress, trouble, context, settings })
      const wants = draft.replicas > Math.max(spec, context.target.minReplicas)
      const next = position.kind === 'open' && wants ? probe(position, context) : position
      const allowed = next.kind === 'closed' ? draft.replicas : Math.max(context.target.minReplicas, limitOf(next, spec))
      const replicas = Math.min(draft.replicas, allowed)
      return {
        replicas,
        ...tell(next, draft.replicas - replicas),
        memory: { progress, ...(trouble && { trouble }), position: next } satisfies State,
      }
    },
  }
}

const pauseMs = ({ target }: Context) => Math.max(SHORTEST_PAUSE_MS, 2 * target.startupMs)

const patienceMs = ({ target }: Context, { startups }: Settings) => Math.max(SHORTEST_PAUSE_MS, startups * target.startupMs)

const limitOf = (position: Exclude<Position, { kind: 'closed' }>, spec: number) =>
  position.kind === 'open' ? spec : Math.max(spec, position.limit)

/** Progress is any tick with more ready pods than the last, or with nothing awaited. */
function progressOf(before: Progress, { now, situation }: Context): Progress {
  const { spec, ready } = situation.observation.replicas
  return { ready, at: ready >= spec || ready > before.ready ? now : before.at }
}

function troubleOf(before: Trouble | undefined, situation: Situation, settings: Settings): Trouble | undefined {
  const { observation, demand } = situation
  const { errorRatio = 0, backlog = 0 } = observation
  if (demand === undefined) return before
  if (errorRatio < settings.errorRatio && backlog <= 0) return undefined
  const { ready } = observation.replicas
  if (before === undefined || relieved(before, observation) || demand > 1.1 * before.demand) {
    return { errorRatio, backlog, demand, readyAtStart: ready, ready, increases: 0 }
  }
  const worst = {
    ...before,
    errorRatio: Math.max(errorRatio, before.errorRatio),
    backlog: Math.max(backlog, before.backlog),
  }
  return ready > before.ready ? { ...worst, ready, increases: before.increases + 1 } : worst
}

/** Errors or backlog a fifth lower than at their worst since the trouble began: scaling (or something else) helps. */
const relieved = (trouble: Trouble, { errorRatio = 0, backlog = 0 }: Observation) =>
  (trouble.errorRatio > 0 && errorRatio < 0.8 * trouble.errorRatio) || (trouble.backlog > 0 && backlog < 0.8 * trouble.backlog)

function complaint(found: { progress: Progress; trouble: Trouble | undefined; context: Context; settings: Settings }) {
  const { progress, trouble, context, settings } = found
  const { spec, ready } = context.situation.observation.replicas
  const waitedMs = context.now - progress.at
  if (spec - ready >= Math.max(1, settings.missingShare * spec) && waitedMs > patienceMs(context, settings)) {
    return `${spec - ready} of ${spec} pods are not ready, and none became ready for ${Math.round(waitedMs / 1000)} s`
  }
  if (trouble && trouble.increases >= settings.increases && trouble.ready >= 1.5 * trouble.readyAtStart) {
    return `${trouble.readyAtStart} → ${trouble.ready} ready replicas brought no relief of errors or backlog`
  }
  return undefined
}

function move(
  position: Position,
  found: { progress: Progress; trouble: Trouble | undefined; context: Context; settings: Settings },
): Position {
  const { now, situation } = found.context
  const { ready } = situation.observation.replicas
  const why = complaint(found)
  if (why === undefined) {
    // A probe counts only once its pods are ready; an open breaker closes as soon as nothing is left to complain about.
    return position.kind === 'probing' && ready <= position.ready && now - position.since <= pauseMs(found.context)
      ? position
      : { kind: 'closed' }
  }
  if (position.kind === 'closed') return { kind: 'open', since: now, ready, why }
  if (position.kind === 'open') return { ...position, why }
  const failed = now - position.since > patienceMs(found.context, found.settings)
  return failed ? { kind: 'open', since: now, ready, why } : position
}

function probe(position: Extract<Position, { kind: 'open' }>, context: Context): Position {
  if (context.now - position.since < pauseMs(context)) return position
  const { spec, ready } = context.situation.observation.replicas
  return { kind: 'probing', since: context.now, ready, why: position.why, limit: spec + Math.max(1, Math.ceil(spec / 10)) }
}

function tell(position: Position, withheld: number): { why: string; conditions: readonly Condition[] } {
  if (position.kind === 'closed') {
    const message = 'closed'
    return { why: message, conditions: [condition('BreakerOpen', { status: 'False', reason: 'Closed', message })] }
  }
  const held = withheld > 0 ? `, withheld ${withheld}` : ''
  const state = position.kind === 'open' ? 'open' : `half open, one step to ${position.limit}`
  const message = `${state}${held}: ${position.why}`
  const reason = position.kind === 'open' ? 'ScalingDoesNotHelp' : 'Probing'
  return { why: message, conditions: [condition('BreakerOpen', { status: 'True', reason, message })] }
}
