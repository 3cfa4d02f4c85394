import { Agent, type Dispatcher, ProxyAgent } from 'undici'
import { areSame, type Credentials } from './credentials.ts'

/** A call stripped to bytes. */
export interface Exchange {
  readonly method: Dispatcher.HttpMethod
  /** With query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

/** Connections to one API server, kept and used again. Certificates are verified always, whatever the environment says. */
export interface Transport {
  send(credentials: Credentials, exchange: Exchange): Promise<Dispatcher.ResponseData>
  close(): Promise<void>
}

const CONNECT_MS = 10_000

/** At most `connections` sockets; more calls wait. New credentials get new sockets, as certificates belong to a socket. */
export function createTransport(connections: number | null): Transport {
  let open: { readonly by: Credentials; readonly dispatcher: Dispatcher } | undefined
  const dispatcherFor = (credentials: Credentials) => {
    // Mostly the very same object: comparing what is in it costs more than a call may.
    if (open?.by === credentials) return open.dispatcher
    const isNewOnWire = open === undefined || !areSame(onWire(open.by), onWire(credentials))
    // Calls that are under way end on the old sockets.
    if (isNewOnWire) open?.dispatcher.close().catch(() => {})
    const dispatcher = open === undefined || isNewOnWire ? dispatcherOf(credentials, connections) : open.dispatcher
    open = { by: credentials, dispatcher }
    return dispatcher
  }
  return {
    send(credentials, { headers, path, ...exchange }) {
      const server = new URL(credentials.server)
      return dispatcherFor(credentials).request({
        ...exchange,
        origin: server.origin,
        path: server.pathname.replace(/\/$/, '') + path,
        headers: { ...headers, ...credentials.headers },
      })
    },
    async close() {
      await open?.dispatcher.destroy()
      open = undefined
    },
  }
}

/** Tokens travel in headers, on any socket. */
function onWire(credentials: Credentials): Credentials {
  return { ...credentials, headers: {} }
}

function dispatcherOf({ tls, proxyUrl }: Credentials, connections: number | null): Dispatcher {
  const secure = { ...tls, rejectUnauthorized: true }
  const common = { connections, pipelining: 1, allowH2: false, keepAliveTimeout: 30_000, headersTimeout: 0, bodyTimeout: 0 }
  const connect = { ...secure, timeout: CONNECT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 }
  return proxyUrl === undefined
    ? new Agent({ ...common, connect })
    : new ProxyAgent({ ...common, uri: proxyUrl, requestTls: connect })
}
