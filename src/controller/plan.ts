import type { Decision, MetricSpec, Pod, Target } from '../core/model.ts'
import type { CrescendoOptions } from '../core/policy/crescendo-rules.ts'
import type { HorizontalPodAutoscaler } from '../resources/documents.ts'
import { policyOptions } from '../resources/rules-options.ts'
import type { Settings } from '../resources/settings.ts'
import { capacityOf, DEFAULT_STARTUP_SECONDS, measuresLoad, metricsOf } from '../resources/target.ts'

/** Everything that follows from an object and the policies in force for it, before any metric was read. */
export interface Plan {
  readonly target: Target
  /** Metrics whose total tells the demand, the best first. Empty: nothing of the spec adds up to a load. */
  readonly drivers: readonly string[]
  /** The one in whose unit demand and capacity are. */
  readonly driver?: string
  readonly prediction: CrescendoOptions['mode']
  readonly options: Omit<CrescendoOptions, 'target' | 'delayMs' | 'mode'>
  readonly delayMs: number
  readonly costPerReplicaHour: number
  readonly settings: Settings
  /** What says that loads are of a kind: the profile, else the policy that the object refers to; absent where neither is stated. */
  readonly kin?: string
}

export interface Known {
  readonly pods: readonly Pod[]
  /** Learnt: nine of ten pods were ready after that time; absent while none was seen. */
  readonly startupMs?: number
  /** The driver that the sources have for it; absent before the first answer. */
  readonly driver?: string
  /** Resources of Utilization objectives that were ever read. */
  readonly readable?: readonly string[]
  readonly costPerReplicaHour: number
  readonly manualFloorMs: number
  readonly fallbackAfterMs: number
  /** A budget of its tier or of the fleet holds for it. */
  readonly isSharing?: boolean
}

/**
 * The object as the core sees it. Where no capacity can be told (a latency alone, a memory target), there is no demand to
 * forecast: the target then scales on its metrics as the HPA does, under our guards.
 */
export function planOf(document: HorizontalPodAutoscaler, settings: Settings, known: Known): Plan {
  const { name, namespace = 'default' } = document.metadata
  const metrics = [...metricsOf(document), ...utilizationMetrics(document, settings, known)]
  const drivers = driversOf(document, settings, { metrics, pods: known.pods })
  const driver = drivers.find(one => one.name === known.driver) ?? drivers[0]
  const { mode, ...policy } = policyOptions(settings, { price: known.costPerReplicaHour, mode: settings.prediction.mode })
  const isHandsOff = settings.mode === 'Recommend' || settings.mode === 'Paused'
  return {
    target: {
      id: `${namespace}/${name}`,
      minReplicas: settings.minReplicas,
      maxReplicas: settings.maxReplicas,
      metrics,
      ...behaviorOf(settings),
      capacityPerReplica: driver?.capacityPerReplica ?? 1,
      startupMs: startupMsOf(settings, known),
      periodMs: settings.periodSeconds * 1000,
      ...(settings.objectives.length > 0 && { objectives: settings.objectives }),
    },
    drivers: drivers.map(one => one.name),
    ...(driver && { driver: driver.name }),
    prediction: driver === undefined && mode !== 'Off' ? 'Off' : mode,
    options: {
      ...policy,
      guards: {
        ...policy.guards,
        ...(known.isSharing && { isSharing: true }),
        ...(driver === undefined && { hold: { demand: 'None' } }),
      },
      manual: isHandsOff ? 'Off' : { manualFloorMs: known.manualFloorMs },
      blind: { fallbackAfterMs: known.fallbackAfterMs },
    },
    delayMs: settings.simulation.metricsDelaySeconds * 1000,
    costPerReplicaHour: known.costPerReplicaHour,
    settings,
    ...kinOf(document, settings),
  }
}

/**
 * Utilization objectives as Resource metrics beside those of the spec, where the spec has none for that resource, as an HPA would follow
 * them. Off is the stock HPA with the metrics of the spec alone. One that was never read stays out: a metric that fails would keep
 * replicas from leaving for good where nobody measures the resource.
 */
function utilizationMetrics(
  { spec }: HorizontalPodAutoscaler,
  { objectives, prediction }: Settings,
  { readable = [] }: Known,
): readonly MetricSpec[] {
  if (prediction.mode === 'Off') return []
  const own = new Set((spec.metrics ?? []).map(metric => (metric.type === 'Resource' ? metric.resource.name : undefined)))
  return objectives.flatMap(objective => {
    if (objective.type !== 'Utilization' || own.has(objective.resource) || !readable.includes(objective.resource)) return []
    const target = { type: 'Utilization', averageUtilizationPercent: objective.percent } as const
    return [{ type: 'Resource', resource: objective.resource, target } as const]
  })
}

