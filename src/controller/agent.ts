import type { ForecastAccuracy } from '../core/forecast/accuracy/accuracy.ts'
import type { Condition, Decision, Instant, Observation } from '../core/model.ts'
import { targetInForce } from '../core/scheduled.ts'
import { type Anomaly, anomalyIn } from '../core/screen/anomaly.ts'
import { KubeError } from '../kube/kube-error.ts'
import { tick } from '../loop/tick.ts'
import type { Measured, Sources, Workload } from '../observe/workload.ts'
import type { Clock, DurableStore, Log, Outcome, Ports } from '../ports.ts'
import type { Settings } from '../resources/settings.ts'
import { createMind, type Mind, type MindOptions } from './mind.ts'
import type { Autoscaler, WatchedPod } from './objects.ts'
import { fingerprintOf, isStartupStated, type Known, type Plan, planOf } from './plan.ts'
import type { Target as ScaleTarget } from './scaled.ts'
import { createScheduledAround, type ScheduledAround } from './scheduled-around.ts'
import type { SharedBudgets } from './shared-budgets.ts'
import { leadMsOf, type Startup, startupOf } from './startup.ts'

/** What one object's agent needs of the world around it. */
export interface AgentWorld {
  readonly clock: Clock
  readonly log: Log
  readonly store: DurableStore
  readonly sources: Sources
  /** The object as it stands now; absent once it is deleted. */
  object(id: string): Autoscaler | undefined
  /** Policies in force for it. Throws where they make no sense. */
  settings(object: Autoscaler): Settings
  /** The scaled object and its pods; rejects where there is none. */
  target(object: Autoscaler): Promise<ScaleTarget>
  scale(object: Autoscaler, move: { readonly target: ScaleTarget; readonly to: number }): Promise<void>
  /** Why nothing may be written for this object now. */
  withheld(object: Autoscaler, settings: Settings, move: { readonly from: number; readonly to: number }): Withheld | undefined
  readonly shared: SharedBudgets
  readonly defaults: Pick<Known, 'costPerReplicaHour' | 'manualFloorMs' | 'fallbackAfterMs'>
  readonly mind: Omit<MindOptions, 'store' | 'clock' | 'log' | 'history' | 'settlesAt'>
  /** When this process began to be responsible for the objects. */
  readonly leadsSince: () => Instant
}

export interface Withheld {
  readonly by: 'DryRun' | 'Standby' | 'Change' | 'Mode' | 'Conflict' | 'Store' | 'Budget'
  readonly why: string
}

/** What one tick found and did; everything that is shown, counted and written to the status comes from here. */
export interface Turn {
  readonly object: Autoscaler
  readonly at: Instant
  readonly plan?: Plan
  readonly target?: ScaleTarget
  readonly decision?: Decision
  readonly measured?: Measured
  /** Absent where the decision changes nothing. */
  readonly outcome?: Outcome
  readonly withheld?: Withheld
  readonly learning?: string
  /** How good the forecasts of the last week were. */
  readonly accuracy?: ForecastAccuracy
  /** What the screens found unusual; absent where the policy ignores it. */
  readonly anomaly?: Anomaly
  /** Start-up times that its pods have shown; absent while too few were seen, and where one is stated. */
  readonly startup?: Startup
  /** Why there is no decision. */
  readonly trouble?: Trouble
  /** From the sample that the decision rests on until the API server had taken the new replicas. */
  readonly sampleToScaleMs?: number
}

export interface Trouble {
  readonly condition: Condition
}

/** One object's own loop body: it keeps rules and learning between ticks, and never rejects. */
export interface Agent {
  turn(): Promise<Turn | undefined>
  mind(): Mind | undefined
}

interface State {
  mind?: Mind
  fingerprint?: string
  startup?: Startup
  /** The metric in whose unit the sources told the demand last. */
  driver?: string
  /** Resources of Utilization objectives that were ever read. */
  readonly readable: Set<string>
  readonly scheduledAround: ScheduledAround
  /** What the tick in progress has come to know, for whoever records it. */
  seen: { measured?: Measured; outcome?: Outcome; withheld?: Withheld }
}

