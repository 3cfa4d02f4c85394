import { z } from 'zod'
import { type labelSelector, metricIdentifier, naturalQuantity, object, positiveCount, positiveQuantity, text } from './fields.ts'

/** The spec of `autoscaling/v2`, field by field. What upstream accepts is accepted here. */

const reference = object({ apiVersion: text.exactOptional(), kind: text, name: text })

const target = object({
  type: z.enum(['Utilization', 'Value', 'AverageValue']),
  averageUtilization: positiveCount.exactOptional(),
  averageValue: positiveQuantity.exactOptional(),
  value: positiveQuantity.exactOptional(),
})

type Target = z.infer<typeof target>
type TargetField = 'averageUtilization' | 'averageValue' | 'value'

/** One of `fields` must be set; where upstream says so, only one. */
const targetWith = (fields: readonly TargetField[], limit = 1) =>
  target.superRefine((given: Target, context) => {
    const set = fields.filter(field => given[field] !== undefined)
    if (set.length >= 1 && set.length <= limit) return
    const wanted = fields.join(' or ')
    const message = set.length === 0 ? `expected ${wanted}` : `expected only one of ${wanted}`
    context.addIssue({ code: 'custom', message, path: set[1] ? [set[1]] : [] })
  })

const utilizationOrAverage = targetWith(['averageUtilization', 'averageValue'])

export const metric = z.discriminatedUnion('type', [
  object({ type: z.literal('Resource'), resource: object({ name: text, target: utilizationOrAverage }) }),
  object({
    type: z.literal('ContainerResource'),
    containerResource: object({ name: text, container: text, target: utilizationOrAverage }),
  }),
  object({ type: z.literal('Pods'), pods: object({ metric: metricIdentifier, target: targetWith(['averageValue']) }) }),
  object({
    type: z.literal('Object'),
    object: object({ describedObject: reference, metric: metricIdentifier, target: targetWith(['value', 'averageValue'], 2) }),
  }),
  object({
    type: z.literal('External'),
    external: object({ metric: metricIdentifier, target: targetWith(['value', 'averageValue']) }),
  }),
])

const rules = object({
  stabilizationWindowSeconds: z.int().min(0).max(3600).exactOptional(),
  selectPolicy: z.enum(['Max', 'Min', 'Disabled']).exactOptional(),
  policies: z
    .array(object({ type: z.enum(['Pods', 'Percent']), value: positiveCount, periodSeconds: z.int().min(1).max(1800) }))
    .min(1)
    .exactOptional(),
  tolerance: naturalQuantity.exactOptional(),
})

export const behavior = object({ scaleUp: rules.exactOptional(), scaleDown: rules.exactOptional() })

export const upstreamSpec = {
  scaleTargetRef: reference,
  minReplicas: z.int().min(0).max(2_147_483_647).exactOptional(),
  maxReplicas: positiveCount,
  metrics: z.array(metric).exactOptional(),
  behavior: behavior.exactOptional(),
}

export type Metric = z.infer<typeof metric>
export type BehaviorBlock = z.infer<typeof behavior>
export type LabelSelector = z.infer<typeof labelSelector>
