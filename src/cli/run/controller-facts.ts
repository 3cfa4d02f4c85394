import type { CircuitState } from '../../circuit.ts'
import type { Turn } from '../../controller/agent.ts'
import type { Controller } from '../../controller/controller.ts'
import { capacityInForce } from '../../controller/plan.ts'
import { conditionsOf } from '../../controller/recorder.ts'
import { tellStartup } from '../../controller/startup.ts'
import { explain } from '../../core/explain/explain.ts'
import type { Decision } from '../../core/model.ts'
import type { Clock, DurableStore, MetricFamily } from '../../ports.ts'
import type { ScalingPolicy } from '../../resources/documents.ts'
import { resolveSettings } from '../../resources/policy.ts'
import type { Facts, News, PolicyFact, WorkloadFact } from '../../show/facts.ts'
import { createMeter, type Meter } from './meter.ts'

interface Options {
  readonly controller: Controller
  readonly store: DurableStore
  readonly clock: Clock
  readonly version: string
  readonly isDryRun: boolean
  readonly currency: string
  readonly counted: () => readonly MetricFamily[]
  /** Whether writes get through to the API server. */
  readonly writes: () => CircuitState
}

/** A running controller as facts for the API. */
export function controllerFacts(options: Options): Facts {
  const { controller, store, clock, version } = options
  const meter = createMeter(controller)
  const openIntents = latest(async () => (await store.openIntents()).length, 0)
  return {
    version,
    now: () => clock.now(),
    notReady: () => controller.notReady(),
    workloads: () => controller.turns().map(turn => workloadFact(turn, options, meter)),
    decisions: (id, limit) => store.decisions(id, limit),
    decisionAt: (id, at) => store.decisionAt(id, at),
    explain: decision => explained(decision, controller.turn(decision.target)),
    subscribe: listener => controller.onTurn(turn => tell(turn, listener)),
    policies: () => controller.policies().map(policy => policyFact(policy, controller.policies())),
    pastForecasts: (id, since) => store.forecastErrors(id, { since, until: clock.now() }),
    anomalies: id => controller.anomalies.episodes(id),
    labelAnomaly: (id, given) => controller.anomalies.label(id, given),
    journal: limit => store.journal(limit),
    controller: () => {
      const queue = controller.queue()
      const trouble = store.trouble()
      return {
        isLeader: controller.isLeader(),
        isDryRun: options.isDryRun,
        queueDepth: queue.waiting,
        oldestDueSeconds: queue.oldestWaitingMs / 1000,
        watches: controller.watchAges(),
        sources: controller.sources.health(),
        openIntents: openIntents(),
        writes: options.writes(),
        budgets: controller.budgets(),
        ...(trouble !== undefined && { storeTrouble: trouble }),
      }
    },
    counted: options.counted,
  }
}

/** The answer of the question before, and the question once more: for whoever asks now and cannot wait. */
function latest<T>(ask: () => Promise<T>, empty: T): () => T {
  let [known, isAsking] = [empty, false]
  return () => {
    if (!isAsking) {
      isAsking = true
      ask()
        .then(answer => {
          known = answer
        })
        .catch(() => undefined) // a store in trouble says so itself
        .finally(() => {
          isAsking = false
        })
    }
    return known
  }
}

function explained(decision: Decision, turn: Turn | undefined) {
  const target = turn?.plan?.target
  const capacityPerReplica = capacityInForce(turn?.plan, decision)
  return explain(decision, {
    ...(target && { periodSeconds: target.periodMs / 1000 }),
    ...(capacityPerReplica !== undefined && { capacityPerReplica }),
    ...(turn?.startup && { startup: tellStartup(turn.startup) }),
  })
}

function tell(turn: Turn, listener: (news: News) => void): void {
  const { decision } = turn
  if (decision === undefined || decision.from === decision.to) return
  const { target, from, to, at } = decision
  const { sentence } = explained(decision, turn)
  listener({ event: 'decision', data: { time: new Date(at).toISOString(), target, from, to, sentence } })
}

function workloadFact(turn: Turn, { currency, controller, isDryRun, store }: Options, meter: Meter): WorkloadFact {
  const { object, plan, target, decision, learning } = turn
  const capacityPerReplica = capacityInForce(plan, decision)
  const load = decision?.demand
  return {
    namespace: object.namespace,
    name: object.name,
    ...(target && { scaled: { kind: target.kind, name: target.name } }),
    ...(plan && {
      mode: plan.settings.mode,
      price: plan.costPerReplicaHour,
      currency: plan.settings.budget?.currency ?? currency,
    }),
    ...(plan?.settings.profile !== undefined && { profile: plan.settings.profile }),
    minReplicas: plan?.target.minReplicas ?? 0,
    maxReplicas: plan?.target.maxReplicas ?? 0,
    ...(capacityPerReplica !== undefined && { capacityPerReplica }),
    startupSeconds: (plan?.target.startupMs ?? 0) / 1000,
    ...(learning !== undefined && { learning }),
    ...(load !== undefined && { load }),
    ...(load !== undefined &&
      capacityPerReplica !== undefined && { neededReplicas: Math.ceil(load / capacityPerReplica - 1e-9) }),
    ...(target && { currentReplicas: target.replicas.status }),
    conditions: conditionsOf(turn, { isDryRun, store, conflictOf: one => controller.conflictOf(one) }),
    scalers: scalersOf(turn, meter),
    ...(decision && { lastDecision: decision }),
    ...judgedOf(turn),
    alarms: controller.anomalies.active(object.id),
  }
}

function judgedOf({ accuracy, anomaly }: Turn): Pick<WorkloadFact, 'accuracy' | 'anomalyScore'> {
  return { ...(accuracy && { accuracy }), ...(anomaly?.score !== undefined && { anomalyScore: anomaly.score }) }
}

function scalersOf({ object, target, decision }: Turn, meter: Meter): WorkloadFact['scalers'] {
  if (target === undefined) return []
  const replicas = { readyReplicas: target.replicas.ready, desiredReplicas: decision?.to ?? target.replicas.spec }
  return [{ name: 'crescendo', ...replicas, ...meter.of(object.id) }]
}

/** A policy of the cluster may make no sense; it then says so, and the others are told all the same. */
function policyFact(policy: ScalingPolicy, policies: readonly ScalingPolicy[]): PolicyFact {
  const about = {
    name: policy.metadata.name,
    origin: policy.metadata.uid === undefined ? 'default policies' : 'ScalingPolicy of the cluster',
    extends: policy.spec.extends ?? [],
  }
  try {
    const { origins, warnings: _, name: __, ...effective } = resolveSettings({ policies, policy })
    const { tier, profile, behaviorPreset } = effective
    return {
      ...about,
      ...(tier !== undefined && { tier }),
      ...(profile !== undefined && { profile }),
      ...(behaviorPreset !== undefined && { behaviorPreset }),
      effective,
      origins,
    }
  } catch (error) {
    return { ...about, effective: {}, origins: {}, problem: error instanceof Error ? error.message : String(error) }
  }
}
