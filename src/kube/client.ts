import type { KubeCall, KubeClient, WatchEvent } from './api.ts'
import { type CallLabel, labelOf } from './call-label.ts'
import { createKeyring, type Keyring } from './credentials.ts'
import { createGate, type Gate } from './gate.ts'
import { KubeError } from './kube-error.ts'
import { type KubeConfigChoice, loadKubeConfig } from './kubeconfig.ts'
import { refusalOf } from './refusal.ts'
import { systemTiming, type Timing } from './timing.ts'
import { createTransport, type Exchange, type Transport } from './transport.ts'
import { linesOf } from './watch-lines.ts'

export interface ConnectOptions extends KubeConfigChoice {
  readonly userAgent: string
  readonly queriesPerSecond: number
  readonly burst: number
  /** Told of every call when its answer is known; `status` 0 where there was none. `ms` without the wait for the rate limit. */
  readonly onCall?: (call: CallLabel & { readonly status: number; readonly ms: number }) => void
  /** Largest answer, and largest event of a watch. Default 64 MiB. */
  readonly maxAnswerBytes?: number
  readonly timing?: Timing
}

export interface ConnectedKubeClient extends KubeClient {
  /** Breaks off what is under way and closes all connections. */
  close(): Promise<void>
}

const DEFAULT_TIMEOUT_MS = 10_000
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const MAX_REFUSAL_BYTES = 64 * 1024
/** A watch answers with its headers at once; its first event may take its time. */
const WATCH_HEADERS_MS = 30_000
const CONNECTIONS = 32

/**
 * The one client for all calls. Rejects with CRS_KUBECONFIG where there is no usable configuration; whether the API server
 * answers is found out by the first call. Waiting for the rate limit, or for the end of a Retry-After that any call was
 * told, does not count towards a call's own deadline; a watch waits for neither, but takes its token.
 */
export async function connect(options: ConnectOptions): Promise<ConnectedKubeClient> {
  const timing = options.timing ?? systemTiming
  const config = await loadKubeConfig(options)
  const server = config.getCurrentCluster()?.server ?? ''
  const parts: Parts = {
    options,
    timing,
    server,
    gate: createGate(options, timing),
    keyring: createKeyring(config, () => loadKubeConfig(options), timing),
    calls: createTransport(CONNECTIONS),
    watches: createTransport(null),
  }
  return {
    server,
    request: call => request(parts, call),
    watch: (call, signal) => watch(parts, call, signal),
    async close() {
      await Promise.all([parts.calls.close(), parts.watches.close()])
    },
  }
}

interface Parts {
  readonly options: ConnectOptions
  readonly timing: Timing
  readonly server: string
  readonly gate: Gate
  readonly keyring: Keyring
  readonly calls: Transport
  readonly watches: Transport
}

async function request<T>(parts: Parts, call: KubeCall): Promise<T> {
  if (!call.isUrgent) await parts.gate.pass(call.signal)
  const label = labelOf(call)
  const timeoutMs = call.timeoutMs ?? DEFAULT_TIMEOUT_MS
  return observed(parts, label, async report => {
    const answer = await withDeadline({ ...parts, label, timeoutMs, signal: call.signal }, signal =>
      exchange(parts, call, signal),
    )
    report(answer.status)
    if (answer.status < 300) return parsed<T>(answer.body, label)
    throw refusal(parts, answer, label)
  })
}

interface Answer {
  readonly status: number
  readonly body: Buffer
  readonly retryAfter?: string | undefined
}

async function exchange(parts: Parts, call: KubeCall, signal: AbortSignal): Promise<Answer> {
  const response = await authenticated(parts, parts.calls, {
    method: call.method,
    path: withQuery(call.path, call.query),
    headers: headersOf(parts, call),
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    ...(call.stillWanted === undefined ? {} : { stillWanted: call.stillWanted }),
    signal,
  })
  return answerOf(response, parts.options.maxAnswerBytes ?? MAX_ANSWER_BYTES)
}

async function answerOf(response: Response, maxBytes: number): Promise<Answer> {
  const retryAfter = response.headers['retry-after']
  return {
    status: response.statusCode,
    body: await bodyOf(response, maxBytes),
    retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter,
  }
}

