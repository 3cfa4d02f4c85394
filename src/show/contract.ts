import { z } from 'zod'

/** The shapes of the HTTP API: routes validate with them, `/openapi.json` is made from them. Times are ISO 8601, UTC. */
const time = z.iso.datetime()
const count = z.int().min(0)
const reason = z.object({ by: z.string(), why: z.string() })

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
    verdicts: z.array(reason.extend({ from: z.number(), to: z.number() })),
    conditions: z.array(
      z.object({ type: z.string(), status: z.enum(['True', 'False', 'Unknown']), reason: z.string(), message: z.string() }),
    ),
    plainHpa: z.object({ replicas: z.number(), why: z.string() }).describe('what the stock HPA would have done'),
  })
  .meta({ id: 'Decision' })

const scaler = z
  .object({
    name: z.string(),
    readyReplicas: count,
    desiredReplicas: count,
    sloViolationMinutes: z.number().min(0).describe('time in which load exceeded ready replicas × capacity'),
    replicaHours: z.number().min(0).describe('billed: from the order of a replica to its removal'),
    cost: z.number().min(0),
    scaleUps: count,
    scaleDowns: count,
  })
  .meta({ id: 'Scaler' })

const workload = z
  .object({
    namespace: z.string(),
    name: z.string(),
    profile: z.string().optional(),
    minReplicas: count,
    maxReplicas: count,
    capacityPerReplica: z.number().describe('load units that one ready replica serves within its SLO'),
    startupSeconds: z.number(),
    price: z.number().describe('currency units per replica-hour'),
    currency: z.string(),
    learning: z.string().optional().describe('why the forecast takes no part yet; absent when it does'),
    load: z.number().optional().describe('absent when nothing was measured'),
    neededReplicas: z.number().optional(),
    scalers: z.array(scaler).describe('the first one acts; the others are compared on the same traffic'),
    lastDecision: decision.optional(),
  })
  .meta({ id: 'Workload' })

const cost = z.object({ scaler: z.string(), replicaHours: z.number(), cost: z.number() })

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
    }),
    z.object({ kind: z.literal('none'), why: z.string() }),
  ]),
  explain: z.object({ decision, sentence: z.string(), text: z.string() }),
  costs: z.object({
    time,
    currency: z.string(),
    total: z.array(cost),
    workloads: z.array(z.object({ namespace: z.string(), name: z.string(), price: z.number(), scalers: z.array(cost) })),
  }),
  problem: z
    .object({ type: z.string(), title: z.string(), status: z.int(), detail: z.string(), instance: z.string().optional() })
    .meta({ id: 'Problem' }),
} as const

const label = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'expected lower-case letters, digits, "-" and "."')

export const inputs = {
  workload: z.object({ namespace: label, name: label }),
  none: z.strictObject({}),
  limit: z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(50) }),
  at: z.strictObject({ at: z.iso.datetime({ offset: true }).optional() }),
} as const

export type WorkloadView = z.infer<typeof workload>
export type DecisionView = z.infer<typeof decision>
export type ForecastView = z.infer<typeof shapes.forecast>
export type CostsView = z.infer<typeof shapes.costs>
