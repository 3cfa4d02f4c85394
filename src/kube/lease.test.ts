import { afterEach, describe, expect, test } from 'vitest'
import { keptLog } from '../../test/rough-server.ts'
import type { KubeCall, KubeClient } from './api.ts'
import { fencedClient } from './fence.ts'
import { KubeError } from './kube-error.ts'
import { createElection, type Election, type Leadership } from './lease.ts'
import type { Timing } from './timing.ts'

interface StoredLease {
  metadata: { resourceVersion: string }
  spec: Record<string, unknown>
}

/** A Lease as the API server keeps it, with its precondition on resourceVersion; and a switch for trouble. */
function leaseServer() {
  const server = {
    lease: undefined as StoredLease | undefined,
    calls: [] as KubeCall[],
    version: 0,
    watches: 0,
    fail: undefined as ((call: KubeCall) => KubeError | undefined) | undefined,
    client: { server: 'https://test', watch: () => never(), request } as KubeClient,
  }
  async function request<T>(call: KubeCall): Promise<T> {
    server.calls.push(call)
    const refused = server.fail?.(call)
    if (refused) throw refused
    if (call.method === 'GET') {
      if (!server.lease) throw new KubeError('none', { status: 404, reason: 'NotFound' })
      return structuredClone(server.lease) as T
    }
    const body = structuredClone(call.body) as StoredLease
    if (call.method === 'POST' && server.lease) throw new KubeError('there', { status: 409, reason: 'AlreadyExists' })
    if (call.method === 'PUT' && body.metadata.resourceVersion !== server.lease?.metadata.resourceVersion) {
      throw new KubeError('changed', { status: 409, reason: 'Conflict' })
    }
    server.version += 1
    server.lease = { ...body, metadata: { ...body.metadata, resourceVersion: String(server.version) } }
    return structuredClone(server.lease) as T
  }
  return server
}

function never(): never {
  throw new Error('not asked for')
}

/** A clock that the test turns: whoever sleeps wakes in the order of time. */
function turnedClock() {
  let [now, wall] = [0, 1_760_000_000_000]
  const sleepers = new Set<{ at: number; wake: () => void }>()
  const settle = () => new Promise<void>(done => setImmediate(done))
  const timing: Timing = {
    nowMs: () => now,
    wallMs: () => wall,
    random: () => 0.5,
    sleep: (ms, signal) =>
      new Promise(resolve => {
        if (signal?.aborted) return resolve()
        const wake = () => {
          sleepers.delete(sleeper)
          resolve()
        }
        const sleeper = { at: now + ms, wake }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', sleeper.wake, { once: true })
      }),
  }
  return {
    timing,
    async advance(ms: number) {
      const end = now + ms
      await settle()
      for (;;) {
        const next = [...sleepers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]
        if (next === undefined) break
        wall += Math.max(0, next.at - now)
        now = Math.max(now, next.at)
        next.wake()
        await settle()
      }
      const left = Math.max(0, end - now)
      wall += left
      now += left
    },
    /** The process is stopped: time goes by and nothing runs. */
    freeze(ms: number) {
      now += ms
      wall += ms
    },
    turnWall(ms: number) {
      wall += ms
    },
  }
}

const running: { ending: AbortController; done: Promise<void> }[] = []
afterEach(async () => {
  for (const { ending, done } of running.splice(0)) {
    ending.abort()
    await done
  }
})

function compete(server: ReturnType<typeof leaseServer>, identity: string, clock: ReturnType<typeof turnedClock>) {
  const changes: Leadership[] = []
  const log = keptLog()
  const election = createElection({
    client: server.client,
    namespace: 'crescendo',
    name: 'lead',
    identity,
    timing: clock.timing,
    log,
  })
  election.onChange(now => changes.push(now))
  const ending = new AbortController()
  const done = election.run(ending.signal)
  running.push({ ending, done })
  return { election, changes, log, ending, done }
}

const refusedWith = (status: number) => () => new KubeError('no', { status, reason: 'Trouble' })
const leaders = (...elections: Election[]) => elections.map(election => election.isLeader())

