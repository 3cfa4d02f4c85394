import type { MetricSpec } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import type { Clock, Log } from '../ports.ts'
import type { ReadSecret } from './credentials.ts'
import { createCustomMetrics } from './custom-metrics.ts'
import { createExternalMetrics } from './external-metrics.ts'
import { createLastSigns } from './last-signs.ts'
import { type Found, type Missing, missing } from './missing.ts'
import { type Answer, metricName, type Origin, type Question } from './origin.ts'
import type { PushBuffer } from './push.ts'
import { createPushOrigin } from './push-origin.ts'
import { readWorkload } from './read-workload.ts'
import { createResourceMetrics } from './resource-metrics.ts'
import type { SourceDocument } from './source-document.ts'
import { createSourceRegistry } from './source-registry.ts'
import type { Sources, Workload } from './workload.ts'

export interface SourceSettings {
  /** Total time of one call. Default 5,000. */
  readonly timeoutMs?: number
  /** Default 10 MiB. */
  readonly maxResponseBytes?: number
  /** Older samples are missing. Default 120,000. */
  readonly staleMs?: number
  /** Samples further ahead of our clock are missing. Default 30,000. */
  readonly futureMs?: number
  /** Range of the rates in the queries. Default 60. */
  readonly windowSeconds?: number
  /** How long the first object that asks a source waits for others to share its query. Default 20. */
  readonly gatherMs?: number
  /** Period of objects whose own is unknown. Answers are shared for at most half a period. Default 15,000. */
  readonly periodMs?: number
  /** Pods may be scraped on loopback: for tests that serve pods there. Default false. */
  readonly loopbackPods?: boolean
}

export interface SourcesOptions {
  readonly client: KubeClient
  /** The MetricSources of the cluster as they are now. */
  readonly metricSources: () => readonly SourceDocument[]
  /** One key of a Secret in the controller's own namespace; `undefined` where the Secret lacks it. */
  readonly readSecret: ReadSecret
  readonly pushed: PushBuffer
  readonly clock: Clock
  readonly log: Log
  readonly settings?: SourceSettings
}

const DEFAULTS = {
  timeoutMs: 5000,
  maxResponseBytes: 10 * 1024 * 1024,
  staleMs: 120_000,
  futureMs: 30_000,
  windowSeconds: 60,
  gatherMs: 20,
  periodMs: 15_000,
  loopbackPods: false,
}

/**
 * All sources behind one door. The order in which they are asked for a metric is one rule, and the first with an answer counts:
 *
 * - Resource, ContainerResource: metrics.k8s.io for cpu and memory, then the catalogues
 * - Pods: pushed values, the catalogues, custom.metrics.k8s.io
 * - Object: the catalogues, custom.metrics.k8s.io
 * - External: pushed values, the catalogues, external.metrics.k8s.io
 *
 * The catalogues are those of the MetricSources that the namespace may use, by priority (lowest first, then by name); behind
 * each MetricSource's own entries stands the built-in catalogue.
 */
export function createSources(options: SourcesOptions): Sources {
  const settings = { ...DEFAULTS, ...options.settings }
  const tools = { ...options, settings }
  const registry = createSourceRegistry(options.metricSources, tools)
  const [resources, custom, external] = [createResourceMetrics(tools), createCustomMetrics(tools), createExternalMetrics(tools)]
  const pushed = createPushOrigin(options.pushed)
  const signs = createLastSigns(options.clock)
  const originsFor = (spec: MetricSpec): readonly Origin[] => {
    switch (spec.type) {
      case 'Resource':
      case 'ContainerResource':
        return [resources, ...registry.origins()]
      case 'Pods':
        return [pushed, ...registry.origins(), custom]
      case 'Object':
        return [...registry.origins(), custom]
      case 'External':
        return [pushed, ...registry.origins(), external]
    }
  }
  const questionOf = (workload: Workload, spec: MetricSpec, percentile?: number): Question => ({
    workload,
    spec,
    maxAgeMs: (workload.target.periodMs || settings.periodMs) / 2,
    ...(percentile !== undefined && { percentile }),
  })
  const ask = (workload: Workload, spec: MetricSpec, percentile?: number) =>
    firstAnswer(originsFor(spec), questionOf(workload, spec, percentile))
  const askExtra = (workload: Workload, spec: MetricSpec) =>
    firstAnswer([pushed, ...registry.origins()], questionOf(workload, spec))
  return {
    read: workload => readWorkload(workload, { ...tools, ask, askExtra, signs }),
    lastSigns: workload => signs.signs(workload.target.id),
    async history(workload, range) {
      const driver = signs.driverOf(workload.target.id) ?? workload.drivers[0]
      return driver === undefined ? [] : registry.history(workload, driver, range)
    },
    health: () => [resources, custom, external, pushed, ...registry.origins()].map(origin => origin.health()),
    close: registry.close,
  }
}

/** How long a source that did not answer last time is waited for while another may know the metric. */
const PATIENCE_MS = 250

/**
 * The first answer in the order of the origins; without one, why the first that knows the metric has none. An origin that is down
 * holds nobody up: those behind it are asked meanwhile, and only where they know nothing is it waited for to the end.
 */
async function firstAnswer(origins: readonly Origin[], question: Question): Promise<Found<Answer>> {
  const late = new Map<number, Promise<Found<Answer>>>()
  const answers: Missing[] = []
  for (const [index, origin] of origins.entries()) {
    const wasUp = origin.health().up
    const asked = safely(origin, question)
    const answer = wasUp ? await asked : await soon(asked)
    if (answer === undefined) late.set(index, asked)
    else if (answer.kind === 'found') return answer
    else answers[index] = answer
  }
  for (const [index, asked] of late) {
    const answer = await asked
    if (answer.kind === 'found') return answer
    answers[index] = answer
  }
  const why = answers.find(({ reason }) => reason !== 'NotOffered')
  return why ?? missing('NotOffered', `no source knows ${metricName(question.spec)}`)
}

function soon(asked: Promise<Found<Answer>>): Promise<Found<Answer> | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => resolve(undefined), PATIENCE_MS)
  return Promise.race([asked, promise]).finally(() => clearTimeout(timer))
}

async function safely(origin: Origin, question: Question): Promise<Found<Answer>> {
  try {
    return await origin.answer(question)
  } catch {
    // An origin never rejects; should one do so all the same, it takes down nobody but itself.
    return missing('Refused', `${origin.name} failed`)
  }
}
