import { Agent, type Dispatcher, request } from 'undici'
import { type Found, found, type Missing, missing } from './missing.ts'
import { type AddressRules, DeniedAddressError, deniedHost, safeLookup } from './safe-address.ts'

/** How one source is dialled. */
export interface DialOptions {
  readonly addresses: AddressRules
  /** Certificates in PEM that are trusted instead of the machine's own. */
  readonly certificates?: string
  /** The name that the certificate must bear, where it is not that of the address. */
  readonly serverName?: string
  readonly connections?: number
}

/** A pool of connections whose every address is checked as it is dialled. */
export function dial({ addresses, certificates, serverName, connections = 8 }: DialOptions): Agent {
  return new Agent({
    connections,
    pipelining: 1,
    keepAliveTimeout: 30_000,
    connect: {
      timeout: 5000,
      lookup: safeLookup(addresses),
      ...(certificates !== undefined && { ca: certificates }),
      ...(serverName !== undefined && { servername: serverName }),
    },
  })
}

export interface BoundedCall {
  readonly dispatcher: Dispatcher
  readonly addresses: AddressRules
  readonly url: URL
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Total: connecting, headers and the whole body, however slowly it drips. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

export interface BoundedAnswer {
  readonly status: number
  /** Without parameters, in lower case. */
  readonly contentType: string
  readonly body: Buffer
}

/** One HTTP exchange within a total time and size. Redirects are answers, never followed; nothing of the answer is in `why`. */
export async function fetchBounded(call: BoundedCall): Promise<Found<BoundedAnswer>> {
  const denied = deniedHost(call.url, call.addresses)
  if (denied !== undefined) return missing('Denied', `${call.url.host} is ${denied}`)
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), call.timeoutMs)
  try {
    const { statusCode, headers, body } = await request(call.url, {
      dispatcher: call.dispatcher,
      method: call.method ?? 'GET',
      headers: { 'accept-encoding': 'identity', ...call.headers },
      ...(call.body !== undefined && { body: call.body }),
      signal: abort.signal,
    })
    const read = await readBounded(body, call.maxBytes)
    if (read.kind === 'missing') return read
    return found({ status: statusCode, contentType: contentTypeOf(headers['content-type']), body: read.value })
  } catch (error) {
    return abort.signal.aborted ? missing('Timeout', `no complete answer within ${call.timeoutMs / 1000} s`) : failure(error)
  } finally {
    clearTimeout(timer)
  }
}

async function readBounded(body: Dispatcher.ResponseData['body'], maxBytes: number): Promise<Found<Buffer>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes) {
      body.destroy()
      return missing('TooLarge', `the answer is larger than ${maxBytes} bytes`)
    }
    chunks.push(chunk)
  }
  return found(Buffer.concat(chunks))
}

function contentTypeOf(header: string | string[] | undefined): string {
  const text = Array.isArray(header) ? header[0] : header
  return (text ?? '').split(';')[0]?.trim().toLowerCase() ?? ''
}

const FAILURES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection broke off',
  ENOTFOUND: 'its name cannot be resolved',
  EAI_AGAIN: 'its name cannot be resolved now',
  EHOSTUNREACH: 'no route leads there',
  ENETUNREACH: 'no route leads there',
  ETIMEDOUT: 'connecting took too long',
  UND_ERR_CONNECT_TIMEOUT: 'connecting took too long',
  UND_ERR_SOCKET: 'the connection broke off',
  EPIPE: 'the connection broke off',
}

/** Node's and OpenSSL's codes of certificates that do not convince. */
const UNTRUSTED = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|ERR_TLS_)/

function failure(error: unknown): Missing {
  const cause = rootOf(error)
  if (cause instanceof DeniedAddressError) return missing('Denied', cause.message)
  const code = codeOf(cause)
  if (UNTRUSTED.test(code)) return missing('Unreachable', `its certificate is not trusted (${code})`)
  return missing('Unreachable', FAILURES[code] ?? `the exchange failed${code === '' ? '' : ` (${code})`}`)
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

/** The error underneath: of several attempts the first, of wrapped ones the innermost. */
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0])
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error
}
