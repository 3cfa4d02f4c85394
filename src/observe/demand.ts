import { total } from '../core/hpa/quantity.ts'
import type { MetricAnswer, Milli, Reading } from '../core/model.ts'
import { type Found, found, missing } from './missing.ts'
import type { Answer } from './origin.ts'
import type { ObservedPod } from './workload.ts'

/** Where fewer of the ready pods than this share reported, their sum is no measure of the load. */
const ENOUGH = 0.9

export interface Total {
  readonly at: number
  readonly value: number
}

/**
 * The whole load behind an answer: the sum over the pods, or the value itself, in whole units; as old as its oldest
 * sample. Pods that should report and did not would make the sum look like a fall: below 90 % of them it is missing, never
 * extrapolated. A pod that became ready within `graceMs` (one range of the query) need not report yet.
 */
export function totalOf(
  answer: Answer,
  pods: readonly ObservedPod[],
  now: { readonly at: number; readonly graceMs: number },
): Found<Total> {
  if (answer.kind === 'values') return found({ at: answer.at, value: wholeUnits(total(answer.values)) })
  const expected = pods.filter(pod => isExpected(pod, now)).map(pod => pod.name)
  const reported = new Set(answer.samples.map(sample => sample.pod))
  const present = expected.filter(name => reported.has(name)).length
  if (present < expected.length * ENOUGH) return missing('NoData', `only ${present} of ${expected.length} ready pods reported`)
  const values = answer.samples.flatMap(({ value, byContainer }) =>
    value === undefined ? Object.values(byContainer ?? {}) : [value],
  )
  return found({ at: Math.min(...answer.samples.map(sample => sample.at)), value: wholeUnits(total(values)) })
}

function isExpected(
  { phase, ready, deleted }: ObservedPod,
  { at, graceMs }: { readonly at: number; readonly graceMs: number },
): boolean {
  return phase === 'Running' && ready?.status === 'True' && !deleted && at - ready.since >= graceMs
}

function wholeUnits(milli: Milli): number {
  return Number(milli) / 1000
}

/** A total as the core reads it. Negative loads are nonsense, whoever told them. */
export function readingOf(outcome: Found<Total>, now: number): Reading {
  if (outcome.kind === 'missing') return { kind: 'missing', at: now, why: outcome.why }
  const { at, value } = outcome.value
  if (value < 0) return { kind: 'missing', at: now, why: missing('Negative', 'the total is below zero').why }
  return { kind: 'value', at, value }
}

export function answerOf(outcome: Found<Answer>): MetricAnswer {
  return outcome.kind === 'found' ? outcome.value : { kind: 'missing', why: outcome.why }
}
