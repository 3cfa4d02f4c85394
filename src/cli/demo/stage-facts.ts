import type { Decision, Instant } from '../../core/model.ts'
import type { Facts, News, PolicyFact, WorkloadFact } from '../../show/facts.ts'
import { isMissing, neededReplicas } from '../../sim/load.ts'
import { explained } from './explained.ts'
import { type Actor, type Part, replicasOf, type Stage, scoreOf, type Turn } from './stage.ts'

/** The stage as facts for the API: it keeps every decision of the visible time, and tells the stream what is new. */
export interface StageFacts extends Facts {
  /** Keeps what a visible tick has decided. */
  keep(turns: readonly Turn[]): void
  tell(news: News): void
  tellPolicies(policies: readonly PolicyFact[]): void
  /** Called once the history has been learned. */
  learned(): void
}

/** The scoreboard goes to the stream that often. */
const SCOREBOARD_TICKS = 20

export function stageFacts(stage: Stage, version: string): StageFacts {
  const kept = new Map<string, Decision[]>()
  const listeners = new Set<(news: News) => void>()
  let isLearning = true
  let policies: readonly PolicyFact[] = []
  const tell = (news: News) => {
    for (const listener of listeners) listener(news)
  }
  const workloads = () => stage.parts.map(part => workloadFact(part, isLearning ? learningText(stage) : undefined))
  return {
    version,
    now: stage.now,
    notReady: () => undefined, // reactive scaling needs no history; who learns still says so in its workload
    workloads,
    decisions: id => (kept.get(id) ?? []).toReversed(),
    decisionAt: (id, at) => kept.get(id)?.findLast(decision => decision.at <= at),
    explain: explained,
    policies: () => policies,
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    tell,
    tellPolicies(told) {
      policies = told
    },
    learned() {
      isLearning = false
    },
    keep(turns) {
      for (const { decision } of turns) {
        remember(kept, decision)
        if (decision.to !== decision.from) tell({ event: 'decision', data: newsOf(decision) })
      }
      if (stage.played() % SCOREBOARD_TICKS === 0) tell({ event: 'scoreboard', data: scoreboardNews(stage) })
    },
  }
}

function learningText(stage: Stage): string {
  return `learning the history: ${Math.floor(100 * stage.learned())} %`
}

/** Forecasts are long: only the newest decision and those that changed something keep theirs. */
function remember(kept: Map<string, Decision[]>, decision: Decision): void {
  const list = kept.get(decision.target) ?? []
  const last = list.at(-1)
  if (last !== undefined && last.to === last.from) {
    const { forecast: _, ...rest } = last
    list[list.length - 1] = rest
  }
  list.push(decision)
  kept.set(decision.target, list)
}

function newsOf(decision: Decision): object {
  const { target, from, to } = decision
  return { time: new Date(decision.at).toISOString(), target, from, to, sentence: explained(decision).sentence }
}

function scoreboardNews(stage: Stage): object {
  const workloads = stage.parts.map(part => ({
    target: part.service.target.id,
    scalers: part.actors.map(actor => scoreOf(part, actor)),
  }))
  return { time: new Date(stage.now()).toISOString(), workloads }
}

function workloadFact(part: Part, learning: string | undefined): WorkloadFact {
  const { service, actors } = part
  const { target } = service
  const load = loadNow(part)
  const lastDecision = actors[0]?.last
  const accuracy = actors[0]?.accuracy?.()
  return {
    namespace: service.namespace,
    name: service.name,
    ...(service.profile !== undefined && { profile: service.profile }),
    minReplicas: target.minReplicas,
    maxReplicas: target.maxReplicas,
    capacityPerReplica: target.capacityPerReplica,
    startupSeconds: target.startupMs / 1000,
    price: service.price,
    currency: service.currency,
    ...(learning !== undefined && { learning }),
    ...(load !== undefined && { load, neededReplicas: neededReplicas(load, target.capacityPerReplica) }),
    scalers: actors.map(actor => scalerFact(part, actor)),
    ...(lastDecision !== undefined && learning === undefined && { lastDecision }),
    ...(accuracy && learning === undefined && { accuracy }),
  }
}

/** The load of the last visible tick; absent before the first one and where nothing was recorded. */
export function loadNow({ service, actors }: Part): number | undefined {
  const { simulation, from, taught } = actors[0]!
  const run = simulation.run()
  const tick = run.load.length - 1
  return tick < from || isMissing(service.load, taught + tick) ? undefined : run.load[tick]
}

function scalerFact(part: Part, actor: Actor) {
  const { name, sloViolationMinutes, replicaHours, cost, scaleUps, scaleDowns } = scoreOf(part, actor)
  const replicas = replicasOf(actor)
  return {
    name,
    readyReplicas: replicas?.ready ?? 0,
    desiredReplicas: replicas?.desired ?? 0,
    sloViolationMinutes,
    replicaHours,
    cost,
    scaleUps,
    scaleDowns,
  }
}

/** "2026-11-24" and "09:45" of a simulated time. */
export const clockOf = (at: Instant) => new Date(at).toISOString().slice(11, 16)
