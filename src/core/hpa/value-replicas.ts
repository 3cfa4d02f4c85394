import type { Milli, Pod } from '../model.ts'
import { type Failure, failed, NO_PODS } from './failure.ts'
import { INT32_MAX, INT64_MAX, overRoundedUp, total } from './quantity.ts'
import { isTolerated, type Tolerance } from './settings.ts'

/** A count from one number for the whole target. `usage` in milli-units: the value, or its share for each replica. */
export interface ValueCount {
  readonly kind: 'counted'
  readonly replicas: number
  readonly usage: Milli
}

export interface ValueFacts {
  /** Spec replicas for a `Value` target, status replicas for an `AverageValue` target. */
  readonly replicas: number
  readonly pods: readonly Pod[]
  readonly values: readonly Milli[]
  readonly target: Milli
  readonly tolerance: Tolerance
  /** The API that answered; its silence is a failure, never a zero. */
  readonly api: 'custom' | 'external'
}

/** Replicas for a `Value` target (Object, External): the ratio scales the pods that are ready. From zero, the ratio itself. */
export function valueReplicas({ replicas, pods, values, target, tolerance, api }: ValueFacts): ValueCount | Failure {
  if (values.length === 0) return silent(api)
  const usage = total(values)
  const ratio = Number(usage) / Number(target)
  if (replicas === 0) return { kind: 'counted', replicas: whole(ratio), usage }
  if (isTolerated(ratio, tolerance)) return { kind: 'counted', replicas, usage }
  if (pods.length === 0) return NO_PODS
  return { kind: 'counted', replicas: whole(ratio * readyPods(pods)), usage }
}

/** Replicas for an `AverageValue` target (Object, External): usage over target, whatever the pods look like. */
export function averageValueReplicas(facts: Omit<ValueFacts, 'pods'>): ValueCount | Failure {
  const { replicas, values, target, tolerance, api } = facts
  if (values.length === 0) return silent(api)
  const sum = total(values)
  const tolerated = isTolerated(Number(sum) / (Number(target) * replicas), tolerance)
  const wanted = tolerated ? replicas : whole(Number(sum) / Number(target))
  return { kind: 'counted', replicas: wanted, usage: shareOf(sum, replicas) }
}

function silent(api: 'custom' | 'external'): Failure {
  return failed(`no metrics returned from ${api} metrics API`)
}

/** With no replica at all a share has no meaning: the whole, as large as upstream reports it, or nothing of nothing. */
function shareOf(sum: Milli, replicas: number): Milli {
  if (replicas > 0) return overRoundedUp(sum, replicas)
  return sum > 0 ? INT64_MAX : 0
}

function whole(replicas: number): number {
  return Math.min(Math.ceil(replicas), INT32_MAX)
}

function readyPods(pods: readonly Pod[]): number {
  let ready = 0
  for (const pod of pods) if (pod.phase === 'Running' && pod.ready?.status === 'True') ready++
  return ready
}
