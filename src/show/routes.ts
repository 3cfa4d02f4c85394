import type { z } from 'zod'
import { alertsOf } from './alerts.ts'
import { inputs, shapes } from './contract.ts'
import { type Facts, idOf, type Soon, type WorkloadFact } from './facts.ts'
import { HttpError } from './problem.ts'
import {
  alertView,
  anomalyView,
  auditView,
  costsView,
  decisionView,
  forecastView,
  isoOf,
  policyView,
  workloadView,
} from './views.ts'

/** One GET route as data: the server registers it, `/openapi.json` describes it. */
export interface Route {
  readonly path: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly answer: z.ZodType
  readonly handle: (input: { readonly params: unknown; readonly query: unknown }) => Soon<unknown>
}

/** Checks that `handle` fits the schemas that its input has passed. */
function route<Params extends z.ZodObject, Query extends z.ZodObject, Answer extends z.ZodType>(one: {
  readonly path: string
  readonly summary: string
  readonly params: Params
  readonly query: Query
  readonly answer: Answer
  readonly handle: (input: { params: z.infer<Params>; query: z.infer<Query> }) => Soon<z.infer<Answer>>
}): Route {
  return one as unknown as Route // the server parses params and query with these very schemas before it calls handle
}

export function routesOf(facts: Facts): readonly Route[] {
  return [...listRoutes(facts), ...workloadRoutes(facts), ...recordRoutes(facts)]
}

function listRoutes(facts: Facts): readonly Route[] {
  const plain = { params: inputs.none, query: inputs.none }
  return [
    route({
      ...plain,
      path: '/api/v1/workloads',
      summary: 'All workloads: load, replicas, score, last decision',
      answer: shapes.workloads,
      handle: () => ({ time: isoOf(facts.now()), workloads: facts.workloads().map(found => workloadView(facts, found)) }),
    }),
    route({
      ...plain,
      path: '/api/v1/costs',
      summary: 'Replica-hours and cost so far, for each scaler',
      answer: shapes.costs,
      handle: () => costsView(facts),
    }),
    route({
      ...plain,
      path: '/api/v1/alerts',
      summary: 'What is wrong right now: bad conditions of workloads, metric sources that are down, a store that cannot write',
      answer: shapes.alerts,
      handle: () => ({ time: isoOf(facts.now()), alerts: alertsOf(facts).map(alertView) }),
    }),
    route({
      ...plain,
      path: '/api/v1/policies',
      summary: 'Policies that an object may refer to, each with the settings that it results in and where they come from',
      answer: shapes.policies,
      handle: () => ({ policies: (facts.policies?.() ?? []).map(policyView) }),
    }),
  ]
}

const AUDIT_NOTE =
  'What was intended before each change of replicas, and what became of it. The journal is not tamper-evident: whoever can write its file or database can change it.'
const NO_AUDIT_NOTE = 'No journal is kept here: the simulated cluster has no changes that would have to be accounted for.'
const COMPLIANCE_NOTE = 'A control is listed only where this software evaluates it; it evaluates none yet.'

/** What was done, and what can be said of it. */
function recordRoutes(facts: Facts): readonly Route[] {
  return [
    route({
      path: '/api/v1/audit',
      summary: 'Intents and outcomes from the journal, newest first',
      params: inputs.none,
      query: inputs.limit,
      answer: shapes.audit,
      handle: async ({ query }) => {
        if (facts.journal === undefined) return { note: NO_AUDIT_NOTE, entries: [] }
        return { note: AUDIT_NOTE, entries: (await facts.journal(query.limit)).map(entry => auditView(facts, entry)) }
      },
    }),
    route({
      path: '/api/v1/compliance',
      summary: 'Controls that are evaluated, with their evidence: none yet',
      params: inputs.none,
      query: inputs.none,
      answer: shapes.compliance,
      handle: () => ({ note: COMPLIANCE_NOTE, controls: [] }),
    }),
  ]
}

/** The workload of that name, or the answer 404. */
export function findWorkload(facts: Facts, params: { readonly namespace: string; readonly name: string }): WorkloadFact {
  const found = facts.workloads().find(workload => idOf(workload) === idOf(params))
  if (found) return found
  throw new HttpError(404, `there is no workload ${idOf(params)}; GET /api/v1/workloads lists what there is`)
}

/** How far back past forecasts are shown beside what came. */
const PAST_MS = 86_400_000

function workloadRoutes(facts: Facts): readonly Route[] {
  const find = (params: { namespace: string; name: string }) => findWorkload(facts, params)
  const path = '/api/v1/workloads/:namespace/:name'
  const common = { params: inputs.workload, query: inputs.none }
  return [
    route({
      ...common,
      path,
      summary: 'One workload',
      answer: shapes.workload,
      handle: ({ params }) => workloadView(facts, find(params)),
    }),
    route({
      ...common,
      path: `${path}/decisions`,
      summary: 'Its decisions, newest first',
      query: inputs.limit,
      answer: shapes.decisions,
      handle: async ({ params, query }) => {
        const found = (await facts.decisions(idOf(find(params)), query.limit)).slice(0, query.limit)
        return { decisions: found.map(decision => decisionView(facts, decision)) }
      },
    }),
    route({
      ...common,
      path: `${path}/forecast`,
      summary:
        'The forecast of its last decision, or why there is none; how good forecasts were, and what was said of the last day',
      answer: shapes.forecast,
      handle: async ({ params }) => {
        const workload = find(params)
        const past = (await facts.pastForecasts?.(idOf(workload), facts.now() - PAST_MS)) ?? []
        return forecastView(workload, past)
      },
    }),
    route({
      ...common,
      path: `${path}/anomalies`,
      summary: 'What was unusual about it: kind, start, severity, value and expectation, and the label that a person gave',
      answer: shapes.anomalies,
      handle: async ({ params }) => {
        const found = (await facts.anomalies?.(idOf(find(params)))) ?? []
        return { time: isoOf(facts.now()), anomalies: found.map(episode => anomalyView(facts, episode)) }
      },
    }),
    route({
      ...common,
      path: `${path}/explain`,
      summary: 'Why this replica count, now or at a time',
      query: inputs.at,
      answer: shapes.explain,
      handle: ({ params, query }) => explain(facts, idOf(find(params)), query.at),
    }),
  ]
}

/** Beyond that many, the oldest decision that a message names may not be the oldest there is. */
const MOST_DECISIONS = 1000

async function explain(facts: Facts, id: string, time: string | undefined) {
  const at = time === undefined ? facts.now() : Date.parse(time)
  const decision = await facts.decisionAt(id, at)
  if (decision === undefined) {
    const oldest = (await facts.decisions(id, MOST_DECISIONS)).at(-1)
    const kept = oldest === undefined ? 'nothing was decided yet' : `the oldest decision that is kept is of ${isoOf(oldest.at)}`
    throw new HttpError(404, `no decision about ${id} at ${isoOf(at)}: ${kept}`)
  }
  return { decision: decisionView(facts, decision), ...facts.explain(decision) }
}
