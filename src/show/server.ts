import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { exposition, formatFor } from './exposition.ts'
import type { Facts } from './facts.ts'
import { familiesOf } from './families.ts'
import { INDEX_STYLE, indexPage } from './index-page.ts'
import { registerLabels } from './label.ts'
import { isLoopbackOnly } from './listen.ts'
import { openapi } from './openapi.ts'
import { HttpError, problemOf, sendProblem } from './problem.ts'
import { type ProcessFamilies, processFamilies } from './process-families.ts'
import { type PushOptions, registerPush } from './push.ts'
import { rateLimit } from './rate-limit.ts'
import { routesOf } from './routes.ts'
import { createStream, STREAM_LIMITS, type Stream, type StreamLimits } from './stream.ts'

export interface ServerOptions {
  /** Names besides loopback that a Host header may have, without port. */
  readonly allowedHosts?: readonly string[]
  readonly stream?: StreamLimits
  /** Requests of one client to /api/ in a second, and as many at once. Default 100. */
  readonly requestsPerSecond?: number
  /** Who takes pushed metrics; absent where nobody does. */
  readonly push?: PushOptions
}

const EVENT_STREAM = 'text/event-stream; charset=utf-8'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

const STYLE_HASH = `sha256-${createHash('sha256').update(INDEX_STYLE).digest('base64')}`

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src '${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
}

/** The HTTP server over `facts`, not listening yet. Closing it ends the stream's connections too. */
export function createServer(facts: Facts, options: ServerOptions = {}): FastifyInstance {
  const app = Fastify({
    bodyLimit: 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 253 },
    frameworkErrors: (error, request, reply) => {
      reply.headers(SECURITY_HEADERS)
      sendProblem(request, reply, { status: error.statusCode ?? 400, detail: error.message })
    },
    clientErrorHandler: (_error, socket) => {
      const body = JSON.stringify(problemOf(400, 'this is not an HTTP request that can be understood'))
      const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close`
      if (socket.writable) socket.end(`${head}\r\n\r\n${body}`)
    },
  })
  const stream = createStream(options.stream ?? STREAM_LIMITS)
  const measured = processFamilies()
  const unsubscribe = facts.subscribe(news => stream.publish(news))
  app.addHook('preClose', async () => {
    unsubscribe()
    stream.close()
    measured.close()
  })
  app.removeContentTypeParser('text/plain')
  guardDoor(app, [...LOOPBACK, ...(options.allowedHosts ?? [])])
  limitRate(app, options.requestsPerSecond ?? REQUESTS_PER_SECOND)
  registerErrors(app)
  registerProbes(app, facts)
  registerPlumbing(app, facts, { stream, measured })
  registerPush(app, options.push)
  registerLabels(app, facts, options.push?.token)
  registerRoutes(app, facts)
  return app
}

const PROBES = ['/healthz', '/livez', '/readyz']

/**
 * Headers on every answer, and no answer for foreign Host names: that is what stops DNS rebinding. Probes answer to any name,
 * since a kubelet asks with the pod's address; so does `/metrics` for Prometheus, where the server is open to others anyway.
 */
function guardDoor(app: FastifyInstance, hosts: readonly string[]): void {
  const isForAll = (path: string) => PROBES.includes(path) || (path === '/metrics' && !isLoopbackOnly(app))
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS)
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '')
    if (hosts.includes(host) || isForAll(request.url.split('?', 1)[0] ?? '')) return
    throw new HttpError(421, `the Host header names none of ${hosts.join(', ')}; this server answers to these only`)
  })
}

const REQUESTS_PER_SECOND = 100

/** Probes and metrics are never refused; what reads the store or changes something is. */
function limitRate(app: FastifyInstance, perSecond: number): void {
  const mayAsk = rateLimit(perSecond)
  app.addHook('onRequest', async request => {
    if (!request.url.startsWith('/api/') || mayAsk(request.ip)) return
    throw new HttpError(429, `more than ${perSecond} requests in a second; come again`, { 'retry-after': '1' })
  })
}

function registerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const url = request.url.split('?', 1)[0] ?? ''
    const known = (['GET', 'POST'] as const).filter(method => app.hasRoute({ url, method }))
    if (known[0] === undefined) {
      return sendProblem(request, reply, { status: 404, detail: 'there is nothing at this path; GET / lists what there is' })
    }
    reply.header('allow', known[0] === 'GET' ? 'GET, HEAD' : known[0])
    return sendProblem(request, reply, { status: 405, detail: `${request.method} is not understood here; ${known[0]} is` })
  })
  app.setErrorHandler((error: { readonly statusCode?: number; readonly message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    if (error instanceof HttpError) reply.headers({ ...error.headers })
    const detail = status < 500 || error instanceof HttpError ? error.message : 'a fault of crescendo, not yours'
    return sendProblem(request, reply, { status, detail })
  })
}

function registerProbes(app: FastifyInstance, facts: Facts): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/livez', async (_request, reply) => {
    const detail = facts.notAlive?.()
    return detail === undefined ? { status: 'ok' } : reply.code(503).send({ status: 'broken', detail })
  })
  app.get('/readyz', async (_request, reply) => {
    const detail = facts.notReady()
    return detail === undefined ? { status: 'ready' } : reply.code(503).send({ status: 'starting', detail })
  })
}

interface Plumbing {
  readonly stream: Stream
  readonly measured: ProcessFamilies
}

function registerPlumbing(app: FastifyInstance, facts: Facts, { stream, measured }: Plumbing): void {
  app.get('/metrics', async (request, reply) => {
    const format = formatFor(request.headers.accept)
    const families = [...familiesOf(facts, stream.clients()), ...measured.families()]
    return reply.header('content-type', format).send(exposition(families, format))
  })
  app.get('/api/v1/stream', (request, reply) => openStream(stream, request, reply))
}

/** Takes the socket over from Fastify: from here on the stream writes to it. HEAD is told what it would be, and takes no place. */
function openStream(stream: Stream, request: FastifyRequest, reply: FastifyReply): void {
  if (request.method === 'HEAD') return void reply.type(EVENT_STREAM).send('')
  if (stream.isFull()) throw new HttpError(503, 'too many readers of the stream; try again later')
  const lastId = Number(request.headers['last-event-id'])
  reply.hijack()
  reply.raw.writeHead(200, { ...SECURITY_HEADERS, 'content-type': EVENT_STREAM, 'x-accel-buffering': 'no' })
  stream.add(reply.raw, Number.isSafeInteger(lastId) && lastId > 0 ? lastId : undefined)
}

function registerRoutes(app: FastifyInstance, facts: Facts): void {
  const routes = routesOf(facts)
  for (const { path, params, query, handle } of routes) {
    app.get(path, async request => handle({ params: parsed(params, request.params), query: parsed(query, request.query) }))
  }
  const description = openapi(routes, facts.version)
  app.get('/openapi.json', async () => description)
  const paths = [...PROBES, '/metrics', '/openapi.json', '/api/v1/stream', ...routes.map(route => route.path)]
  app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(indexPage(facts, paths)))
}

function parsed(schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new HttpError(400, `${issue?.path.join('.') || 'the query'}: ${issue?.message ?? 'not understood'}`)
}
