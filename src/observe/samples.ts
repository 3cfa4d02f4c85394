import type { Instant, Milli, PodSample } from '../core/model.ts'
import { type Found, found, type Missing, missing } from './missing.ts'
import { type Ages, type Answer, untimely } from './origin.ts'
import type { MetricKind } from './source-document.ts'

/** One number that a source gave for one pod, or one of its containers. */
export interface Reported {
  readonly pod: string
  readonly container?: string
  readonly at: Instant
  /** Absent where the source gave none that is a finite number. */
  readonly value?: number
}

/** The value itself, where rounding to thousandths would take more than a thousandth of it away. */
export function exactly(value: number): { readonly exact?: number } {
  return Math.abs(Number(toMilli(value)) / 1000 - value) > Math.abs(value) / 1000 ? { exact: value } : {}
}

export interface Judgement extends Ages {
  readonly now: Instant
  /** Only business figures may be negative. */
  readonly kind: MetricKind
  readonly windowMs: number
  /** The pods of the workload; what belongs to others is left out. */
  readonly pods: ReadonlySet<string>
  /** Whether samples are told by container (resources) or by pod (custom metrics). */
  readonly by: 'container' | 'pod'
}

/** A quantity in thousandths; what no number can hold exactly becomes a bigint. */
export function toMilli(value: number): Milli {
  const milli = Math.round(value * 1000)
  return Number.isSafeInteger(milli) ? milli : BigInt(milli)
}

/** Why one number is not believed; absent where it is. */
export function disbelief(
  sample: { readonly at: Instant; readonly value?: number },
  judgement: Omit<Judgement, 'pods' | 'by' | 'windowMs'>,
) {
  if (sample.value === undefined) return missing('NotANumber', 'the sample is no finite number')
  if (sample.value < 0 && judgement.kind !== 'Business') return missing('Negative', 'the sample is below zero')
  return untimely(sample.at, judgement.now, judgement)
}

/**
 * Samples of a workload's pods from what a source reported. A number that is not believed leaves its pod without one; two
 * series for one pod refuse the whole answer, since neither is known to be the right one.
 */
export function podAnswer(reported: Iterable<Reported>, judgement: Judgement): Found<Answer> {
  const byPod = new Map<string, { at: Instant; values: Map<string, Milli>; exact?: number }>()
  let trouble: Missing | undefined
  for (const one of reported) {
    if (!judgement.pods.has(one.pod)) continue
    const doubt = disbelief(one, judgement)
    if (doubt !== undefined || one.value === undefined) {
      trouble ??= doubt
      continue
    }
    const of = byPod.get(one.pod) ?? { at: one.at, values: new Map<string, Milli>(), ...exactly(one.value) }
    const key = judgement.by === 'container' ? (one.container ?? '') : ''
    if (of.values.has(key))
      return missing('TooManySeries', `2 or more series for the pod ${one.pod}; sum them by pod in the query`)
    of.values.set(key, toMilli(one.value))
    of.at = Math.min(of.at, one.at)
    byPod.set(one.pod, of)
  }
  if (byPod.size === 0) return trouble ?? missing('NoData', 'no sample for any pod of the workload')
  const { windowMs, by } = judgement
  const samples = [...byPod].map(([pod, { at, values, exact }]): PodSample => {
    const [value] = values.values()
    if (by === 'container') return { pod, at, windowMs, byContainer: Object.fromEntries(values) }
    return { pod, at, windowMs, ...(value !== undefined && { value }), ...(exact !== undefined && { exact }) }
  })
  return found({ kind: 'pods', samples })
}
