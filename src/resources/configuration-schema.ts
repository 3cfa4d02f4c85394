import { z } from 'zod'
import { anomaly, currency, NO_LIMIT, prediction } from './blocks.ts'
import { GROUP_VERSION, metadata, naturalQuantity, object, positiveQuantity, text } from './fields.ts'

/** The ControllerConfiguration: only sections that something reads. Each key has its default in CONFIGURATION_DEFAULTS. */

const whole = (min: number, max: number) => z.int().min(min).max(max).exactOptional()
const path = z.string().min(1).max(4096)

/** A secret is named, never written down. */
const secretReference = object({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'expected the name of an environment variable, such as PUSH_TOKEN' })
    .max(256)
    .exactOptional()
    .describe('Name of the environment variable that holds the secret; this or file. Example: PUSH_TOKEN.'),
  file: path.exactOptional().describe('Path of the file that holds the secret; this or env. Example: /etc/crescendo/push-token.'),
}).refine(given => (given.env === undefined) !== (given.file === undefined), {
  error: 'expected either { env: NAME } or { file: PATH }; secrets are named here, never written down',
})

const leaderElection = object({
  enabled: z
    .boolean()
    .exactOptional()
    .describe('Whether several copies choose one that acts, by a Lease; false only where no second one can ever run.'),
  leaseName: text.exactOptional().describe('Name of the Lease.'),
  leaseNamespace: text.exactOptional().describe('Namespace of the Lease; the one that the controller runs in.'),
  leaseDurationSeconds: whole(2, 3600).describe(
    'How long a Lease holds that is not renewed, in seconds; a new leader acts after that.',
  ),
  renewDeadlineSeconds: whole(1, 3600).describe(
    'How long a leader tries to renew before it stops writing, in seconds; below leaseDurationSeconds.',
  ),
  retryPeriodSeconds: whole(1, 3600).describe(
    'Time between two tries to get or renew the Lease, in seconds; below renewDeadlineSeconds.',
  ),
}).superRefine((given, context) => {
  const { leaseDurationSeconds, renewDeadlineSeconds, retryPeriodSeconds } = {
    ...CONFIGURATION_DEFAULTS.controller.leaderElection,
    ...given,
  }
  if (renewDeadlineSeconds >= leaseDurationSeconds) {
    const message = `expected less than leaseDurationSeconds (${leaseDurationSeconds})`
    context.addIssue({ code: 'custom', message, path: ['renewDeadlineSeconds'] })
  }
  if (retryPeriodSeconds >= renewDeadlineSeconds) {
    const message = `expected less than renewDeadlineSeconds (${renewDeadlineSeconds})`
    context.addIssue({ code: 'custom', message, path: ['retryPeriodSeconds'] })
  }
})

const controller = object({
  periodSeconds: whole(3, 3600).describe('Time between two decisions about one object, in seconds, where nothing else says so.'),
  workers: whole(1, 256).describe('How many objects are decided about at the same time.'),
  namespaces: z.array(text).max(1024).exactOptional().describe('Namespaces that are watched; an empty list is every namespace.'),
  dryRun: z.boolean().exactOptional().describe('Whether decisions are made and recorded, but nothing is written to the cluster.'),
  identity: text.exactOptional().describe('Name of this copy in the Lease. Absent: host name and a random part.'),
  apiQueriesPerSecond: whole(1, 10_000).describe('Most requests to the API server in a second, on average.'),
  apiBurst: whole(1, 20_000).describe('Most requests to the API server at once; from apiQueriesPerSecond.'),
  manualFloorSeconds: whole(0, 86_400).describe('How long replicas that a person added are kept, in seconds.'),
  leaderElection: leaderElection.exactOptional().describe('Which of several copies acts.'),
}).superRefine((given, context) => {
  const { apiBurst, apiQueriesPerSecond } = { ...CONFIGURATION_DEFAULTS.controller, ...given }
  if (apiBurst < apiQueriesPerSecond) {
    context.addIssue({
      code: 'custom',
      message: `expected at least apiQueriesPerSecond (${apiQueriesPerSecond})`,
      path: ['apiBurst'],
    })
  }
})

const metrics = object({
  timeoutSeconds: whole(1, 60).describe(
    'Longest time for one answer of a metric source, in seconds, where the source does not say.',
  ),
  maxResponseBytes: whole(1024, 268_435_456).describe(
    'Largest answer that is read, in bytes, where the source does not say; a larger one counts as none.',
  ),
  staleSeconds: whole(5, 3600).describe('Age from which a sample counts as missing, in seconds.'),
  backfillSeconds: whole(0, 7_776_000).describe(
    'How much history is read from Prometheus when an object is first seen, in seconds; 0 reads none.',
  ),
  fallbackAfterSeconds: whole(1, 86_400).describe(
    'How long metrics may be missing before the last good value and the forecast take their place, in seconds.',
  ),
  pushToken: secretReference
    .exactOptional()
    .describe('The bearer token that POST /api/v1/metrics asks for, by reference. Absent: nothing can be pushed.'),
})

const store = object({
  type: z
    .enum(['Sqlite', 'PostgreSql', 'Memory'])
    .exactOptional()
    .describe(
      'Where history, decisions and models are kept: Sqlite (a file), PostgreSql (a server) or Memory (lost at the end).',
    ),
  path: path.exactOptional().describe('Path of the file, for type Sqlite; relative to the working folder.'),
  url: secretReference
    .exactOptional()
    .describe('The address of the server with user and password, by reference, for type PostgreSql. Absent: none.'),
  retentionDays: whole(1, 3650).describe('How long measured history is kept, in days.'),
  decisionsRetentionDays: whole(1, 3650).describe('How long decisions and their outcomes are kept, in days.'),
}).superRefine((given, context) => {
  if (given.type === 'PostgreSql' && given.url === undefined) {
    context.addIssue({
      code: 'custom',
      message: 'expected { env: NAME } or { file: PATH }, which type PostgreSql needs',
      path: ['url'],
    })
  }
})

