import { setTimeout as sleep } from 'node:timers/promises'
import { type BedApi, BedApiError, type BedObject } from './bed-api.ts'
import { registerNodes, renewLeases } from './fake-nodes.ts'
import { seededRandom } from './seeded-random.ts'

export interface FakeKubeletOptions {
  /** Default 3. */
  readonly nodes?: number
  /** Of each node. Default 64 cores, 256 GiB, 1,000 pods, 8 GPUs. */
  readonly capacity?: Readonly<Record<string, string>>
  /**
   * Seconds from binding to Ready of a pod that says nothing itself; `random` is seeded. Default 1.
   * A pod's annotation `bed/startup-seconds` wins; `bed/never-ready: "true"` leaves it Running and not Ready.
   */
  readonly startupSeconds?: number | ((random: () => number) => number)
  /** Seconds between a delete call and the pod's end. Default 0. */
  readonly terminationSeconds?: number
  /** Default 1. */
  readonly seed?: number
}

/** A pod as the node that runs it knows it. */
export interface BedPod {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly labels: Readonly<Record<string, string>>
  readonly startedAtMs: number
  /** Absent until it is Ready. */
  readonly readyAtMs?: number
}

export interface FakeKubelet {
  /** Pods that run now, Ready or not, without those that are being ended. */
  pods(): Iterable<BedPod>
  /** Sets the Ready condition by hand, e.g. to let a running pod fail. */
  setReady(namespace: string, name: string, ready: boolean): Promise<void>
  stop(): Promise<void>
}

interface PodObject extends BedObject {
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly name: string; readonly image?: string }[]
  }
  readonly status?: { readonly phase?: string; readonly podIP?: string; readonly conditions?: readonly Condition[] }
}

interface Condition {
  readonly type: string
  readonly status: string
}

