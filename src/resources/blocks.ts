import { z } from 'zod'
import {
  count,
  cron,
  date,
  longText,
  metricIdentifier,
  naturalQuantity,
  object,
  percentile,
  positiveCount,
  positiveQuantity,
  promisedShare,
  seconds,
  share,
  text,
  time,
  timeZone,
} from './fields.ts'
import { inCluster } from './in-cluster.ts'

/** The optional blocks of our resources: the same in a HorizontalPodAutoscaler, a ScalingPolicy's defaults and, in part, the configuration. */

const objectiveMetric = metricIdentifier.describe(
  'The metric that shows it, by its name in the catalogue. Example: {name: request_duration_seconds}.',
)

const objective = z.discriminatedUnion('type', [
  object({
    type: z
      .literal('Latency')
      .describe(
        'What is promised: Latency (a percentile below threshold), ErrorRatio (at most threshold), Availability (at least threshold), Throughput (maxReplicas can serve min; no floor), Utilization (at most percent of a resource, as one more metric) or Guard (no scale-down while the metric is below min).',
      ),
    metric: objectiveMetric,
    percentile: percentile.describe(
      'Of Latency: the percentile that is promised, above 0 and below 100; a histogram is asked at it, a gauge says what it says. Example: "99".',
    ),
    threshold: positiveQuantity.describe(
      'Latency: the most that the percentile may be, in the metric\'s unit, such as 25m of a second. ErrorRatio, Availability: a share from 0 to 1, such as "0.9999".',
    ),
  }),
  object({ type: z.literal('ErrorRatio'), metric: objectiveMetric.exactOptional(), threshold: promisedShare }),
  object({ type: z.literal('Availability'), metric: objectiveMetric.exactOptional(), threshold: promisedShare }),
  object({
    type: z.literal('Throughput'),
    metric: objectiveMetric,
    min: positiveQuantity.describe('Of Throughput and Guard: the least value of the metric, in its unit. Example: "0.95".'),
  }),
  object({
    type: z.literal('Utilization'),
    resource: longText.describe('Of Utilization: the resource that must not be used more. Example: cpu.'),
    percent: z
      .int()
      .min(1)
      .max(100)
      .describe('Of Utilization: the most that is used, in percent of the request, 1 to 100. Example: 70.'),
  }),
  object({ type: z.literal('Guard'), metric: objectiveMetric, min: naturalQuantity }),
])

const objectives = z
  .array(
    inCluster(objective, {
      rules: [
        {
          rule: "!(self.type in ['ErrorRatio', 'Availability']) || !has(self.threshold) || (type(self.threshold) == int ? self.threshold <= 1 : quantity(self.threshold).compareTo(quantity('1')) <= 0)",
          message: 'expected a share between 0 and 1, such as "0.95"',
          fieldPath: '.threshold',
        },
        {
          rule: "self.type != 'Throughput' || !has(self.min) || (type(self.min) == int ? self.min > 0 : quantity(self.min).isGreaterThan(quantity('0')))",
          message: 'expected a quantity above 0',
          fieldPath: '.min',
        },
      ],
    }),
  )
  .max(16)

export const prediction = object({
  mode: z
    .enum(['Off', 'Additive', 'Slo'])
    .exactOptional()
    .describe(
      'Off: the stock HPA exactly. Additive: never fewer replicas than the HPA would have. Slo: the forecast decides. Default: Additive.',
    ),
  horizonSeconds: z
    .int()
    .min(60)
    .max(86_400)
    .exactOptional()
    .describe('How far the forecast looks ahead, in seconds, 60 to 86400. Default: 1800.'),
  drivers: inCluster(
    z
      .array(object({ metric: longText.describe('Name of a metric that measures load. Example: requests_per_second.') }))
      .max(16)
      .superRefine((given, context) => onlyOnce(given, 'metric', { context, list: 'driver' })),
    { listMapKeys: ['metric'] },
  )
    .exactOptional()
    .describe(
      'The metrics whose demand is forecast. Default: every metric of the spec that measures load. Example: [{metric: requests_per_second}].',
    ),
  capacityPerReplica: positiveQuantity
    .exactOptional()
    .describe(
      'The load that one ready replica serves within its objectives, in the driver\'s unit. Default: learnt. Example: "480".',
    ),
  startupSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .exactOptional()
    .describe(
      'From the order of a replica until it is ready, in seconds, 0 to 86400. Default: learnt (P90 from created to ready). Example: 45.',
    ),
})

