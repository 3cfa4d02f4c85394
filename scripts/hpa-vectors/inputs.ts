import { z } from 'zod'
import type { ScaleEvent } from '../../src/core/hpa/scale-events.ts'
import type { LabelledPod } from '../../src/core/hpa/selector.ts'
import { type HpaSettings, stockSettings, type Tolerance } from '../../src/core/hpa/settings.ts'
import type { Recommendation } from '../../src/core/hpa/stabilisation.ts'
import type { Behavior, Container, Milli, PodSample, ScalingRules } from '../../src/core/model.ts'

/** Go's zero time as the vectors write it. */
const LONG_AGO = -3153600000

const milliseconds = (seconds: number | null | undefined): number => (seconds ?? LONG_AGO) * 1000

/** Milli-units; beyond 2^53 they come as decimal strings. */
export const milli = z
  .union([z.number().int(), z.bigint(), z.string().regex(/^-?\d+$/, 'expected an integer')])
  .transform((value): Milli => {
    const number = Number(value)
    return Number.isSafeInteger(number) ? number : BigInt(value)
  })

const container = z.object({ name: z.string(), requestsMilli: milli.nullish(), restartPolicy: z.string().nullish() })

const pod = z.object({
  name: z.string(),
  phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).default('Running'),
  ready: z.enum(['True', 'False', 'Unknown']).nullish(),
  readyTransitionSec: z.number().nullish(),
  startTimeSec: z.number().nullish(),
  deleted: z.boolean().default(false),
  labels: z.record(z.string(), z.string()).nullish(),
  requestsMilli: z.record(z.string(), milli.nullable()).nullish(),
  containers: z.array(container).nullish(),
  initContainers: z.array(container).nullish(),
  podLevelRequestsMilli: milli.nullish(),
})

export const pods = z
  .array(pod)
  .nullish()
  .transform(list => list ?? [])

type PodInput = z.infer<typeof pod>

/** `resources` are the names that the vector's request numbers stand for: the schema gives one number and no name. */
export function podOf(input: PodInput, resources: readonly string[]): LabelledPod {
  const requests = (amount: Milli | null | undefined): Container['requests'] =>
    amount === null || amount === undefined ? {} : Object.fromEntries(resources.map(resource => [resource, amount]))
  const sidecars = (input.initContainers ?? []).filter(one => one.restartPolicy === 'Always')
  return {
    name: input.name,
    phase: input.phase,
    deleted: input.deleted,
    labels: input.labels ?? {},
    ...(input.ready && { ready: { status: input.ready, since: milliseconds(input.readyTransitionSec) } }),
    ...(typeof input.startTimeSec === 'number' && { startedAt: milliseconds(input.startTimeSec) }),
    ...(input.podLevelRequestsMilli != null && { requests: requests(input.podLevelRequestsMilli) }),
    containers: [
      ...Object.entries(input.requestsMilli ?? {}).map(([name, amount]) => ({ name, requests: requests(amount) })),
      ...(input.containers ?? []).map(one => ({ name: one.name, requests: requests(one.requestsMilli) })),
      ...sidecars.map(one => ({ name: one.name, requests: requests(one.requestsMilli), restartableInit: true })),
    ],
  }
}

/** `incomplete`: a container of the pod was reported without the resource. */
export interface Sample extends PodSample {
  readonly incomplete: boolean
}

/** A pod as a whole has no metric where one of its containers has none; a container stands for itself. */
export function samplesOf(list: readonly Sample[], container: string | null | undefined): readonly PodSample[] {
  return list.map(one => (one.incomplete && container == null ? { ...one, byContainer: {} } : one))
}

const sample = z
  .object({
    pod: z.string(),
    timestampSec: z.number().nullish(),
    windowSec: z.number().nullish(),
    valueMilli: milli.nullish(),
    containersMilli: z.record(z.string(), milli.nullable()).nullish(),
  })
  .transform(
    (input): Sample => ({
      incomplete: Object.values(input.containersMilli ?? {}).includes(null),
      pod: input.pod,
      at: milliseconds(input.timestampSec),
      windowMs: (input.windowSec ?? 60) * 1000,
      ...(input.valueMilli != null && { value: input.valueMilli }),
      ...(input.containersMilli && { byContainer: reported(input.containersMilli) }),
    }),
  )

export const samples = z
  .array(sample)
  .nullish()
  .transform(list => list ?? [])

function reported(containers: Readonly<Record<string, Milli | null>>): Record<string, Milli> {
  return Object.fromEntries(Object.entries(containers).filter((entry): entry is [string, Milli] => entry[1] !== null))
}

export const tolerance = z
  .union([z.number().transform((both): Tolerance => ({ down: both, up: both })), z.object({ down: z.number(), up: z.number() })])
  .default({ down: stockSettings.tolerance, up: stockSettings.tolerance })

const policy = z.object({ type: z.enum(['Pods', 'Percent']), value: z.number(), periodSeconds: z.number() })

export const rules = z
  .object({
    stabilizationWindowSeconds: z.number().nullish(),
    selectPolicy: z.enum(['Max', 'Min', 'Disabled']).nullish(),
    policies: z.array(policy).nullish(),
    tolerance: z.number().nullish(),
  })
  .nullish()
  .transform((given): ScalingRules | undefined => (given ? present(given) : undefined))

export const behavior = z
  .object({ scaleUp: rules, scaleDown: rules })
  .nullish()
  .transform((given): Behavior | undefined => (given ? present(given) : undefined))

type Present<T> = { [K in keyof T]?: Exclude<T[K], null | undefined> }

/** The same object without the fields that are null. */
function present<T extends object>(given: T): Present<T> {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined)) as Present<T>
}

export const recommendations = z.array(
  z
    .object({ replicas: z.number().int(), timestampSec: z.number() })
    .transform((input): Recommendation => ({ replicas: input.replicas, at: milliseconds(input.timestampSec) })),
)

export const events = z
  .array(
    z.object({ replicaChange: z.number().int(), timestampSec: z.number(), outdated: z.boolean().default(false) }).transform(
      (input): ScaleEvent => ({
        change: input.replicaChange,
        at: milliseconds(input.timestampSec),
        outdated: input.outdated,
      }),
    ),
  )
  .nullish()
  .transform(list => list ?? [])

export const now = z.number().default(0).transform(milliseconds)

/** The controller's flags, as far as a vector sets them. */
export const flags = z
  .object({
    cpuInitializationPeriodSec: z.number().optional(),
    initialReadinessDelaySec: z.number().optional(),
    downscaleStabilizationSec: z.number().optional(),
    scaleUpLimitFactor: z.number().optional(),
    scaleUpLimitMinimum: z.number().optional(),
    podLevelResourcesEnabled: z.boolean().optional(),
  })
  .transform((set): HpaSettings => {
    const seconds = (given: number | undefined, stock: number) => (given === undefined ? stock : given * 1000)
    return {
      ...stockSettings,
      cpuInitializationMs: seconds(set.cpuInitializationPeriodSec, stockSettings.cpuInitializationMs),
      initialReadinessDelayMs: seconds(set.initialReadinessDelaySec, stockSettings.initialReadinessDelayMs),
      downscaleStabilizationMs: seconds(set.downscaleStabilizationSec, stockSettings.downscaleStabilizationMs),
      scaleUpLimitFactor: set.scaleUpLimitFactor ?? stockSettings.scaleUpLimitFactor,
      scaleUpLimitMinimum: set.scaleUpLimitMinimum ?? stockSettings.scaleUpLimitMinimum,
      podLevelResources: set.podLevelResourcesEnabled ?? stockSettings.podLevelResources,
    }
  })
