import { z } from 'zod'
import { UNUSUAL_KINDS } from '../core/screen/sighting.ts'

/** The shapes of the HTTP API: routes validate with them, `/openapi.json` is made from them. Times are ISO 8601, UTC. */
const time = z.iso.datetime()
const count = z.int().min(0)
const reason = z.object({ by: z.string(), why: z.string() })

const conditionShape = {
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
} as const

const decision = z
  .object({
    time,
    target: z.string().describe('namespace/name'),
    from: count,
    to: count,
    demand: z.number().optional().describe('believed load this rests on; absent when it was missing'),
    sentence: z.string().describe('the decision in one sentence'),
    doubts: z.array(reason.extend({ believes: z.number() })),
    proposals: z.array(reason.extend({ replicas: z.number() })),
    abstentions: z.array(reason),
    verdicts: z.array(reason.extend({ from: z.number(), to: z.number(), keeps: z.number().exactOptional() })),
    conditions: z.array(z.object(conditionShape)),
    plainHpa: z.object({ replicas: z.number(), why: z.string() }).describe('what the stock HPA would have done'),
  })
  .meta({ id: 'Decision' })

const scaler = z
  .object({
    name: z.string(),
    readyReplicas: count,
    desiredReplicas: count,
    sloViolationMinutes: z.number().min(0).optional().describe('time in which load exceeded ready replicas × capacity'),
    replicaHours: z.number().min(0).optional().describe('billed: from the order of a replica to its removal'),
    cost: z.number().min(0).optional(),
    scaleUps: count.optional(),
    scaleDowns: count.optional(),
  })
  .meta({ id: 'Scaler' })

const workload = z
  .object({
    namespace: z.string(),
    name: z.string(),
    scaled: z.object({ kind: z.string(), name: z.string() }).optional().describe('what it scales'),
    mode: z.string().optional().describe('Auto, Recommend, ScaleOutOnly or Paused'),
    profile: z.string().optional(),
    minReplicas: count,
    maxReplicas: count,
    capacityPerReplica: z.number().optional().describe('load units that one ready replica serves within its SLO'),
    startupSeconds: z.number(),
    price: z.number().optional().describe('currency units per replica-hour'),
    currency: z.string().optional(),
    learning: z.string().optional().describe('why the forecast takes no part yet; absent when it does'),
    anomalyScore: z.number().min(0).max(1).optional().describe('how unusual the newest sample is; a half is 2.5 sigma'),
    load: z.number().optional().describe('absent when nothing was measured'),
    neededReplicas: z.number().optional(),
    currentReplicas: count.optional().describe('replicas that exist, ready or not'),
    conditions: z.array(z.object({ ...conditionShape, since: time.optional() })).describe('as they are now'),
    scalers: z.array(scaler).describe('the first one acts; the others are compared on the same traffic'),
    lastDecision: decision.optional(),
  })
  .meta({ id: 'Workload' })

const cost = z.object({ scaler: z.string(), replicaHours: z.number(), cost: z.number() })

const alert = z
  .object({
    name: z.string().describe('the condition that is bad, or Anomaly (an alarm that goes on), MetricSourceDown or StoreTrouble'),
    severity: z.enum(['critical', 'warning']),
    namespace: z.string().optional(),
    workload: z.string().optional(),
    since: time.optional(),
    reason: z.string(),
    message: z.string(),
  })
  .meta({ id: 'Alert' })

const policy = z
  .object({
    name: z.string(),
    origin: z.string().describe('where it comes from'),
    extends: z.array(z.string()),
    tier: z.string().optional(),
    profile: z.string().optional(),
    behaviorPreset: z.string().optional(),
    effective: z.record(z.string(), z.unknown()).describe('the settings in force for an object that says nothing itself'),
    origins: z.record(z.string(), z.string()).describe('field path to the layer its value came from'),
    problem: z.string().optional().describe('why it results in nothing, where it does not'),
  })
  .meta({ id: 'Policy' })

const auditEntry = z
  .object({
    time: time.describe('when the intent was written, before the act'),
    target: z.string().describe('namespace/name'),
    from: count,
    to: count,
    sentence: z.string(),
    outcome: z.enum(['scaled', 'held', 'failed', 'open']).describe('open: no outcome was written yet'),
    why: z.string().optional(),
  })
  .meta({ id: 'AuditEntry' })

const anomaly = z
  .object({
    kind: z.enum(UNUSUAL_KINDS),
    start: time,
    end: time.describe('when it was last seen'),
    active: z.boolean().describe('whether it is an alarm that goes on'),
    alarm: z.boolean().describe('whether people were told; the others reached the threshold that policies answer, and no more'),
    severity: z.enum(['minor', 'major', 'critical']),
    sigma: z.number(),
    value: z.number(),
    expected: z.number(),
    why: z.string(),
    pod: z.string().optional(),
    label: z.enum(['true', 'false']).optional().describe('what a person said of it'),
  })
  .meta({ id: 'Anomaly' })

const ratio = z.number().min(0).max(1)

