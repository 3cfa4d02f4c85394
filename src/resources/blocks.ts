import { z } from 'zod'
import {
  amount,
  count,
  cron,
  metricIdentifier,
  naturalQuantity,
  object,
  positiveCount,
  positiveQuantity,
  seconds,
  share,
  text,
  time,
  timeZone,
} from './fields.ts'

/** The optional blocks of our resources: the same in a HorizontalPodAutoscaler, a ScalingPolicy's defaults and, in part, the configuration. */

const objective = z.discriminatedUnion('type', [
  object({
    type: z.literal('Latency'),
    metric: metricIdentifier,
    percentile: positiveQuantity.refine(value => amount(value) < 100, {
      error: 'expected a percentile above 0 and below 100, such as "99"',
    }),
    threshold: positiveQuantity,
  }),
  object({ type: z.literal('ErrorRatio'), metric: metricIdentifier.exactOptional(), threshold: share }),
  object({ type: z.literal('Availability'), metric: metricIdentifier.exactOptional(), threshold: share }),
  object({ type: z.literal('Throughput'), metric: metricIdentifier, min: positiveQuantity }),
  object({ type: z.literal('Utilization'), resource: text, percent: z.int().min(1).max(100) }),
  object({ type: z.literal('Guard'), metric: metricIdentifier, min: naturalQuantity }),
])

export const prediction = object({
  mode: z.enum(['Off', 'Additive', 'Slo']).exactOptional(),
  horizonSeconds: z.int().min(60).max(86_400).exactOptional(),
  drivers: z.array(object({ metric: text })).exactOptional(),
  capacityPerReplica: positiveQuantity.exactOptional(),
  startupSeconds: z.int().min(0).max(86_400).exactOptional(),
})

export const anomaly = object({
  thresholdSigma: positiveQuantity.exactOptional(),
  response: z.enum(['Hold', 'Widen', 'Ignore', 'AlertOnly']).exactOptional(),
})

const schedule = object({
  name: text,
  cron: cron.exactOptional(),
  timeZone: timeZone.exactOptional(),
  start: time.exactOptional(),
  durationSeconds: seconds,
  minReplicas: count.exactOptional(),
  maxReplicas: positiveCount.exactOptional(),
  expectedLoadFactor: positiveQuantity.exactOptional(),
}).superRefine((given, context) => {
  const expects = (message: string, path: string[] = []) => context.addIssue({ code: 'custom', message, path })
  if ((given.cron === undefined) === (given.start === undefined)) expects('expected either cron (repeats) or start (once)')
  if (given.timeZone !== undefined && given.cron === undefined)
    expects('expected no timeZone without cron: start carries its own offset', ['timeZone'])
  if (given.minReplicas === undefined && given.maxReplicas === undefined && given.expectedLoadFactor === undefined) {
    expects('expected something to change: minReplicas, maxReplicas or expectedLoadFactor')
  }
  if (given.minReplicas !== undefined && given.maxReplicas !== undefined && given.minReplicas > given.maxReplicas) {
    expects(`expected at most maxReplicas (${given.maxReplicas})`, ['minReplicas'])
  }
})

const schedules = z.array(schedule).superRefine((given, context) => {
  given.forEach(({ name }, index) => {
    if (given.findIndex(other => other.name === name) < index) {
      context.addIssue({
        code: 'custom',
        message: 'expected a name that no other schedule of this list has',
        path: [index, 'name'],
      })
    }
  })
})

const budget = object({
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, { error: 'expected three capital letters (ISO 4217), such as USD' })
    .exactOptional(),
  perHour: positiveQuantity.exactOptional(),
  perDay: positiveQuantity.exactOptional(),
  enforcement: z.enum(['Warn', 'Cap']).exactOptional(),
}).refine(given => given.perHour !== undefined || given.perDay !== undefined, { error: 'expected perHour, perDay or both' })

/** The world of `crescendo backtest` and `demo`; a live controller measures these instead. */
const simulation = object({
  nodeStartupSeconds: z.int().min(0).max(86_400).exactOptional(),
  metricsDelaySeconds: z.int().min(0).max(3600).exactOptional(),
  costPerReplicaHour: naturalQuantity.exactOptional(),
  warmupPercent: z.int().min(0).max(99).exactOptional(),
})

const TIERS = ['Enterprise', 'Premium', 'Basic'] as const
const PROFILES = ['ApiGateway', 'AudioProcessor', 'MlInference', 'Analytics', 'Generic'] as const
const BEHAVIOR_PRESETS = ['Aggressive', 'Balanced', 'Conservative'] as const

/** No more than the ceiling guard lets through in any emergency. */
const EMERGENCY_CEILING = 500

export const blocks = {
  mode: z.enum(['Auto', 'Recommend', 'ScaleOutOnly', 'Paused']).exactOptional(),
  modeExpiresAt: time.exactOptional(),
  periodSeconds: z.int().min(3).max(3600).exactOptional(),
  tier: z.enum(TIERS).exactOptional(),
  profile: z.enum(PROFILES).exactOptional(),
  behaviorPreset: z.enum(BEHAVIOR_PRESETS).exactOptional(),
  objectives: z.array(objective).exactOptional(),
  prediction: prediction.exactOptional(),
  anomaly: anomaly.exactOptional(),
  schedules: schedules.exactOptional(),
  budget: budget.exactOptional(),
  emergency: object({
    maxReplicas: z.int().min(1).max(EMERGENCY_CEILING).exactOptional(),
    maxDurationSeconds: seconds.exactOptional(),
  }).exactOptional(),
  protection: object({
    envelope: z.enum(['Off', 'Observe', 'Enforce']).exactOptional(),
    surgeBudgetPerDay: naturalQuantity.exactOptional(),
  }).exactOptional(),
  learning: object({ mode: z.enum(['Off', 'Shadow', 'Promote', 'RequireApproval']).exactOptional() }).exactOptional(),
  spot: object({ maxShare: share.exactOptional() }).exactOptional(),
  simulation: simulation.exactOptional(),
}
