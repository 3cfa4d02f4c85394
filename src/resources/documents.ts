import { z } from 'zod'
import { anomaly, blocks, prediction } from './blocks.ts'
import { count, metadata, object, positiveCount, positiveQuantity, seconds, text } from './fields.ts'
import { upstreamSpec } from './upstream.ts'

/** The documents that users write: one schema each, which is the type, and the validator. */

const GROUP_VERSION = 'autoscaling.spotify.ai/v2'
const UPSTREAM_VERSION = 'autoscaling/v2'

const ours = { apiVersion: z.literal(GROUP_VERSION), metadata }

const horizontalPodAutoscaler = object({
  apiVersion: z.enum([GROUP_VERSION, UPSTREAM_VERSION]),
  kind: z.literal('HorizontalPodAutoscaler'),
  metadata,
  spec: object({ ...upstreamSpec, policyRef: object({ name: text }).exactOptional(), ...blocks }),
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
  }
})

const range = object({ min: count.exactOptional(), max: positiveCount.exactOptional() }).superRefine(({ min, max }, context) => {
  if (min !== undefined && max !== undefined && min > max) {
    context.addIssue({ code: 'custom', message: `expected at most max (${max})`, path: ['min'] })
  }
})

const scalingPolicy = object({
  ...ours,
  kind: z.literal('ScalingPolicy'),
  spec: object({
    extends: z.array(text).exactOptional(),
    defaults: object({
      minReplicas: count.exactOptional(),
      maxReplicas: positiveCount.exactOptional(),
      priority: count.exactOptional(),
      behavior: upstreamSpec.behavior,
      ...blocks,
    }).exactOptional(),
    bounds: object({
      minReplicas: range.exactOptional(),
      maxReplicas: range.exactOptional(),
      periodSeconds: range.exactOptional(),
      emergencyMaxReplicas: range.exactOptional(),
      locked: z.array(text).exactOptional(),
    }).exactOptional(),
  }),
  status: z.unknown().optional(),
}).superRefine(({ spec: { defaults = {} } }, context) => {
  const { minReplicas, maxReplicas } = defaults
  if (minReplicas !== undefined && maxReplicas !== undefined && minReplicas > maxReplicas) {
    const path = ['spec', 'defaults', 'minReplicas']
    context.addIssue({ code: 'custom', message: `expected at most maxReplicas (${maxReplicas})`, path })
  }
})

const catalogueEntry = object({
  name: text,
  query: text,
  kind: z.enum(['Load', 'Latency', 'Ratio', 'Quality', 'Business']),
  unit: text.exactOptional(),
  podLabel: text.exactOptional(),
})

const metricSource = object({
  ...ours,
  kind: z.literal('MetricSource'),
  spec: object({
    type: z.literal('Prometheus'),
    url: z.url({ protocol: /^https?$/, error: 'expected an http or https address, such as http://prometheus:9090' }),
    authentication: object({ secretRef: object({ name: text, key: text.exactOptional() }) }).exactOptional(),
    tls: object({
      caSecretRef: object({ name: text, key: text.exactOptional() }).exactOptional(),
      serverName: text.exactOptional(),
    }).exactOptional(),
    tenancy: object({ label: text }).exactOptional(),
    allowedNamespaces: z.array(text).exactOptional(),
    timeoutSeconds: seconds.exactOptional(),
    maxResponseBytes: positiveCount.exactOptional(),
    catalogue: z.array(catalogueEntry).exactOptional(),
  }),
  status: z.unknown().optional(),
}).superRefine(({ spec: { catalogue = [], url } }, context) => {
  if (/\/\/[^/]*@/.test(url)) {
    context.addIssue({
      code: 'custom',
      message: 'expected no user or password in the address; use authentication.secretRef',
      path: ['spec', 'url'],
    })
  }
  catalogue.forEach(({ name }, index) => {
    if (catalogue.findIndex(other => other.name === name) < index) {
      const path = ['spec', 'catalogue', index, 'name']
      context.addIssue({ code: 'custom', message: 'expected a name that no other metric of this catalogue has', path })
    }
  })
})

/** Only sections that something reads. Each is the weakest layer above what is built in (`policy.ts`). */
const controllerConfiguration = object({
  apiVersion: z.literal(GROUP_VERSION),
  kind: z.literal('ControllerConfiguration'),
  metadata: metadata.exactOptional(),
  controller: object({ periodSeconds: blocks.periodSeconds }).exactOptional(),
  prediction: object({ mode: prediction.shape.mode, horizonSeconds: prediction.shape.horizonSeconds }).exactOptional(),
  anomaly: anomaly.exactOptional(),
  cost: object({ costPerReplicaHour: positiveQuantity.exactOptional() }).exactOptional(),
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
