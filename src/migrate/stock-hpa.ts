import { DOCUMENTS } from '../resources/documents.ts'
import { modernMetrics } from './legacy-metrics.ts'
import { accepted, type Draft, type ImportItem, type ImportOptions, keptMetadata, placeIn, type Spec } from './translation.ts'

/** apiVersions of the stock HorizontalPodAutoscaler that are understood. */
export const STOCK_VERSIONS = ['autoscaling/v2', 'autoscaling/v2beta2', 'autoscaling/v2beta1', 'autoscaling/v1']

type Fields = Readonly<Record<string, unknown>>

/**
 * A stock HorizontalPodAutoscaler as ours: the same spec, field by field, and the mode. Older versions are brought to
 * autoscaling/v2 first, as the API server does. Throws where the original does not follow the upstream schema.
 */
export function translateStockHpa(item: ImportItem, options: ImportOptions): Draft {
  const value = item.document.value as Fields // the caller has seen its apiVersion and kind
  const original = accepted(
    item,
    { ...value, apiVersion: 'autoscaling/v2', spec: modernSpec(value) },
    DOCUMENTS.HorizontalPodAutoscaler,
  )
  return {
    from: `${placeIn(item)}: HorizontalPodAutoscaler ${original.metadata.name} of ${String(value.apiVersion)}`,
    document: {
      apiVersion: 'autoscaling.spotify.ai/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: keptMetadata(original.metadata, options),
      spec: { ...original.spec, ...ourFields(options) },
    },
    remarks: [],
  }
}

/** What an import adds to every object. */
export function ourFields({ mode, policy }: ImportOptions): Pick<Spec, 'mode' | 'policyRef'> {
  return { mode, ...(policy !== undefined && { policyRef: { name: policy } }) }
}

function modernSpec({ apiVersion, spec, metadata }: Fields): unknown {
  if (!isFields(spec)) return spec
  if (apiVersion === 'autoscaling/v2beta1')
    return { ...spec, ...(spec.metrics !== undefined && { metrics: modernMetrics(spec.metrics) }) }
  return apiVersion === 'autoscaling/v1' ? modernV1(spec, isFields(metadata) ? metadata.annotations : undefined) : spec
}

/** v1 has one CPU target; what else the object was made with stands in its annotations. */
function modernV1({ targetCPUUtilizationPercentage, ...spec }: Fields, annotations: unknown): Fields {
  const carried = (name: string) =>
    jsonOf(isFields(annotations) ? annotations[`autoscaling.alpha.kubernetes.io/${name}`] : undefined)
  const cpu = {
    type: 'Resource',
    resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage } },
  }
  const others = modernMetrics(carried('metrics'))
  const metrics = [...(Array.isArray(others) ? others : []), ...(targetCPUUtilizationPercentage === undefined ? [] : [cpu])]
  const behavior = carried('behavior')
  return { ...spec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior: capitalised(behavior) }) }
}

/** The annotation's JSON has the Go names of v1's internal type: `ScaleUp`, `Policies`. */
function capitalised(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalised)
  if (!isFields(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null)
      .map(([key, field]) => [`${key.slice(0, 1).toLowerCase()}${key.slice(1)}`, capitalised(field)]),
  )
}

function jsonOf(text: unknown): unknown {
  if (typeof text !== 'string') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return text // the schema refuses it, and says where
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
