import type { Milli, Pod } from '../model.ts'
import { type Failure, failed } from './failure.ts'
import { plus } from './quantity.ts'

export interface RequestsOf {
  readonly resource: string
  /** This container alone; absent: the whole pod. */
  readonly container?: string | undefined
  /** Whether requests set on the pod itself outrank those of its containers. */
  readonly podLevelResources: boolean
}

/** What each pod asks for, in milli-units by pod name. One pod without a request makes utilization meaningless: a failure. */
export function podRequests(pods: readonly Pod[], of: RequestsOf): ReadonlyMap<string, Milli> | Failure {
  const requests = new Map<string, Milli>()
  for (const pod of pods) {
    const request = requestOf(pod, of)
    if (typeof request === 'object') return request
    requests.set(pod.name, request)
  }
  return requests
}

function requestOf(pod: Pod, of: RequestsOf): Milli | Failure {
  if (of.container !== undefined) return containerRequest(pod, of.resource, of.container)
  if (!of.podLevelResources || pod.requests === undefined) return sumOfContainers(pod, of.resource)
  return pod.requests[of.resource] ?? failed(`missing pod-level request for ${of.resource} in Pod ${pod.name}`)
}

function containerRequest(pod: Pod, resource: string, name: string): Milli | Failure {
  const container = pod.containers.find(one => one.name === name)
  if (container === undefined) return failed(`container ${name} not found in Pod ${pod.name}`)
  return container.requests[resource] ?? missing(resource, name, pod)
}

function sumOfContainers(pod: Pod, resource: string): Milli | Failure {
  let sum: Milli = 0
  for (const { name, requests } of pod.containers) {
    const request = requests[resource]
    if (request === undefined) return missing(resource, name, pod)
    sum = plus(sum, request)
  }
  return sum
}

function missing(resource: string, container: string, pod: Pod): Failure {
  return failed(`missing request for ${resource} in container ${container} of Pod ${pod.name}`)
}
