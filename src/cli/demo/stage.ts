import { setImmediate as breathe } from 'node:timers/promises'
import type { ForecastAccuracy } from '../../core/forecast/accuracy/accuracy.ts'
import type { Decision, Instant } from '../../core/model.ts'
import { backfill, type Recorded } from '../../loop/backfill.ts'
import { isMissing, type Load, offeredAt, timeOf } from '../../sim/load.ts'
import { prepare } from '../../sim/rivals/contenders.ts'
import { metricScaleFor, type Run, type Scenario, type Simulation, startSimulation } from '../../sim/run.ts'
import { type Score, score } from '../../sim/score.ts'
import { memoryStore } from '../../store/memory.ts'
import { CONTESTANTS } from './contestants.ts'
import { METRICS_DELAY_MS, type Service, TICK_MS } from './service.ts'

/** One scaler on one service. */
export interface Actor {
  readonly name: string
  readonly simulation: Simulation
  /** The first visible tick, in ticks of its own simulation. */
  readonly from: number
  /** Ticks of the service's load before its own simulation begins. */
  readonly taught: number
  /** How good its forecasts were; absent where it has none. */
  readonly accuracy?: () => ForecastAccuracy
  /** What it goes through before the visible time, step by step: first what it can learn from the history, then an hour of it. */
  readonly lesson: AsyncGenerator<void>
  readonly lessons: number
  /** The latest decision; absent before the first one. */
  last?: Decision
}

/** A service with everybody who plays it; the first actor is crescendo, the second the plain HPA. */
export interface Part {
  readonly service: Service
  readonly actors: readonly Actor[]
}

/** What happened in one visible tick. */
export interface Turn {
  readonly part: Part
  readonly decision: Decision
}

export interface Stage {
  readonly parts: readonly Part[]
  /** Visible ticks in all. */
  readonly ticks: number
  /** Visible ticks played. */
  played(): number
  /** 0..1: how much of the history has been learned. */
  learned(): number
  /** The simulated time. */
  now(): Instant
  /** Plays the history, and lets others run every few milliseconds. Ends early when `signal` fires. */
  learn(signal: AbortSignal): Promise<void>
  /** Plays one visible tick of every service for every actor, on the very same traffic. */
  step(): Promise<readonly Turn[]>
}

/** An hour of history is lived through by everybody: it puts them in the state in which a running autoscaler would be. */
const WARMUP_TICKS = 3_600_000 / TICK_MS
const SLICE_MS = 20

export async function createStage(services: readonly Service[], seed: number): Promise<Stage> {
  const parts = await Promise.all(services.map(service => partOf(service, seed)))
  const ticks = Math.min(...services.map(service => service.load.value.length - service.historyTicks))
  const history = parts.reduce((sum, { actors }) => sum + actors.reduce((own, actor) => own + actor.lessons, 0), 0)
  let [played, learned] = [0, 0]
  return {
    parts,
    ticks,
    played: () => played,
    learned: () => (history === 0 ? 1 : Math.min(1, learned / history)),
    now: () => timeOf(services[0]!.load, services[0]!.historyTicks + played),
    async learn(signal) {
      await teach(parts, () => {
        learned++
        return !signal.aborted
      })
    },
    async step() {
      const turns: Turn[] = []
      for (const part of parts) {
        for (const actor of part.actors) actor.last = await actor.simulation.step()
        turns.push({ part, decision: part.actors[0]!.last! })
      }
      played++
      return turns
    },
  }
}

/** All lessons side by side, so that no service waits for the others to be learned. */
async function teach(parts: readonly Part[], visit: () => boolean): Promise<void> {
  const lessons = parts.flatMap(part => part.actors.map(actor => actor.lesson))
  let sliceEnd = performance.now() + SLICE_MS
  for (let open = lessons; open.length > 0; ) {
    const still: typeof lessons = []
    for (const lesson of open) {
      if (!(await lesson.next()).done) still.push(lesson)
      if (!visit()) return
    }
    open = still
    if (performance.now() < sliceEnd) continue
    await breathe()
    sliceEnd = performance.now() + SLICE_MS
  }
}

async function partOf(service: Service, seed: number): Promise<Part> {
  const actors = await Promise.all(Object.keys(CONTESTANTS).map(name => actorOf(service, { name, seed })))
  return { service, actors }
}

async function actorOf(service: Service, { name, seed }: { name: string; seed: number }): Promise<Actor> {
  const from = Math.min(service.historyTicks, WARMUP_TICKS)
  const taught = service.historyTicks - from
  const { target, failures, startup } = service
  const store = memoryStore()
  const scenario: Scenario = {
    target,
    load: loadFrom(service.load, taught),
    metricsDelayMs: METRICS_DELAY_MS,
    metricScale: metricScaleFor(target.capacityPerReplica),
    seed,
    failures,
    startup,
    scoredFrom: from,
    store,
  }
  const contender = await prepare(name, scenario, { table: CONTESTANTS })
  const simulation = startSimulation(contender.rules, { ...scenario, target: contender.target })
  const learns = contender.rules.forecaster !== undefined
  async function* lesson() {
    if (learns) {
      const lessons = backfill(contender.rules, contender.target, recorded(service.load, taught))
      let next = lessons.next()
      for (; next.done !== true; next = lessons.next()) yield
      await store.remember(contender.target.id, next.value)
    }
    for (let tick = 0; tick < from; tick++) {
      await simulation.step()
      yield
    }
  }
  const { forecaster } = contender.rules
  const lessons = from + (learns ? taught : 0)
  return {
    name,
    simulation,
    from,
    taught,
    lesson: lesson(),
    lessons,
    ...(forecaster?.accuracy && { accuracy: () => forecaster.accuracy!() }),
  }
}

/** The history as a metrics store would have recorded it: one row a tick, read one delay after the tick ended. */
export function* recorded(load: Load, ticks: number): Generator<Recorded> {
  for (let tick = 0; tick < ticks; tick++) {
    const end = timeOf(load, tick + 1)
    const demand = isMissing(load, tick)
      ? { kind: 'missing' as const, at: end, why: 'nothing was recorded' }
      : { kind: 'value' as const, at: end, value: offeredAt(load, tick) }
    yield { at: end + METRICS_DELAY_MS, demand, ...(load.clients && { clients: load.clients[tick]! }) }
  }
}

/** The load from `tick` on. */
export function loadFrom(load: Load, tick: number): Load {
  const { attack, clients, missing } = load
  return {
    startMs: timeOf(load, tick),
    tickMs: load.tickMs,
    value: load.value.subarray(tick),
    ...(attack && { attack: attack.subarray(tick) }),
    ...(clients && { clients: clients.subarray(tick) }),
    ...(missing && { missing: missing.subarray(tick) }),
  }
}

/** The actor's score over the visible ticks played so far. */
export function scoreOf({ service }: Part, actor: Actor): Score {
  const { price, target } = service
  return score({ ...actor.simulation.run(), name: actor.name }, { capacityPerReplica: target.capacityPerReplica, price })
}

/** Replicas at the end of the last visible tick; absent before the first. */
export function replicasOf(actor: Actor): { readonly ready: number; readonly desired: number } | undefined {
  const run: Run = actor.simulation.run()
  const last = run.ready.length - 1
  return last < actor.from ? undefined : { ready: run.ready[last]!, desired: run.desired[last]! }
}
