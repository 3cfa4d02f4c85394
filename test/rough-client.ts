import { expect } from 'vitest'
import { type ConnectedKubeClient, type ConnectOptions, connect } from '../src/kube/client.ts'
import { KubeError } from '../src/kube/kube-error.ts'
import { type RoughServer, startRoughServer } from './rough-server.ts'

/** Servers that misbehave and clients of theirs, closed together. */
export function roughBed() {
  const open: { close(): Promise<void> }[] = []
  return {
    async serve(...asked: Parameters<typeof startRoughServer>): Promise<RoughServer> {
      const server = await startRoughServer(...asked)
      open.push(server)
      return server
    },
    async client(server: RoughServer, options: Partial<ConnectOptions> = {}): Promise<ConnectedKubeClient> {
      const { kubeconfig } = server
      const connected = await connect({
        kubeconfig,
        userAgent: 'crescendo/test',
        queriesPerSecond: 1000,
        burst: 1000,
        ...options,
      })
      open.push(connected)
      return connected
    },
    async close(): Promise<void> {
      for (const one of open.splice(0).reverse()) await one.close()
    },
  }
}

/** What a call rejects with; anything but a KubeError fails the test. */
export async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(KubeError)
  return error as KubeError
}
