import type { Query } from './metric-sources.ts'
import { freeName } from './metric-sources.ts'
import { type ScaledObject, scaledObject } from './scaled-object-schema.ts'
import { ourFields } from './stock-hpa.ts'
import {
  accepted,
  type Draft,
  type ImportItem,
  type ImportOptions,
  keptMetadata,
  leftOut,
  placeIn,
  type Remark,
  type Spec,
  toCheck,
} from './translation.ts'
import { type Translated, translateTrigger } from './triggers.ts'

export const KEDA_VERSION = 'keda.sh/v1alpha1'

/** KEDA's own defaults. */
const MIN_REPLICAS = 0
const MAX_REPLICAS = 100

/** Bounds of our fields. */
const [SHORTEST_PERIOD_SECONDS, LONGEST_PERIOD_SECONDS, LONGEST_WINDOW_SECONDS] = [3, 3600, 3600]

/** What one ScaledObject became: no draft where none of its triggers has a counterpart. */
export interface TranslatedObject {
  readonly draft?: Draft
  readonly queries: readonly Query[]
  /** What is to be said where there is no draft. */
  readonly remarks: readonly Remark[]
}

/**
 * A KEDA ScaledObject as one of our objects, and the queries that a MetricSource must know for it. `taken` are the metric names that
 * are in use; those of this object are added. Throws where the original is not a ScaledObject.
 */
export function translateScaledObject(item: ImportItem, options: ImportOptions, taken: Set<string>): TranslatedObject {
  const object = accepted(item, item.document.value, scaledObject)
  const metadata = keptMetadata(object.metadata, options)
  const { namespace } = metadata
  const triggers = object.spec.triggers.map((trigger, index) =>
    translateTrigger(trigger, {
      object,
      namespace,
      index,
      where: placeIn(item, ['spec', 'triggers', index]),
      nameFor: wish => freeName(wish, taken),
    }),
  )
  const from = `${placeIn(item)}: ScaledObject ${object.metadata.name} of ${object.apiVersion}`
  const said = triggers.flatMap(({ remarks }) => remarks)
  if (!triggers.some(({ metric, schedule }) => metric ?? schedule)) {
    const whole = leftOut(
      placeIn(item),
      `ScaledObject ${object.metadata.name}: no trigger of it has a counterpart, so there is no object for it`,
    )
    return { queries: [], remarks: [...said, whole] }
  }
  const { spec, remarks } = specOf({ item, object, options, triggers })
  const document = { apiVersion: 'autoscaling.spotify.ai/v2', kind: 'HorizontalPodAutoscaler', metadata, spec } as const
  return {
    draft: { from, document, remarks: [...said, ...remarks] },
    queries: triggers.flatMap(({ query }) => (query ? [query] : [])),
    remarks: [],
  }
}

interface Material {
  readonly item: ImportItem
  readonly object: ScaledObject
  readonly options: ImportOptions
  readonly triggers: readonly Translated[]
}

function specOf(material: Material): { readonly spec: Spec; readonly remarks: readonly Remark[] } {
  const { object, triggers, item } = material
  const { scaleTargetRef, maxReplicaCount } = object.spec
  const metrics = triggers.flatMap(({ metric }) => (metric ? [metric] : []))
  const schedules = triggers.flatMap(({ schedule }) => (schedule ? [schedule] : []))
  const names = new Set<string>()
  const [minimum, behavior, period, mode] = [minReplicas(material), behaviorOf(material), periodOf(material), modeOf(material)]
  const cpuDefault = `no metric is left: beside its schedules the object scales on 80 % CPU, as upstream does without metrics`
  return {
    spec: {
      scaleTargetRef: {
        apiVersion: scaleTargetRef.apiVersion ?? 'apps/v1',
        kind: scaleTargetRef.kind ?? 'Deployment',
        name: scaleTargetRef.name,
      },
      minReplicas: minimum.value,
      maxReplicas: maxReplicaCount ?? MAX_REPLICAS,
      ...(metrics.length > 0 && { metrics }),
      ...(behavior.value && { behavior: behavior.value }),
      ...ourFields(material.options),
      mode: mode.value,
      ...(period.value !== undefined && { periodSeconds: period.value }),
      ...(schedules.length > 0 && {
        schedules: schedules.map(schedule => ({ ...schedule, name: freeName(schedule.name, names) })),
      }),
    },
    remarks: [
      ...minimum.remarks,
      ...behavior.remarks,
      ...period.remarks,
      ...mode.remarks,
      ...(metrics.length === 0 ? [toCheck(placeIn(item), cpuDefault)] : []),
      ...withoutCounterpart(material),
    ],
  }
}

interface Answer<T> {
  readonly value: T
  readonly remarks: readonly Remark[]
}

