import { z } from 'zod'
import { blocks, minWithinMax } from './blocks.ts'
import { controllerConfiguration } from './configuration-schema.ts'
import { count, GROUP_VERSION, INT32_MAX, metadata, object, positiveCount, text } from './fields.ts'
import { inCluster } from './in-cluster.ts'
import { metricSourceSpec } from './metric-source.ts'
import { MOST_REPLICAS, upstreamSpec } from './upstream.ts'

/** The documents that users write: one schema each, which is the type, and the validator. */

const UPSTREAM_VERSION = 'autoscaling/v2'

const ours = { apiVersion: z.literal(GROUP_VERSION), metadata }

const horizontalPodAutoscalerSpec = inCluster(
  object({
    ...upstreamSpec,
    policyRef: object({ name: text.describe('Name of the ScalingPolicy. Example: enterprise-api.') })
      .exactOptional()
      .describe(
        'The ScalingPolicy whose defaults hold below the fields of this object, and whose bounds cut them. Default: none.',
      ),
    ...blocks,
  }),
  {
    rules: [
      minWithinMax('minReplicas', 'maxReplicas'),
      {
        rule: "!has(self.minReplicas) || self.minReplicas > 0 || (has(self.metrics) && self.metrics.exists(m, m.type in ['Object', 'External']))",
        message: 'expected 1 or more: 0 needs an Object or External metric to scale up from',
        fieldPath: '.minReplicas',
      },
    ],
  },
)

const horizontalPodAutoscaler = object({
  apiVersion: z.enum([GROUP_VERSION, UPSTREAM_VERSION]),
  kind: z.literal('HorizontalPodAutoscaler'),
  metadata,
  spec: horizontalPodAutoscalerSpec,
  status: z.unknown().optional(),
}).superRefine(({ apiVersion, spec }, context) => {
  const expects = (message: string, ...path: (string | number)[]) =>
    context.addIssue({ code: 'custom', message, path: ['spec', ...path] })
  if ((spec.minReplicas ?? 1) > spec.maxReplicas) {
    expects(
      spec.minReplicas === undefined
        ? 'expected at least minReplicas (1 when absent)'
        : `expected at most maxReplicas (${spec.maxReplicas})`,
      spec.minReplicas === undefined ? 'maxReplicas' : 'minReplicas',
    )
  }
  const canReachZero = spec.metrics?.some(({ type }) => type === 'Object' || type === 'External') ?? false
  if (spec.minReplicas === 0 && !canReachZero)
    expects('expected 1 or more: 0 needs an Object or External metric to scale up from', 'minReplicas')
  if (apiVersion === UPSTREAM_VERSION) {
    for (const field of Object.keys(spec).filter(field => !(field in upstreamSpec))) {
      expects(`expected no such field in ${UPSTREAM_VERSION}; it belongs to apiVersion ${GROUP_VERSION}`, field)
    }
    return
  }
  if (spec.maxReplicas > MOST_REPLICAS && spec.maxReplicas <= INT32_MAX)
    expects(`expected at most ${MOST_REPLICAS}, more than any cluster holds`, 'maxReplicas')
  quotedFractions(spec, context)
})

/** The API server takes a quantity as text or as a whole number; `5.5` without quotes it refuses, so files must not have it. */
function quotedFractions(spec: unknown, context: z.core.$RefinementCtx, path: readonly PropertyKey[] = ['spec']): void {
  if (typeof spec === 'number' && !Number.isSafeInteger(spec)) {
    context.addIssue({ code: 'custom', message: `expected it in quotes, as "${spec}"`, path: [...path], input: spec })
  }
  if (typeof spec !== 'object' || spec === null) return
  for (const [key, value] of Object.entries(spec)) {
    quotedFractions(value, context, [...path, Array.isArray(spec) ? Number(key) : key])
  }
}

const rangeOf = (what: string) =>
  inCluster(
    object({
      min: count.exactOptional().describe(`Least ${what} that an object may have; at most max. Default: no limit.`),
      max: positiveCount.exactOptional().describe(`Most ${what} that an object may have. Default: no limit.`),
    }).superRefine(({ min, max }, context) => {
      if (min !== undefined && max !== undefined && min > max) {
        context.addIssue({ code: 'custom', message: `expected at most max (${max})`, path: ['min'] })
      }
    }),
    { rules: [minWithinMax('min', 'max')] },
  )
    .exactOptional()
    .describe(`Limits of ${what}; what lies outside is cut, and a condition says so.`)

const defaults = inCluster(
  object({
    minReplicas: count.exactOptional().describe('Fewest replicas, where the object does not say. Example: 3.'),
    maxReplicas: positiveCount
      .exactOptional()
      .describe('Most replicas, for --policy of the command line; an object always says its own. Example: 200.'),
    priority: count
      .exactOptional()
      .describe('Who is served first where a budget cannot serve all; higher is first. Default: 50. Example: 100.'),
    behavior: upstreamSpec.behavior,
    ...blocks,
  }),
  { rules: [minWithinMax('minReplicas', 'maxReplicas')] },
)

const scalingPolicy = object({
  ...ours,
  kind: z.literal('ScalingPolicy'),
  spec: object({
    extends: inCluster(z.array(text).max(16), { isSet: true })
      .exactOptional()
      .describe(
        'Policies that this one builds on, the weakest first. Default: none. Example: [tier-premium, behavior-balanced].',
      ),
    defaults: defaults
      .exactOptional()
      .describe('What holds for objects that refer to this policy, wherever they do not say otherwise.'),
    bounds: object({
      minReplicas: rangeOf('minReplicas'),
      maxReplicas: rangeOf('maxReplicas'),
      periodSeconds: rangeOf('periodSeconds'),
      emergencyMaxReplicas: rangeOf('emergency.maxReplicas'),
      locked: inCluster(z.array(text).max(64), { isSet: true })
        .exactOptional()
        .describe(
          'Fields, as paths within defaults, that an object may not override at all. Default: none. Example: [budget, mode].',
        ),
    })
      .exactOptional()
      .describe('What an object may override, and how far. Default: everything, without limits.'),
  }),
  status: z.unknown().optional(),
}).superRefine(({ spec }, context) => {
  const { minReplicas, maxReplicas } = spec.defaults ?? {}
  if (minReplicas !== undefined && maxReplicas !== undefined && minReplicas > maxReplicas) {
    const path = ['spec', 'defaults', 'minReplicas']
    context.addIssue({ code: 'custom', message: `expected at most maxReplicas (${maxReplicas})`, path })
  }
  quotedFractions(spec, context)
})

const metricSource = object({
  ...ours,
  kind: z.literal('MetricSource'),
  spec: metricSourceSpec,
  status: z.unknown().optional(),
})

export const DOCUMENTS = {
  HorizontalPodAutoscaler: horizontalPodAutoscaler,
  ScalingPolicy: scalingPolicy,
  MetricSource: metricSource,
  ControllerConfiguration: controllerConfiguration,
} as const

export type Kind = keyof typeof DOCUMENTS
export type HorizontalPodAutoscaler = z.infer<typeof horizontalPodAutoscaler>
export type ScalingPolicy = z.infer<typeof scalingPolicy>
export type MetricSource = z.infer<typeof metricSource>
export type ControllerConfiguration = z.infer<typeof controllerConfiguration>
export type ResourceDocument = HorizontalPodAutoscaler | ScalingPolicy | MetricSource | ControllerConfiguration
/** The blocks that a policy gives as defaults and an object overrides. */
export type PolicyDefaults = NonNullable<ScalingPolicy['spec']['defaults']>