const server = object({
  host: text.exactOptional().describe('Address that the HTTP server listens on; 0.0.0.0 is every one.'),
  port: whole(0, 65_535).describe('Port of the HTTP server; 0 is any free one.'),
  allowedHosts: z
    .array(text)
    .max(64)
    .exactOptional()
    .describe('Names, beside host and localhost, that a request may have in its Host header.'),
})

/** A budget that several objects share; amounts are in cost.currency. */
const sharedBudget = (who: string) =>
  object({
    perHour: positiveQuantity.exactOptional().describe(`Most that ${who} may cost in an hour, in currency.`),
    perDay: positiveQuantity.exactOptional().describe(`Most that ${who} may cost in a day (UTC), in currency.`),
    perMonth: positiveQuantity.exactOptional().describe(`Most that ${who} may cost in a calendar month (UTC), in currency.`),
    enforcement: z
      .enum(['Warn', 'Cap'])
      .exactOptional()
      .describe('Warn: only told when it is reached. Cap: no replica beyond it but for minReplicas. Absent: Cap.'),
  })
    .refine(({ perHour, perDay, perMonth }) => [perHour, perDay, perMonth].some(limit => limit !== undefined), {
      error: NO_LIMIT,
    })
    .exactOptional()
    .describe(`Most that ${who} may cost.`)

const SECTIONS = {
  controller: controller.exactOptional().describe('The loop, and its way to the API server.'),
  metrics: metrics.exactOptional().describe('How metrics are read, and when they count as missing.'),
  store: store.exactOptional().describe('Where history, decisions and models are kept.'),
  prediction: object({
    mode: prediction.shape.mode.describe(
      'Off: the stock HPA exactly. Additive: never fewer replicas than the HPA would have. Slo: the forecast decides.',
    ),
    horizonSeconds: prediction.shape.horizonSeconds.describe('How far the forecast looks ahead, in seconds.'),
  })
    .exactOptional()
    .describe('The forecast, where tier, profile, policy and object do not say otherwise.'),
  anomaly: object({
    thresholdSigma: anomaly.shape.thresholdSigma.describe(
      'How unusual a value must be to be an anomaly, in sigma: on noise as rare as a normal deviate of that size.',
    ),
    response: anomaly.shape.response.describe(
      'Hold: no scale-down while it lasts. Widen: more headroom. AlertOnly: only told. Ignore: nothing.',
    ),
  })
    .exactOptional()
    .describe('Anomalies of the load, where tier, profile, policy and object do not say otherwise.'),
  cost: object({
    costPerReplicaHour: naturalQuantity.exactOptional().describe('Price of one replica for one hour, in currency.'),
    currency: currency.exactOptional().describe('The currency of prices and of budgets, three letters (ISO 4217).'),
    budgets: object({
      fleet: sharedBudget('all objects together'),
      enterprise: sharedBudget('all objects of tier Enterprise together'),
      premium: sharedBudget('all objects of tier Premium together'),
      basic: sharedBudget('all objects of tier Basic together'),
    })
      .exactOptional()
      .describe('Most that objects may cost together; who has the higher priority is served first.'),
  })
    .exactOptional()
    .describe('What replicas cost.'),
  server: server.exactOptional().describe('The HTTP server: health, metrics, API.'),
  telemetry: object({
    logLevel: z
      .enum(['Debug', 'Info', 'Warn', 'Error'])
      .exactOptional()
      .describe('The least that is logged: Debug, Info, Warn or Error.'),
  })
    .exactOptional()
    .describe('What the controller says about itself.'),
}

/** What holds where neither file nor environment say otherwise. `identity`, `pushToken` and `url` have no default. */
export const CONFIGURATION_DEFAULTS = {
  controller: {
    periodSeconds: 15,
    workers: 64,
    namespaces: [],
    dryRun: false,
    apiQueriesPerSecond: 50,
    apiBurst: 100,
    manualFloorSeconds: 900,
    leaderElection: {
      enabled: true,
      leaseName: 'crescendo',
      leaseNamespace: 'crescendo-system',
      leaseDurationSeconds: 15,
      renewDeadlineSeconds: 10,
      retryPeriodSeconds: 2,
    },
  },
  metrics: {
    timeoutSeconds: 5,
    maxResponseBytes: 10_485_760,
    staleSeconds: 120,
    backfillSeconds: 604_800,
    fallbackAfterSeconds: 120,
  },
  store: { type: 'Sqlite', path: 'crescendo.db', retentionDays: 14, decisionsRetentionDays: 90 },
  prediction: { mode: 'Additive', horizonSeconds: 1800 },
  anomaly: { thresholdSigma: '2.5', response: 'Hold' },
  cost: { costPerReplicaHour: '0.10', currency: 'USD' },
  server: { host: '127.0.0.1', port: 8080, allowedHosts: [] },
  telemetry: { logLevel: 'Info' },
} as const

export const controllerConfiguration = object({
  apiVersion: z.literal(GROUP_VERSION),
  kind: z.literal('ControllerConfiguration'),
  metadata: metadata.exactOptional(),
  ...SECTIONS,
})

export type SecretReference = z.infer<typeof secretReference>