export function createAgent(id: string, world: AgentWorld): Agent {
  const state: State = { readable: new Set(), scheduledAround: createScheduledAround(), seen: {} }
  return {
    mind: () => state.mind,
    async turn() {
      const object = world.object(id)
      if (object === undefined) return undefined
      const at = world.clock.now()
      try {
        return await decide({ object, at }, state, world)
      } catch (error) {
        return { object, at, trouble: { condition: troubleOf(error) } }
      } finally {
        // Deleted meanwhile: what this turn told of it came after it was forgotten.
        if (world.object(id) === undefined) world.shared.forget(id)
      }
    },
  }
}

async function decide({ object, at }: Pick<Turn, 'object' | 'at'>, state: State, world: AgentWorld): Promise<Turn> {
  if ('problem' in object.checked) return { object, at, trouble: { condition: notReady('InvalidSpec', object.checked.problem) } }
  const settings = settingsOf(object, world)
  if ('condition' in settings) return { object, at, trouble: settings }
  const target = await targetOf(object, world)
  if ('condition' in target) return { object, at, trouble: target }
  const startup = startupOf(target.pods, state.startup)
  if (startup !== undefined) state.startup = startup
  const startupMs = startup && leadMsOf(startup)
  const plan = planOf(object.checked.document, settings, {
    ...world.defaults,
    pods: target.pods,
    isSharing: world.shared.holdFor(settings),
    ...(startupMs !== undefined && { startupMs }),
    ...(state.driver !== undefined && { driver: state.driver }),
    readable: [...state.readable],
  })
  const workload = workloadOf(plan, target)
  const mind = await mindFor(plan, { state, world, workload })
  state.seen = {}
  const decision = await tick(portsFor({ object, plan, target, workload }, state, world), mind.rules(), plan.target)
  const [learning, accuracy] = [mind.learning(), mind.accuracy()]
  const anomaly = anomalyIn(await world.store.recall(plan.target.id))
  if (world.object(object.id)?.uid === object.uid)
    world.shared.note(inForce(plan, state, world), { decision, outcome: state.seen.outcome })
  return {
    object,
    at,
    plan,
    target,
    decision,
    ...state.seen,
    ...sampleToScale(state, world),
    ...(learning !== undefined && { learning }),
    ...(accuracy && { accuracy }),
    ...(anomaly && { anomaly }),
    ...(startup && !isStartupStated(settings) && { startup }),
  }
}

/** With the bounds that schedules set now. */
function inForce(plan: Plan, { scheduledAround }: State, { clock }: AgentWorld): Plan {
  const now = clock.now()
  return { ...plan, target: targetInForce(plan.target, now, scheduledAround(plan, now)) }
}

function settingsOf(object: Autoscaler, world: AgentWorld): Settings | Trouble {
  try {
    return world.settings(object)
  } catch (error) {
    return { condition: notReady('InvalidPolicy', messageOf(error)) }
  }
}

async function targetOf(object: Autoscaler, world: AgentWorld): Promise<ScaleTarget | Trouble> {
  try {
    return await world.target(object)
  } catch (error) {
    // What does not exist costs nothing; what cannot be read may.
    if (error instanceof KubeError && error.status === 404) world.shared.forget(object.id)
    return { condition: { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message: messageOf(error) } }
  }
}

export function workloadOf({ target, drivers }: Plan, { namespace, kind, name, selector, pods }: ScaleTarget): Workload {
  return { target, namespace, kind, name, selector, pods, drivers }
}

/** The mind of this plan: the one that is there while nothing changed that rules are made for. */
async function mindFor(
  plan: Plan,
  { state, world, workload }: { state: State; world: AgentWorld; workload: Workload },
): Promise<Mind> {
  const fingerprint = fingerprintOf(plan)
  if (state.mind === undefined || state.fingerprint !== fingerprint) {
    state.fingerprint = fingerprint
    state.mind = createMind(plan, {
      ...world.mind,
      store: world.store,
      clock: world.clock,
      log: world.log,
      settlesAt: world.leadsSince() + settleMs(plan),
      history: async range => {
        const past = await world.sources.history(workload, { ...range, stepMs: plan.target.periodMs })
        return past.map(({ at, value }) => ({ at, demand: { kind: 'value' as const, at, value } }))
      },
    })
  }
  const slots = state.mind.lesson()
  if (slots !== undefined) {
    const memory = await world.store.recall(plan.target.id)
    await world.store.remember(plan.target.id, { ...memory, slots: { ...slots, ...memory.slots } })
  }
  return state.mind
}