const ALL_BOUND = '/api/v1/pods?fieldSelector=spec.nodeName!%3D'
const podPath = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/pods/${name}`
const isReady = ({ status }: PodObject) =>
  status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

/** What a kubelet would write when the containers run, or when they pass their readiness probe. */
function runningStatus({ spec }: PodObject, address: string, ready: boolean): object {
  const [now, status] = [new Date().toISOString(), ready ? 'True' : 'False']
  const changed = ['Ready', 'ContainersReady'].map(type => ({ type, status, lastTransitionTime: now }))
  const steady = ready
    ? []
    : ['Initialized', 'PodReadyToStartContainers'].map(type => ({ type, status: 'True', lastTransitionTime: now }))
  return {
    phase: 'Running',
    hostIP: '127.0.0.1',
    podIP: address,
    podIPs: [{ ip: address }],
    ...(ready ? {} : { startTime: now }),
    conditions: [...changed, ...steady],
    containerStatuses: spec.containers.map(({ name, image }) => ({
      name,
      image: image ?? 'none',
      imageID: 'bed',
      ready,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: now } },
    })),
  }
}

/** Registers nodes and plays their kubelets: pods that the scheduler bound become Running, then Ready; deletions end. */
export async function startFakeKubelet(api: BedApi, options: FakeKubeletOptions = {}): Promise<FakeKubelet> {
  const stopping = new AbortController()
  const names = Array.from({ length: options.nodes ?? 3 }, (_, index) => `bed-node-${index + 1}`)
  await registerNodes(api, names, options.capacity)
  const house = createHouse(api, options, stopping.signal)
  const work = Promise.all([
    renewLeases(api, names, stopping.signal),
    api.follow<PodObject>(ALL_BOUND, (pod, gone) => house.see(pod, gone), stopping.signal),
  ])
  return {
    pods: house.pods,
    setReady: house.setReady,
    stop: async () => {
      stopping.abort()
      await work
    },
  }
}

/** Keeps trying while the API server is away; gives up when the object is gone or the bed stops. */
async function persist(signal: AbortSignal, attempt: () => Promise<unknown>): Promise<void> {
  while (!signal.aborted) {
    try {
      await attempt()
      return
    } catch (error) {
      const settled = error instanceof BedApiError && [404, 409, 410, 422].includes(error.status)
      if (settled) return
      await sleep(500, undefined, { signal }).catch(() => undefined)
    }
  }
}

interface Kept {
  readonly pod: PodObject
  readonly startedAtMs: number
  readyAtMs?: number
  ending: boolean
}

/** What all pods of the bed share. */
interface House {
  readonly api: BedApi
  readonly options: FakeKubeletOptions
  readonly signal: AbortSignal
  readonly random: () => number
  readonly kept: Map<string, Kept>
  readonly nextAddress: () => string
}

function createHouse(api: BedApi, options: FakeKubeletOptions, signal: AbortSignal) {
  let addresses = 0
  const nextAddress = () => {
    addresses += 1
    return `10.${64 + ((addresses >> 16) & 63)}.${(addresses >> 8) & 255}.${addresses & 255}`
  }
  const kept = new Map<string, Kept>()
  const house: House = { api, options, signal, random: seededRandom(options.seed ?? 1), kept, nextAddress }
  return {
    see: (pod: PodObject, gone: boolean) => (gone ? forget(house, pod) : see(house, pod)),
    pods: () => runningPods(kept),
    setReady: (namespace: string, name: string, ready: boolean) => setReady(house, `${namespace}/${name}`, ready),
  }
}

function startupSecondsOf({ options, random }: House, { metadata }: PodObject): number {
  const said = metadata.annotations?.['bed/startup-seconds']
  const { startupSeconds = 1 } = options
  if (said !== undefined) return Number(said)
  return typeof startupSeconds === 'number' ? startupSeconds : startupSeconds(random)
}

const writeStatus = ({ api }: House, { metadata }: PodObject, status: object) =>
  api.call(`${podPath(metadata.namespace!, metadata.name)}/status`, {
    method: 'PATCH',
    contentType: 'application/strategic-merge-patch+json',
    body: { metadata: { uid: metadata.uid }, status },
  })

/** Running at once, Ready after the start-up delay. */
async function run(house: House, mine: Kept): Promise<void> {
  const { signal } = house
  const { pod, startedAtMs } = mine
  const address = house.nextAddress()
  const startupMs = startupSecondsOf(house, pod) * 1000
  await persist(signal, () => writeStatus(house, pod, runningStatus(pod, address, false)))
  if (pod.metadata.annotations?.['bed/never-ready'] === 'true') return
  await sleep(Math.max(0, startedAtMs + startupMs - Date.now()), undefined, { signal }).catch(() => undefined)
  if (mine.ending || signal.aborted) return
  await persist(signal, () => writeStatus(house, pod, runningStatus(pod, address, true)))
  mine.readyAtMs = Date.now()
}

async function end({ api, options, signal }: House, { metadata }: PodObject): Promise<void> {
  await sleep((options.terminationSeconds ?? 0) * 1000, undefined, { signal }).catch(() => undefined)
  const body = { gracePeriodSeconds: 0, preconditions: { uid: metadata.uid } }
  await persist(signal, () => api.call(podPath(metadata.namespace!, metadata.name), { method: 'DELETE', body }))
}

function forget({ kept }: House, { metadata }: PodObject): void {
  const mine = kept.get(metadata.uid!)
  if (mine) mine.ending = true
  kept.delete(metadata.uid!)
}

function admit(house: House, pod: PodObject): Kept {
  const mine: Kept = { pod, startedAtMs: Date.now(), ending: false }
  house.kept.set(pod.metadata.uid!, mine)
  if (isReady(pod)) mine.readyAtMs = Date.now()
  else if (pod.metadata.deletionTimestamp === undefined) void run(house, mine)
  return mine
}

function see(house: House, pod: PodObject): void {
  const mine = house.kept.get(pod.metadata.uid!) ?? admit(house, pod)
  if (pod.metadata.deletionTimestamp === undefined || mine.ending) return
  mine.ending = true
  void end(house, pod)
}

function* runningPods(kept: ReadonlyMap<string, Kept>): Generator<BedPod> {
  for (const [uid, { pod, startedAtMs, readyAtMs, ending }] of kept) {
    if (ending) continue
    const { namespace = '', name, labels = {} } = pod.metadata
    yield { namespace, name, uid, labels, startedAtMs, ...(readyAtMs === undefined ? {} : { readyAtMs }) }
  }
}

async function setReady(house: House, path: string, ready: boolean): Promise<void> {
  const mine = [...house.kept.values()].find(({ pod: { metadata } }) => `${metadata.namespace}/${metadata.name}` === path)
  if (mine === undefined) throw new Error(`no node of the bed runs the pod ${path}`)
  const [status, lastTransitionTime] = [ready ? 'True' : 'False', new Date().toISOString()]
  const conditions = ['Ready', 'ContainersReady'].map(type => ({ type, status, lastTransitionTime }))
  await writeStatus(house, mine.pod, { conditions })
  if (ready) mine.readyAtMs = Date.now()
  else delete mine.readyAtMs
}
