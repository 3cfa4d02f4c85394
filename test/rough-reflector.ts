import type { ServerResponse } from 'node:http'
import type { KubeObject } from '../src/kube/api.ts'
import { connect } from '../src/kube/client.ts'
import { type Change, createReflector, type ReflectorOptions } from '../src/kube/reflector.ts'
import type { Timing } from '../src/kube/timing.ts'
import { type Asked, fastTiming, type Handler, json, keptLog, startRoughServer } from './rough-server.ts'

const open: (() => Promise<void>)[] = []

/** Ends every reflector, client and server of the test. */
export async function closeReflected(): Promise<void> {
  for (const close of open.splice(0).reverse()) await close()
}

export const pod = (name: string, version: number | string, extra: object = {}) => ({
  metadata: { namespace: 'audio', name, resourceVersion: String(version) },
  ...extra,
})
export const line = (type: string, object: unknown) => `${JSON.stringify({ type, object })}\n`
export const isWatch = (asked: Asked) => asked.query.get('watch') === 'true'
export const GONE = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }

export function list(response: ServerResponse, version: number, items: readonly unknown[]): void {
  json(response, { metadata: { resourceVersion: String(version) }, items })
}

/** A watch that is open: what is written to it goes out at once. */
export function stream(response: ServerResponse, ...lines: readonly string[]): ServerResponse {
  response.writeHead(200)
  response.flushHeaders()
  for (const text of lines) response.write(text)
  return response
}

/** As a load balancer ends a connection: what was sent has arrived. */
export function breakOff(response: ServerResponse): void {
  setTimeout(() => response.destroy(), 100)
}

export interface Bed {
  readonly asked: readonly Asked[]
  readonly changes: string[]
  readonly slept: number[]
  readonly log: ReturnType<typeof keptLog>
  readonly timing: Timing
  readonly reflector: ReturnType<typeof createReflector<KubeObject>>
  answerWith(handler: Handler): void
  stop(): Promise<void>
}

/** A reflector of pods against a server, with a clock that runs `pace` times as fast. */
export async function reflect(
  handler: Handler,
  { pace = 100, ...more }: Partial<ReflectorOptions<KubeObject>> & { readonly pace?: number } = {},
): Promise<Bed> {
  const server = await startRoughServer(handler)
  const fast = fastTiming(pace)
  const slept: number[] = []
  const timing: Timing = {
    ...fast,
    sleep(ms, signal) {
      slept.push(Math.round(ms))
      return fast.sleep(ms, signal)
    },
  }
  const client = await connect({ kubeconfig: server.kubeconfig, userAgent: 'test', queriesPerSecond: 1000, burst: 1000 })
  const log = keptLog()
  const changes: string[] = []
  const reflector = createReflector<KubeObject>({
    client,
    path: '/api/v1/pods',
    read: raw => raw as KubeObject,
    log,
    timing,
    silenceMs: 1_000_000,
    ...more,
  })
  reflector.onChange(({ kind, key, object }: Change<KubeObject>) =>
    changes.push(`${kind} ${key} ${object.metadata.resourceVersion}`),
  )
  const ending = new AbortController()
  const running = reflector.run(ending.signal)
  const stop = async () => {
    ending.abort()
    await running
  }
  open.push(server.close, client.close, stop)
  return { asked: server.asked, changes, slept, log, timing, reflector, answerWith: server.answerWith, stop }
}

export const names = ({ reflector }: Bed) => reflector.list().map(({ metadata }) => metadata.name)
