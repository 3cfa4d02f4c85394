import type { FastifyReply, FastifyRequest } from 'fastify'

/** RFC 9457 problem details. `type` is about:blank: the status says what kind it is, `detail` says what to do. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly instance?: string
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
}

export function problemOf(status: number, detail: string, instance?: string): Problem {
  return {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    detail,
    ...(instance !== undefined && { instance }),
  }
}

/** Sends the problem; `instance` is the path without its query, which may hold what nobody should log. */
export function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, detail }: { status: number; detail: string },
) {
  const path = request.url.split('?', 1)[0] ?? ''
  return reply
    .code(status)
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(problemOf(status, detail, path)))
}

/** A failure with a status that a route throws; everything else that is thrown is our fault: 500. */
export class HttpError extends Error {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(statusCode: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.statusCode = statusCode
    this.headers = headers
  }
}