/** 0 needs a metric that can be read without pods, here as upstream. */
function minReplicas({ item, object, triggers }: Material): Answer<number> {
  const value = object.spec.minReplicaCount ?? MIN_REPLICAS
  if (value > 0 || triggers.some(({ metric }) => metric?.type === 'External')) return { value, remarks: [] }
  const where = placeIn(item, ['spec', 'minReplicaCount'])
  return {
    value: 1,
    remarks: [leftOut(where, 'minReplicaCount 0: became 1, since no metric is left that can be read without pods')],
  }
}

function behaviorOf({ item, object }: Material): Answer<Spec['behavior']> {
  const given = object.spec.advanced?.horizontalPodAutoscalerConfig?.behavior
  const { cooldownPeriod } = object.spec
  if (cooldownPeriod === undefined || given?.scaleDown?.stabilizationWindowSeconds !== undefined)
    return { value: given, remarks: [] }
  const stabilizationWindowSeconds = Math.min(cooldownPeriod, LONGEST_WINDOW_SECONDS)
  const where = placeIn(item, ['spec', 'cooldownPeriod'])
  return {
    value: { ...given, scaleDown: { ...given?.scaleDown, stabilizationWindowSeconds } },
    remarks:
      cooldownPeriod > LONGEST_WINDOW_SECONDS
        ? [leftOut(where, `cooldownPeriod ${cooldownPeriod}: the longest window is ${LONGEST_WINDOW_SECONDS} seconds`)]
        : [
            toCheck(
              where,
              'cooldownPeriod became the scale-down window: it holds for every step down, not only for the one to 0',
            ),
          ],
  }
}

function periodOf({ item, object }: Material): Answer<number | undefined> {
  const { pollingInterval } = object.spec
  if (pollingInterval === undefined) return { value: undefined, remarks: [] }
  const value = Math.max(SHORTEST_PERIOD_SECONDS, Math.min(LONGEST_PERIOD_SECONDS, pollingInterval))
  const where = placeIn(item, ['spec', 'pollingInterval'])
  return {
    value,
    remarks:
      value === pollingInterval
        ? []
        : [leftOut(where, `pollingInterval ${pollingInterval}: the nearest period is ${value} seconds`)],
  }
}

/** KEDA's pauses are annotations, ours a mode. */
function modeOf({ item, object, options }: Material): Answer<NonNullable<Spec['mode']>> {
  const pause = (name: string) => object.metadata.annotations?.[`autoscaling.keda.sh/${name}`]
  const where = (name: string) => placeIn(item, ['metadata', 'annotations', `autoscaling.keda.sh/${name}`])
  const isOn = (name: string) => ![undefined, 'false'].includes(pause(name))
  const count = pause('paused-replicas')
  const remarks: Remark[] = []
  if (count !== undefined)
    remarks.push(leftOut(where('paused-replicas'), `paused-replicas ${count}: the object is paused at the replicas it has`))
  if (isOn('paused-scale-out'))
    remarks.push(leftOut(where('paused-scale-out'), 'paused-scale-out: no mode stops only the way up'))
  if (count !== undefined || isOn('paused')) return { value: 'Paused', remarks }
  if (!isOn('paused-scale-in')) return { value: options.mode, remarks }
  if (options.mode === 'Auto') return { value: 'ScaleOutOnly', remarks }
  remarks.push(toCheck(where('paused-scale-in'), `paused-scale-in: use mode ScaleOutOnly where you would turn on Auto`))
  return { value: options.mode, remarks }
}

const TRANSLATED_FIELDS = [
  ...['scaleTargetRef', 'pollingInterval', 'cooldownPeriod', 'minReplicaCount', 'maxReplicaCount', 'advanced', 'triggers'],
]

const WHY: Readonly<Record<string, string>> = {
  fallback:
    'Crescendo falls back to the last good count or the median forecast, whichever is more, and never scales down on silence',
  idleReplicaCount: 'there is no second minimum for the time without load; minReplicas holds',
  initialCooldownPeriod: 'after a start nothing is scaled down before one stabilization window has passed, whatever its length',
}

function withoutCounterpart({ item, object }: Material): readonly Remark[] {
  const { advanced = {}, ...spec } = object.spec
  const fields = Object.keys(spec).filter(field => !TRANSLATED_FIELDS.includes(field))
  const remarks = fields.map(field =>
    leftOut(placeIn(item, ['spec', field]), `${field}: ${WHY[field] ?? 'it has no counterpart'}`),
  )
  const where = (field: string) => placeIn(item, ['spec', 'advanced', field])
  if (advanced.restoreToOriginalReplicaCount === true)
    remarks.push(
      leftOut(
        where('restoreToOriginalReplicaCount'),
        'restoreToOriginalReplicaCount: a deleted object leaves the replicas as they are',
      ),
    )
  if (advanced.scalingModifiers !== undefined)
    remarks.push(
      leftOut(
        where('scalingModifiers'),
        'scalingModifiers: a formula over triggers has no counterpart; the highest metric decides',
      ),
    )
  return remarks
}
