import { readFileSync } from 'node:fs'
import { Agent, type RequestOptions, request } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Certificate } from './certificates.ts'

/** An object as the API server sends it; the bed reads only what it needs and trusts the server it started itself. */
export interface BedObject {
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
  }
}

export interface BedCall {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly body?: unknown
  /** Default: merge patch for PATCH, JSON otherwise. */
  readonly contentType?: string
}

/** The bed's own plain client of the API server, so that nothing under test serves to test itself. */
export interface BedApi {
  readonly server: string
  /** The parsed answer; rejects with the status and the server's message from 400 on. */
  call<T = BedObject>(path: string, call?: BedCall): Promise<T>
  /** Lists, then watches, and starts again whenever the watch ends, until `signal`. `gone` is true for a deleted object. */
  follow<T extends BedObject>(path: string, onChange: (object: T, gone: boolean) => void, signal: AbortSignal): Promise<void>
  close(): void
}

/** An answer of 400 and above. */
export class BedApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

interface Connection {
  readonly server: string
  readonly options: RequestOptions
}

const contentTypeOf = ({ method, contentType }: BedCall) =>
  contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json')

function text({ server, options }: Connection, path: string, call: BedCall): Promise<string> {
  const method = call.method ?? 'GET'
  const body = call.body === undefined ? '' : typeof call.body === 'string' ? call.body : JSON.stringify(call.body)
  // Node gives the body of a DELETE no length by itself, and the server would take it for the next request.
  const length = Buffer.byteLength(body)
  const headers = { accept: 'application/json', 'content-type': contentTypeOf(call), 'content-length': length }
  return new Promise((done, fail) => {
    const sent = request(`${server}${path}`, { ...options, method, headers, timeout: 30_000 }, answer => {
      let received = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        received += part
      })
      answer.once('error', fail)
      answer.once('end', () => {
        const status = answer.statusCode ?? 0
        if (status < 400) done(received)
        else fail(new BedApiError(status, `${method} ${path}: ${status} ${received.slice(0, 400)}`))
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within 30 s`)))
    sent.once('error', fail)
    sent.end(body)
  })
}

interface WatchLine {
  readonly type: string
  readonly object: BedObject
}

interface Watching {
  readonly handle: (line: WatchLine) => void
  readonly signal: AbortSignal
}

/** One watch, to its end; resolves also when the connection breaks. */
function watchOnce({ server, options }: Connection, path: string, { handle, signal }: Watching) {
  return new Promise<void>(done => {
    const sent = request(`${server}${path}`, { ...options, signal, headers: { accept: 'application/json' } }, answer => {
      let rest = ''
      answer.setEncoding('utf8').on('data', (part: string) => {
        const lines = (rest + part).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) if (line !== '') handle(JSON.parse(line) as WatchLine)
      })
      answer.once('close', done)
      answer.once('error', () => done())
    })
    sent.once('error', () => done())
    sent.end()
  })
}

interface List {
  readonly metadata: { readonly resourceVersion: string }
  readonly items: readonly BedObject[]
}

/** Calls `onChange` for what is new in a list, and for what was known and is not in it any more. */
function applyList(list: List, known: Map<string, BedObject>, onChange: (object: BedObject, gone: boolean) => void): void {
  const listed = new Set(list.items.map(({ metadata }) => metadata.uid ?? ''))
  for (const [uid, object] of known) {
    if (listed.has(uid)) continue
    known.delete(uid)
    onChange(object, true)
  }
  for (const object of list.items) {
    const uid = object.metadata.uid ?? ''
    if (known.get(uid)?.metadata.resourceVersion === object.metadata.resourceVersion) continue
    known.set(uid, object)
    onChange(object, false)
  }
}

async function follow(
  connection: Connection,
  path: string,
  { onChange, signal }: { readonly onChange: (object: BedObject, gone: boolean) => void; readonly signal: AbortSignal },
): Promise<void> {
  const known = new Map<string, BedObject>()
  const join = path.includes('?') ? '&' : '?'
  let version: string | undefined
  const handle = ({ type, object }: WatchLine) => {
    if (type === 'ERROR') {
      version = undefined
      return
    }
    version = object.metadata.resourceVersion
    if (type === 'BOOKMARK') return
    const uid = object.metadata.uid ?? ''
    if (type === 'DELETED') known.delete(uid)
    else known.set(uid, object)
    onChange(object, type === 'DELETED')
  }
  while (!signal.aborted) {
    try {
      if (version === undefined) {
        const list = JSON.parse(await text(connection, path, {})) as List
        version = list.metadata.resourceVersion
        applyList(list, known, onChange)
      }
      const since = `${path}${join}watch=true&allowWatchBookmarks=true&resourceVersion=${version}`
      const begun = performance.now()
      await watchOnce(connection, since, { handle, signal })
      // A watch that ends at once has met a server in trouble: the list will tell.
      if (performance.now() - begun < 1_000) version = undefined
    } catch {
      // The server is away: tests stop it on purpose. It is asked again until the bed is stopped.
    }
    if (!signal.aborted) await sleep(200)
  }
}

export function createBedApi(server: string, caFile: string, certificate: Certificate): BedApi {
  const tls = { ca: readFileSync(caFile), cert: readFileSync(certificate.certFile), key: readFileSync(certificate.keyFile) }
  const calls = new Agent({ ...tls, keepAlive: true, maxSockets: 32 })
  const watches = new Agent({ ...tls, keepAlive: true })
  return {
    server,
    call: async <T>(path: string, call: BedCall = {}) =>
      JSON.parse(await text({ server, options: { agent: calls } }, path, call)) as T,
    follow: (path, onChange, signal) =>
      follow({ server, options: { agent: watches } }, path, {
        // The path decides what the objects are.
        onChange: onChange as (object: BedObject, gone: boolean) => void,
        signal,
      }),
    close: () => {
      calls.destroy()
      watches.destroy()
    },
  }
}
