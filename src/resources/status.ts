import { z } from 'zod'
import { longText, metricIdentifier, naturalQuantity, object, text } from './fields.ts'
import { inCluster } from './in-cluster.ts'

/** What the controller writes into `status`. Files may hold it too, as `kubectl get -o yaml` prints it; nobody reads it there. */

const time = (sentence: string) => inCluster(z.string().max(64), { format: 'date-time' }).describe(`${sentence} (RFC 3339).`)
const replicas = (sentence: string) => z.int().min(0).max(2_147_483_647).describe(`${sentence}.`)
const said = (sentence: string) => z.string().max(2048).describe(`${sentence}.`)

/** Numbers that are no whole ones, and money: text, so that none loses digits on its way through the API server. */
const decimal = (sentence: string) =>
  inCluster(z.string().max(64), { pattern: '^-?[0-9]+(\\.[0-9]+)?$' }).describe(`${sentence}, as a decimal number.`)

/** `value` as `status` holds it: decimal, at most `digits` behind the point, no exponent. `undefined` where it is not finite. */
export function decimalText(value: number, digits = 6): string | undefined {
  if (!Number.isFinite(value)) return undefined
  const text = value.toFixed(digits) // beyond 1e21 it has an exponent
  const rounded = Number(text)
  return Number.isInteger(rounded) ? BigInt(rounded).toString() : text.replace(/0+$/, '')
}

