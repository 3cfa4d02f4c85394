import type { MetricSpec, Milli, Objective, PodSample, Reading } from '../core/model.ts'
import type { Found } from './missing.ts'
import type { Answer } from './origin.ts'
import type { ObservedPod, Workload } from './workload.ts'

/** What tells an objective without a metric of its own. */
const ERRORS = 'error_ratio'
const NO_TARGET = { type: 'AverageValue' } as const

/** What has to be asked to know how an objective stands: the object's own metric of that name, else a metric of its pods. */
export function specOfObjective(objective: Objective, { target }: Pick<Workload, 'target'>): MetricSpec {
  if (objective.type === 'Utilization') return { type: 'Resource', resource: objective.resource, target: NO_TARGET }
  const metric = objective.metric ?? ERRORS
  const own = target.metrics.find(spec => !('resource' in spec) && spec.metric === metric && spec.selector === objective.selector)
  return own ?? { type: 'Pods', metric, ...(objective.selector && { selector: objective.selector }), target: NO_TARGET }
}

/** The percentile that an objective asks for; absent where it asks for none. */
export const percentileOf = (objective: Objective): number | undefined =>
  objective.type === 'Latency' ? objective.percentile : undefined

/**
 * How an objective stands: Throughput is the sum over the pods; ErrorRatio, Availability and Latency are means weighted by the load of
 * each pod where that is known; a Guard is the mean of the pods; Utilization is percent of what the pods requested. Availability is the
 * share that succeeded: where the error ratio tells it, what that leaves.
 */
export function objectiveReading(
  objective: Objective,
  outcome: Found<Answer>,
  { pods, loads, now }: { readonly pods: readonly ObservedPod[]; readonly loads: Loads; readonly now: number },
): Reading {
  if (outcome.kind === 'missing') return { kind: 'missing', at: now, why: outcome.why }
  const answer = outcome.value
  const at = answer.kind === 'values' ? answer.at : Math.min(...answer.samples.map(sample => sample.at))
  const value =
    objective.type === 'Utilization' ? utilization(answer, pods, objective.resource) : amountOf(objective, answer, loads)
  if (value === undefined)
    return { kind: 'missing', at: now, why: `NoData: ${nameOf(objective)} cannot be told from what was measured` }
  return { kind: 'value', at, value: isLeftByErrors(objective) ? 1 - value : value }
}

/** Load by pod, in any unit: who served more counts more. */
export type Loads = ReadonlyMap<string, number>

export function loadsOf(outcome: Found<Answer> | undefined): Loads {
  if (outcome?.kind !== 'found' || outcome.value.kind !== 'pods') return new Map()
  return new Map(
    outcome.value.samples.flatMap(sample => (sample.value === undefined ? [] : [[sample.pod, plain(sample)] as const])),
  )
}

const nameOf = (objective: Objective) => (objective.type === 'Utilization' ? objective.resource : (objective.metric ?? ERRORS))

const isLeftByErrors = (objective: Objective) => objective.type === 'Availability' && nameOf(objective) === ERRORS

/** In whole units, unrounded where thousandths were too coarse. */
const plain = ({ exact, value = 0 }: PodSample): number => exact ?? Number(value) / 1000

function amountOf(objective: Objective, answer: Answer, loads: Loads): number | undefined {
  if (answer.kind === 'values') {
    const [only] = answer.values
    return answer.exact ?? (only === undefined ? undefined : Number(only) / 1000)
  }
  const told = answer.samples.filter(({ value }) => value !== undefined)
  if (told.length === 0) return undefined
  if (objective.type === 'Throughput') return told.reduce((sum, sample) => sum + plain(sample), 0)
  const areAllKnown = objective.type !== 'Guard' && told.every(({ pod }) => loads.has(pod))
  const weightOf = ({ pod }: PodSample) => (areAllKnown ? (loads.get(pod) ?? 0) : 1)
  const weight = told.reduce((sum, sample) => sum + weightOf(sample), 0)
  if (weight <= 0) return told.reduce((sum, sample) => sum + plain(sample), 0) / told.length
  return told.reduce((sum, sample) => sum + weightOf(sample) * plain(sample), 0) / weight
}

function utilization(answer: Answer, pods: readonly ObservedPod[], resource: string): number | undefined {
  if (answer.kind === 'values') return undefined
  const requested = new Map(pods.map(pod => [pod.name, requestOf(pod, resource)]))
  let [used, of] = [0, 0]
  for (const { pod, byContainer } of answer.samples) {
    const request = requested.get(pod) ?? 0
    if (byContainer === undefined || request <= 0) continue
    used += sumOf(Object.values(byContainer))
    of += request
  }
  return of > 0 ? (100 * used) / of : undefined
}

function requestOf({ requests, containers }: ObservedPod, resource: string): number {
  const ofPod = requests?.[resource]
  return ofPod === undefined ? sumOf(containers.map(container => container.requests[resource] ?? 0)) : Number(ofPod)
}

const sumOf = (milli: readonly Milli[]) => milli.reduce<number>((sum, one) => sum + Number(one), 0)