export const anomaly = object({
  thresholdSigma: positiveQuantity
    .exactOptional()
    .describe(
      'How unusual a measurement must be to be an anomaly, in sigma: on noise as rare as a normal deviate of that size. Default: "2.5".',
    ),
  response: z
    .enum(['Hold', 'Widen', 'Ignore', 'AlertOnly'])
    .exactOptional()
    .describe('Hold: no scale-down while it lasts. Widen: more headroom. AlertOnly: only told. Ignore: nothing. Default: Hold.'),
})

const ONE_BEGINNING = 'expected either cron (repeats), start (once) or dates (days)'
const NO_ZONE_FOR_START = 'expected no timeZone beside start, which carries its own offset'
const EXCEPT_FROM_CRON = 'expected exceptDates beside cron only: they are exceptions from what repeats'

const days = inCluster(z.array(date).min(1).max(366), { isSet: true })

const scheduleShape = object({
  name: text.describe('Name of the schedule, once in its list. Example: business-hours.'),
  cron: cron
    .exactOptional()
    .describe(
      'When it begins, again and again: five fields, minute hour day month weekday. Either this, start or dates. Example: "0 8 * * 1-5".',
    ),
  timeZone: timeZone
    .exactOptional()
    .describe(
      'The time zone of cron, dates and exceptDates, a name of the IANA database. Default: UTC. Example: Europe/Stockholm.',
    ),
  start: time.exactOptional().describe('When it begins, once (RFC 3339). Example: "2026-12-04T23:45:00Z".'),
  dates: days
    .exactOptional()
    .describe('Days at whose midnight it begins: a calendar of holidays, at most 366. Example: ["2026-12-25", "2026-12-26"].'),
  exceptDates: days
    .exactOptional()
    .describe('Days on which cron does not begin, at most 366. Example: ["2026-12-25", "2026-12-26"].'),
  durationSeconds: seconds.describe(
    'How long it lasts, in seconds, from 1 to a year; after cron and dates by the clock on the wall, whatever clocks change meanwhile. Example: 36000.',
  ),
  minReplicas: count
    .exactOptional()
    .describe("Fewest replicas while it lasts, ready when it begins; at most its maxReplicas, and the object's. Example: 20."),
  maxReplicas: positiveCount
    .exactOptional()
    .describe('Most replicas while it lasts; a floor of another schedule outranks it. Example: 100.'),
  expectedLoadFactor: positiveQuantity
    .exactOptional()
    .describe('By what factor the load is expected to exceed (below 1: to stay under) what the forecast knows. Example: "6".'),
})

const schedule = inCluster(
  scheduleShape.superRefine((given, context) => {
    const expects = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path })
    if ([given.cron, given.start, given.dates].filter(when => when !== undefined).length !== 1) expects(ONE_BEGINNING)
    if (given.timeZone !== undefined && given.start !== undefined) expects(NO_ZONE_FOR_START, ['timeZone'])
    if (given.exceptDates !== undefined && given.cron === undefined) expects(EXCEPT_FROM_CRON, ['exceptDates'])
    if (given.minReplicas === undefined && given.maxReplicas === undefined && given.expectedLoadFactor === undefined) {
      expects('expected something to change: minReplicas, maxReplicas or expectedLoadFactor')
    }
    if (given.minReplicas !== undefined && given.maxReplicas !== undefined && given.minReplicas > given.maxReplicas) {
      expects(`expected at most maxReplicas (${given.maxReplicas})`, ['minReplicas'])
    }
  }),
  {
    rules: [
      {
        rule: '[has(self.cron), has(self.start), has(self.dates)].filter(when, when).size() == 1',
        message: ONE_BEGINNING,
      },
      { rule: '!has(self.timeZone) || !has(self.start)', message: NO_ZONE_FOR_START, fieldPath: '.timeZone' },
      { rule: '!has(self.exceptDates) || has(self.cron)', message: EXCEPT_FROM_CRON, fieldPath: '.exceptDates' },
      {
        rule: 'has(self.minReplicas) || has(self.maxReplicas) || has(self.expectedLoadFactor)',
        message: 'expected something to change: minReplicas, maxReplicas or expectedLoadFactor',
      },
      minWithinMax('minReplicas', 'maxReplicas'),
    ],
  },
)

