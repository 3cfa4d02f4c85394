import { z } from 'zod'
import { onlyOnce } from './blocks.ts'
import { longText, object, text } from './fields.ts'
import { inCluster } from './in-cluster.ts'

/** The spec of a MetricSource: made by an administrator; tenants name its metrics and never give addresses or queries. */

const secretKey = object({
  name: text.describe("Name of the Secret, in the controller's namespace. Example: prometheus-token."),
  key: text.exactOptional().describe('Key within the Secret. Default: token for authentication, ca.crt for tls.'),
})

const catalogueEntry = inCluster(
  object({
    name: longText.describe('Name by which objects ask for the metric, once in the catalogue. Example: requests_per_second.'),
    query: z
      .string()
      .min(1)
      .max(8192)
      .describe(
        'The query, in which $namespace, $target, $object, $selector and $window (how far a rate looks back) are replaced. Prometheus: PromQL. OpenMetrics: a selector or rate(selector[range]). Example: sum by (pod) (rate(http_requests_total{$selector}[$window])).',
      ),
    kind: z
      .enum(['Load', 'Latency', 'Ratio', 'Quality', 'Business', 'Resource'])
      .describe(
        'What it measures. Load counts work that arrives and is forecast; the others are promises, qualities and figures.',
      ),
    unit: text.exactOptional().describe('Unit of the values, in words or as a symbol. Default: none. Example: requests/s.'),
    podLabel: text.exactOptional().describe('Label that names the pod, for scope Pods. Default: pod.'),
    namespaceLabel: text.exactOptional().describe('Label that names the namespace. Default: namespace.'),
    containerLabel: text
      .exactOptional()
      .describe('Label that names the container, for ContainerResource metrics. Default: container.'),
    objectLabel: text.exactOptional().describe('Label that names the described object; scope Object needs it. Example: ingress.'),
    scope: z
      .enum(['Pods', 'Object', 'External'])
      .exactOptional()
      .describe(
        'What one series describes: Pods (one pod each), Object (one other object each) or External (the sum counts). Default: Pods.',
      ),
    description: z
      .string()
      .min(1)
      .max(1024)
      .exactOptional()
      .describe('What it measures, in a sentence, for the people who choose it. Default: none.'),
  }).superRefine((given, context) => {
    if (given.scope === 'Object' && given.objectLabel === undefined)
      context.addIssue({ code: 'custom', message: 'expected objectLabel, which scope Object needs', path: ['objectLabel'] })
    if (given.scope !== 'Object' && given.objectLabel !== undefined)
      context.addIssue({ code: 'custom', message: 'expected no objectLabel: it belongs to scope Object', path: ['objectLabel'] })
  }),
  {
    rules: [
      {
        rule: "has(self.objectLabel) == (has(self.scope) && self.scope == 'Object')",
        message: 'expected objectLabel with scope Object, and only there',
        fieldPath: '.objectLabel',
      },
    ],
  },
)

const catalogue = inCluster(
  z
    .array(catalogueEntry)
    .max(512)
    .superRefine((given, context) => onlyOnce(given, 'name', { context, list: 'metric' })),
  { listMapKeys: ['name'] },
)

const common = {
  allowedNamespaces: inCluster(z.array(text).max(1024), { isSet: true })
    .exactOptional()
    .describe(
      'Namespaces whose objects may use this source; * is every one. Default: every namespace. Example: [audio, search].',
    ),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(60)
    .exactOptional()
    .describe('Longest time for one answer, in seconds, 1 to 60. Default: 5.'),
  maxResponseBytes: z
    .int()
    .min(1024)
    .max(268_435_456)
    .exactOptional()
    .describe('Largest answer that is read, in bytes, 1024 to 268435456; a larger one counts as none. Default: 10485760.'),
  priority: z
    .int()
    .min(0)
    .max(1000)
    .exactOptional()
    .describe('Which source answers where several know the metric: the lower number, then the name. Default: 100.'),
  catalogue: catalogue
    .exactOptional()
    .describe('The metrics that this source answers for, beside the built-in catalogue. Each name once. Default: none.'),
}

const address = inCluster(
  z
    .url({ protocol: /^https?$/, error: 'expected an http or https address, such as http://prometheus:9090' })
    .max(2048)
    .refine(url => !/\/\/[^/?#]*@/.test(url), {
      error: 'expected no user or password in the address; use authentication.secretRef',
    }),
  {
    pattern: '^[hH][tT][tT][pP][sS]?://[^/?#@\\s]+(?:[/?#][^\\s]*)?$',
    rules: [{ rule: 'isURL(self)', message: 'expected an http or https address, such as http://prometheus:9090' }],
  },
)

const prometheus = object({
  type: z
    .literal('Prometheus')
    .describe(
      'Where the metrics come from: Prometheus (its HTTP API, at url) or OpenMetrics (scrape of the pods of the target).',
    ),
  url: address.describe(
    'Address of the Prometheus HTTP API, without user or password. Example: http://prometheus.monitoring:9090.',
  ),
  authentication: object({
    secretRef: secretKey.describe(
      'The Secret that holds the bearer token under key; where it has none, username and password are its keys. Example: {name: prometheus-token}.',
    ),
  })
    .exactOptional()
    .describe('How the controller signs in, by reference to a Secret. Default: not at all.'),
  tls: object({
    caSecretRef: secretKey
      .exactOptional()
      .describe("The Secret that holds the authority's certificate (PEM). Default: what the machine trusts."),
    serverName: text
      .exactOptional()
      .describe('Name that the certificate must bear. Default: the host of url. Example: prometheus.internal.'),
  })
    .exactOptional()
    .describe('How the connection is verified; it cannot be turned off. Default: what the machine trusts.'),
  tenancy: object({
    label: text.describe('Label that separates tenants; its matcher is forced into every selector. Example: namespace.'),
  })
    .exactOptional()
    .describe("How one tenant's series are kept from another. Default: {label: namespace}."),
  ...common,
})

const openMetrics = object({
  type: z.literal('OpenMetrics'),
  scrape: object({
    port: inCluster(
      z.union([z.int().min(1).max(65_535), z.string().regex(/^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$/)], {
        error: 'expected a port from 1 to 65535, or the name of a container port such as metrics',
      }),
      { quantity: { pattern: '^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$', minimum: 1, maximum: 65_535, maxLength: 15 } },
    ).describe('Port of the pod that serves its metrics: a number, or the name of a container port. Example: 9090 or metrics.'),
    path: inCluster(
      z
        .string()
        .max(1024)
        .regex(/^\/[^\s?#]*$/, { error: 'expected a path that begins with /, such as /metrics' }),
      { pattern: '^/[^\\s?#]*$' },
    )
      .exactOptional()
      .describe('Path of the metrics, from its slash. Default: /metrics.'),
    scheme: z.enum(['http', 'https']).exactOptional().describe('How the pod serves them: http or https. Default: http.'),
  }).describe('Where each pod of the target serves its metrics. Example: {port: metrics}.'),
  ...common,
})

export const metricSourceSpec = z.discriminatedUnion('type', [prometheus, openMetrics])
