import type { z } from 'zod'
import { inputs, shapes } from './contract.ts'
import { type Facts, idOf, type WorkloadFact } from './facts.ts'
import { HttpError } from './problem.ts'
import { costsView, decisionView, forecastView, isoOf, workloadView } from './views.ts'

/** One GET route as data: the server registers it, `/openapi.json` describes it. */
export interface Route {
  readonly path: string
  readonly summary: string
  readonly params: z.ZodObject
  readonly query: z.ZodObject
  readonly answer: z.ZodType
  readonly handle: (input: { readonly params: unknown; readonly query: unknown }) => unknown
}

/** Checks that `handle` fits the schemas that its input has passed. */
function route<Params extends z.ZodObject, Query extends z.ZodObject, Answer extends z.ZodType>(one: {
  readonly path: string
  readonly summary: string
  readonly params: Params
  readonly query: Query
  readonly answer: Answer
  readonly handle: (input: { params: z.infer<Params>; query: z.infer<Query> }) => z.infer<Answer>
}): Route {
  return one as unknown as Route // the server parses params and query with these very schemas before it calls handle
}

export function routesOf(facts: Facts): readonly Route[] {
  return [...listRoutes(facts), ...workloadRoutes(facts)]
}

function listRoutes(facts: Facts): readonly Route[] {
  return [
    route({
      path: '/api/v1/workloads',
      summary: 'All workloads: load, replicas, score, last decision',
      params: inputs.none,
      query: inputs.none,
      answer: shapes.workloads,
      handle: () => ({ time: isoOf(facts.now()), workloads: facts.workloads().map(found => workloadView(facts, found)) }),
    }),
    route({
      path: '/api/v1/costs',
      summary: 'Replica-hours and cost so far, for each scaler',
      params: inputs.none,
      query: inputs.none,
      answer: shapes.costs,
      handle: () => costsView(facts),
    }),
  ]
}

function workloadRoutes(facts: Facts): readonly Route[] {
  const find = (params: { namespace: string; name: string }): WorkloadFact => {
    const found = facts.workloads().find(workload => idOf(workload) === idOf(params))
    if (found) return found
    throw new HttpError(404, `there is no workload ${idOf(params)}; GET /api/v1/workloads lists what there is`)
  }
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
      handle: ({ params, query }) => {
        const found = facts.decisions(idOf(find(params))).slice(0, query.limit)
        return { decisions: found.map(decision => decisionView(facts, decision)) }
      },
    }),
    route({
      ...common,
      path: `${path}/forecast`,
      summary: 'The forecast of its last decision, or why there is none',
      answer: shapes.forecast,
      handle: ({ params }) => forecastView(find(params)),
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

function explain(facts: Facts, id: string, time: string | undefined) {
  const at = time === undefined ? facts.now() : Date.parse(time)
  const decision = facts.decisionAt(id, at)
  if (decision === undefined) {
    const oldest = facts.decisions(id).at(-1)
    const kept = oldest === undefined ? 'nothing was decided yet' : `the oldest decision that is kept is of ${isoOf(oldest.at)}`
    throw new HttpError(404, `no decision about ${id} at ${isoOf(at)}: ${kept}`)
  }
  return { decision: decisionView(facts, decision), ...facts.explain(decision) }
}