/** The rule of the API server that `low` is at most `high`, where both are there. */
export function minWithinMax(low: string, high: string) {
  return {
    rule: `!has(self.${low}) || !has(self.${high}) || self.${low} <= self.${high}`,
    message: `expected at most ${high}`,
    fieldPath: `.${low}`,
  }
}

/** Refuses a `key` that an earlier item of the list has too. */
export function onlyOnce<K extends string>(
  given: readonly Readonly<Record<K, string>>[],
  key: K,
  told: { readonly context: z.core.$RefinementCtx; readonly list: string },
): void {
  const seen = new Set<string>()
  given.forEach((item, index) => {
    if (seen.has(item[key])) {
      told.context.addIssue({
        code: 'custom',
        message: `expected a ${key} that no other ${told.list} of this list has`,
        path: [index, key],
      })
    }
    seen.add(item[key])
  })
}

const schedules = inCluster(
  z
    .array(schedule)
    .max(64)
    .superRefine((given, context) => onlyOnce(given, 'name', { context, list: 'schedule' })),
  { listMapKeys: ['name'] },
)

export const currency = z.string().regex(/^[A-Z]{3}$/, { error: 'expected three capital letters (ISO 4217), such as USD' })

export const NO_LIMIT = 'expected perHour, perDay or perMonth'

const budget = inCluster(
  object({
    currency: inCluster(currency, { pattern: '^[A-Z]{3}$', maxLength: 3 })
      .exactOptional()
      .describe('The currency of the amounts, three letters (ISO 4217). Default: USD.'),
    perHour: positiveQuantity
      .exactOptional()
      .describe('Most that the replicas may cost in an hour, in the currency. Example: "40".'),
    perDay: positiveQuantity
      .exactOptional()
      .describe('Most that the replicas may cost in a day, in the currency. Example: "700".'),
    perMonth: positiveQuantity
      .exactOptional()
      .describe('Most that the replicas may cost in a calendar month (UTC), in the currency. Example: "15000".'),
    enforcement: z
      .enum(['Warn', 'Cap'])
      .exactOptional()
      .describe('Warn: only told when it is reached. Cap: no replica beyond it, but for emergencies. Default: Cap.'),
  }).refine(({ perHour, perDay, perMonth }) => [perHour, perDay, perMonth].some(limit => limit !== undefined), {
    error: NO_LIMIT,
  }),
  {
    rules: [
      {
        rule: 'has(self.perHour) || has(self.perDay) || has(self.perMonth)',
        message: NO_LIMIT,
        reason: 'FieldValueRequired',
      },
    ],
  },
)

/** The world of `crescendo backtest` and `demo`; a live controller measures these, but for how old a measurement is when it is seen. */
const simulation = object({
  nodeStartupSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .exactOptional()
    .describe('How long a new node takes, in seconds, where pods need one. Default: 0.'),
  metricsDelaySeconds: z
    .int()
    .min(0)
    .max(3600)
    .exactOptional()
    .describe('How old a measurement is when it is seen, in seconds. Default: 15.'),
  costPerReplicaHour: naturalQuantity.exactOptional().describe('Price of one replica for one hour. Default: "0.10".'),
  warmupPercent: z
    .int()
    .min(0)
    .max(99)
    .exactOptional()
    .describe('The first part of a trace, in percent, that is history only and not scored. Default: 50.'),
})

const TIERS = ['Enterprise', 'Premium', 'Basic'] as const
const PROFILES = ['ApiGateway', 'AudioProcessor', 'MlInference', 'Analytics', 'Generic'] as const
const BEHAVIOR_PRESETS = ['Aggressive', 'Balanced', 'Conservative'] as const

/** No more than the ceiling guard lets through in any emergency. */
const EMERGENCY_CEILING = 500

