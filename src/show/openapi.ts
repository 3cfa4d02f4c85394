import { z } from 'zod'
import { inputs, MAX_PUSHED, pushedMetric, shapes } from './contract.ts'
import { LABEL_PATH, LABEL_SUMMARY } from './label.ts'
import { PUSH_PATH, PUSH_SUMMARY } from './push.ts'
import type { Route } from './routes.ts'

/** OpenAPI 3.1, made from the schemas that the routes validate with. */
export function openapi(routes: readonly Route[], version: string): object {
  const plain = (summary: string, type: string) => ({
    get: { summary, responses: { 200: { description: 'OK', content: { [type]: {} } } } },
  })
  const status = (summary: string) => ({ get: { summary, responses: responsesOf(shapes.status) } })
  return {
    openapi: '3.1.0',
    info: { title: 'Crescendo', version, description: 'Stored facts of the autoscaler; nothing here computes a decision.' },
    paths: {
      '/healthz': status('The process answers'),
      '/livez': status('A restart would not help; 503 with the reason where it would'),
      '/readyz': status('The loop is ready to decide; 503 with the reason while it is not'),
      '/metrics': plain('Metrics as OpenMetrics 1.0', 'application/openmetrics-text'),
      '/api/v1/stream': plain('Decisions and scoreboard as server-sent events', 'text/event-stream'),
      ...Object.fromEntries(routes.map(route => [pathOf(route), { get: operationOf(route) }])),
      [PUSH_PATH]: { post: pushOperation() },
      [pathOf({ path: LABEL_PATH })]: { post: labelOperation() },
    },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
  }
}

/** The envelope is checked as a whole, each metric by itself: one that is refused does not refuse the others. */
function pushOperation(): object {
  const envelope = inputs.push.extend({ metrics: z.array(pushedMetric).min(1).max(MAX_PUSHED) })
  const { 200: answer, default: problem } = responsesOf(shapes.pushed)
  return {
    summary: PUSH_SUMMARY,
    security: [{ token: [] }, {}],
    requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(envelope, 'input') } } },
    responses: { 202: { ...answer, description: 'Taken, apart from those that are listed as rejected' }, default: problem },
  }
}

function labelOperation(): object {
  return {
    summary: LABEL_SUMMARY,
    security: [{ token: [] }, {}],
    parameters: parametersOf(inputs.episode, 'path'),
    requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(inputs.label, 'input') } } },
    responses: responsesOf(shapes.labelled),
  }
}

const pathOf = ({ path }: Pick<Route, 'path'>) => path.replace(/:(\w+)/g, '{$1}')

function operationOf(route: Route): object {
  const parameters = [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')]
  return { summary: route.summary, ...(parameters.length > 0 && { parameters }), responses: responsesOf(route.answer) }
}

function parametersOf(schema: z.ZodObject, where: 'path' | 'query'): readonly object[] {
  const { properties = {}, required = [] } = jsonSchema(schema, 'input')
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: where,
    required: required.includes(name),
    schema: property,
  }))
}

function responsesOf(answer: z.ZodType) {
  return {
    200: { description: 'OK', content: { 'application/json': { schema: jsonSchema(answer, 'output') } } },
    default: {
      description: 'RFC 9457 problem details',
      content: { 'application/problem+json': { schema: jsonSchema(shapes.problem, 'output') } },
    },
  }
}

/** Schemas stand inline: ids would need one table for all of them, and a reader of one route wants the whole of it. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, metadata: z.registry() })
  return rest
}
