import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
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
  /** Seconds since the epoch; absent where it holds for the time of its arrival. */
  readonly timestamp?: number
}

export interface PushOptions {
  /** Takes what it can, and says why not for each metric that it does not take, by its place in the batch. */
  readonly buffer: {
    accept(batch: { readonly metrics: readonly PushedMetric[] }): {
      readonly refused: readonly { readonly index: number; readonly why: string }[]
    }
  }
  /** What clients send as `Authorization: Bearer …`. Needed where the server listens on more than loopback. */
  readonly token?: string
}

/** `POST /api/v1/metrics`. Without `options` there is nobody to push to, and the answer says so. */
export function registerPush(app: FastifyInstance, options: PushOptions | undefined): void {
  const onRequest = async (request: FastifyRequest) => {
    if (options === undefined) throw new HttpError(501, NOBODY)
    authorise(app, request, { token: options.token, what: 'metrics are taken' })
  }
  app.post(PUSH_PATH, { bodyLimit: PUSH_BYTES, onRequest }, async (request, reply) => {
    if (options === undefined) throw new HttpError(501, NOBODY)
    return reply.code(202).send(pushed(request.body, options))
  })
}

const NOBODY = 'this server takes no metrics: what it scales is measured otherwise'

/** Only with the token where there is one; without one only where nobody but this machine can ask. */
export function authorise(
  app: FastifyInstance,
  request: FastifyRequest,
  { token, what }: { readonly token: string | undefined; readonly what: string },
): void {
  if (token === undefined) {
    if (isLoopbackOnly(app)) return
    throw new HttpError(403, `${what} only with a token where the server listens on more than loopback; none is set`)
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

function pushed(body: unknown, options: PushOptions): PushAnswer {
  const envelope = inputs.push.safeParse(body)
  if (!envelope.success) {
    const issue = envelope.error.issues[0]
    throw new HttpError(400, `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not understood'}`)
  }
  const parsed = envelope.data.metrics.map(metric => pushedMetric.safeParse(metric))
  const shaped: { readonly index: number; readonly metric: PushedMetric }[] = []
  const rejected: { index: number; why: string }[] = []
  parsed.forEach((result, index) => {
    if (result.success) shaped.push({ index, metric: plainMetric(result.data) })
    else rejected.push({ index, why: whyNot(result.error.issues[0]) })
  })
  const { refused } = options.buffer.accept({ metrics: shaped.map(({ metric }) => metric) })
  rejected.push(...refused.map(({ index, why }) => ({ index: shaped[index]?.index ?? index, why })))
  return { accepted: parsed.length - rejected.length, rejected: rejected.toSorted((a, b) => a.index - b.index) }
}

function plainMetric({ timestamp, workload, pod, ...metric }: ReturnType<typeof pushedMetric.parse>): PushedMetric {
  return {
    ...metric,
    ...(workload !== undefined && { workload }),
    ...(pod !== undefined && { pod }),
    ...(timestamp !== undefined && { timestamp: typeof timestamp === 'number' ? timestamp : Date.parse(timestamp) / 1000 }),
  }
}

function whyNot(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): string {
  const where = issue?.path.join('.') ?? ''
  return `${where === '' ? 'the metric' : where}: ${issue?.message ?? 'not understood'}`
}
