import { cron, positiveQuantity, timeZone } from '../resources/fields.ts'
import type { Metric } from '../resources/upstream.ts'
import { windowSeconds } from './cron-window.ts'
import type { Query } from './metric-sources.ts'
import type { ScaledObject, Trigger } from './scaled-object-schema.ts'
import { leftOut, type Remark, type Spec } from './translation.ts'

export type Schedule = NonNullable<Spec['schedules']>[number]

/** What became of one trigger. All absent: nothing, and a remark says why. */
export interface Translated {
  readonly metric?: Metric
  readonly schedule?: Schedule
  /** What a MetricSource must answer under the metric's name. */
  readonly query?: Query
  readonly remarks: readonly Remark[]
}

/** What a trigger is read in. */
export interface Surroundings {
  readonly object: ScaledObject
  readonly namespace: string | undefined
  readonly index: number
  /** Of the trigger. */
  readonly where: string
  /** A name for a metric of the catalogue that no other one has; the parameter is the wish. */
  readonly nameFor: (wish: string) => string
}

/** One trigger of a ScaledObject as a metric or a schedule; those that have no counterpart here are named as left out. */
export function translateTrigger(trigger: Trigger, around: Surroundings): Translated {
  const known = TRANSLATIONS[trigger.type]
  if (!known)
    return nothing(
      around,
      `trigger ${called(trigger)}: Crescendo has no counterpart; its value can come as an External or pushed metric`,
    )
  const translated = known(trigger, around)
  return { ...translated, remarks: [...translated.remarks, ...auth(trigger, around)] }
}

const TRANSLATIONS: Readonly<Record<string, (trigger: Trigger, around: Surroundings) => Translated>> = {
  cpu: resourceMetric,
  memory: resourceMetric,
  prometheus: prometheusMetric,
  cron: cronSchedule,
}

function resourceMetric(trigger: Trigger, around: Surroundings): Translated {
  const { value = '', type, containerName } = trigger.metadata ?? {}
  const kind = trigger.metricType ?? type
  const isShare = kind === 'Utilization' && /^[1-9]\d*$/.test(value)
  const isAmount = kind === 'AverageValue' && positiveQuantity.safeParse(value).success
  if (!isShare && !isAmount) {
    return nothing(
      around,
      `trigger ${called(trigger)}: expected metricType Utilization with a whole percentage, or AverageValue with a quantity`,
    )
  }
  const target = isShare
    ? ({ type: 'Utilization', averageUtilization: Number(value) } as const)
    : ({ type: 'AverageValue', averageValue: value } as const)
  const metric: Metric =
    containerName === undefined
      ? { type: 'Resource', resource: { name: trigger.type, target } }
      : { type: 'ContainerResource', containerResource: { name: trigger.type, container: containerName, target } }
  return { metric, remarks: [] }
}

/** Metadata of a prometheus trigger that the translation reads, or that changes nothing here. */
const PROMETHEUS_FIELDS = [
  'serverAddress',
  'query',
  'threshold',
  'metricName',
  'ignoreNullValues',
  'activationThreshold',
  'namespace',
]

function prometheusMetric(trigger: Trigger, around: Surroundings): Translated {
  const { serverAddress = '', query = '', threshold = '', metricName, ...others } = trigger.metadata ?? {}
  const problem = addressProblem(serverAddress) ?? (query.trim() === '' ? 'has no query' : undefined)
  if (problem) return nothing(around, `trigger ${called(trigger)}: ${problem}`)
  if (!positiveQuantity.safeParse(threshold).success)
    return nothing(around, `trigger ${called(trigger)}: expected a threshold above 0`)
  const { metadata } = around.object
  const name = around.nameFor(`${metadata.name}-${plainName(trigger.name ?? metricName ?? 'prometheus')}`)
  const target =
    trigger.metricType === 'Value'
      ? { type: 'Value' as const, value: threshold }
      : { type: 'AverageValue' as const, averageValue: threshold }
  const ignored = Object.keys(others).filter(field => !PROMETHEUS_FIELDS.includes(field))
  return {
    metric: { type: 'External', external: { metric: { name }, target } },
    query: {
      url: serverAddress,
      name,
      query: query.trim(),
      ...(around.namespace !== undefined && { namespace: around.namespace }),
      from: around.where,
    },
    remarks: [
      ...ignored.map(field => leftOut(around.where, `trigger ${called(trigger)}: metadata.${field} has no counterpart`)),
      ...activation(others, around, called(trigger)),
    ],
  }
}

/** Only where the object goes to 0 does KEDA look at the activation threshold. */
function activation(others: Readonly<Record<string, string>>, { object, where }: Surroundings, name: string): readonly Remark[] {
  const matters = Number(others.activationThreshold ?? 0) !== 0 && (object.spec.minReplicaCount ?? 0) === 0
  return matters
    ? [leftOut(where, `trigger ${name}: metadata.activationThreshold has no counterpart; any load ends the rest at 0`)]
    : []
}

function addressProblem(address: string): string | undefined {
  const url = URL.parse(address)
  if (!url || !/^https?:$/.test(url.protocol)) return 'has no http or https serverAddress'
  const isPlain = url.username === '' && url.password === '' && url.search === ''
  return isPlain
    ? undefined
    : 'its serverAddress carries a user, a password or parameters, which a MetricSource takes from a Secret'
}

/** Characters that a metric's name may have in the metrics APIs; the rest become dashes. */
function plainName(name: string): string {
  return (
    name
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^-+|-+$/g, '') || 'prometheus'
  )
}

function cronSchedule(trigger: Trigger, around: Surroundings): Translated {
  const { start = '', end = '', timezone = '', desiredReplicas = '' } = trigger.metadata ?? {}
  const name = `trigger ${called(trigger)}`
  const wrong = [start, end].find(expression => !cron.safeParse(expression).success)
  if (wrong !== undefined)
    return nothing(around, `${name}: expected five cron fields that name a time, found ${JSON.stringify(wrong)}`)
  if (!timeZone.safeParse(timezone).success)
    return nothing(around, `${name}: expected a time zone of the IANA database, found ${JSON.stringify(timezone)}`)
  if (!/^\d+$/.test(desiredReplicas)) return nothing(around, `${name}: expected desiredReplicas as a whole number`)
  const durationSeconds = windowSeconds(start, end)
  if (durationSeconds === undefined)
    return nothing(
      around,
      `${name}: the time from start to end differs from window to window; write one schedule for each length`,
    )
  return {
    schedule: {
      name: plainName(trigger.name ?? `cron-${around.index}`),
      cron: start,
      timeZone: timezone,
      durationSeconds,
      minReplicas: Number(desiredReplicas),
    },
    remarks: [],
  }
}

function auth({ authenticationRef }: Trigger, { where }: Surroundings): readonly Remark[] {
  if (authenticationRef === undefined) return []
  return [
    leftOut(
      where,
      `authenticationRef ${authenticationRef.name}: an admin puts the secret's name into the MetricSource (spec.authentication.secretRef)`,
    ),
  ]
}

function called({ type, name }: Trigger): string {
  return name === undefined ? type : `${type} (${name})`
}

function nothing({ where }: Surroundings, message: string): Translated {
  return { remarks: [leftOut(where, message)] }
}
