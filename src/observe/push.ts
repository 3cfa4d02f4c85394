import type { Instant } from '../core/model.ts'
import type { Clock } from '../ports.ts'
import { builtInKind } from './catalogue.ts'

/** One value as it arrives; the HTTP door has checked its shape. */
export interface PushedItem {
  readonly namespace: string
  /** Name of the scaled object; the value is then the total of the workload. */
  readonly workload?: string
  /** Name of the pod; the value is then that of this pod. */
  readonly pod?: string
  readonly name: string
  readonly value: number
  /** Seconds since the epoch; now where absent. */
  readonly timestamp?: number
}

export interface PushedBatch {
  readonly metrics: readonly PushedItem[]
}

export interface PushedValue {
  readonly at: Instant
  readonly value: number
}

export interface PushResult {
  readonly accepted: number
  /** By place in the batch, with the reason first: "Future: …". */
  readonly refused: readonly { readonly index: number; readonly why: string }[]
}

/** The last pushed values, bounded in number and age. */
export interface PushBuffer {
  accept(batch: PushedBatch): PushResult
  /** The value of each of these pods; pods without one are left out. */
  ofPods(namespace: string, metric: string, pods: readonly string[]): ReadonlyMap<string, PushedValue>
  /** The total of a workload; without a workload, the value of the namespace. */
  total(namespace: string, metric: string, workload?: string): PushedValue | undefined
  /** When something was last accepted. */
  readonly acceptedAt: Instant | undefined
  readonly size: number
}

export interface PushOptions {
  readonly clock: Clock
  /** Default 50,000. A new series is refused where so many are alive. */
  readonly maxSeries?: number
  /** Older values are refused, and forgotten. Default 120,000. */
  readonly maxAgeMs?: number
  /** How far ahead of our clock a value may be. Default 10,000. */
  readonly futureMs?: number
}

export function createPushBuffer({ clock, maxSeries = 50_000, maxAgeMs = 120_000, futureMs = 10_000 }: PushOptions): PushBuffer {
  const series = new Map<string, PushedValue>()
  let acceptedAt: Instant | undefined
  // One that lies ahead was taken before the clock was set back: it says nothing of now.
  const isAlive = ({ at }: PushedValue, now: Instant) => now - at <= maxAgeMs && at - now <= futureMs
  const alive = (key: string): PushedValue | undefined => {
    const value = series.get(key)
    return value !== undefined && isAlive(value, clock.now()) ? value : undefined
  }
  const forget = (now: Instant) => {
    for (const [key, value] of series) if (!isAlive(value, now)) series.delete(key)
  }
  const refusal = (item: PushedItem, at: Instant, now: Instant): string | undefined => {
    const wrong = wrongValue(item, at) ?? wrongTime(at, now, { maxAgeMs, futureMs })
    if (wrong !== undefined) return wrong
    const kept = series.get(keyOf(item))
    if (kept === undefined)
      return series.size >= maxSeries ? `TooLarge: ${maxSeries} series are alive, no other is taken` : undefined
    return kept.at > at && isAlive(kept, now) ? 'Stale: a newer value is there already' : undefined
  }
  return {
    accept({ metrics }) {
      const now = clock.now()
      if (series.size + metrics.length > maxSeries) forget(now)
      const refused: { index: number; why: string }[] = []
      for (const [index, item] of metrics.entries()) {
        const at = item.timestamp === undefined ? now : Math.round(item.timestamp * 1000)
        const why = refusal(item, at, now)
        if (why === undefined) series.set(keyOf(item), { at, value: item.value })
        else refused.push({ index, why })
      }
      if (refused.length < metrics.length) acceptedAt = now
      return { accepted: metrics.length - refused.length, refused }
    },
    ofPods(namespace, metric, pods) {
      const values = pods.map(pod => [pod, alive(keyOf({ namespace, name: metric, pod }))] as const)
      return new Map(values.filter((entry): entry is [string, PushedValue] => entry[1] !== undefined))
    },
    total: (namespace, metric, workload) =>
      alive(keyOf({ namespace, name: metric, ...(workload !== undefined && { workload }) })),
    get acceptedAt() {
      return acceptedAt
    },
    get size() {
      return series.size
    },
  }
}

function wrongValue({ name, value }: PushedItem, at: Instant): string | undefined {
  if (!Number.isFinite(value) || !Number.isFinite(at)) return 'NotANumber: expected a finite number'
  return value < 0 && builtInKind(name) !== 'Business' ? 'Negative: expected 0 or more' : undefined
}

function wrongTime(
  at: Instant,
  now: Instant,
  { maxAgeMs, futureMs }: { maxAgeMs: number; futureMs: number },
): string | undefined {
  const seconds = Math.round(Math.abs(at - now) / 1000)
  if (at - now > futureMs) return `Future: the timestamp lies ${seconds} s ahead; it is in seconds since the epoch`
  return now - at > maxAgeMs ? `Stale: the timestamp lies ${seconds} s back; at most ${maxAgeMs / 1000} s are taken` : undefined
}

/** A value for a pod is that pod's, whether or not the workload is named too. */
function keyOf({ namespace, name, pod, workload }: Pick<PushedItem, 'namespace' | 'name' | 'pod' | 'workload'>): string {
  return JSON.stringify([namespace, name, pod === undefined ? 'total' : 'pod', pod ?? workload ?? ''])
}
