import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { z } from 'zod'
import { CrescendoError } from '../errors.ts'
import { exposition, formatFor } from './exposition.ts'
import type { Facts } from './facts.ts'
import { INDEX_STYLE, indexPage } from './index-page.ts'
import { openapi } from './openapi.ts'
import { HttpError, problemOf, sendProblem } from './problem.ts'
import { routesOf } from './routes.ts'
import { createStream, STREAM_LIMITS, type Stream, type StreamLimits } from './stream.ts'

export interface ServerOptions {
  /** Names besides loopback that a Host header may have. */
  readonly allowedHosts?: readonly string[]
  readonly stream?: StreamLimits
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
  const unsubscribe = facts.subscribe(news => stream.publish(news))
  app.addHook('preClose', async () => {
    unsubscribe()
    stream.close()
  })
  guardDoor(app, [...LOOPBACK, ...(options.allowedHosts ?? [])])
  registerErrors(app)
  registerPlumbing(app, facts, stream)
  registerRoutes(app, facts)
  return app
}

/** Headers on every answer, and no answer for foreign Host names: that is what stops DNS rebinding. */
function guardDoor(app: FastifyInstance, hosts: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(SECURITY_HEADERS)
    const host = (request.headers.host ?? '').toLowerCase().replace(/:\d*$/, '')
    if (hosts.includes(host)) return
    throw new HttpError(421, `the Host header names none of ${hosts.join(', ')}; this server answers to these only`)
  })
}

function registerErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const isKnown = app.hasRoute({ url: request.url.split('?', 1)[0] ?? '', method: 'GET' })
    if (isKnown) reply.header('allow', 'GET, HEAD')
    return isKnown
      ? sendProblem(request, reply, { status: 405, detail: `${request.method} is not understood here; GET is` })
      : sendProblem(request, reply, { status: 404, detail: 'there is nothing at this path; GET / lists what there is' })
  })
  app.setErrorHandler((error: { readonly statusCode?: number; readonly message: string }, request, reply) => {
    const status = error.statusCode ?? 500
    const detail = status < 500 || error instanceof HttpError ? error.message : 'a fault of crescendo, not yours'
    return sendProblem(request, reply, { status, detail })
  })
}

function registerPlumbing(app: FastifyInstance, facts: Facts, stream: Stream): void {
  app.get('/healthz', async () => ({ status: 'ok' }))
  app.get('/readyz', async (_request, reply) => {
    const detail = facts.notReady()
    if (detail === undefined) return { status: 'ready' }
    return reply.code(503).send({ status: 'starting', detail })
  })
  app.get('/metrics', async (request, reply) => {
    const format = formatFor(request.headers.accept)
    return reply.header('content-type', format).send(exposition(facts, stream.clients(), format))
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
  const paths = ['/healthz', '/readyz', '/metrics', '/openapi.json', '/api/v1/stream', ...routes.map(route => route.path)]
  app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(indexPage(facts, paths)))
}

function parsed(schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new HttpError(400, `${issue?.path.join('.') || 'the query'}: ${issue?.message ?? 'not understood'}`)
}

const TRIES = 20
const FORBIDDEN = 'the system does not let this user listen there (often below 1024); choose another, or 0 for any'

/** Listens on 127.0.0.1 at `port`, or at the next free one; port 0 takes any. Gives the address. */
export async function listen(app: FastifyInstance, port: number): Promise<string> {
  for (let next = port; next < port + TRIES && next < 65_536; next++) {
    try {
      return await app.listen({ host: '127.0.0.1', port: next })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EACCES') throw new CrescendoError('CRS_USAGE', `--port ${next}: ${FORBIDDEN}`, { cause })
      if (code !== 'EADDRINUSE') throw cause
    }
  }
  throw new CrescendoError(
    'CRS_PORT_TAKEN',
    `ports ${port} to ${port + TRIES - 1} of 127.0.0.1 are all taken; choose another with --port`,
  )
}
