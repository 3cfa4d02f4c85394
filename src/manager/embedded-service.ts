import { METRICS_DELAY_MS, type Service, TICK_MS } from '../cli/demo/service.ts'
import { loadFrom, recorded } from '../cli/demo/stage.ts'
import { createScheduledAround } from '../controller/scheduled-around.ts'
import type { Decision } from '../core/model.ts'
import type { Recorded } from '../loop/backfill.ts'
import { tick } from '../loop/tick.ts'
import type { Log, Ports } from '../ports.ts'
import type { HorizontalPodAutoscaler } from '../resources/documents.ts'
import type { Settings } from '../resources/settings.ts'
import type { WorkloadFact } from '../show/facts.ts'
import { isViolated, neededReplicas } from '../sim/load.ts'
import { metricScaleFor } from '../sim/run.ts'
import { createWorld, type World } from '../sim/world.ts'
import { type Plan, planFor, teach } from './embedded-plan.ts'

/** One service of the simulated cluster, scaled by the loop that scales real ones. */
export interface EmbeddedService {
  readonly service: Service
  /** Whether its day is not over. */
  hasNext(): boolean
  now(): number
  /** Measures, decides, and lets one tick of traffic arrive. Needs a plan: `apply` comes first. */
  step(): Promise<Decision | undefined>
  /** Learns until `untilMs` of the process's clock; false where there is nothing to learn. Not while a step runs. */
  learn(untilMs: number): Promise<boolean>
  apply(settings: Settings, object: HorizontalPodAutoscaler): void
  fact(): WorkloadFact
}

interface Played {
  ticks: number
  violatedTicks: number
  replicaTicks: number
  scaleUps: number
  scaleDowns: number
  ready: number
  desired: number
  /** Everything that was measured since the day began, for rules that learn anew. */
  readonly measured: Recorded[]
}

interface State {
  readonly service: Service
  readonly world: World
  readonly historyTicks: number
  readonly played: Played
  plan?: Plan
  last?: Decision
}

export interface EmbeddedOptions {
  readonly seed: number
  /** How much of the past before the day is learnt. */
  readonly historyTicks: number
  readonly log: Log
}

export function createEmbeddedService(service: Service, options: EmbeddedOptions): EmbeddedService {
  const state = stateOf(service, options)
  const ports = portsOf(state)
  return {
    service,
    hasNext: () => state.played.ticks < state.world.ticks,
    now: () => service.load.startMs + (service.historyTicks + state.played.ticks) * TICK_MS,
    step: () => step(state, ports),
    async learn(untilMs) {
      if (state.plan?.lesson === undefined) return false
      const learnt = teach(state.plan, untilMs)
      if (learnt === undefined) return true
      const memory = await ports.store.recall(state.plan.target.id)
      await ports.store.remember(state.plan.target.id, { ...memory, slots: { ...learnt.slots, ...memory.slots } })
      return true
    },
    apply(settings, object) {
      state.plan = planFor(service, { settings, object }, { before: state.plan, past: pastOf(state) })
    },
    fact: () => factOf(state),
  }
}

function stateOf(service: Service, { seed, historyTicks, log }: EmbeddedOptions): State {
  const { target, load, failures, startup } = service
  const world = createWorld({
    target,
    load: loadFrom(load, service.historyTicks),
    metricsDelayMs: METRICS_DELAY_MS,
    metricScale: metricScaleFor(target.capacityPerReplica),
    seed,
    failures,
    startup,
    log,
  })
  const counted = { ticks: 0, violatedTicks: 0, replicaTicks: 0, scaleUps: 0, scaleDowns: 0, ready: 0, desired: 0 }
  return { service, world, historyTicks: Math.min(historyTicks, service.historyTicks), played: { ...counted, measured: [] } }
}

/** The history before the day, then what the day has brought so far, up to the moment in which it is read. */
function pastOf({ service, historyTicks, played }: State) {
  function* rows() {
    const skipped = service.historyTicks - historyTicks
    yield* recorded(loadFrom(service.load, skipped), historyTicks)
    for (let index = 0; index < played.measured.length; index++) yield played.measured[index]!
  }
  return { rows, length: () => historyTicks + played.measured.length }
}

/** The world's ports; what was measured is kept, and what a mode forbids is withheld as the controller withholds it. */
function portsOf(state: State): Ports {
  const { ports } = state.world
  const scheduledAround = createScheduledAround()
  return {
    ...ports,
    metrics: {
      name: ports.metrics.name,
      async read(target) {
        const found = await ports.metrics.read(target)
        const { demand, clients } = found
        const at = ports.clock.now()
        const scheduled = state.plan && scheduledAround(state.plan, at)
        const known = scheduled === undefined ? {} : { scheduled }
        state.played.measured.push({ at, demand, ...(clients !== undefined && { clients }), ...known })
        return { ...found, ...known }
      },
    },
    cluster: {
      ...ports.cluster,
      withheld() {
        const mode = state.plan?.settings.mode
        return mode === 'Paused' || mode === 'Recommend' ? `mode ${mode}: nothing is written` : undefined
      },
    },
  }
}

async function step(state: State, ports: Ports): Promise<Decision | undefined> {
  const { plan, world, played, service } = state
  if (plan === undefined || played.ticks >= world.ticks) return undefined
  world.begin()
  const before = state.played.desired
  const decision = await tick(ports, plan.rules, plan.target)
  const { load, ready, desired } = world.end()
  played.ticks++
  played.ready = ready
  played.desired = desired
  played.replicaTicks += desired
  if (isViolated(load, ready, service.target.capacityPerReplica)) played.violatedTicks++
  if (before > 0 && desired > before) played.scaleUps++
  if (desired < before) played.scaleDowns++
  state.last = decision
  return decision
}

function factOf({ service, plan, last, played }: State): WorkloadFact {
  const { namespace, name, profile, target, price, currency } = service
  const measured = played.measured.at(-1)?.demand
  const load = measured?.kind === 'value' ? measured.value : undefined
  const { lesson } = plan ?? {}
  const replicaHours = (played.replicaTicks * TICK_MS) / 3_600_000
  return {
    namespace,
    name,
    ...(profile !== undefined && { profile }),
    ...(plan && { mode: plan.settings.mode }),
    minReplicas: plan?.target.minReplicas ?? target.minReplicas,
    maxReplicas: plan?.target.maxReplicas ?? target.maxReplicas,
    capacityPerReplica: target.capacityPerReplica,
    startupSeconds: target.startupMs / 1000,
    price,
    currency,
    ...(lesson && { learning: `learning the history: ${Math.min(99, Math.floor((100 * lesson.heard) / lesson.rows))} %` }),
    ...(load !== undefined && { load, neededReplicas: neededReplicas(load, target.capacityPerReplica) }),
    ...(played.ticks > 0 && { currentReplicas: played.desired }),
    scalers: [
      {
        name: 'crescendo',
        readyReplicas: played.ready,
        desiredReplicas: played.desired,
        sloViolationMinutes: (played.violatedTicks * TICK_MS) / 60_000,
        replicaHours,
        cost: replicaHours * price,
        scaleUps: played.scaleUps,
        scaleDowns: played.scaleDowns,
      },
    ],
    ...(last !== undefined && { lastDecision: last }),
  }
}