/** How good the forecasts of one object were. */
const accuracy = z
  .object({
    trust: ratio.optional().describe('how far to rely on the forecast: calibration, skill, even-handedness and drift together'),
    lentBy: z
      .string()
      .optional()
      .describe('the object whose knowledge the forecasts rest on, until there is a day of own history'),
    horizons: z.array(
      z.object({
        horizonSeconds: z.number(),
        count: count.describe('forecasts that were compared with what came'),
        mase: z.number().optional().describe('error of the medians over that of repeating the day before; below 1 is better'),
        overNaive: z.number().optional().describe('the same over repeating the last value'),
        wape: z.number().optional().describe('sum of absolute errors over the sum of the load'),
        bias: z.number().optional().describe('sum of median minus load over the sum of the load; above 0 is too high'),
        pinball: z.array(z.number()).describe('mean pinball loss in load units, by level'),
        coverage: z.array(ratio).describe('share of loads at or below the quantile, by level'),
      }),
    ),
    window: z
      .object({ fromSeconds: z.number(), toSeconds: z.number(), count, coverage: z.array(ratio) })
      .optional()
      .describe('the same for the highest load of the longest window, by windowQuantiles'),
    drift: z.object({
      pageHinkley: z.number().describe('statistic on the errors'),
      pageHinkleyThreshold: z.number(),
      since: time.optional().describe('errors grew for good then, less than six hours ago'),
      populationStability: z.number().optional().describe("index of the last week's loads against the week before"),
      populationStabilityThreshold: z.number(),
      isDrifting: z.boolean(),
    }),
    champion: z
      .object({
        name: z.string(),
        since: time.optional().describe('when it was promoted; absent for the one that speaks from the beginning'),
        candidates: z
          .array(z.object({ name: z.string(), meanAbsoluteError: z.number() }))
          .describe('of about two days, in load units'),
      })
      .optional()
      .describe('which of the models speaks at the farthest horizon, and how wrong each who might was'),
  })
  .meta({ id: 'ForecastAccuracy' })

const control = z.object({ id: z.string(), status: z.enum(['pass', 'fail', 'not assessed']), evidence: z.string() })

export const shapes = {
  status: z.object({ status: z.string(), detail: z.string().optional() }),
  workloads: z.object({ time, workloads: z.array(workload) }),
  workload,
  decisions: z.object({ decisions: z.array(decision) }),
  forecast: z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('forecast'),
      by: z.string(),
      madeAt: time,
      quantiles: z.array(z.number()).describe('levels of each point'),
      points: z.array(z.object({ time, values: z.array(z.number()) })),
      windowQuantiles: z.array(z.number()).describe('levels of each window'),
      windows: z
        .array(z.object({ fromSeconds: z.number(), toSeconds: z.number(), values: z.array(z.number()) }))
        .describe('quantiles of the highest load between two times from madeAt on'),
      accuracy: accuracy.optional().describe('of the last seven days; absent while nothing was compared'),
      past: z
        .array(z.object({ madeAt: time, time, values: z.array(z.number()), actual: z.number().optional() }))
        .describe('what was said of the last 24 hours, mostly 30 min before, and what came; oldest first'),
    }),
    z.object({ kind: z.literal('none'), why: z.string() }),
  ]),
  explain: z.object({ decision, sentence: z.string(), text: z.string() }),
  anomalies: z.object({ time, anomalies: z.array(anomaly).describe('oldest first, at most 100') }),
  labelled: z.object({ labelled: count.describe('episodes that have the label now') }),
  costs: z.object({
    time,
    currency: z.string(),
    total: z.array(cost),
    workloads: z.array(
      z.object({ namespace: z.string(), name: z.string(), price: z.number().optional(), scalers: z.array(cost) }),
    ),
  }),
  alerts: z.object({ time, alerts: z.array(alert) }),
  policies: z.object({ policies: z.array(policy) }),
  audit: z.object({ note: z.string(), entries: z.array(auditEntry) }),
  compliance: z.object({ note: z.string(), controls: z.array(control) }),
  pushed: z.object({
    accepted: count,
    rejected: z.array(z.object({ index: count.describe('place in `metrics`'), why: z.string() })),
  }),
  problem: z
    .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), instance: z.string().optional() })
    .meta({ id: 'Problem' }),
} as const

/** More belongs into a second request. */
export const MAX_PUSHED = 5000

const label = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'expected lower-case letters, digits, "-" and "."')

export const inputs = {
  workload: z.object({ namespace: label, name: label }),
  none: z.strictObject({}),
  limit: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
  episode: z.object({ namespace: label, name: label, start: z.iso.datetime({ offset: true }) }),
  label: z.strictObject({
    label: z.enum(['true', 'false']).describe('whether it was worth being told'),
    kind: z.enum(UNUSUAL_KINDS).optional().describe('where several began at that time; all of them when absent'),
  }),
  at: z.strictObject({ at: z.iso.datetime({ offset: true }).optional() }),
  /** The envelope only: what is wrong with one metric must not refuse the others. */
  push: z.strictObject({
    metrics: z.array(z.unknown()).min(1).max(MAX_PUSHED),
  }),
} as const

/** One metric of a push. `timestamp` is ISO 8601 or seconds since the epoch, as in series files; the time of arrival when absent. */
export const pushedMetric = z
  .strictObject({
    namespace: label,
    workload: label.optional(),
    pod: label.optional(),
    name: z
      .string()
      .max(200)
      .regex(/^[a-zA-Z_][a-zA-Z0-9_:./-]*$/, 'expected the name of a metric'),
    value: z.number(),
    timestamp: z.union([z.iso.datetime({ offset: true }), z.number()]).optional(),
  })
  .meta({ id: 'PushedMetric' })

export type WorkloadView = z.infer<typeof workload>
export type DecisionView = z.infer<typeof decision>
export type ForecastView = z.infer<typeof shapes.forecast>
export type AccuracyView = z.infer<typeof accuracy>
export type AlertView = z.infer<typeof alert>
export type AnomalyView = z.infer<typeof anomaly>
export type PolicyView = z.infer<typeof policy>
export type AuditEntryView = z.infer<typeof auditEntry>
export type PushAnswer = z.infer<typeof shapes.pushed>
export type CostsView = z.infer<typeof shapes.costs>
