import type { Milli, Pod, PodSample } from '../model.ts'
import { type Failure, failed, NO_PODS } from './failure.ts'
import { groupPods, type Moment } from './pod-groups.ts'
import { INT32_MAX, over, times } from './quantity.ts'
import { podRequests } from './requests.ts'
import { customMetrics, type PodMetric, resourceMetrics } from './samples.ts'
import { isTolerated, type Tolerance } from './settings.ts'
import { type AverageTarget, type Usage, type UtilizationTarget, usageOf } from './usage.ts'

export interface Count {
  readonly kind: 'counted'
  readonly replicas: number
  readonly usage: Usage
}

/** What every per-pod metric is counted from. `replicas` are those of the spec. */
export interface PodFacts extends Moment {
  readonly replicas: number
  readonly pods: readonly Pod[]
  readonly samples: readonly PodSample[]
  readonly tolerance: Tolerance
}

export interface ResourceOf {
  readonly resource: string
  readonly container?: string | undefined
}

/** Replicas that bring a resource to `percent` of the requests. */
export function resourceUtilizationReplicas(facts: PodFacts, of: ResourceOf & { readonly percent: number }): Count | Failure {
  const metrics = resourceMetrics(facts.samples, of.container)
  const target = (): UtilizationTarget | Failure => {
    const requests = podRequests(facts.pods, { ...of, podLevelResources: facts.settings.podLevelResources })
    return 'kind' in requests ? requests : { kind: 'utilization', percent: of.percent, requests }
  }
  return facts.samples.length === 0 ? noResource(of) : count({ facts, metrics, resource: of.resource, target })
}

/** Replicas that bring a resource to an average `value` for each pod. */
export function resourceAverageReplicas(facts: PodFacts, of: ResourceOf & { readonly value: Milli }): Count | Failure {
  const metrics = resourceMetrics(facts.samples, of.container)
  const target = (): AverageTarget => ({ kind: 'average', value: of.value })
  return facts.samples.length === 0 ? noResource(of) : count({ facts, metrics, resource: of.resource, target })
}

/** Replicas that bring a custom metric to an average `value` for each pod. Readiness plays no part. */
export function podsMetricReplicas(facts: PodFacts, of: { readonly metric: string; readonly value: Milli }): Count | Failure {
  if (facts.samples.length === 0) return failed(`unable to get metric ${of.metric}: no metrics returned from custom metrics API`)
  return count({ facts, metrics: customMetrics(facts.samples), target: () => ({ kind: 'average', value: of.value }) })
}

function noResource({ resource }: ResourceOf): Failure {
  return failed(`unable to get metrics for resource ${resource}: no metrics returned from resource metrics API`)
}

interface Counting {
  readonly facts: PodFacts
  readonly metrics: Map<string, PodMetric>
  readonly resource?: string
  /** Asked only once it is known that something was measured. */
  readonly target: () => UtilizationTarget | AverageTarget | Failure
}

function count({ facts, metrics, resource, target: targetOf }: Counting): Count | Failure {
  const { pods, replicas, tolerance } = facts
  if (pods.length === 0) return NO_PODS
  const groups = groupPods({ pods, metrics, resource }, facts)
  for (const pod of groups.ignored) metrics.delete(pod)
  for (const pod of groups.unready) metrics.delete(pod)
  if (metrics.size === 0) return failed('did not receive metrics for targeted pods (pods might be unready)')

  const target = targetOf()
  if (target.kind === 'failed') return target
  const usage = usageOf(metrics, target)
  if (usage === undefined) return failed('no metrics returned matched known pods')
  const counted = (wanted: number): Count => ({ kind: 'counted', replicas: Math.min(wanted, INT32_MAX), usage })

  const unready = usage.ratio > 1 ? groups.unready : []
  if (unready.length === 0 && groups.missing.length === 0)
    return counted(isTolerated(usage.ratio, tolerance) ? replicas : Math.ceil(usage.ratio * groups.readyCount))
  fillIn(metrics, { missing: groups.missing, unready, ratio: usage.ratio, target })
  const ratio = usageOf(metrics, target)?.ratio ?? usage.ratio
  return counted(afterFilling({ facts, before: usage.ratio, ratio, pods: metrics.size }))
}

/** Assumes the least for pods that cannot answer: full use before scaling down, none before scaling up. */
function fillIn(
  metrics: Map<string, PodMetric>,
  {
    missing,
    unready,
    ratio,
    target,
  }: { missing: readonly string[]; unready: readonly string[]; ratio: number } & {
    target: UtilizationTarget | AverageTarget
  },
): void {
  const assume = (pod: string, value: Milli) => metrics.set(pod, { value, at: 0, windowMs: 0 })
  if (ratio !== 1) for (const pod of missing) assume(pod, ratio > 1 ? 0 : onTarget(pod, target))
  for (const pod of unready) assume(pod, 0)
}

function onTarget(pod: string, target: UtilizationTarget | AverageTarget): Milli {
  if (target.kind === 'average') return target.value
  return over(times(target.requests.get(pod) ?? 0, Math.max(100, target.percent)), 100)
}

/** Scales only where the assumptions left the direction as it was. */
function afterFilling(of: { facts: PodFacts; before: number; ratio: number; pods: number }): number {
  const { before, ratio } = of
  const { replicas, tolerance } = of.facts
  const turned = (before < 1 && ratio > 1) || (before > 1 && ratio < 1)
  if (isTolerated(ratio, tolerance) || turned) return replicas
  const wanted = Math.ceil(ratio * of.pods)
  return (ratio < 1 && wanted > replicas) || (ratio > 1 && wanted < replicas) ? replicas : wanted
}