describe('the election', () => {
  test('makes the Lease, holds it, and renews it each two seconds', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    expect(one.election.isLeader()).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'one', leaseDurationSeconds: 15, leaseTransitions: 0 })
    expect(server.lease?.spec.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
    const { acquireTime } = server.lease?.spec ?? {}
    await clock.advance(60_000)
    expect(one.election.isLeader()).toBe(true)
    expect(server.calls.filter(({ method }) => method === 'PUT')).toHaveLength(30)
    expect(server.lease?.spec).toMatchObject({ acquireTime, leaseTransitions: 0 })
    expect(server.calls.every(({ isUrgent, timeoutMs }) => isUrgent === true && timeoutMs === 5000)).toBe(true)
  })

  test('a second one waits as long as the first renews', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    const two = compete(server, 'two', clock)
    await clock.advance(120_000)
    expect(leaders(one.election, two.election)).toEqual([true, false])
    expect(two.election.leader()).toBe('one')
    expect(server.lease?.spec.leaseTransitions).toBe(0)
  })

  test('takes over from one that vanished, not before 15 s after its last word and soon after', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const two = compete(server, 'two', clock)
    server.lease = {
      metadata: { resourceVersion: '1' },
      spec: { holderIdentity: 'gone', leaseDurationSeconds: 15, leaseTransitions: 4 },
    }
    await clock.advance(14_900)
    expect(two.election.isLeader()).toBe(false)
    await clock.advance(4_500)
    expect(two.election.isLeader()).toBe(true)
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'two', leaseTransitions: 5 })
  })

  test('times written by another machine decide nothing', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    server.lease = {
      metadata: { resourceVersion: '1' },
      spec: { holderIdentity: 'slow-clock', leaseDurationSeconds: 15, renewTime: '2001-01-01T00:00:00.000000Z' },
    }
    const two = compete(server, 'two', clock)
    await clock.advance(14_000)
    expect(two.election.isLeader()).toBe(false)
    server.lease = {
      metadata: { resourceVersion: '2' },
      spec: { ...server.lease.spec, renewTime: '2001-01-01T00:00:10.000000Z' },
    }
    await clock.advance(14_000)
    expect(two.election.isLeader()).toBe(false)
  })

  test('of two who want the same Lease at the same moment one gets it', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const [one, two] = [compete(server, 'one', clock), compete(server, 'two', clock)]
    await clock.advance(30_000)
    expect(leaders(one.election, two.election).filter(isLeader => isLeader)).toHaveLength(1)
  })

  test('gives the Lease away when it ends, and another takes it at once', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    const two = compete(server, 'two', clock)
    await clock.advance(5_000)
    one.ending.abort()
    await one.done
    expect(one.election.isLeader()).toBe(false)
    expect(server.lease?.spec.holderIdentity).toBe('')
    await clock.advance(4_500)
    expect(two.election.isLeader()).toBe(true)
    expect(one.changes.map(({ isLeader }) => isLeader)).toEqual([true, false])
  })

  test('gives the Lease away though its last renewal arrived and was never answered', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const { ending, done } = compete(server, 'one', clock)
    await clock.advance(0)
    const { metadata, spec } = server.lease as StoredLease
    server.lease = { metadata: { ...metadata, resourceVersion: '99' }, spec: { ...spec, renewTime: 'later' } }
    ending.abort()
    await done
    expect(server.lease?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
  })

  test('does not give away what another holds by now', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    server.lease = { metadata: { resourceVersion: '99' }, spec: { holderIdentity: 'two', leaseDurationSeconds: 15 } }
    one.ending.abort()
    await one.done
    expect(server.lease.spec.holderIdentity).toBe('two')
  })
})

