import { setImmediate as breathe, setTimeout as pause } from 'node:timers/promises'
import { demoServices } from '../cli/demo/cast.ts'
import { TICK_MS } from '../cli/demo/service.ts'
import { explain, sentenceOf } from '../core/explain/explain.ts'
import { findPolicy, type PolicyLibrary, resolvePolicy } from '../policies.ts'
import { idOf } from '../show/facts.ts'
import type { Applied, Asked, Backend } from './backend.ts'
import type { DetailLog } from './detail-log.ts'
import { documentOf } from './embedded-plan.ts'
import { createEmbeddedService, type EmbeddedService } from './embedded-service.ts'
import { unknownService } from './unknown-service.ts'

export interface EmbeddedClusterOptions {
  /** Simulated seconds in a second; 60 by default. */
  readonly speed?: number
  /** Seed of traffic and start-up times; 1 by default. */
  readonly seed?: number
  /** Days of traffic before the day that is played from which the forecast learns, at most 10; 7 by default. */
  readonly historyDays?: number
}

const SPEED = 60
const SEED = 1
const HISTORY_DAYS = 7
const DAY_TICKS = 86_400_000 / TICK_MS
/** The longest stretch of learning before others get the thread. */
const SLICE_MS = 10
/** Metrics are at least one tick and their delay old, so the first ticks see none. */
const FIRST_TICKS = 8

/** The four service types of the demo on a simulated cluster, with a day of traffic: all that a first try needs. */
export function createEmbedded(
  { speed = SPEED, seed = SEED, historyDays = HISTORY_DAYS }: EmbeddedClusterOptions,
  { log, library }: { readonly log: DetailLog; readonly library: PolicyLibrary },
): Backend {
  const options = { seed, log, historyTicks: Math.round(historyDays * DAY_TICKS) }
  const services = demoServices(seed).map(service => createEmbeddedService(service, options))
  const chosen = new Map<EmbeddedService, string>()
  for (const one of services) put(one, undefined, library)
  const loop = createLoop(services, { speed, log })
  return {
    mode: 'embedded',
    now: () => services[0]?.now() ?? 0,
    workloads: () => services.map(one => one.fact()),
    explain: decision => explain(decision, { periodSeconds: TICK_MS / 1000 }),
    async apply(asked, loaded) {
      const found = find(services, asked)
      const policy = asked.policy === undefined ? undefined : findPolicy(loaded, asked.policy).metadata.name
      return found.map(one => {
        if (policy !== undefined) chosen.set(one, policy)
        return put(one, chosen.get(one), loaded)
      })
    },
    start: loop.start,
    stop: loop.stop,
    close: loop.stop,
  }
}

function put(one: EmbeddedService, policy: string | undefined, library: PolicyLibrary): Applied {
  const object = documentOf(one.service, policy)
  const settings = resolvePolicy(library, { object })
  one.apply(settings, object)
  return { namespace: one.service.namespace, serviceName: one.service.name, settings }
}

function find(services: readonly EmbeddedService[], { serviceName, namespace }: Asked): readonly EmbeddedService[] {
  const found = services.filter(
    ({ service }) => service.name === serviceName && (namespace === undefined || service.namespace === namespace),
  )
  if (found.length > 0) return found
  throw unknownService(
    { serviceName, ...(namespace !== undefined && { namespace }) },
    services.map(({ service }) => idOf(service)),
  )
}

interface Loop {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Plays all services side by side, `speed` times as fast as the clock; learns in the time between two ticks. */
function createLoop(
  services: readonly EmbeddedService[],
  { speed, log }: { readonly speed: number; readonly log: DetailLog },
): Loop {
  let running: { readonly stop: AbortController; readonly ended: Promise<void> } | undefined
  const turn = async () => {
    for (const one of services) {
      const decision = await one.step()
      if (decision === undefined) continue
      const { target, from, to } = decision
      log.debug('decided', { target, from, to, why: sentenceOf(decision) })
    }
  }
  const isMeasured = () => services.every(one => one.fact().load !== undefined)
  return {
    async start() {
      if (running !== undefined) return
      for (let ticks = 0; ticks < FIRST_TICKS && !isMeasured(); ticks++) await turn()
      const stop = new AbortController()
      const ended = play({ services, turn, periodMs: TICK_MS / speed, signal: stop.signal })
      ended.catch(cause => log.warn('the simulated cluster stopped', { cause }))
      running = { stop, ended }
    },
    async stop() {
      running?.stop.abort()
      await running?.ended
      running = undefined
    },
  }
}

interface Play {
  readonly services: readonly EmbeddedService[]
  readonly turn: () => Promise<void>
  readonly periodMs: number
  readonly signal: AbortSignal
}

/** Until the day is over, or the signal. A process that is too slow for the speed plays as fast as it can, and still learns. */
async function play({ services, turn, periodMs, signal }: Play): Promise<void> {
  let dueAt = performance.now() + periodMs
  while (!signal.aborted && services.some(one => one.hasNext())) {
    let learns = await learnSlice(services)
    while (!signal.aborted && performance.now() < dueAt) {
      if (learns) learns = await learnSlice(services)
      else await pause(Math.max(1, dueAt - performance.now()), undefined, { signal }).catch(() => undefined)
      await breathe()
    }
    if (signal.aborted) return
    await turn()
    dueAt = Math.max(dueAt, performance.now() - periodMs) + periodMs
  }
}

/** The first service that has something to learn does so for a moment. */
async function learnSlice(services: readonly EmbeddedService[]): Promise<boolean> {
  const untilMs = performance.now() + SLICE_MS
  for (const one of services) if (await one.learn(untilMs)) return true
  return false
}
