import type { KubeClient } from './api.ts'

/** A write takes no longer than the time between the last moment of our own leadership and the first of another's. */
const WRITE_MS = 5000

/**
 * The same client for a leader only: every call that writes asks `isLeader` at the moment when it leaves, after all waiting
 * for rate limits, and is refused here (KubeError, reason "Withdrawn") when the Lease is lost.
 */
export function fencedClient(client: KubeClient, isLeader: () => boolean): KubeClient {
  return {
    server: client.server,
    watch: (call, signal) => client.watch(call, signal),
    request(call) {
      if (call.method === 'GET') return client.request(call)
      const stillWanted = () => isLeader() && (call.stillWanted?.() ?? true)
      return client.request({ ...call, stillWanted, timeoutMs: Math.min(call.timeoutMs ?? WRITE_MS, WRITE_MS) })
    },
  }
}