const DEFAULT_STABILIZATION_SECONDS = 300

/** After a start the first window of stabilization is unknown to us, so nothing is taken away while it lasts. */
function settleMs({ target }: Plan): number {
  return (target.behavior?.scaleDown?.stabilizationWindowSeconds ?? DEFAULT_STABILIZATION_SECONDS) * 1000
}

interface Subject {
  readonly object: Autoscaler
  readonly plan: Plan
  readonly target: ScaleTarget
  readonly workload: Workload
}

function portsFor({ object, plan, target, workload }: Subject, state: State, world: AgentWorld): Ports {
  const { store, clock, log } = world
  const observed: { replicas: Observation['replicas']; pods: readonly WatchedPod[] } = {
    replicas: target.replicas,
    pods: target.pods,
  }
  return {
    clock,
    log,
    store,
    metrics: {
      name: 'sources',
      async read() {
        const measured = await world.sources.read(workload)
        state.seen.measured = measured
        if (measured.driver !== undefined) state.driver = measured.driver
        for (const resource of utilizationsRead(plan, measured)) state.readable.add(resource)
        const scheduled = state.scheduledAround(plan, clock.now())
        const allowance = world.shared.allowance(inForce(plan, state, world), target.replicas.spec)
        return {
          ...inUnitsOf(plan, measured),
          ...otherDemand(world.sources, workload),
          ...(scheduled && { scheduled }),
          ...(allowance && { allowance }),
        }
      },
    },
    cluster: {
      replicas: async () => observed,
      scale: (_, to) => world.scale(object, { target, to }),
      withheld(_, to) {
        const withheld =
          world.withheld(object, plan.settings, { from: target.replicas.spec, to }) ??
          world.shared.claim(inForce(plan, state, world), to)
        if (withheld !== undefined) state.seen.withheld = withheld
        return withheld?.why
      },
    },
    journal: {
      intend: decision => intend(decision, world),
      async settle(decision, outcome) {
        state.seen.outcome = outcome
        if (outcome.kind !== 'held')
          await store
            .settle(decision, outcome)
            .catch(cause => log.warn('outcome not journalled', { cause, ...intentOf(decision) }))
      },
    },
  }
}

function utilizationsRead({ target: { objectives = [] } }: Plan, { objectives: readings = [] }: Measured): readonly string[] {
  return objectives.flatMap((one, index) =>
    one.type === 'Utilization' && readings[index]?.kind === 'value' ? [one.resource] : [],
  )
}

/** A demand in another unit than the capacity is none: the next tick has the capacity that fits it. */
function inUnitsOf({ driver }: Plan, measured: Measured): Measured {
  if (measured.driver === undefined || measured.driver === driver) return measured
  const why = `it is told by ${measured.driver} now, no longer by ${driver}`
  return { ...measured, demand: { kind: 'missing', at: measured.demand.at, why } }
}

/** While the demand is missing: the highest that other drivers say, in its unit. */
function otherDemand(sources: Sources, workload: Workload): { readonly otherDemand?: number } {
  const others = sources.lastSigns?.(workload)?.others ?? []
  return others.length === 0 ? {} : { otherDemand: Math.max(...others.map(({ value }) => value)) }
}

/**
 * An intent that cannot be journalled stops what takes away. What adds goes on: a database that is down may not be the reason
 * that a service is; the log then holds the intent.
 */
async function intend(decision: Decision, { store, log }: AgentWorld): Promise<void> {
  try {
    await store.intend(decision)
  } catch (cause) {
    if (decision.to < decision.from) throw cause
    log.warn('scaling up without a journal', { ...intentOf(decision), cause })
  }
}

const intentOf = ({ target, from, to, at }: Decision) => ({ target, from, to, decidedAt: at })

function sampleToScale({ seen: { outcome, measured } }: State, { clock }: AgentWorld) {
  if (outcome?.kind !== 'scaled' || measured === undefined) return {}
  return { sampleToScaleMs: Math.max(0, clock.now() - measured.demand.at) }
}

const notReady = (reason: string, message: string): Condition => ({ type: 'Ready', status: 'False', reason, message })

function troubleOf(error: unknown): Condition {
  return notReady('DecisionFailed', messageOf(error))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
