import type { z } from 'zod'
import { DOCUMENTS } from './documents.ts'
import { GROUP_VERSION } from './fields.ts'
import { horizontalPodAutoscalerStatus, metricSourceStatus, scalingPolicyStatus } from './status.ts'
import { type StructuralSchema, structural } from './structural.ts'

const [GROUP = '', VERSION = ''] = GROUP_VERSION.split('/')

/** A column of `kubectl get`; priority 1 is only printed with `-o wide`. */
interface Column {
  readonly name: string
  readonly type: 'string' | 'integer' | 'date'
  readonly jsonPath: string
  readonly description: string
  readonly priority?: 1
}

interface Custom {
  readonly kind: 'HorizontalPodAutoscaler' | 'ScalingPolicy' | 'MetricSource'
  readonly plural: string
  readonly shortName: string
  readonly scope: 'Namespaced' | 'Cluster'
  readonly description: string
  readonly spec: { readonly schema: z.ZodType; readonly description: string }
  readonly status: z.ZodType
  readonly columns: readonly Column[]
}

export interface CustomResourceDefinition {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly names: Readonly<Record<string, string | readonly string[]>>
    readonly versions: readonly {
      readonly name: string
      readonly served: true
      readonly storage: true
      readonly schema: { readonly openAPIV3Schema: StructuralSchema }
      readonly subresources: { readonly status: object }
      readonly additionalPrinterColumns: readonly Column[]
    }[]
  }
}

const READY: Column = {
  name: 'Ready',
  type: 'string',
  jsonPath: '.status.conditions[?(@.type=="Ready")].status',
  description: 'Whether it works; kubectl describe says why not.',
}

const AGE: Column = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when it is there.' }

const wide = (column: Column): Column => ({ ...column, priority: 1 })

/** The column of a text of `status.summary`. */
function summarised(name: string, field: string, description: string): Column {
  return { name, type: 'string', jsonPath: `.status.summary.${field}`, description }
}

const AUTOSCALER_COLUMNS: readonly Column[] = [
  { name: 'Target', type: 'string', jsonPath: '.spec.scaleTargetRef.name', description: 'What is scaled.' },
  { name: 'Min', type: 'integer', jsonPath: '.spec.minReplicas', description: 'Fewest replicas, as the object says.' },
  { name: 'Max', type: 'integer', jsonPath: '.spec.maxReplicas', description: 'Most replicas, as the object says.' },
  { name: 'Cur', type: 'integer', jsonPath: '.status.currentReplicas', description: 'Replicas now.' },
  { name: 'Des', type: 'integer', jsonPath: '.status.desiredReplicas', description: 'Replicas wanted.' },
  summarised('Fcst30', 'forecast30', 'Replicas now and expected in 30 minutes.'),
  summarised('SLO', 'slo', 'Share of the objectives kept.'),
  summarised('Cost/H', 'costPerHour', 'What the replicas cost in an hour.'),
  summarised('Mode', 'mode', 'The mode in force.'),
  READY,
  AGE,
  wide(summarised('Reason', 'reason', 'What decided the last number.')),
  wide(summarised('Policy', 'policy', 'The policies in force.')),
  wide(summarised('Budget', 'budget', 'Spent of what is allowed.')),
  wide(summarised('Conf', 'confidence', 'How likely the replicas carry the load.')),
]

const POLICY_COLUMNS: readonly Column[] = [
  { name: 'Extends', type: 'string', jsonPath: '.spec.extends', description: 'Policies that it builds on.' },
  { name: 'Min', type: 'integer', jsonPath: '.spec.defaults.minReplicas', description: 'Fewest replicas by default.' },
  {
    name: 'Priority',
    type: 'integer',
    jsonPath: '.spec.defaults.priority',
    description: 'Who is served first; higher is first.',
  },
  READY,
  AGE,
]

const SOURCE_COLUMNS: readonly Column[] = [
  { name: 'Type', type: 'string', jsonPath: '.spec.type', description: 'Where the metrics come from.' },
  { name: 'URL', type: 'string', jsonPath: '.spec.url', description: 'Address of the source.' },
  { name: 'Priority', type: 'integer', jsonPath: '.spec.priority', description: 'Lower answers first.' },
  READY,
  AGE,
]

const CUSTOM: readonly Custom[] = [
  {
    kind: 'HorizontalPodAutoscaler',
    plural: 'horizontalpodautoscalers',
    shortName: 'chpa',
    scope: 'Namespaced',
    description:
      'Scales one target ahead of its load: everything of autoscaling/v2, and the optional blocks of Crescendo. Without any of them it behaves as the stock HPA, plus a forecast that never asks for fewer replicas.',
    spec: {
      schema: DOCUMENTS.HorizontalPodAutoscaler.shape.spec,
      description:
        'What is scaled, on which metrics, within which limits. scaleTargetRef and maxReplicas are needed; the rest has defaults.',
    },
    status: horizontalPodAutoscalerStatus,
    columns: AUTOSCALER_COLUMNS,
  },
  {
    kind: 'ScalingPolicy',
    plural: 'scalingpolicies',
    shortName: 'chpol',
    scope: 'Cluster',
    description: 'Defaults for the HorizontalPodAutoscalers that refer to it by policyRef, and bounds of what they may override.',
    spec: {
      schema: DOCUMENTS.ScalingPolicy.shape.spec,
      description: 'Policies that this one extends, its defaults, and the bounds of what objects may override.',
    },
    status: scalingPolicyStatus,
    columns: POLICY_COLUMNS,
  },
  {
    kind: 'MetricSource',
    plural: 'metricsources',
    shortName: 'chms',
    scope: 'Cluster',
    description:
      'A place that metrics come from, made by an administrator. Tenants name its metrics; they never give addresses or queries.',
    spec: {
      schema: DOCUMENTS.MetricSource.shape.spec,
      description: 'Where the metrics come from, who may use them, and the catalogue of what is there.',
    },
    status: metricSourceStatus,
    columns: SOURCE_COLUMNS,
  },
]

/** The CustomResourceDefinitions of Crescendo, made from the schemas that validate files; plain objects, ready for YAML or JSON. */
export function crds(): readonly CustomResourceDefinition[] {
  return CUSTOM.map(definitionOf)
}

function definitionOf(custom: Custom): CustomResourceDefinition {
  const { kind, plural, shortName, scope, columns } = custom
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${GROUP}`,
      labels: { 'app.kubernetes.io/name': 'crescendo', 'app.kubernetes.io/component': 'crd' },
    },
    spec: {
      group: GROUP,
      scope,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        shortNames: [shortName],
        categories: ['crescendo'],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schemaOf(custom) },
          subresources: { status: {} },
          additionalPrinterColumns: columns.map(column => ({ ...column, name: column.name.toUpperCase() })),
        },
      ],
    },
  }
}

function schemaOf({ description, spec, status }: Custom): StructuralSchema {
  return {
    description,
    type: 'object',
    properties: {
      apiVersion: { type: 'string', description: `API group and version: ${GROUP_VERSION}.` },
      kind: { type: 'string', description: 'Kind of the object.' },
      metadata: { type: 'object' },
      spec: { ...structural(spec.schema), description: spec.description },
      status: { ...structural(status), description: 'What the controller saw and decided; nobody else writes it.' },
    },
    required: ['spec'],
  }
}
