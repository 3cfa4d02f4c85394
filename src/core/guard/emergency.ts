import { condition, type Word } from '../conditions.ts'
import type { Condition, Instant, Target } from '../model.ts'
import { type Context, type Draft, type Guard, recall } from '../rules.ts'
import { burnsIn } from '../screen/burn.ts'

export interface EmergencySettings {
  /** How far an emergency may go. Default 500. */
  readonly maxReplicas?: number
  /** It ends by itself after that long, and needs calm before it can begin again. Default 1,800. */
  readonly maxDurationSeconds?: number
  /** Ticks in a row of overload (or of calm) that count, so that one wrong sample orders nothing. Default 3. */
  readonly ticks?: number
}

/** An error budget of 30 days that burns so many times too fast is 2 % gone in an hour (the page alert of Google's SRE workbook). */
const FAST_BURN = 14.4
/** Errors of that share are a sign whatever was promised, and where nothing was. */
const MANY_ERRORS = 0.05

/** After that long without a new peak an emergency follows the demand down. */
const PEAK_HOLD_MS = 300_000

interface State {
  /** When the emergency began; absent while there is none. */
  readonly since?: Instant
  /** It ran its full time, and the demand has not been calm since. */
  readonly spent: boolean
  readonly overloadedTicks: number
  readonly calmTicks: number
  readonly backlog?: number
  /** The most replicas needed lately in this emergency, so that noise does not make it flap; before one, what is needed now. */
  readonly peak: number
  readonly peakAt: Instant
}

/** `short`: fewer ready than needed, but no sign that it gets worse. */
type Pressure = 'unknown' | 'calm' | 'short' | 'mounting' | 'overload'

/**
 * Passes pace, bounds, its own budget and the surge budget, up to `maxReplicas` and for `maxDurationSeconds`, where, for several
 * ticks, believed demand exceeds everything allowed (more needed than the maximum), or all ready replicas are saturated while the backlog grows or the error budget burns fast. Never on missing or doubted
 * demand: then a running emergency keeps what it has (missing) or gives way (doubted). Nor for want of money that is shared: what
 * others have is not its to take. It never lowers a count, and falls back by itself.
 */
export function emergency(settings: EmergencySettings = {}): Guard {
  const { maxReplicas = 500, maxDurationSeconds = 1800, ticks = 3 } = settings
  return {
    name: 'emergency',
    limit: (draft, context) => {
      const nothing: State = { spent: false, overloadedTicks: 0, calmTicks: 0, peak: 0, peakAt: context.now }
      const isPaused = context.situation.observation.replicas.spec === 0 && context.target.minReplicas > 0
      if (isPaused) return { replicas: draft.replicas, why: 'somebody scaled it to 0', memory: nothing }
      const before = recall<State>(context.memory, 'emergency', nothing)
      const pressure = pressureOf(draft, context, before)
      const counted = count(before, { pressure, draft, context })
      const memory = advance(counted, { ticks, now: context.now, maxDurationMs: maxDurationSeconds * 1000 })
      return { ...answer(memory, { pressure, draft, context, maxReplicas, maxDurationSeconds }), memory }
    },
  }
}

function pressureOf(draft: Draft, { situation, target, memory }: Context, before: State): Pressure {
  const { observation, doubts } = situation
  const { demand, replicas, backlog, errorRatio, allowance } = observation
  if (draft.needed === undefined || doubts.some(({ believes }) => demand.kind === 'value' && believes < demand.value)) {
    return 'unknown'
  }
  // Calm is what would stay so without the emergency: what is ready thanks to it says nothing.
  if (draft.needed <= Math.min(replicas.ready, target.maxReplicas, draft.replicas)) return 'calm'
  if (draft.replicas >= (allowance?.whenNeeded ?? Number.POSITIVE_INFINITY)) return 'short'
  if (draft.needed > target.maxReplicas) return 'overload'
  const isQueueGrowing = backlog !== undefined && before.backlog !== undefined && backlog > before.backlog
  const isBurning = (errorRatio ?? 0) >= burningFast(target) || burnsIn(memory).some(({ fast }) => fast)
  return isQueueGrowing || isBurning ? 'mounting' : 'short'
}

/** The error ratio at which what the target promised is lost fast: 0.00144 where 0.9999 of all requests are to be served. */
function burningFast({ objectives = [] }: Target): number {
  const allowed = objectives.flatMap(({ type, ...one }) =>
    'threshold' in one && (type === 'ErrorRatio' || type === 'Availability')
      ? [type === 'ErrorRatio' ? one.threshold : 1 - one.threshold]
      : [],
  )
  return Math.min(MANY_ERRORS, ...allowed.map(ratio => FAST_BURN * ratio))
}

function count(before: State, { pressure, draft, context }: { pressure: Pressure; draft: Draft; context: Context }): State {
  const { backlog: _, ...rest } = before
  const { backlog } = context.situation.observation
  const needed = draft.needed ?? 0
  const renew = before.since === undefined || needed >= before.peak || context.now - before.peakAt > PEAK_HOLD_MS
  return {
    ...rest,
    ...(backlog !== undefined && { backlog }),
    ...(renew && pressure !== 'unknown' && { peak: needed, peakAt: context.now }),
    overloadedTicks: pressure === 'mounting' || pressure === 'overload' ? before.overloadedTicks + 1 : 0,
    calmTicks: pressure === 'calm' ? before.calmTicks + 1 : 0,
  }
}

function advance(state: State, { ticks, now, maxDurationMs }: { ticks: number; now: Instant; maxDurationMs: number }): State {
  const { since, ...idle } = state
  if (state.calmTicks >= ticks) return { ...idle, spent: false }
  if (since !== undefined) return now - since >= maxDurationMs ? { ...idle, spent: true } : state
  return !state.spent && state.overloadedTicks >= ticks ? { ...idle, since: now } : state
}

function answer(
  state: State,
  run: { pressure: Pressure; draft: Draft; context: Context; maxReplicas: number; maxDurationSeconds: number },
) {
  const { draft, context } = run
  const tell = (status: Condition['status'], reason: Word<'Emergency'>['reason'], message: string) => ({
    why: message,
    conditions: [condition('Emergency', { status, reason, message })],
  })
  if (state.since === undefined) {
    const [reason, why] = state.spent
      ? (['Expired', `expired after ${run.maxDurationSeconds} s, armed again once demand is lower`] as const)
      : (['NotNeeded', 'not needed'] as const)
    return { replicas: draft.replicas, ...tell('False', reason, why) }
  }
  const leftSeconds = Math.round(run.maxDurationSeconds - (context.now - state.since) / 1000)
  if (run.pressure === 'unknown') {
    const held = draft.needed === undefined ? Math.min(context.situation.observation.replicas.spec, run.maxReplicas) : 0
    const replicas = Math.max(draft.replicas, held)
    return {
      replicas,
      ...tell('Unknown', 'DemandUnknown', `demand is missing or doubted: raises nothing, ${leftSeconds} s left`),
    }
  }
  const { allowance } = context.situation.observation
  const most = Math.min(run.maxReplicas, allowance?.whenNeeded ?? Number.POSITIVE_INFINITY)
  const replicas = Math.max(draft.replicas, Math.min(state.peak, most))
  const why = `believed demand needs ${state.peak} of at most ${most}, ${leftSeconds} s left`
  return { replicas, ...tell('True', 'Overload', why) }
}
