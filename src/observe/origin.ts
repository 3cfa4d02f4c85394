import type { Instant, MetricAnswer, MetricSpec } from '../core/model.ts'
import type { Clock } from '../ports.ts'
import { type Found, isOutage, type Missing, missing } from './missing.ts'
import type { SourceHealth, Workload } from './workload.ts'

/** An answer that holds data. */
export type Answer = Exclude<MetricAnswer, { readonly kind: 'missing' }>

export interface Question {
  readonly workload: Workload
  readonly spec: MetricSpec
  /** Answers of an earlier call may be used while they are younger than this. */
  readonly maxAgeMs: number
  /** Of a latency that a histogram tells; absent: that of the catalogue. */
  readonly percentile?: number
}

/** One place where metrics come from. It says `NotOffered` where it does not know the metric; it never throws and ends in time. */
export interface Origin {
  readonly name: string
  answer(question: Question): Promise<Found<Answer>>
  health(): SourceHealth
}

/** The origin of one MetricSource. */
export interface SourceOrigin extends Origin {
  /** The past of the metric's total over the workload's pods, oldest first; empty where the source does not know the metric. */
  history(workload: Workload, metric: string, range: HistoryRange): Promise<Found<readonly Point[]>>
  close(): Promise<void>
}

export interface HistoryRange {
  readonly fromMs: Instant
  readonly toMs: Instant
  readonly stepMs: number
}

export interface Point {
  readonly at: Instant
  readonly value: number
}

/** How old or new a sample may be. */
export interface Ages {
  readonly staleMs: number
  /** Clocks differ; what lies further ahead than this is wrong. */
  readonly futureMs: number
}

/** Why a sample of this time is not believed; absent where it is. */
export function untimely(at: Instant, now: Instant, { staleMs, futureMs }: Ages): Missing | undefined {
  if (now - at > staleMs) return missing('Stale', `the sample is ${Math.round((now - at) / 1000)} s old`)
  return at - now > futureMs ? missing('Future', `the sample lies ${Math.round((at - now) / 1000)} s in the future`) : undefined
}

/** Name of the metric or resource that a spec asks for. */
export function metricName(spec: MetricSpec): string {
  return 'resource' in spec ? spec.resource : spec.metric
}

/** Keeps the state of a source from the outcomes of its calls. A question without an answer in it is no outage. */
export function createHealthRecord(name: string, clock: Clock) {
  let health: SourceHealth = { name, up: true }
  let [calls, failures] = [0, 0]
  return {
    health: (): SourceHealth => ({ ...health, calls, failures }),
    /** Passes the outcome on after it was noted. */
    async note<T>(call: () => Promise<Found<T>>): Promise<Found<T>> {
      const since = clock.now()
      const outcome = await call()
      const now = clock.now()
      calls++
      const last = health.lastAnswerAt === undefined ? {} : { lastAnswerAt: health.lastAnswerAt }
      if (outcome.kind === 'missing' && isOutage(outcome.reason)) {
        failures++
        health = { name, up: false, why: outcome.why, latencyMs: now - since, ...last }
      } else {
        health = { name, up: true, lastAnswerAt: now, latencyMs: now - since }
      }
      return outcome
    },
  }
}

export function notOffered(origin: string, spec: MetricSpec): Missing {
  return missing('NotOffered', `${origin} does not know ${metricName(spec)}`)
}

/** The same reason, with who was asked for what. */
export function told(origin: string, spec: MetricSpec, { reason, why }: Missing): Missing {
  return missing(reason, `${metricName(spec)} from ${origin}: ${why.slice(reason.length + 2)}`)
}
