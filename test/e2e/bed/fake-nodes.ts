import { setTimeout as sleep } from 'node:timers/promises'
import { type BedApi, BedApiError } from './bed-api.ts'

const DEFAULT_CAPACITY = { cpu: '64', memory: '256Gi', pods: '1000', 'nvidia.com/gpu': '8' }
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases'
const HEARTBEAT_MS = 10_000

/** Creates the nodes, or finds them, and reports them Ready with this capacity. */
export async function registerNodes(
  api: BedApi,
  names: readonly string[],
  capacity?: Readonly<Record<string, string>>,
): Promise<void> {
  for (const name of names) {
    await createUnlessThere(api, '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: labelsOf(name) } })
    const now = new Date().toISOString()
    const offered = { ...DEFAULT_CAPACITY, ...capacity }
    const condition = { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: now, lastTransitionTime: now }
    const nodeInfo = { kubeletVersion: 'v1.36.3', operatingSystem: 'linux', architecture: 'amd64' }
    const status = { capacity: offered, allocatable: offered, conditions: [condition], nodeInfo }
    await api.call(`/api/v1/nodes/${name}/status`, { method: 'PATCH', body: { status } })
    await createUnlessThere(api, LEASES, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, namespace: 'kube-node-lease' },
      spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime: microTime() },
    })
  }
}

/** Heartbeats of all nodes until `signal`; a server that is away is tried again at the next beat. */
export async function renewLeases(api: BedApi, names: readonly string[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const body = { spec: { renewTime: microTime() } }
    await Promise.allSettled(names.map(name => api.call(`${LEASES}/${name}`, { method: 'PATCH', body })))
    await sleep(HEARTBEAT_MS, undefined, { signal }).catch(() => undefined)
  }
}

const labelsOf = (name: string) => ({
  'kubernetes.io/hostname': name,
  'kubernetes.io/os': 'linux',
  'kubernetes.io/arch': 'amd64',
})
const microTime = () => new Date().toISOString().replace('Z', '000Z')

async function createUnlessThere(api: BedApi, path: string, body: object): Promise<void> {
  try {
    await api.call(path, { method: 'POST', body })
  } catch (error) {
    if (!(error instanceof BedApiError && error.status === 409)) throw error
  }
}