/** Nobody lends to a load of which nobody has said what it is like. */
function kinOf({ spec }: HorizontalPodAutoscaler, { profile }: Settings): Pick<Plan, 'kin'> {
  if (profile !== undefined && profile !== 'Generic') return { kin: `profile ${profile}` }
  return spec.policyRef === undefined ? {} : { kin: `policy ${spec.policyRef.name}` }
}

/** ScaleOutOnly is upstream's own way of saying it: scaling down is switched off. */
function behaviorOf({ mode, behavior }: Settings) {
  if (mode !== 'ScaleOutOnly') return behavior === undefined ? {} : { behavior }
  return { behavior: { ...behavior, scaleDown: { ...behavior?.scaleDown, selectPolicy: 'Disabled' as const } } }
}

interface Driver {
  readonly name: string
  readonly capacityPerReplica: number
}

/**
 * What the demand may be told by, the best first, and how much of it one replica carries. A metric that counts arriving work comes
 * before the use of a resource, which shows no more than what the pods could serve.
 */
function driversOf(
  document: HorizontalPodAutoscaler,
  settings: Settings,
  { metrics, pods }: { metrics: readonly MetricSpec[]; pods: readonly Pod[] },
): readonly Driver[] {
  const { drivers, capacityPerReplica } = settings.prediction
  const isCounted = (metric: string) => (drivers.length > 0 ? drivers.includes(metric) : measuresLoad(metric))
  const counted =
    drivers.length > 0
      ? drivers
      : metrics.flatMap(metric => ('metric' in metric && isCounted(metric.metric) ? [metric.metric] : []))
  const capacity = capacityPerReplica ?? capacityOf(document, settings)
  const loads = capacity === undefined ? [] : counted.map(name => ({ name, capacityPerReplica: capacity }))
  if (drivers.length > 0) return loads
  const resources = metrics.flatMap(metric => {
    if (metric.type !== 'Resource' || metric.resource === 'memory') return []
    const perPod = resourceCapacity(metric, pods)
    const own = loads.length === 0 ? capacityPerReplica : undefined // a stated capacity is in units of the load, where there is one
    return perPod === undefined ? [] : [{ name: metric.resource, capacityPerReplica: own ?? perPod }]
  })
  return [...loads, ...resources]
}

type ResourceMetric = Extract<MetricSpec, { readonly type: 'Resource' }>

/** What one pod uses of the resource when it is at its target, in whole units (cores). Utilization needs a pod that says its request. */
function resourceCapacity({ resource, target }: ResourceMetric, pods: readonly Pod[]): number | undefined {
  if (target.averageValue !== undefined) return Number(target.averageValue) / 1000
  if (target.averageUtilizationPercent === undefined) return undefined
  for (const pod of pods) {
    const request = pod.requests?.[resource] ?? sumOfRequests(pod, resource)
    if (request !== undefined && Number(request) > 0) return (Number(request) / 1000) * (target.averageUtilizationPercent / 100)
  }
  return undefined
}

function sumOfRequests({ containers }: Pod, resource: string): number | undefined {
  const requests = containers.map(container => container.requests[resource])
  return requests.some(request => request === undefined) ? undefined : requests.reduce<number>((sum, one) => sum + Number(one), 0)
}

/** What one replica carries, by the last decision where that is learnt; absent where nothing adds up to a load. */
export function capacityInForce(plan: Plan | undefined, decision: Decision | undefined): number | undefined {
  if (plan === undefined || plan.drivers.length === 0) return undefined
  return decision?.safeLoad?.perReplica ?? plan.target.capacityPerReplica
}

/** Whether a person said how long pods of this very service take; what a profile says of its kind holds until some were seen. */
export const isStartupStated = ({ prediction, origins }: Settings): boolean =>
  prediction.startupSeconds !== undefined && !origins['prediction.startupSeconds']?.startsWith('profile ')

function startupMsOf(settings: Settings, { startupMs }: Known): number {
  const { startupSeconds = DEFAULT_STARTUP_SECONDS } = settings.prediction
  return isStartupStated(settings) ? startupSeconds * 1000 : (startupMs ?? startupSeconds * 1000)
}

/** Rules have to be built anew when one of these changes: forecaster and tuner are made for them. */
export function fingerprintOf({ target, driver, prediction, options, delayMs }: Plan): string {
  const { capacityPerReplica, startupMs, periodMs, objectives } = target
  const isForecast = prediction !== 'Off'
  return JSON.stringify([
    prediction,
    driver,
    options,
    delayMs,
    periodMs,
    isForecast && [capacityPerReplica, startupMs],
    objectives,
  ])
}
