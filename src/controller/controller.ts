import type { Instant } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import { fencedClient } from '../kube/fence.ts'
import type { Election } from '../kube/lease.ts'
import { createSchedule, type Schedule, type ScheduleState } from '../loop/schedule.ts'
import type { Sources } from '../observe/workload.ts'
import type { Clock, DurableStore, Learners, Log } from '../ports.ts'
import type { ControllerTelemetry } from '../record/controller-telemetry.ts'
import { createEventRecorder } from '../record/events.ts'
import { createStatusWriter } from '../record/status-writer.ts'
import type { ControllerConfiguration, MetricSource, ScalingPolicy } from '../resources/documents.ts'
import { type Agent, type AgentWorld, createAgent, type Turn } from './agent.ts'
import { type AnomalyBook, createAnomalyBook } from './anomaly-book.ts'
import { createClaims } from './claims.ts'
import { follow } from './follow.ts'
import { type Mind, takingTurns } from './mind.ts'
import type { Autoscaler } from './objects.ts'
import { createPodIndex } from './pod-index.ts'
import { createSettings, type SettingsOf } from './policies.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import { settleOpenIntents } from './resume.ts'
import { BUDGETS, createSharedBudgets } from './shared-budgets.ts'
import { createTargets, type Targets } from './targets.ts'
import { createVigil, VIGIL_MS } from './vigil.ts'
import { createWatches, type Watches } from './watches.ts'
import { withheldBy } from './withheld.ts'
import { applyStatus, post } from './writes.ts'

export interface ControllerOptions {
  readonly client: KubeClient
  readonly store: DurableStore
  /** Threads that learn pasts; absent: the loop does, in slices. */
  readonly learners?: Learners
  /** Made with what the controller watches: the MetricSources of the cluster. */
  readonly sources: (watched: { readonly metricSources: () => readonly MetricSource[] }) => Sources
  /** Absent: this process always leads. */
  readonly election?: Election
  readonly clock: Clock
  readonly log: Log
  readonly telemetry: ControllerTelemetry
  /** The policies that come with the product, and those of the configuration. */
  readonly policies: readonly ScalingPolicy[]
  readonly configuration?: ControllerConfiguration
  readonly settings: ControllerSettings
}

export interface ControllerSettings {
  /** Name of this process, for events and the Lease. */
  readonly identity: string
  /** Empty: all namespaces. */
  readonly namespaces: readonly string[]
  readonly workers: number
  /** Decides and records; writes nothing to the cluster. */
  readonly isDryRun: boolean
  readonly backfillMs: number
  readonly costPerReplicaHour: number
  readonly currency: string
  /** How long replicas that a person added are kept. */
  readonly manualFloorMs: number
  /** How long the demand must be missing before the last good value and the forecast speak for it. */
  readonly fallbackAfterMs: number
}

export interface Controller {
  /** Watches, waits for the Lease, ticks; resolves when `signal` was aborted and all ended. */
  run(signal: AbortSignal): Promise<void>
  /** Why it cannot decide yet; absent when it can (or stands by for a leader that does). */
  notReady(): string | undefined
  isLeader(): boolean
  /** The newest turn of each object. */
  turns(): readonly Turn[]
  turn(id: string): Turn | undefined
  onTurn(listener: (turn: Turn) => void): () => void
  /** Why another writer holds the object's target; absent where none does. */
  conflictOf(object: Autoscaler): string | undefined
  /** Time between two decisions about an object; undefined where there is none of that name. */
  periodMs(id: string): number | undefined
  policies(): readonly ScalingPolicy[]
  queue(): ScheduleState
  watchAges(): ReturnType<Watches['ages']>
  readonly sources: Sources
  /** How the budgets that objects share stand; empty while this process does not lead. */
  budgets(): ReturnType<AgentWorld['shared']['facts']>
  /** What was unusual about each object. */
  readonly anomalies: AnomalyBook
}

/** How often what was learnt is kept, and what is old is dropped. */
const KEEP_MS = 3_600_000

interface Parts {
  readonly options: ControllerOptions
  readonly watches: Watches
  readonly world: AgentWorld
  readonly conflictOf: ConflictOf
  readonly settingsOf: SettingsOf
  readonly recorder: Recorder
  readonly anomalies: AnomalyBook
  readonly agents: Map<string, Agent>
  readonly turns: Map<string, Turn>
  readonly listeners: Set<(turn: Turn) => void>
  schedule: Schedule | undefined
  leadsSince: Instant
  /** Whether another process held the Lease since this one last led. */
  otherLed: boolean
}

