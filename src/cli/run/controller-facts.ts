import type { Turn } from '../../controller/agent.ts'
import type { Controller } from '../../controller/controller.ts'
import { conditionsOf } from '../../controller/recorder.ts'
import { explain } from '../../core/explain/explain.ts'
import type { Decision } from '../../core/model.ts'
import type { Clock, DurableStore, MetricFamily } from '../../ports.ts'
import type { ScalingPolicy } from '../../resources/documents.ts'
import { resolveSettings } from '../../resources/policy.ts'
import type { Facts, News, PolicyFact, WorkloadFact } from '../../show/facts.ts'

interface Options {
  readonly controller: Controller
  readonly store: DurableStore
  readonly clock: Clock
  readonly version: string
  readonly isDryRun: boolean
  readonly currency: string
  readonly counted: () => readonly MetricFamily[]
}

/** A running controller as facts for the API. */
export function controllerFacts(options: Options): Facts {
  const { controller, store, clock, version } = options
  let openIntents = 0
  return {
    version,
    now: () => clock.now(),
    notReady: () => controller.notReady(),
    workloads: () => controller.turns().map(turn => workloadFact(turn, options)),
    decisions: (id, limit) => store.decisions(id, limit),
    decisionAt: (id, at) => store.decisionAt(id, at),
    explain: decision => explained(decision, controller.turn(decision.target)),
    subscribe: listener => controller.onTurn(turn => tell(turn, listener)),
    policies: () => controller.policies().map(policy => policyFact(policy, controller.policies())),
    async journal(limit) {
      const entries = await store.journal(limit)
      openIntents = entries.filter(({ outcome }) => outcome === undefined).length
      return entries
    },
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
        openIntents,
        ...(trouble !== undefined && { storeTrouble: trouble }),
      }
    },
    counted: options.counted,
  }
}

function explained(decision: Decision, turn: Turn | undefined) {
  const target = turn?.plan?.target
  return explain(decision, {
    ...(target && { periodSeconds: target.periodMs / 1000 }),
    ...(turn?.plan && turn.plan.drivers.length > 0 && { capacityPerReplica: turn.plan.target.capacityPerReplica }),
  })
}

function tell(turn: Turn, listener: (news: News) => void): void {
  const { decision } = turn
  if (decision === undefined || decision.from === decision.to) return
  const { target, from, to, at } = decision
  const { sentence } = explained(decision, turn)
  listener({ event: 'decision', data: { time: new Date(at).toISOString(), target, from, to, sentence } })
}

function workloadFact(turn: Turn, { currency, controller, isDryRun, store }: Options): WorkloadFact {
  const { object, plan, target, decision, learning } = turn
  const hasLoad = plan !== undefined && plan.drivers.length > 0
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
    ...(hasLoad && { capacityPerReplica: plan.target.capacityPerReplica }),
    startupSeconds: (plan?.target.startupMs ?? 0) / 1000,
    ...(learning !== undefined && { learning }),
    ...(load !== undefined && { load }),
    ...(load !== undefined && hasLoad && { neededReplicas: Math.ceil(load / plan.target.capacityPerReplica - 1e-9) }),
    ...(target && { currentReplicas: target.replicas.status }),
    conditions: conditionsOf(turn, { isDryRun, store, conflictOf: one => controller.conflictOf(one) }),
    scalers: scalersOf(turn),
    ...(decision && { lastDecision: decision }),
  }
}

function scalersOf({ target, decision }: Turn): WorkloadFact['scalers'] {
  if (target === undefined) return []
  return [{ name: 'crescendo', readyReplicas: target.replicas.ready, desiredReplicas: decision?.to ?? target.replicas.spec }]
}

function policyFact(policy: ScalingPolicy, policies: readonly ScalingPolicy[]): PolicyFact {
  const { origins, warnings: _, ...effective } = resolveSettings({ policies, policy })
  const { tier, profile, behaviorPreset } = effective
  return {
    name: policy.metadata.name,
    origin: policy.metadata.uid === undefined ? 'default policies' : 'ScalingPolicy of the cluster',
    extends: policy.spec.extends ?? [],
    ...(tier !== undefined && { tier }),
    ...(profile !== undefined && { profile }),
    ...(behaviorPreset !== undefined && { behaviorPreset }),
    effective,
    origins,
  }
}