async function* watch(
  parts: Parts,
  call: Pick<KubeCall, 'path' | 'query' | 'accept'>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent> {
  const label = labelOf({ ...call, method: 'GET' }, true)
  const ending = new AbortController()
  const end = () => ending.abort()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  parts.gate.take()
  try {
    const response = await observed(parts, label, report => opened(parts, { call, label, signal: ending.signal }, report))
    const maxBytes = parts.options.maxAnswerBytes ?? MAX_ANSWER_BYTES
    for await (const line of linesOf(response.body, maxBytes)) yield parsed<WatchEvent>(line, label)
  } catch (cause) {
    throw asKubeError(cause, { ...parts, label, isAborted: signal.aborted })
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

/** A watch whose headers have come; any other answer than 200 is thrown. */
async function opened(
  parts: Parts,
  { call, label, signal }: { readonly call: Pick<KubeCall, 'path' | 'query' | 'accept'>; label: CallLabel; signal: AbortSignal },
  report: (status: number) => void,
): Promise<Response> {
  const ending = new AbortController()
  const end = () => ending.abort()
  signal.addEventListener('abort', end, { once: true })
  const deadline = { ...parts, label, timeoutMs: WATCH_HEADERS_MS, signal }
  const response = await withDeadline(deadline, inTime => {
    inTime.addEventListener('abort', end, { once: true })
    const path = withQuery(call.path, { ...call.query, watch: 'true' })
    return authenticated(parts, parts.watches, { method: 'GET', path, headers: headersOf(parts, call), signal: ending.signal })
  })
  report(response.statusCode)
  if (response.statusCode === 200) return response
  throw refusal(parts, await answerOf(response, MAX_REFUSAL_BYTES), label)
}

type Response = Awaited<ReturnType<Transport['send']>>

/** Sends with today's credentials; after a 401, once more if reading them anew gave others. */
async function authenticated(
  parts: Parts,
  transport: Transport,
  { stillWanted, ...sent }: Exchange & { readonly stillWanted?: () => boolean },
): Promise<Response> {
  for (let isSecond = false; ; isSecond = true) {
    const credentials = await parts.keyring.current()
    if (stillWanted?.() === false) throw new KubeError('the call is not wanted any more', { status: 0, reason: 'Withdrawn' })
    const response = await transport.send(credentials, sent)
    if (response.statusCode !== 401 || isSecond || !(await parts.keyring.renew(credentials))) return response
    await response.body.dump({ limit: MAX_REFUSAL_BYTES, signal: sent.signal })
  }
}

function headersOf({ options }: Parts, call: Pick<KubeCall, 'accept' | 'contentType' | 'body'>): Record<string, string> {
  return {
    'user-agent': options.userAgent,
    accept: call.accept ?? 'application/json',
    'accept-encoding': 'identity',
    ...(call.body === undefined ? {} : { 'content-type': call.contentType ?? 'application/json' }),
  }
}

function withQuery(path: string, query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}

async function bodyOf(response: Response, maxBytes: number): Promise<Buffer> {
  const isRefusal = response.statusCode >= 300
  const limit = isRefusal ? MAX_REFUSAL_BYTES : maxBytes
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > limit) {
      // The status of a refusal says enough.
      if (isRefusal) break
      throw new KubeError(`the answer is larger than ${maxBytes} bytes`, { status: 0, reason: 'TooLarge' })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parsed<T>(text: Buffer | string, label: CallLabel): T {
  try {
    return JSON.parse(text.toString()) as T
  } catch {
    // The parser's own words repeat some of the text: they are not kept.
    throw new KubeError(`${label.verb} ${label.resource}: the answer is not JSON`, { status: 0, reason: 'Malformed' })
  }
}

function refusal(parts: Parts, answer: Answer, label: CallLabel): KubeError {
  const error = refusalOf(answer, label, parts.timing.wallMs())
  const isBusy = error.status === 429 || error.status === 503
  if (isBusy && error.retryAfterMs !== undefined) parts.gate.pause(error.retryAfterMs)
  return error
}

/** Runs a call, and tells `onCall` how it went, whichever way it ends. */
async function observed<T>(parts: Parts, label: CallLabel, run: (report: (status: number) => void) => Promise<T>): Promise<T> {
  const startedMs = parts.timing.nowMs()
  let status = 0
  try {
    return await run(told => {
      status = told
    })
  } finally {
    parts.options.onCall?.({ ...label, status, ms: parts.timing.nowMs() - startedMs })
  }
}

interface Deadline {
  readonly label: CallLabel
  readonly server: string
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/** One deadline over everything: credentials, connection, headers, body. What is not done then is broken off. */
async function withDeadline<T>(deadline: Deadline, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { label, server, timeoutMs, signal } = deadline
  const ending = new AbortController()
  let isLate = false
  const given = new Promise<never>((_, reject) => {
    ending.signal.addEventListener('abort', () => reject(ending.signal.reason), { once: true })
  })
  const end = () => ending.abort()
  const timer = setTimeout(() => {
    isLate = true
    end()
  }, timeoutMs)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted) end()
  try {
    return await Promise.race([run(ending.signal), given])
  } catch (cause) {
    if (isLate) {
      const message = `${label.verb} ${label.resource}: ${server} did not answer completely within ${timeoutMs} ms`
      throw new KubeError(message, { status: 0, reason: 'Timeout', cause })
    }
    throw asKubeError(cause, { label, server, isAborted: signal?.aborted === true })
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', end)
  }
}

function asKubeError(
  cause: unknown,
  { label, server, isAborted }: { readonly label: CallLabel; readonly server: string; readonly isAborted: boolean },
): KubeError {
  if (cause instanceof KubeError) return cause
  const about = `${label.verb} ${label.resource}`
  if (isAborted) return new KubeError(`${about}: given up`, { status: 0, reason: 'Aborted', cause })
  const code = codeOf(cause)
  const why = /CERT|SIGNATURE|TLS|SSL/.test(code)
    ? `the certificate of ${server} is not trusted (${code}); check certificate-authority in the kubeconfig`
    : `${server} is not reachable (${code})`
  return new KubeError(`${about}: ${why}`, { status: 0, reason: 'Unreachable', cause })
}

function codeOf(cause: unknown): string {
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'the connection broke off'
}