/** The whole loop on a cluster: every object of ours is ticked by its own period while this process holds the Lease. */
export function createController(options: ControllerOptions): Controller {
  const parts = assemble(options)
  const { watches, world, turns, listeners, conflictOf } = parts
  return {
    run: signal => run(parts, signal),
    notReady: () => watches.notReady(),
    isLeader: () => isLeader(options),
    turns: () => [...turns.values()],
    turn: id => turns.get(id),
    onTurn(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    conflictOf,
    periodMs(id) {
      const object = world.object(id)
      return object && periodMsOf(object, parts)
    },
    policies: () => [...options.policies, ...watches.policies.list()],
    queue: () => parts.schedule?.state() ?? { objects: 0, running: 0, waiting: 0, oldestWaitingMs: 0 },
    watchAges: () => watches.ages(options.clock.now()),
    budgets: () => (isLeader(options) ? world.shared.facts() : []),
    sources: world.sources,
    anomalies: parts.anomalies,
  }
}

const isLeader = ({ election }: ControllerOptions) => election?.isLeader() ?? true

function assemble(options: ControllerOptions): Parts {
  const { clock, log, client, settings } = options
  const watches = createWatches({ client, log, namespaces: settings.namespaces })
  const [pods, claims] = [createPodIndex(), createClaims()]
  const settingsOf = createSettings({
    clock,
    defaults: options.policies,
    cluster: () => watches.policies.list(),
    ...(options.configuration && { configuration: options.configuration }),
  })
  const writer = fencedClient(client, () => isLeader(options))
  const conflictOf = (object: Autoscaler) => claims.conflictOf(object.id)
  const anomalies = createAnomalyBook(options)
  const parts: Parts = {
    options,
    watches,
    conflictOf,
    settingsOf,
    anomalies,
    recorder: recorderOf(options, writer, { conflictOf, anomalies }),
    world: worldOf(options, {
      watches,
      settingsOf,
      conflictOf,
      targets: createTargets({ client: writer, watches, pods }),
      leadsSince: () => parts.leadsSince,
      minds: () => [...parts.agents.values()].flatMap(agent => agent.mind() ?? []),
    }),
    agents: new Map(),
    turns: new Map(),
    listeners: new Set(),
    schedule: undefined,
    leadsSince: clock.now(),
    otherLed: true,
  }
  options.election?.onChange(({ isLeader: leads, leader }) => {
    if (leads || leader === undefined || leader === settings.identity) return
    parts.otherLed = true
    parts.turns.clear() // what is shown is the leader's
  })
  follow(watches, {
    pods,
    claims,
    onAutoscaler: id => attend(parts, id),
    onGone: object => dismiss(parts, object),
    onPolicies: () => settingsOf.forget(),
  })
  return parts
}

type ConflictOf = Controller['conflictOf']

function recorderOf(
  options: ControllerOptions,
  writer: KubeClient,
  known: { readonly conflictOf: ConflictOf; readonly anomalies: AnomalyBook },
) {
  const { clock, log, store, telemetry, settings } = options
  const events = createEventRecorder({
    clock,
    log,
    post: (regarding, told) => post(writer, { regarding, told, at: clock.now(), instance: settings.identity }),
    onOutcome: outcome => telemetry.events.add({ outcome }),
  })
  const status = createStatusWriter((object, body) => applyStatus(writer, object, body))
  const { isDryRun, currency } = settings
  return createRecorder({ clock, log, store, telemetry, ...known, isDryRun, currency, status, events })
}

interface Wiring {
  readonly watches: Watches
  readonly settingsOf: AgentWorld['settings']
  readonly conflictOf: ConflictOf
  readonly targets: Targets
  readonly leadsSince: () => Instant
  readonly minds: () => readonly Mind[]
}

function worldOf(options: ControllerOptions, wiring: Wiring): AgentWorld {
  const { watches, settingsOf, conflictOf, targets, leadsSince, minds } = wiring
  const { clock, log, store, settings } = options
  const objectOf = (id: string) => watches.autoscalers.get(...namesOf(id))
  const isChanged = ({ id, uid, generation }: Autoscaler) => {
    const now = objectOf(id)
    return now?.uid !== uid || now.generation !== generation
  }
  return {
    clock,
    log,
    store,
    sources: options.sources({ metricSources: () => watches.metricSources.list() }),
    object: objectOf,
    settings: settingsOf,
    target: object => targets.of(object),
    scale: (object, { target, to }) => targets.scale(object, target, to),
    withheld: (object, { mode }, move) =>
      withheldBy(
        {
          isDryRun: settings.isDryRun,
          storeTrouble: () => store.trouble(),
          isLeader: isLeader(options),
          isChanged: isChanged(object),
          mode,
          conflict: conflictOf(object),
        },
        move,
      ),
    shared: createSharedBudgets({ ...options, settingsOf, autoscalers: () => watches.autoscalers.list() }),
    defaults: settings,
    mind: {
      backfillMs: settings.backfillMs,
      peers: minds,
      inTurn: takingTurns(options.learners?.threads),
      ...(options.learners && { learners: options.learners }),
    },
    leadsSince,
  }
}

const namesOf = (id: string) => id.split('/', 2) as [string, string] // ids are made as "namespace/name"

async function run(parts: Parts, signal: AbortSignal): Promise<void> {
  const { options, watches } = parts
  const watching = watches.run(signal)
  await synced(parts, signal)
  // The Lease outlives the loop: what is under way ends under it before it is given back.
  const lease = new AbortController()
  const electing = options.election?.run(lease.signal) ?? Promise.resolve()
  while (!signal.aborted) {
    if (!(await leading(parts, signal))) break
    await lead(parts, signal)
  }
  lease.abort()
  await Promise.all([watching, electing])
}

const POLL_MS = 100

/** Deciding on half of the pods would be deciding on a fall of the load. */
async function synced(parts: Parts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && parts.watches.notReady() !== undefined) await pause(POLL_MS)
}

