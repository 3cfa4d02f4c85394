import { type CircuitState, createCircuit, type Ended, type Sign } from '../circuit.ts'
import type { Clock } from '../ports.ts'
import type { KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'

/**
 * The same client, whose writes are kept from an API server that answers them with 5xx or not at all: after five in a row they are refused
 * here (KubeError, reason "NotTried"), but for one every five seconds. What was to be written is decided anew at the next turn, so
 * nothing is lost and nothing piles up. Reads, watches and what is urgent (the Lease) are left alone.
 */
export function withWriteCircuit(
  client: KubeClient,
  clock: Clock,
): { readonly client: KubeClient; readonly state: () => CircuitState } {
  const circuit = createCircuit(clock)
  const refuse = (told: string) => {
    throw new KubeError(`not written, because of the API server: ${told}`, { status: 0, reason: 'NotTried' })
  }
  return {
    state: circuit.state,
    client: {
      server: client.server,
      watch: (call, signal) => client.watch(call, signal),
      request: call =>
        call.method === 'GET' || call.isUrgent === true
          ? client.request(call)
          : circuit.run(() => client.request(call), { signOf, refuse }),
    },
  }
}

/** What this side withdrew or gave up says nothing of the server. */
const OURS = new Set(['Aborted', 'Withdrawn'])

function signOf(ended: Ended<unknown>): Sign {
  if ('value' in ended || !(ended.error instanceof KubeError)) return 'answer'
  const { status, reason } = ended.error
  if (status === 0) return OURS.has(reason) ? 'none' : 'silence'
  return status >= 500 ? 'silence' : 'answer'
}