describe('one that stands by and may watch', () => {
  /** The Lease server with a watch: what is written comes at once. */
  function watched() {
    const server = leaseServer()
    let wake = () => {}
    const { request } = server.client
    const client: KubeClient = {
      server: 'https://test',
      async request<T>(call: KubeCall) {
        const answer = await request<T>(call)
        if (call.method !== 'GET') wake()
        return answer
      },
      async *watch(_, signal) {
        server.watches += 1
        while (!signal.aborted) {
          await new Promise<void>(resolve => {
            wake = resolve
            signal.addEventListener('abort', () => resolve(), { once: true })
          })
          if (!signal.aborted) yield { type: 'MODIFIED', object: structuredClone(server.lease) }
        }
      },
    }
    server.client = client
    return server
  }

  test('takes over 15 s after the last renewal, to the moment, and asks for nothing until then', async () => {
    const [server, clock] = [watched(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    const two = compete({ ...server, client: { ...server.client } }, 'two', clock)
    await clock.advance(60_500)
    expect(server.watches).toBe(1)
    const last = Date.parse(String(server.lease?.spec.renewTime))
    server.fail = call =>
      holderIn(call) === 'two' || call.method === 'GET'
        ? undefined
        : new KubeError('cut off', { status: 0, reason: 'Unreachable' })
    const untilMs = last + 15_000 - clock.timing.wallMs()
    await clock.advance(untilMs - 10)
    expect(leaders(one.election, two.election)).toEqual([false, false])
    await clock.advance(20)
    expect(leaders(one.election, two.election)).toEqual([false, true])
  })

  test('takes over at once what is given away', async () => {
    const [server, clock] = [watched(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    const two = compete(server, 'two', clock)
    await clock.advance(6_000)
    one.ending.abort()
    await one.done
    await clock.advance(1)
    expect(two.election.isLeader()).toBe(true)
  })
})

const holderIn = (call: KubeCall) => (call.body as StoredLease | undefined)?.spec.holderIdentity

describe('leadership that is lost', () => {
  test('an API server that does not answer ends it after 10 s, before another may begin', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    server.fail = refusedWith(0)
    await clock.advance(9_900)
    expect(one.election.isLeader()).toBe(true)
    await clock.advance(200)
    expect(one.election.isLeader()).toBe(false)
    expect(one.changes.at(-1)?.isLeader).toBe(false)
    server.fail = undefined
    await clock.advance(6_000)
    expect(one.election.isLeader()).toBe(true)
  })

  test('a process that was stopped and goes on is no leader, before it has run anything', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(3_000)
    clock.freeze(12_000)
    expect(one.election.isLeader()).toBe(false)
  })

  test('a machine that was suspended, its monotonic clock with it, is no leader either', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(1_000)
    clock.turnWall(60_000)
    expect(one.election.isLeader()).toBe(false)
    clock.turnWall(-120_000)
    expect(one.election.isLeader()).toBe(true)
  })

  test('the time counts from before the renewal was sent, not from its answer', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const { request } = server.client
    const slow = { ...server, client: { ...server.client, request } }
    slow.client.request = async <T>(call: KubeCall): Promise<T> => {
      const answer = await request<T>(call)
      if (call.method !== 'GET') clock.freeze(4_000)
      return answer
    }
    const one = compete(slow, 'one', clock)
    await clock.advance(0)
    clock.freeze(5_900)
    expect(one.election.isLeader()).toBe(true)
    clock.freeze(200)
    expect(one.election.isLeader()).toBe(false)
  })

  test('another holder in the Lease ends it at the next look', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    await clock.advance(0)
    server.lease = { metadata: { resourceVersion: '99' }, spec: { holderIdentity: 'two', leaseDurationSeconds: 15 } }
    await clock.advance(2_100)
    expect(one.election.isLeader()).toBe(false)
    expect(one.changes.at(-1)).toEqual({ isLeader: false, leader: 'two' })
  })

  test('what cannot be asked for is told, with Retry-After obeyed', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    server.fail = () => new KubeError('get leases: 403', { status: 403, reason: 'Forbidden', retryAfterMs: 30_000 })
    const one = compete(server, 'one', clock)
    await clock.advance(29_000)
    expect(one.election.trouble()).toBe('the Lease crescendo/lead cannot be asked for: get leases: 403')
    expect(server.calls).toHaveLength(1)
  })

  test('a listener that throws does not end the election', async () => {
    const [server, clock] = [leaseServer(), turnedClock()]
    const one = compete(server, 'one', clock)
    one.election.onChange(() => {
      throw new Error('mine')
    })
    await clock.advance(10_000)
    expect(one.election.isLeader()).toBe(true)
    expect(one.log.lines.join()).toContain('listener failed')
  })
})

describe('fencedClient', () => {
  test('asks at the moment when a write leaves; reads are nobody’s business', async () => {
    const calls: KubeCall[] = []
    let isLeader = true
    const inner: KubeClient = { server: 'x', watch: never, request: async call => void calls.push(call) as never }
    const fenced = fencedClient(inner, () => isLeader)
    await fenced.request({ method: 'GET', path: '/x' })
    await fenced.request({ method: 'PUT', path: '/x', timeoutMs: 60_000 })
    await fenced.request({ method: 'PATCH', path: '/x', stillWanted: () => false })
    expect(calls[0]?.stillWanted).toBeUndefined()
    expect(calls[1]?.timeoutMs).toBe(5000)
    expect([calls[1]?.stillWanted?.(), calls[2]?.stillWanted?.()]).toEqual([true, false])
    isLeader = false
    expect(calls[1]?.stillWanted?.()).toBe(false)
  })
})
