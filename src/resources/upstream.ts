import { z } from 'zod'
import {
  type labelSelector,
  longText,
  metricIdentifier,
  naturalQuantity,
  object,
  positiveCount,
  positiveQuantity,
  text,
} from './fields.ts'
import { type CelRule, inCluster } from './in-cluster.ts'

/** The spec of `autoscaling/v2`, field by field. What upstream accepts is accepted here. */

const reference = object({
  apiVersion: text.exactOptional().describe('API group and version of the object. Example: apps/v1.'),
  kind: text.describe('Kind of the object. Example: Deployment.'),
  name: text.describe('Name of the object, in the same namespace. Example: api-gateway.'),
})

const target = object({
  type: z
    .enum(['Utilization', 'Value', 'AverageValue'])
    .describe(
      'How the target is stated: Utilization (percent of the request), Value (as a whole) or AverageValue (for each pod).',
    ),
  averageUtilization: positiveCount
    .exactOptional()
    .describe('Target average over all pods in percent of what they request; from 1. Example: 50.'),
  averageValue: positiveQuantity
    .exactOptional()
    .describe('Target average for each pod, a quantity above 0 in the metric\'s unit. Example: "5000" or 250m.'),
  value: positiveQuantity
    .exactOptional()
    .describe('Target for the metric as a whole, a quantity above 0 in the metric\'s unit. Example: "10k".'),
})

type Target = z.infer<typeof target>
type TargetField = 'averageUtilization' | 'averageValue' | 'value'

/** One of `fields` must be set; where upstream says so, only one. */
const targetWith = (fields: readonly TargetField[], limit = 1) => {
  const wanted = fields.join(' or ')
  const schema = target.superRefine((given: Target, context) => {
    const set = fields.filter(field => given[field] !== undefined)
    if (set.length >= 1 && set.length <= limit) return
    const message = set.length === 0 ? `expected ${wanted}` : `expected only one of ${wanted}`
    context.addIssue({ code: 'custom', message, path: set[1] ? [set[1]] : [] })
  })
  const [first, second] = fields.map(field => `has(self.${field})`)
  const some = fields.map(field => `has(self.${field})`).join(' || ')
  const rules: CelRule[] = [{ rule: some, message: `expected ${wanted}`, reason: 'FieldValueRequired' }]
  if (fields.length > limit) rules.push({ rule: `!(${first} && ${second})`, message: `expected only one of ${wanted}` })
  return inCluster(schema, { rules })
}

const utilizationOrAverage = targetWith(['averageUtilization', 'averageValue']).describe(
  'What to hold: averageUtilization (percent of the request) or averageValue (for each pod), one of them.',
)

const resourceName = longText.describe(
  'Name of the resource, as in the requests of a container. Example: cpu, memory or nvidia.com/gpu.',
)

export const metric = z.discriminatedUnion('type', [
  object({
    type: z.literal('Resource').describe('Which of the sources below this is; the field of that name is set, and no other.'),
    resource: object({ name: resourceName, target: utilizationOrAverage }).describe(
      'A resource that pods request, such as cpu, averaged over all pods of the target. For type Resource.',
    ),
  }),
  object({
    type: z.literal('ContainerResource'),
    containerResource: object({
      name: resourceName,
      container: text.describe('Name of the container whose usage counts; others of the pod do not. Example: app.'),
      target: utilizationOrAverage,
    }).describe('A resource of one container in each pod of the target. For type ContainerResource.'),
  }),
  object({
    type: z.literal('Pods'),
    pods: object({
      metric: metricIdentifier.describe('Which metric: a name, and where needed a selector on its labels.'),
      target: targetWith(['averageValue']).describe('What to hold: averageValue, the average for each pod.'),
    }).describe('A metric that every pod of the target has, such as requests per second, averaged over them. For type Pods.'),
  }),
  object({
    type: z.literal('Object'),
    object: object({
      describedObject: reference.describe('The object that the metric describes, in the same namespace.'),
      metric: metricIdentifier.describe('Which metric: a name, and where needed a selector on its labels.'),
      target: targetWith(['value', 'averageValue'], 2).describe(
        'What to hold: value (the metric as it is) or averageValue (the metric divided by the number of pods).',
      ),
    }).describe('A metric of one other object, such as the requests of an Ingress. For type Object.'),
  }),
  object({
    type: z.literal('External'),
    external: object({
      metric: metricIdentifier.describe('Which metric: a name, and where needed a selector on its labels.'),
      target: targetWith(['value', 'averageValue']).describe(
        'What to hold: value (the metric as it is) or averageValue (the metric divided by the number of pods), one of them.',
      ),
    }).describe('A metric of something outside the cluster, such as the length of a queue. For type External.'),
  }),
])

