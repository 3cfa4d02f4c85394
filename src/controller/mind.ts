import { deserialize, serialize } from 'node:v8'
import type { ForecastAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import type { Instant, ScheduledWindow, Target } from '../core/model.ts'
import { type CrescendoOptions, crescendoRules } from '../core/policy/crescendo-rules.ts'
import { hpaRules } from '../core/policy/hpa-rules.ts'
import { restoreRules, restoreSafeLoad, snapshotRules } from '../core/policy/rules-snapshot.ts'
import type { Memory, Rules, Snapshot } from '../core/rules.ts'
import { backfill, knowingSchedules, type Recorded } from '../loop/backfill.ts'
import type { Clock, DurableStore, Learners, Log } from '../ports.ts'
import { scheduledWindows } from '../resources/schedule-windows.ts'
import { fingerprintOf, type Plan } from './plan.ts'

/** The rules of one object, and what they have learnt. */
export interface Mind {
  /** The rules to decide with now: reactive ones while the past is still being learnt. */
  rules(): Rules
  /** Why the forecast takes no part yet; absent when it does, or never will (prediction Off). */
  learning(): string | undefined
  /** How good its forecasts of the last week were; absent where nothing is forecast, or the past is still being learnt. */
  accuracy(): ForecastAccuracy | undefined
  /** What the screens learnt from the past, once: the object's next tick takes it into its memory. */
  lesson(): Memory['slots'] | undefined
  /** What it has learnt, for a young load of that plan; absent where that is of another kind, or while it knows too little itself. */
  lend(plan: Plan): Snapshot | undefined
  readonly target: string
  /** Keeps what was learnt, so that a restart resumes with it. */
  keep(): Promise<void>
}

export interface MindOptions {
  readonly store: DurableStore
  readonly clock: Clock
  readonly log: Log
  /** The demand that a source remembers, oldest first. */
  readonly history: (range: { readonly fromMs: number; readonly toMs: number }) => Promise<readonly Recorded[]>
  /** How far back a first start learns. */
  readonly backfillMs: number
  /** Before that time nothing is taken away: this process has not seen what the window of stabilization would know. */
  readonly settlesAt: Instant
  /** Learns a first past in a thread; absent: in slices on the loop. */
  readonly learners?: Learners
  /** Those who may lend to a load without a past; absent: nobody. */
  readonly peers?: () => readonly Mind[]
  /** Lets few objects learn at a time, so that the loop is left alone. */
  readonly inTurn: (learn: () => Promise<void>) => Promise<void>
}

const MODEL = 'accumulators'
/** Of the encoding of `Kept`. */
const VERSION = 1
/** Longest stretch of learning before everybody else gets a turn. */
const SLICE_MS = 10
const HOUR_MS = 3_600_000

interface Kept {
  readonly fingerprint: string
  readonly learntUntil: Instant
  readonly rules: Snapshot
  readonly lentBy?: string
}

interface State {
  readonly plan: Plan
  readonly learner: Rules
  /** The newest time that the learner has absorbed while it catches up. */
  learntUntil: Instant
  isLearning: boolean
  lesson?: Memory['slots'] | undefined
  trouble?: string
  /** The target whose knowledge it began with. */
  lentBy?: string
}

/** Builds the rules of a plan and begins to learn its past. */
export function createMind(plan: Plan, options: MindOptions): Mind {
  const learner = rulesOf(plan, options, plan.prediction)
  const hasPast = learner.forecaster !== undefined
  const interim = hasPast ? rulesOf(plan, options, 'Off') : learner
  const state: State = { plan, learner, learntUntil: 0, isLearning: hasPast }
  if (hasPast) void options.inTurn(() => learnPast(state, options)).catch(error => giveUp(state, options, error))
  return {
    rules: () => (state.isLearning ? interim : learner),
    target: plan.target.id,
    lend: to => (state.isLearning || !isOfAKind(plan, to) ? undefined : learner.forecaster?.lend?.()),
    accuracy: () => (state.isLearning ? undefined : accuracyOf(state)),
    learning: () => (state.isLearning ? 'learning the past' : state.trouble),
    lesson() {
      const { lesson } = state
      state.lesson = undefined
      return lesson
    },
    keep: () => keep(state, options),
  }
}

/** Prediction Off without a stated guard or a schedule of ours is the stock HPA exactly. */
function rulesOf(plan: Plan, options: MindOptions, mode: Plan['prediction']): Rules {
  const { guards, isScheduled } = plan.options
  const money = guards?.budget ?? guards?.surge
  const isGuarded = guards?.hold !== undefined || money !== undefined || guards?.isSharing === true
  if (plan.prediction === 'Off' && !isGuarded && !isScheduled) return hpaRules()
  return crescendoRules({ ...crescendoOptionsOf(plan, options), mode })
}

function crescendoOptionsOf({ target, options, delayMs, prediction }: Plan, { settlesAt }: MindOptions): CrescendoOptions {
  const guards = { ...options.guards, hold: { ...options.guards?.hold, settlesAt } }
  return { ...options, guards, mode: prediction, target, delayMs }
}

/**
 * What was kept at the last run, then what the store has seen since; without that, what store and source remember. Ticks that pass
 * meanwhile are in the store, so the last stretch is read again until nothing is missing.
 */
async function learnPast(state: State, options: MindOptions): Promise<void> {
  const { target } = state.plan
  const began = options.clock.now()
  const kept = await loadKept(state, options)
  const restored = kept !== undefined && restore(state, kept)
  if (!restored) await learnFirst(state, await firstPast(target, options), options)
  // No history tells how the objectives stood at which load.
  if (!restored && kept !== undefined) restoreSafeLoad(state.learner, kept.rules)
  for (let round = 0; round < 3; round++) await learnFrom(state, await storedSince(target, state.learntUntil + 1, options))
  borrow(state, options)
  state.isLearning = false
  const seconds = Math.round((options.clock.now() - began) / 100) / 10
  options.log.info('the past is learnt', { target: target.id, restored, seconds })
}

/** A load that has no past to speak of begins with what the most trusted of its kind knows. Asked again while nobody knew enough. */
function borrow(state: State, { peers, log }: MindOptions): void {
  const { plan, learner } = state
  const { forecaster } = learner
  if (forecaster?.prior?.() !== 'open') return
  const trust = (mind: Mind) => mind.accuracy()?.trust ?? 0
  for (const mind of (peers?.() ?? []).toSorted((a, b) => trust(b) - trust(a))) {
    const prior = mind.lend(plan)
    if (prior === undefined || !forecaster.borrow?.(prior)) continue
    state.lentBy = mind.target
    log.info('a young load begins with what another one has taught', { target: plan.target.id, from: mind.target })
    return
  }
}

const isOfAKind = (one: Plan, other: Plan): boolean =>
  one.kin !== undefined && one.kin === other.kin && one.driver === other.driver && one.target.id !== other.target.id

function accuracyOf({ learner, lentBy }: State): ForecastAccuracy | undefined {
  const accuracy = learner.forecaster?.accuracy?.()
  const isLent = lentBy !== undefined && learner.forecaster?.prior?.() === 'used'
  return accuracy && isLent ? { ...accuracy, lentBy } : accuracy
}

async function firstPast(target: Target, options: MindOptions): Promise<readonly Recorded[]> {
  const now = options.clock.now()
  const stored = await storedSince(target, now - options.backfillMs, options)
  const knownFrom = stored[0]?.at ?? now
  if (knownFrom - (now - options.backfillMs) < 3_600_000) return stored
  const earlier = await options.history({ fromMs: now - options.backfillMs, toMs: knownFrom - 1 })
  return [...earlier, ...stored]
}

async function storedSince(target: Target, since: Instant, { store }: MindOptions): Promise<readonly Recorded[]> {
  const { at, value } = await store.history(target.id, since)
  return Array.from(at, (time, index) => ({ at: time, demand: { kind: 'value' as const, at: time, value: value[index]! } }))
}

/** A shorter past is learnt on the loop: a thread would take longer to begin. */
const WORTH_A_THREAD = 1000

/** In a thread where there is one; what fails there is learnt on the loop. */
async function learnFirst(state: State, past: readonly Recorded[], options: MindOptions): Promise<void> {
  const { learners, log } = options
  if (learners === undefined || past.length < WORTH_A_THREAD) return learnFrom(state, past)
  const known = past.flatMap(({ demand }) => (demand.kind === 'value' ? [demand] : []))
  try {
    const { rules, slots } = await learners.learn({
      options: crescendoOptionsOf(state.plan, options),
      at: Float64Array.from(known, ({ at }) => at),
      value: Float64Array.from(known, ({ value }) => value),
      scheduled: scheduledIn(state.plan, past),
    })
    if (!restoreRules(state.learner, rules)) throw new Error('what was learnt is of other rules')
    state.learntUntil = past.at(-1)?.at ?? 0
    state.lesson = slots
  } catch (cause) {
    if (learners.isClosed()) throw cause
    log.warn('a past could not be learnt in a thread; it is learnt on the loop', { target: state.plan.target.id, cause })
    await learnFrom(state, past)
  }
}

/** What schedules of today say of a past. */
function scheduledIn({ settings }: Plan, past: readonly Recorded[]): readonly ScheduledWindow[] {
  const [first, last] = [past[0], past.at(-1)]
  if (first === undefined || last === undefined) return []
  return scheduledWindows(settings.schedules, { fromMs: first.at - HOUR_MS, toMs: last.at + HOUR_MS })
}

/** Teaches in slices. */
async function learnFrom(state: State, past: readonly Recorded[]): Promise<void> {
  const { target } = state.plan
  const lesson = backfill(state.learner, target, knowingSchedules(past, scheduledIn(state.plan, past)))
  let sliceEnds = performance.now() + SLICE_MS
  let turn = lesson.next()
  while (turn.done !== true) {
    if (performance.now() > sliceEnds) {
      await new Promise(resolve => setImmediate(resolve))
      sliceEnds = performance.now() + SLICE_MS
    }
    turn = lesson.next()
  }
  const newest = past.at(-1)
  if (newest === undefined) return
  state.learntUntil = Math.max(state.learntUntil, newest.at)
  state.lesson = turn.value.slots
}

async function loadKept({ plan }: State, { store, log }: MindOptions): Promise<Kept | undefined> {
  const model = await store.loadModel(plan.target.id, MODEL)
  if (model === undefined || model.version !== VERSION) return undefined
  try {
    return deserialize(model.state) as Kept // written by `keep`, of this version
  } catch (cause) {
    log.warn('a kept model cannot be read; its past is learnt anew', { target: plan.target.id, cause })
    return undefined
  }
}

function restore(state: State, { fingerprint, rules, learntUntil, lentBy }: Kept): boolean {
  if (fingerprint !== fingerprintOf(state.plan) || !restoreRules(state.learner, rules)) return false
  state.learntUntil = learntUntil
  if (lentBy !== undefined) state.lentBy = lentBy
  return true
}

async function keep(state: State, options: MindOptions): Promise<void> {
  const { store, clock } = options
  const { plan, learner, isLearning } = state
  if (!isLearning) borrow(state, options)
  const rules = isLearning ? undefined : snapshotRules(learner)
  if (rules === undefined) return
  const kept: Kept = {
    fingerprint: fingerprintOf(plan),
    learntUntil: clock.now() - plan.delayMs,
    rules,
    ...(state.lentBy !== undefined && { lentBy: state.lentBy }),
  }
  await store.saveModel(plan.target.id, { name: MODEL, version: VERSION, state: serialize(kept) })
}

/** Without its past an object still learns from now on. */
function giveUp(state: State, { learners, log }: MindOptions, cause: unknown): void {
  state.isLearning = false
  state.trouble = 'its past could not be read; it learns from now on'
  if (learners?.isClosed()) return // the process ends
  log.warn('the past could not be learnt', { target: state.plan.target.id, cause })
}

/**
 * One after the other, or as many at once as there are threads for it: of a thousand objects that start together, each gets a core for
 * as long as its past takes.
 */
export function takingTurns(atOnce = 1): MindOptions['inTurn'] {
  const rows = Array.from({ length: atOnce }, () => Promise.resolve())
  let next = 0
  return learn => {
    const row = next++ % atOnce
    const turn = rows[row]!.then(learn)
    rows[row] = turn.catch(() => undefined)
    return turn
  }
}
