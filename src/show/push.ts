import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Instant } from '../core/model.ts'
import { inputs, type PushAnswer, pushedMetric } from './contract.ts'
import { isLoopbackOnly } from './listen.ts'
import { HttpError } from './problem.ts'

export const PUSH_PATH = '/api/v1/metrics'
export const PUSH_SUMMARY = 'Push metrics, for those that no other source measures'
const PUSH_BYTES = 1024 * 1024

/** One metric that somebody has pushed, checked for its shape alone. */
export interface PushedMetric {
  readonly namespace: string
  readonly workload?: string
  readonly pod?: string
  readonly name: string
  readonly value: number
  /** Absent: it holds for the time of its arrival. */
  readonly at?: Instant
}

export interface PushOptions {
  /** Takes what it can, and says why not for each metric that it does not take, in the order of the metrics. */
  readonly take: (metrics: readonly PushedMetric[]) => readonly (string | undefined)[]
  /** What clients send as `Authorization: Bearer …`. Needed where the server listens on more than loopback. */
  readonly token?: string
  /** Requests of one client in a second, and as many at once. Default 100. */
  readonly requestsPerSecond?: number
}

const REQUESTS_PER_SECOND = 100

/** `POST /api/v1/metrics`. Without `options` there is nobody to push to, and the answer says so. */
export function registerPush(app: FastifyInstance, options: PushOptions | undefined): void {
  const limit = rateLimit(options?.requestsPerSecond ?? REQUESTS_PER_SECOND)
  const onRequest = async (request: FastifyRequest) => {
    if (options === undefined) throw new HttpError(501, 'this server takes no metrics: what it scales is measured otherwise')
    if (!limit(request.ip)) throw new HttpError(429, 'too many requests; push more metrics in each', { 'retry-after': '1' })
    authorise(app, request, options.token)
  }
  app.post(PUSH_PATH, { bodyLimit: PUSH_BYTES, onRequest }, async (request, reply) => {
    const answer = pushed(request.body, options)
    return reply.code(202).send(answer)
  })
}

function authorise(app: FastifyInstance, request: FastifyRequest, token: string | undefined): void {
  if (token === undefined) {
    if (isLoopbackOnly(app)) return
    throw new HttpError(403, 'metrics are taken only with a token where the server listens on more than loopback; none is set')
  }
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (given !== undefined && isSame(given, token)) return
  throw new HttpError(401, 'expected the header Authorization: Bearer TOKEN, with the token of this server', {
    'www-authenticate': 'Bearer realm="crescendo"',
  })
}

/** In a time that depends neither on what is equal nor on the lengths. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}

function pushed(body: unknown, options: PushOptions | undefined): PushAnswer {
  const envelope = inputs.push.safeParse(body)
  if (!envelope.success) {
    const issue = envelope.error.issues[0]
    throw new HttpError(400, `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not understood'}`)
  }
  const parsed = envelope.data.metrics.map(metric => pushedMetric.safeParse(metric))
  const taken: { readonly index: number; readonly metric: PushedMetric }[] = []
  const rejected: { index: number; why: string }[] = []
  parsed.forEach((result, index) => {
    if (result.success) taken.push({ index, metric: plainMetric(result.data) })
    else rejected.push({ index, why: whyNot(result.error.issues[0]) })
  })
  const refusals = options?.take(taken.map(({ metric }) => metric)) ?? []
  taken.forEach(({ index }, place) => {
    const why = refusals[place]
    if (why !== undefined) rejected.push({ index, why })
  })
  return { accepted: parsed.length - rejected.length, rejected: rejected.toSorted((a, b) => a.index - b.index) }
}

function plainMetric({ namespace, workload, pod, name, value, timestamp }: ReturnType<typeof pushedMetric.parse>): PushedMetric {
  return {
    namespace,
    name,
    value,
    ...(workload !== undefined && { workload }),
    ...(pod !== undefined && { pod }),
    ...(timestamp !== undefined && { at: typeof timestamp === 'number' ? timestamp * 1000 : Date.parse(timestamp) }),
  }
}

function whyNot(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string {
  const where = issue?.path.join('.') ?? ''
  return `${where === '' ? 'the metric' : where}: ${issue?.message ?? 'not understood'}`
}

/** Clients that are remembered; the one that came first is forgotten first. */
const MAX_CLIENTS = 1000

/** A bucket for each client that fills steadily; a request takes one drop. */
function rateLimit(perSecond: number): (client: string) => boolean {
  const buckets = new Map<string, { drops: number; at: number }>()
  return client => {
    const now = performance.now()
    const bucket = buckets.get(client) ?? { drops: perSecond, at: now }
    bucket.drops = Math.min(perSecond, bucket.drops + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (!buckets.has(client) && buckets.size >= MAX_CLIENTS) buckets.delete(buckets.keys().next().value ?? '')
    buckets.set(client, bucket)
    if (bucket.drops < 1) return false
    bucket.drops--
    return true
  }
}