const rules = object({
  stabilizationWindowSeconds: z
    .int()
    .min(0)
    .max(3600)
    .exactOptional()
    .describe('How long past recommendations count, in seconds, 0 to 3600. Default: 0 for scaleUp, 300 for scaleDown.'),
  selectPolicy: z
    .enum(['Max', 'Min', 'Disabled'])
    .exactOptional()
    .describe(
      'Which policy holds where several allow different steps: Max (the largest change), Min, or Disabled. Default: Max.',
    ),
  policies: z
    .array(
      object({
        type: z
          .enum(['Pods', 'Percent'])
          .describe('What value counts: Pods, or Percent of the replicas at the start of the period.'),
        value: positiveCount.describe('The largest change within the period, in pods or percent; from 1. Example: 4.'),
        periodSeconds: z
          .int()
          .min(1)
          .max(1800)
          .describe('The period that the change is counted over, in seconds, 1 to 1800. Example: 15.'),
      }),
    )
    .min(1)
    .max(32)
    .exactOptional()
    .describe('Limits of the pace. Default: 4 pods and 100 percent in 15 s up, 100 percent in 15 s down.'),
  tolerance: naturalQuantity
    .exactOptional()
    .describe('By what share the metric may miss its target before anything is done. Default: "0.1" (10 percent). Example: 50m.'),
})

export const behavior = object({
  scaleUp: rules.exactOptional().describe('Pace and patience of scaling up. Absent: what upstream has as its default.'),
  scaleDown: rules.exactOptional().describe('Pace and patience of scaling down. Absent: what upstream has as its default.'),
})

/** Seven times what the largest Kubernetes cluster holds: beyond it a number is a typing error, and our kind refuses it. */
export const MOST_REPLICAS = 1_000_000

/** More than any autoscaler was seen with; the bound keeps the rules of the CRD cheap. */
const MAX_METRICS = 128

export const upstreamSpec = {
  scaleTargetRef: reference.describe(
    'What is scaled: an object of the same namespace with a scale subresource. Example: Deployment api-gateway.',
  ),
  minReplicas: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .exactOptional()
    .describe(
      'Fewest replicas. Default: what tier or policy say, else 1. 0 needs an Object or External metric to wake up on. Example: 5.',
    ),
  maxReplicas: inCluster(positiveCount.describe('Most replicas; from 1, at least minReplicas, at most 1000000. Example: 200.'), {
    maximum: MOST_REPLICAS,
  }),
  metrics: z
    .array(metric)
    .max(MAX_METRICS)
    .exactOptional()
    .describe(
      'What to scale on; the metric that asks for most replicas wins. Default: cpu at 80 percent utilization, as upstream has it.',
    ),
  behavior: behavior
    .exactOptional()
    .describe(
      'Pace and patience of scaling, as upstream has it; it wins over behaviorPreset. Absent: what preset, profile and policy say.',
    ),
}

export type Metric = z.infer<typeof metric>
export type BehaviorBlock = z.infer<typeof behavior>
export type LabelSelector = z.infer<typeof labelSelector>