export const blocks = {
  mode: z
    .enum(['Auto', 'Recommend', 'ScaleOutOnly', 'Paused'])
    .exactOptional()
    .describe(
      'Auto: decides and scales. Recommend: decides and records, never writes. ScaleOutOnly: never fewer replicas. Paused: nothing. Default: Auto.',
    ),
  modeExpiresAt: time
    .exactOptional()
    .describe('When mode ends and the policy\'s mode holds again (RFC 3339). Default: never. Example: "2026-12-05T06:00:00Z".'),
  periodSeconds: z
    .int()
    .min(3)
    .max(3600)
    .exactOptional()
    .describe('Time between two decisions, in seconds, 3 to 3600. Default: 15, as the stock HPA.'),
  tier: z
    .enum(TIERS)
    .exactOptional()
    .describe(
      'Service tier, which brings the defaults of the policy tier-enterprise, tier-premium or tier-basic. Default: none.',
    ),
  profile: z
    .enum(PROFILES)
    .exactOptional()
    .describe('Kind of service, which brings the defaults of its profile policy, such as profile-api-gateway. Default: none.'),
  behaviorPreset: z
    .enum(BEHAVIOR_PRESETS)
    .exactOptional()
    .describe('Pace and patience by name, from the policy behavior-aggressive, -balanced or -conservative. Default: none.'),
  objectives: objectives
    .exactOptional()
    .describe('What the service promises; prediction mode Slo holds it. Example: [{type: Availability, threshold: "0.9999"}].'),
  prediction: prediction
    .exactOptional()
    .describe('How the forecast is made and what it may do. Default: mode Additive, 1800 seconds ahead.'),
  anomaly: anomaly
    .exactOptional()
    .describe('What counts as an anomaly of the load, and what is done about it. Default: 2.5 sigma, Hold.'),
  schedules: schedules
    .exactOptional()
    .describe(
      'Known times of more or less load, repeated (cron) or once (start). Example: [{name: drop, start: "2026-12-04T23:45:00Z", durationSeconds: 7200, expectedLoadFactor: "6"}].',
    ),
  budget: budget.exactOptional().describe('Most that the replicas may cost: perHour, perDay, perMonth. Default: no budget.'),
  emergency: object({
    maxReplicas: z
      .int()
      .min(1)
      .max(EMERGENCY_CEILING)
      .exactOptional()
      .describe('Most replicas in an emergency, which passes maxReplicas and budget; 1 to 500. Default: 500.'),
    maxDurationSeconds: seconds.exactOptional().describe('How long an emergency may last, in seconds. Default: 1800.'),
  })
    .exactOptional()
    .describe('What may happen when the objectives fail in spite of everything. Default: up to 500 replicas for 1800 seconds.'),
  protection: object({
    envelope: z
      .enum(['Off', 'Observe', 'Enforce'])
      .exactOptional()
      .describe(
        'Whether load that looks like an attack may buy replicas: Enforce (it may not), Observe (only told) or Off. Default: Enforce.',
      ),
    surgeBudgetPerDay: naturalQuantity
      .exactOptional()
      .describe(
        'What unusual load may cost in a day before it is held, in the currency of the budget. Default: no limit. Example: "50".',
      ),
  })
    .exactOptional()
    .describe('What is bought for load that nobody believes. Default: envelope Enforce.'),
  learning: object({
    mode: z
      .enum(['Off', 'Shadow', 'Promote', 'RequireApproval'])
      .exactOptional()
      .describe(
        'What happens to learnt parameters: Off, Shadow (only compared), Promote (used when better) or RequireApproval. Default: Shadow.',
      ),
  })
    .exactOptional()
    .describe('How parameters learnt from the past take effect. Default: mode Shadow.'),
  spot: object({
    maxShare: share
      .exactOptional()
      .describe(
        'Most of the replicas, as a share from 0 to 1, that may run on interruptible nodes. Default: "0". Example: "0.6".',
      ),
  })
    .exactOptional()
    .describe('Use of interruptible nodes, for the parts that place and price pods. Default: none.'),
  simulation: simulation
    .exactOptional()
    .describe('The world that crescendo backtest simulates; a live controller measures it, and reads metricsDelaySeconds alone.'),
}
