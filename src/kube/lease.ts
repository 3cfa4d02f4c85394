import type { Log } from '../ports.ts'
import type { KubeClient } from './api.ts'
import { KubeError } from './kube-error.ts'
import { collectionPath, objectPath } from './paths.ts'
import { systemTiming, type Timing } from './timing.ts'

export interface ElectionOptions {
  readonly client: KubeClient
  readonly namespace: string
  /** Of the Lease object. */
  readonly name: string
  /** Unique to this process: host name and a random part. */
  readonly identity: string
  /** Default 15, 10, 2 as in client-go: others wait, we give up, we ask. */
  readonly leaseSeconds?: number
  readonly renewDeadlineSeconds?: number
  readonly retrySeconds?: number
  readonly timing?: Timing
  readonly log: Log
}

export interface Leadership {
  readonly isLeader: boolean
  /** Whoever holds the Lease as far as we have seen. */
  readonly leader?: string
}

export interface Election {
  /**
   * Competes until the signal is aborted, then empties the Lease so that another takes over at once: stop all writing first.
   * Never rejects.
   */
  run(signal: AbortSignal): Promise<void>
  /**
   * Asked directly before each write. False from the moment when the renewal is overdue on this machine's own clocks, also
   * in a process that was stopped meanwhile and has run nothing since.
   */
  isLeader(): boolean
  leader(): string | undefined
  onChange(listener: (now: Leadership) => void): () => void
  /** Why the Lease cannot be asked for; absent while it can. */
  trouble(): string | undefined
}

/** An ending process waits so long for an answer, and no longer. */
const GIVE_BACK_MS = 2000
const LEASES = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }

interface LeaseSpec {
  readonly holderIdentity?: string | null
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string | null
  readonly renewTime?: string | null
  readonly leaseTransitions?: number
}

interface Lease {
  readonly metadata: { readonly resourceVersion?: string }
  readonly spec?: LeaseSpec
}

interface State {
  readonly options: Required<ElectionOptions>
  readonly path: string
  readonly listeners: Set<(now: Leadership) => void>
  /** The Lease as last seen, and when this clock first saw it so: whether it is still valid is told by our clock alone. */
  seen: { readonly lease: Lease; readonly atMs: number } | undefined
  /** Both clocks just before the last renewal that succeeded was sent. Absent = we do not hold it. */
  renewed: { readonly atMs: number; readonly wallMs: number } | undefined
  told: Leadership
  trouble: string | undefined
}

/** Election by a Lease object, by the rules of client-go's leaderelection. */
export function createElection(options: ElectionOptions): Election {
  const state: State = {
    options: { leaseSeconds: 15, renewDeadlineSeconds: 10, retrySeconds: 2, timing: systemTiming, ...options },
    path: objectPath(LEASES, options),
    listeners: new Set(),
    seen: undefined,
    renewed: undefined,
    told: { isLeader: false },
    trouble: undefined,
  }
  return {
    run: signal => run(state, signal),
    isLeader: () => validMs(state) > 0,
    leader: () => holderOf(state),
    onChange(listener) {
      state.listeners.add(listener)
      return () => state.listeners.delete(listener)
    },
    trouble: () => state.trouble,
  }
}

async function run(state: State, signal: AbortSignal): Promise<void> {
  const { timing, retrySeconds } = state.options
  while (!signal.aborted) {
    const wasLeader = validMs(state) > 0
    const retryAfterMs = await attempt(state, signal)
    tellChange(state)
    const leftMs = validMs(state)
    // Those who wait spread out; the one who leads does not come late, and wakes when its time is over.
    const pauseMs = Math.max(retrySeconds * 1000 * (leftMs > 0 || wasLeader ? 1 : 1 + 1.2 * timing.random()), retryAfterMs)
    if (leftMs > 0) await timing.sleep(Math.min(pauseMs, leftMs), signal)
    else if (retryAfterMs === 0 && holderOf(state) !== undefined && !hasRunOut(state)) await standBy(state, signal, pauseMs)
    else await timing.sleep(pauseMs, signal)
    tellChange(state)
  }
  await release(state)
}