async function leading({ options }: Parts, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted && !(options.election?.isLeader() ?? true)) await pause(POLL_MS)
  return !signal.aborted
}

const pause = (ms: number) => new Promise<void>(resolve => void setTimeout(resolve, ms))

/** Ticks until the Lease is lost or the process ends. */
async function lead(parts: Parts, signal: AbortSignal): Promise<void> {
  const { options, watches, world } = parts
  const { clock, log, store, telemetry, settings } = options
  if (parts.otherLed) await startAnew(parts)
  await world.shared.begin()
  await settleOpenIntents({
    store,
    log,
    replicasOf: async id => world.object(id) && (await world.target(world.object(id)!)).replicas.spec,
  })
  const schedule = createSchedule({
    clock,
    workers: settings.workers,
    run: id => turn(parts, id),
    onSkip: () => telemetry.skippedTicks.add({}),
  })
  parts.schedule = schedule
  for (const { id } of watches.autoscalers.list()) attend(parts, id)
  const vigil = createVigil({
    turns: () => [...parts.turns.values()],
    read: workload => world.sources.read(workload),
    wake: id => schedule.trigger(id),
  })
  const looking = setInterval(() => void vigil.look(), VIGIL_MS)
  log.info('leading', { objects: watches.autoscalers.list().length, isDryRun: settings.isDryRun })
  let keptAt = clock.now()
  while (!signal.aborted && (options.election?.isLeader() ?? true)) {
    await pause(POLL_MS)
    if (clock.now() - keptAt < KEEP_MS) continue
    keptAt = clock.now()
    void keepAll(parts)
  }
  clearInterval(looking)
  await schedule.stop()
  parts.schedule = undefined
  log.info('leading no more', {})
}

/** Another process led: what this one knew is of before. After a Lease that was merely late nobody else has decided anything. */
async function startAnew(parts: Parts): Promise<void> {
  parts.otherLed = false
  parts.leadsSince = parts.options.clock.now()
  parts.agents.clear()
  parts.recorder.forgetAll()
  await parts.options.store.handOver()
}

/** An object is new or has changed: it has an agent, its period, and a turn at once. */
function attend(parts: Parts, id: string): void {
  const { schedule, agents, world } = parts
  const object = world.object(id)
  if (schedule === undefined || object === undefined) return
  if (!agents.has(id)) agents.set(id, createAgent(id, world))
  schedule.set(id, periodMsOf(object, parts))
  schedule.trigger(id)
}

const FALLBACK_PERIOD_MS = 15_000

function periodMsOf(object: Autoscaler, { world }: Parts): number {
  try {
    return world.settings(object).periodSeconds * 1000
  } catch {
    return FALLBACK_PERIOD_MS // its turn tells what is wrong with it
  }
}

function dismiss(parts: Parts, object: Autoscaler): void {
  parts.schedule?.remove(object.id)
  parts.agents.delete(object.id)
  parts.turns.delete(object.id)
  parts.settingsOf.drop(object.uid)
  parts.world.shared.forget(object.id)
  parts.recorder.forget(object)
}

async function turn(parts: Parts, id: string): Promise<void> {
  const { agents, options, recorder, turns, listeners } = parts
  const began = performance.now()
  const agent = agents.get(id)
  const done = await agent?.turn()
  // Deleted meanwhile, or replaced by another object of its name: nothing is kept of it.
  const isGone = () => agents.get(id) !== agent
  if (done === undefined || isGone()) return
  await recorder.record(done)
  if (isGone()) return recorder.forget(done.object)
  if (done.plan !== undefined) parts.schedule?.set(id, done.plan.target.periodMs) // a policy may have changed it
  const isFirstFailure = done.outcome?.kind === 'failed' && turns.get(id)?.outcome?.kind !== 'failed'
  if (isFirstFailure) setTimeout(() => parts.schedule?.trigger(id), SOON_MS)
  turns.set(id, done)
  const result = done.trouble === undefined ? 'ok' : 'failed'
  options.telemetry.reconcileSeconds.observe({ result }, (performance.now() - began) / 1000)
  for (const listener of listeners) listener(done)
}

/** A write that was refused once, usually by a conflict, is decided anew before its period is over. */
const SOON_MS = 1000

/** Spread out by the agents themselves being kept one after the other. */
async function keepAll({ agents, options, watches }: Parts): Promise<void> {
  const { store, log, clock } = options
  try {
    for (const agent of [...agents.values()]) await agent.mind()?.keep()
    await store.prune(clock.now(), { targets: [BUDGETS, ...watches.autoscalers.list().map(({ id }) => id)] })
  } catch (cause) {
    log.warn('what was learnt was not kept', { cause })
  }
}
