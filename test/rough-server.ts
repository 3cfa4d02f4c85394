import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createPlainServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemTiming, type Timing } from '../src/kube/timing.ts'

/** A request as it came, with its body read. */
export interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
  readonly atMs: number
}

export interface RoughServer {
  readonly url: string
  /** A kubeconfig file for it. */
  readonly kubeconfig: string
  readonly folder: string
  readonly asked: readonly Asked[]
  readonly sockets: ReadonlySet<Socket>
  /** Connections that were ever made. */
  connections(): number
  /** What answers the next requests. */
  answerWith(handler: Handler): void
  close(): Promise<void>
}

export type Handler = (asked: Asked, response: ServerResponse) => void

/** An API server that misbehaves exactly as a test wants it to. */
export async function startRoughServer(
  first: Handler,
  tls?: { readonly certificate: string; readonly key: string; readonly trusted?: string; readonly clientAuthority?: string },
): Promise<RoughServer> {
  let handler = first
  const asked: Asked[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', chunk => chunks.push(chunk))
    request.on('end', () => {
      const url = new URL(request.url ?? '/', 'http://server')
      const one: Asked = {
        method: request.method ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        atMs: performance.now(),
      }
      asked.push(one)
      handler(one, response)
    })
  }
  const server = tls
    ? createTlsServer(
        { cert: tls.certificate, key: tls.key, ...(tls.clientAuthority && { ca: tls.clientAuthority, requestCert: true }) },
        listener,
      )
    : createPlainServer(listener)
  server.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>(done => void server.listen(0, '127.0.0.1', done))
  const url = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folder = mkdtempSync(join(tmpdir(), 'crescendo-rough-'))
  return {
    url,
    folder,
    kubeconfig: writeKubeconfig(folder, { server: url, authority: tls?.trusted ?? tls?.certificate }),
    asked,
    sockets,
    connections: () => connections,
    answerWith(next) {
      handler = next
    },
    async close() {
      server.closeAllConnections()
      await new Promise(done => server.close(done))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function writeKubeconfig(
  folder: string,
  to: { readonly server: string; readonly authority?: string | undefined },
): string {
  const file = join(folder, 'kubeconfig')
  const cluster = {
    server: to.server,
    ...(to.authority && { 'certificate-authority-data': Buffer.from(to.authority).toString('base64') }),
  }
  const content = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester' } }],
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'tester', user: { token: 'sesame' } }],
  }
  writeFileSync(file, JSON.stringify(content))
  return file
}

export function json(
  response: ServerResponse,
  body: unknown,
  told: { status?: number; headers?: Record<string, string> } = {},
): void {
  response.writeHead(told.status ?? 200, { 'content-type': 'application/json', ...told.headers })
  response.end(JSON.stringify(body))
}

/** The Status object of a refusal. */
export function refuse(
  response: ServerResponse,
  status: number,
  told: { reason: string; headers?: Record<string, string> },
): void {
  const body = { kind: 'Status', status: 'Failure', reason: told.reason, code: status, message: 'secret words of the server' }
  json(response, body, { status, ...(told.headers && { headers: told.headers }) })
}

/** The real clock, run `factor` times as fast: minutes of waiting pass in a moment, in the right order. */
export function fastTiming(factor: number): Timing {
  return {
    nowMs: () => performance.now() * factor,
    wallMs: () => Date.now(),
    sleep: (ms, signal) => systemTiming.sleep(ms / factor, signal),
    random: () => 0.5,
  }
}

/** Waits until something is so, in real time. */
export async function until(isSo: () => boolean, withinMs = 5000): Promise<void> {
  const endMs = performance.now() + withinMs
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`it was not so within ${withinMs} ms: ${isSo}`)
    await new Promise(done => setTimeout(done, 5))
  }
}

/** A log that keeps what it was told. */
export function keptLog() {
  const lines: string[] = []
  const write = (event: string, facts?: object) => void lines.push(`${event} ${JSON.stringify(facts ?? {})}`)
  return { lines, info: write, warn: write }
}