/**
 * Watches the Lease of another until it has run out or is given away: each renewal is seen as it comes, so that the time of
 * a leader that died begins with its last one, not with our next look. Where there is no watch, looks every `pauseMs`.
 */
async function standBy(state: State, signal: AbortSignal, pauseMs: number): Promise<void> {
  const { client, namespace, name, timing } = state.options
  const ending = new AbortController()
  const end = () => ending.abort()
  signal.addEventListener('abort', end, { once: true })
  void endWhenRunOut(state, ending)
  const query = { fieldSelector: `metadata.name=${name}`, resourceVersion: state.seen?.lease.metadata.resourceVersion ?? '' }
  try {
    for await (const event of client.watch({ path: collectionPath(LEASES, namespace), query }, ending.signal)) {
      if (event.type !== 'ADDED' && event.type !== 'MODIFIED') break
      observe(state, event.object as Lease)
      if (holderOf(state) === undefined) return
    }
  } catch {
    // Not allowed, not reachable, or run out: the next look at the Lease says which.
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
  if (!hasRunOut(state)) await timing.sleep(pauseMs, signal)
}

async function endWhenRunOut(state: State, ending: AbortController): Promise<void> {
  const { timing } = state.options
  while (!ending.signal.aborted && !hasRunOut(state)) await timing.sleep(leaseLeftMs(state), ending.signal)
  ending.abort()
}

/** One try to get or keep the Lease. Gives what Retry-After asked for, in milliseconds. */
async function attempt(state: State, signal: AbortSignal): Promise<number> {
  try {
    await acquireOrRenew(state, signal)
    state.trouble = undefined
    return 0
  } catch (cause) {
    if (signal.aborted) return 0
    const error = asKubeError(cause)
    // Another was quicker. What is there now is read by the next try.
    if (error.status !== 409) tellTrouble(state, error)
    return error.retryAfterMs ?? 0
  }
}

async function acquireOrRenew(state: State, signal: AbortSignal): Promise<void> {
  const { client, identity, timing } = state.options
  const lease = await readLease(state, signal)
  if (lease === undefined) return create(state, signal)
  observe(state, lease)
  const holder = lease.spec?.holderIdentity ?? ''
  if (holder !== identity && holder !== '' && !hasRunOut(state)) {
    state.renewed = undefined
    return
  }
  const isOurs = holder === identity
  const sent = { atMs: timing.nowMs(), wallMs: timing.wallMs() }
  const now = microTime(sent.wallMs)
  const transitions = lease.spec?.leaseTransitions ?? 0
  const spec = specOf(state, {
    acquireTime: isOurs ? (lease.spec?.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: isOurs ? transitions : transitions + 1,
  })
  // The resourceVersion in `lease` is the precondition: of two who try, one gets a 409.
  const written = await client.request<Lease>({
    ...urgent(state, signal),
    method: 'PUT',
    path: state.path,
    body: { ...lease, spec },
  })
  observe(state, written)
  state.renewed = sent
}

async function readLease(state: State, signal?: AbortSignal): Promise<Lease | undefined> {
  try {
    return await state.options.client.request<Lease>({ ...urgent(state, signal), method: 'GET', path: state.path })
  } catch (cause) {
    if (cause instanceof KubeError && cause.status === 404) return undefined
    throw cause
  }
}

async function create(state: State, signal: AbortSignal): Promise<void> {
  const { client, namespace, name, timing } = state.options
  const sent = { atMs: timing.nowMs(), wallMs: timing.wallMs() }
  const now = microTime(sent.wallMs)
  const body = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { namespace, name },
    spec: specOf(state, { acquireTime: now, renewTime: now, leaseTransitions: 0 }),
  }
  const path = collectionPath(LEASES, namespace)
  const written = await client.request<Lease>({ ...urgent(state, signal), method: 'POST', path, body })
  observe(state, written)
  state.renewed = sent
}

function specOf({ options }: State, rest: Pick<LeaseSpec, 'acquireTime' | 'renewTime' | 'leaseTransitions'>): LeaseSpec {
  return { holderIdentity: options.identity, leaseDurationSeconds: options.leaseSeconds, ...rest }
}

/** Half the deadline a try, so that one that hangs does not cost the Lease. */
function urgent({ options }: State, signal: AbortSignal | undefined) {
  const timeoutMs = signal === undefined ? GIVE_BACK_MS : options.renewDeadlineSeconds * 500
  return { isUrgent: true, timeoutMs, ...(signal && { signal }) }
}

/** A Lease that says something new is valid from now on by our clock; the times in it are another machine's. */
function observe(state: State, lease: Lease): void {
  const isSame = state.seen !== undefined && JSON.stringify(state.seen.lease.spec) === JSON.stringify(lease.spec)
  state.seen = { lease, atMs: isSame && state.seen ? state.seen.atMs : state.options.timing.nowMs() }
}

function hasRunOut(state: State): boolean {
  return state.seen !== undefined && leaseLeftMs(state) <= 0
}

/** Milliseconds for which the Lease as last seen is valid, whoever holds it. */
function leaseLeftMs({ seen, options }: State): number {
  const seconds = seen?.lease.spec?.leaseDurationSeconds ?? options.leaseSeconds
  return (seen?.atMs ?? options.timing.nowMs()) + seconds * 1000 - options.timing.nowMs()
}

/**
 * Milliseconds for which we may still act. Both clocks must agree: the monotonic one stands still while a machine is
 * suspended, the other may be set back.
 */
function validMs({ renewed, options: { timing, renewDeadlineSeconds } }: State): number {
  if (renewed === undefined) return 0
  const agedMs = Math.max(timing.nowMs() - renewed.atMs, timing.wallMs() - renewed.wallMs)
  return Math.max(0, renewDeadlineSeconds * 1000 - agedMs)
}

function holderOf(state: State): string | undefined {
  return state.seen?.lease.spec?.holderIdentity || undefined
}

function tellChange(state: State): void {
  const leader = holderOf(state)
  const now: Leadership = { isLeader: validMs(state) > 0, ...(leader === undefined ? {} : { leader }) }
  if (now.isLeader === state.told.isLeader && now.leader === state.told.leader) return
  state.told = now
  state.options.log.info('leader election', now)
  for (const listener of [...state.listeners]) {
    try {
      listener(now)
    } catch (cause) {
      state.options.log.warn('listener failed', { cause })
    }
  }
}

function tellTrouble(state: State, error: KubeError): void {
  const { namespace, name, log } = state.options
  const trouble =
    error.status === 404
      ? `the Lease ${namespace}/${name} cannot be made: there is no namespace "${namespace}"`
      : `the Lease ${namespace}/${name} cannot be asked for: ${error.message}`
  if (state.trouble !== trouble) log.warn('leader election', { trouble })
  state.trouble = trouble
}

/** Gives the Lease away, if it is ours: an empty holder is taken over without waiting. */
async function release(state: State): Promise<void> {
  state.renewed = undefined
  try {
    await giveBack(state).catch(async cause => {
      if (asKubeError(cause).status !== 409) throw cause
      // A renewal that was on its way at the end may have arrived unheard: then the Lease is newer than we know, and still ours.
      const lease = await readLease(state)
      if (lease !== undefined) observe(state, lease)
      await giveBack(state)
    })
  } catch (cause) {
    state.options.log.warn('the Lease was not given back', { why: asKubeError(cause).message })
  }
  tellChange(state)
}

async function giveBack(state: State): Promise<void> {
  const { client, identity, timing } = state.options
  const lease = state.seen?.lease
  if (lease?.spec?.holderIdentity !== identity) return
  const now = microTime(timing.wallMs())
  const spec: LeaseSpec = { ...lease.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now }
  const call = { method: 'PUT', path: state.path, body: { ...lease, spec }, isUrgent: true, timeoutMs: GIVE_BACK_MS } as const
  observe(state, await client.request<Lease>(call))
}

/** MicroTime of the API: RFC 3339 with exactly six digits of a second. */
function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z')
}

function asKubeError(cause: unknown): KubeError {
  return cause instanceof KubeError ? cause : new KubeError('the answer is no Lease', { status: 0, reason: 'Malformed', cause })
}
