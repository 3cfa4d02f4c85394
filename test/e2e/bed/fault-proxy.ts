import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { base64File } from './certificates.ts'
import type { ControlPlane } from './control-plane.ts'
import { writeKubeconfig } from './kubeconfig.ts'

/** A call as it came, with what was answered. */
export interface Passed {
  readonly atMs: number
  readonly method: string
  /** With query. */
  readonly path: string
  /** Absent while there is no answer, or where the caller never got one. */
  status?: number
}

/** What becomes of a call instead of its usual way. */
export type Verdict =
  | {
      readonly kind: 'answer'
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: unknown
    }
  /** The API server gets it; its answer goes nowhere, and the caller waits. */
  | { readonly kind: 'swallow' }

/** Judges each call before it leaves; `undefined` lets it pass. What it waits for, the call waits for. */
export type Fault = (call: Pick<Passed, 'method' | 'path'>) => Verdict | undefined | Promise<Verdict | undefined>

/** Stands between one client and the real API server. Everything goes through untouched until a fault is set. */
export interface FaultProxy {
  /** Kubeconfig of an administrator who goes through here. */
  readonly kubeconfig: string
  readonly passed: readonly Passed[]
  /** Absent: none. */
  setFault(fault?: Fault): void
  /** Watches that are open now say nothing more, and do not end. Gives how many there were. */
  silenceWatches(): number
  /** Breaks every connection; new ones are accepted. */
  cut(): void
  stop(): Promise<void>
}

interface House {
  readonly server: URL
  readonly agent: Agent
  readonly passed: Passed[]
  readonly watches: Map<ServerResponse, IncomingMessage>
  fault: Fault | undefined
}

/** A terminating HTTPS proxy with a certificate of the bed's authority; it speaks as administrator to the API server. */
export async function startFaultProxy(plane: ControlPlane, name: string): Promise<FaultProxy> {
  const serving = plane.authority.issue({ name: 'fault-proxy', subject: '/CN=fault-proxy', names: ['IP:127.0.0.1'] })
  const admin = plane.authority.issue({ name: 'admin', subject: '' })
  const [ca, cert, key] = [plane.caFile, admin.certFile, admin.keyFile].map(file => readFileSync(file))
  const house: House = {
    server: new URL(plane.server),
    agent: new Agent({ keepAlive: true, ca, cert, key }),
    passed: [],
    watches: new Map(),
    fault: undefined,
  }
  const tls = { cert: readFileSync(serving.certFile), key: readFileSync(serving.keyFile) }
  const server = createServer(tls, (call, answer) => void handle(house, call, answer))
  const sockets = new Set<Duplex>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    kubeconfig: writeKubeconfig(
      join(plane.folder, `proxy-${name}.kubeconfig`),
      { server: url, caFile: plane.caFile },
      { token: `through-proxy-${base64File(plane.caFile).length}` },
    ),
    passed: house.passed,
    setFault: fault => {
      house.fault = fault
    },
    silenceWatches: () => silence(house),
    cut,
    stop: async () => {
      cut()
      house.agent.destroy()
      await new Promise(done => server.close(done))
    },
  }
}

async function handle(house: House, call: IncomingMessage, answer: ServerResponse): Promise<void> {
  const { method = 'GET', url: path = '/' } = call
  const passed: Passed = { atMs: Date.now(), method, path }
  house.passed.push(passed)
  const verdict = await house.fault?.({ method, path })
  if (verdict?.kind !== 'answer') return forward(house, { call, answer, passed, isSwallowed: verdict?.kind === 'swallow' })
  call.resume()
  passed.status = verdict.status
  answer.writeHead(verdict.status, { 'content-type': 'application/json', ...verdict.headers })
  answer.end(verdict.body === undefined ? '' : `${JSON.stringify(verdict.body)}\n`)
}

interface Forwarding {
  readonly call: IncomingMessage
  readonly answer: ServerResponse
  readonly passed: Passed
  readonly isSwallowed: boolean
}

function forward({ server, agent, watches }: House, { call, answer, passed, isSwallowed }: Forwarding): void {
  const { authorization: _, host: __, ...headers } = call.headers
  const options = { agent, host: server.hostname, port: server.port, method: passed.method, path: passed.path, headers }
  const sent = request(options, received => {
    if (isSwallowed) {
      received.resume()
      return
    }
    passed.status = received.statusCode ?? 0
    answer.writeHead(passed.status, received.headers)
    answer.flushHeaders()
    if (/[?&]watch=true/.test(passed.path)) watches.set(answer, received)
    received.pipe(answer)
    received.once('error', () => answer.destroy())
  })
  answer.once('close', () => {
    watches.delete(answer)
    if (!isSwallowed) sent.destroy()
  })
  sent.once('error', () => answer.destroy())
  call.pipe(sent)
}

function silence({ watches }: House): number {
  const open = [...watches]
  for (const [answer, received] of open) {
    received.unpipe(answer)
    received.resume()
  }
  return open.length
}

/** A `Status` as the API server words a failure. */
export const failureStatus = (code: number, reason: string) => ({
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: `injected: ${reason}`,
  reason,
  code,
})