const condition = object({
  type: z
    .string()
    .min(1)
    .max(316)
    .describe('What it is about: AbleToScale, ScalingActive, ScalingLimited, Ready, MetricsFresh and so on.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds: True, False or Unknown.'),
  observedGeneration: z.int().min(0).exactOptional().describe('The metadata.generation that the controller had seen.'),
  lastTransitionTime: time('When status last changed'),
  reason: inCluster(z.string().min(1).max(1024), { pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' }).describe(
    'Why, as one CamelCase word that programs may rely on.',
  ),
  message: z.string().max(32_768).describe('Why, as a sentence for people.'),
})

const conditions = inCluster(z.array(condition).max(32), { listMapKeys: ['type'] })
  .exactOptional()
  .describe('Whether it works, and where it does not: one entry for each type.')

const observedGeneration = z.int().min(0).exactOptional().describe('The metadata.generation that this status belongs to.')

const lastDecision = object({
  time: time('When it was made'),
  currentReplicas: replicas('Replicas that the target had'),
  rawDesiredReplicas: replicas('Replicas wanted before any guard spoke'),
  finalDesiredReplicas: replicas('Replicas wanted after all guards'),
  direction: z.enum(['Up', 'Down', 'None']).describe('Up, Down or None.'),
  reason: said('Why, in a sentence'),
  selectedMetric: longText.exactOptional().describe('The proposer or metric whose number was the highest.'),
  candidates: z
    .array(
      object({
        name: longText.describe('Who proposed: the plain HPA, the forecast, a schedule.'),
        replicas: replicas('The replicas that it proposed').exactOptional(),
        reason: said('Why, or why it proposed nothing'),
      }),
    )
    .max(64)
    .exactOptional()
    .describe('Every proposal, with its reason; the highest wins.'),
  constraintsApplied: z
    .array(
      object({
        name: text.describe('The guard: stabilise, pace, bounds, budget and so on.'),
        from: replicas('Replicas before it'),
        to: replicas('Replicas after it'),
        reason: said('Why it changed the number'),
      }),
    )
    .max(64)
    .exactOptional()
    .describe('Every guard that changed the number, in order.'),
  counterfactualReplicas: replicas('What the stock HPA would have decided from the same measurements').exactOptional(),
  confidence: decimal('How likely the replicas carry the load, 0 to 1').exactOptional(),
  costDeltaPerHour: decimal(
    'What the change costs in an hour, in the currency of the budget; negative where it saves',
  ).exactOptional(),
})

const forecast = object({
  madeAt: time('When it was made').exactOptional(),
  peak: object({
    median: decimal('The median, in load units').exactOptional(),
    p95: decimal('The 95th percentile, in load units').exactOptional(),
    p99: decimal('The 99th percentile, in load units').exactOptional(),
  })
    .exactOptional()
    .describe('The highest load within the horizon, as quantiles.'),
  replicasIn30Min: replicas('Replicas that the load in 30 minutes is expected to need').exactOptional(),
  coverage7d: decimal('Share of the last 7 days in which the load stayed below the 95 percent forecast').exactOptional(),
  mase7d: decimal('Mean absolute error of the last 7 days, against repeating the day before (below 1 is better)').exactOptional(),
  trust: decimal('How far the forecast is relied on, 0 to 1').exactOptional(),
})

const summary = object({
  mode: text.exactOptional().describe('The mode in force, after tier, policy and expiry.'),
  policy: longText.exactOptional().describe('The policies in force, the strongest last.'),
  forecast30: text.exactOptional().describe('Replicas now and expected in 30 minutes, such as 12>18.'),
  slo: text.exactOptional().describe('Share of the objectives kept, such as 99.97%.'),
  costPerHour: text.exactOptional().describe('What the replicas cost in an hour, such as 1.80 USD.'),
  budget: text.exactOptional().describe('Spent of what is allowed, such as 31.10/40.00 USD.'),
  confidence: text.exactOptional().describe('How likely the replicas carry the load, such as 99.5%.'),
  reason: text.exactOptional().describe('What decided the last number, in a word.'),
})

const current = object({
  averageUtilization: z
    .int()
    .min(0)
    .max(2_147_483_647)
    .exactOptional()
    .describe('Average over the pods in percent of their requests.'),
  averageValue: naturalQuantity.exactOptional().describe('Average for each pod.'),
  value: naturalQuantity.exactOptional().describe('The metric as a whole.'),
}).describe('The value that was measured.')

const resourceName = longText.describe('Name of the resource.')
const measured = metricIdentifier.describe('Which metric.')

/** Shaped as `autoscaling/v2` has it; the fields of `metrics` with `current` in the place of `target`. */
const currentMetric = object({
  type: z.enum(['Resource', 'ContainerResource', 'Pods', 'Object', 'External']).describe('Which of the fields below is set.'),
  resource: object({ name: resourceName, current }).exactOptional().describe('Of type Resource.'),
  containerResource: object({ name: resourceName, container: text.describe('Name of the container.'), current })
    .exactOptional()
    .describe('Of type ContainerResource.'),
  pods: object({ metric: measured, current }).exactOptional().describe('Of type Pods.'),
  object: object({
    describedObject: object({
      apiVersion: text.exactOptional().describe('API group and version of the object.'),
      kind: text.describe('Kind of the object.'),
      name: text.describe('Name of the object.'),
    }).describe('The object that the metric describes.'),
    metric: measured,
    current,
  })
    .exactOptional()
    .describe('Of type Object.'),
  external: object({ metric: measured, current }).exactOptional().describe('Of type External.'),
})

export const horizontalPodAutoscalerStatus = object({
  observedGeneration,
  lastScaleTime: time('When the target was last scaled').exactOptional(),
  currentReplicas: replicas('Replicas of the target when it was last seen').exactOptional(),
  desiredReplicas: replicas('Replicas that were last wanted').exactOptional(),
  conditions,
  lastDecision: lastDecision.exactOptional().describe('The last decision that changed something, with the argument for it.'),
  forecast: forecast.exactOptional().describe('What is expected, and how good such expectations were.'),
  currentMetrics: z
    .array(currentMetric)
    .max(128)
    .exactOptional()
    .describe('What was last measured, in the order of spec.metrics.'),
  summary: summary.exactOptional().describe('The same in the words that kubectl get prints.'),
})

export const scalingPolicyStatus = object({ observedGeneration, conditions })
export const metricSourceStatus = object({ observedGeneration, conditions })

export type HorizontalPodAutoscalerStatus = z.infer<typeof horizontalPodAutoscalerStatus>
export type StatusCondition = z.infer<typeof condition>
