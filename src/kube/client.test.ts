import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import {
  fastTiming,
  type Handler,
  json,
  type RoughServer,
  refuse,
  startRoughServer,
  until,
  writeKubeconfig,
} from '../../test/rough-server.ts'
import { selfSigned } from '../../test/self-signed.ts'
import type { KubeCall, WatchEvent } from './api.ts'
import { type ConnectedKubeClient, type ConnectOptions, connect } from './client.ts'
import { KubeError } from './kube-error.ts'

const GET: KubeCall = { method: 'GET', path: '/api/v1/namespaces/audio/pods/one' }
const open: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

async function serve(handler: Handler, tls?: Parameters<typeof startRoughServer>[1]): Promise<RoughServer> {
  const server = await startRoughServer(handler, tls)
  open.push(server)
  return server
}

async function client(server: RoughServer, options: Partial<ConnectOptions> = {}): Promise<ConnectedKubeClient> {
  const connected = await connect({
    kubeconfig: server.kubeconfig,
    userAgent: 'crescendo/test',
    queriesPerSecond: 1000,
    burst: 1000,
    ...options,
  })
  open.push(connected)
  return connected
}

async function failure(promise: Promise<unknown>): Promise<KubeError> {
  const error = await promise.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(KubeError)
  return error as KubeError
}

async function events(watch: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = []
  for await (const event of watch) all.push(event)
  return all
}

describe('request', () => {
  test('sends token, agent, query and body, and gives the parsed answer', async () => {
    const server = await serve((_, response) => json(response, { kind: 'Scale' }))
    const kube = await client(server)
    const answer = await kube.request({
      method: 'PATCH',
      path: '/apis/apps/v1/namespaces/a/deployments/b/status',
      query: { fieldManager: 'crescendo', force: 'true' },
      body: { spec: 1 },
      contentType: 'application/apply-patch+yaml',
    })
    expect(answer).toEqual({ kind: 'Scale' })
    const [asked] = server.asked
    expect(asked).toMatchObject({ method: 'PATCH', path: '/apis/apps/v1/namespaces/a/deployments/b/status', body: '{"spec":1}' })
    expect(asked?.query.get('force')).toBe('true')
    expect(asked?.headers).toMatchObject({
      authorization: 'Bearer sesame',
      'user-agent': 'crescendo/test',
      'content-type': 'application/apply-patch+yaml',
      'accept-encoding': 'identity',
    })
  })

  test('connections are used again', async () => {
    const server = await serve((_, response) => json(response, {}))
    const kube = await client(server)
    for (let call = 0; call < 20; call++) await kube.request(GET)
    expect(server.asked).toHaveLength(20)
    expect(server.connections()).toBeLessThanOrEqual(2)
  })

  test('a refusal becomes status and reason, and nothing of what the server wrote', async () => {
    const server = await serve((_, response) => refuse(response, 409, { reason: 'Conflict' }))
    const error = await failure((await client(server)).request({ ...GET, method: 'PUT' }))
    expect(error).toMatchObject({ status: 409, reason: 'Conflict' })
    expect(error.message).toBe('update pods: the API server answered 409 Conflict')
  })

  test('fields that a 422 objects to are named', async () => {
    const details = { causes: [{ field: 'spec.maxReplicas', message: 'secret' }, { field: '<b>' }] }
    const server = await serve((_, response) => json(response, { kind: 'Status', reason: 'Invalid', details }, { status: 422 }))
    const error = await failure((await client(server)).request({ ...GET, method: 'PATCH' }))
    expect(error.message).toBe('patch pods: the API server answered 422 Invalid (spec.maxReplicas)')
  })

  test('a redirect is not followed', async () => {
    const server = await serve((_, response) => json(response, {}, { status: 302, headers: { location: 'http://127.0.0.1:1/' } }))
    expect(await failure((await client(server)).request(GET))).toMatchObject({ status: 302 })
  })

  test('a login page with 200 is an error, not an answer', async () => {
    const server = await serve((_, response) => void response.end('<html>please sign in</html>'))
    const error = await failure((await client(server)).request(GET))
    expect(error).toMatchObject({ status: 0, reason: 'Malformed' })
    expect(error.message).not.toContain('sign in')
  })

  test('truncated JSON is an error', async () => {
    const server = await serve((_, response) => void response.end('{"items":[{"metadata":'))
    expect(await failure((await client(server)).request(GET))).toMatchObject({ status: 0, reason: 'Malformed' })
  })

  test('a connection that breaks off within the body is an error', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{')
      setTimeout(() => response.destroy(), 20)
    })
    expect(await failure((await client(server)).request(GET))).toMatchObject({ status: 0, reason: 'Unreachable' })
  })

  test('the deadline holds for a body that trickles in, not only for its headers', async () => {
    let closed = false
    const server = await serve((_, response) => {
      response.writeHead(200)
      const drip = setInterval(() => response.write(' '), 20)
      response.on('close', () => {
        closed = true
        clearInterval(drip)
      })
    })
    const startMs = performance.now()
    const error = await failure((await client(server)).request({ ...GET, timeoutMs: 200 }))
    expect(error).toMatchObject({ status: 0, reason: 'Timeout' })
    expect(performance.now() - startMs).toBeLessThan(2000)
    await until(() => closed)
  })

  test('a server that takes the call and never answers is given up', async () => {
    const server = await serve(() => {})
    const error = await failure((await client(server)).request({ ...GET, timeoutMs: 100 }))
    expect(error).toMatchObject({ status: 0, reason: 'Timeout' })
  })

  test('an answer beyond the cap is broken off', async () => {
    let closed = false
    const server = await serve((_, response) => {
      response.writeHead(200)
      const flood = setInterval(() => response.write('x'.repeat(10_000)), 1)
      response.on('close', () => {
        closed = true
        clearInterval(flood)
      })
    })
    const error = await failure((await client(server, { maxAnswerBytes: 100_000 })).request(GET))
    expect(error).toMatchObject({ status: 0, reason: 'TooLarge' })
    await until(() => closed)
  })

  test('the signal of the caller ends a call', async () => {
    const server = await serve(() => {})
    const kube = await client(server)
    const ending = new AbortController()
    const error = failure(kube.request({ ...GET, signal: ending.signal }))
    await until(() => server.asked.length === 1)
    ending.abort()
    expect(await error).toMatchObject({ status: 0, reason: 'Aborted' })
  })

  test('a server that is not there is told in one line', async () => {
    const server = await serve(() => {})
    const kube = await client(server)
    await server.close()
    const error = await failure(kube.request(GET))
    expect(error.message).toBe(`get pods: ${server.url} is not reachable (ECONNREFUSED)`)
  })

  test('every call is counted once, with its status and without names of objects', async () => {
    const calls: unknown[] = []
    const server = await serve((asked, response) =>
      asked.method === 'GET' ? json(response, {}) : refuse(response, 500, { reason: 'X' }),
    )
    const kube = await client(server, { onCall: call => calls.push(call) })
    await kube.request(GET)
    await failure(kube.request({ method: 'PUT', path: '/apis/apps/v1/namespaces/audio/deployments/gateway/scale' }))
    expect(calls).toMatchObject([
      { verb: 'get', resource: 'pods', status: 200 },
      { verb: 'update', resource: 'deployments/scale', status: 500 },
    ])
  })
})

describe('rate limit and Retry-After', () => {
  test('after the burst, calls leave at the rate', async () => {
    const server = await serve((_, response) => json(response, {}))
    const kube = await client(server, { queriesPerSecond: 20, burst: 5 })
    const startMs = performance.now()
    await Promise.all(Array.from({ length: 10 }, () => kube.request(GET)))
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(240)
  })

  test('after 429 with Retry-After 7, no call leaves for 7 s, and then all do', async () => {
    const timing = fastTiming(20)
    const server = await serve((_, response) =>
      refuse(response, 429, { reason: 'TooManyRequests', headers: { 'retry-after': '7' } }),
    )
    const kube = await client(server, { timing })
    const error = await failure(kube.request(GET))
    expect(error).toMatchObject({ status: 429, retryAfterMs: 7000 })
    const toldMs = timing.nowMs()
    server.answerWith((_, response) => json(response, {}))
    await Promise.all(Array.from({ length: 5 }, () => kube.request(GET)))
    expect(timing.nowMs() - toldMs).toBeGreaterThanOrEqual(6900)
    expect(server.asked).toHaveLength(6)
  })

  test('a call that already waits for its turn waits for the pause, too', async () => {
    const timing = fastTiming(20)
    const server = await serve((_, response) => refuse(response, 503, { reason: 'Busy', headers: { 'retry-after': '5' } }))
    const kube = await client(server, { timing, queriesPerSecond: 1, burst: 1 })
    const first = failure(kube.request(GET))
    const second = kube.request(GET)
    await first
    const toldMs = timing.nowMs()
    server.answerWith((_, response) => json(response, {}))
    await second
    expect(timing.nowMs() - toldMs).toBeGreaterThanOrEqual(4900)
  })

  test('an urgent call, and a watch, do not wait for what others were told', async () => {
    const server = await serve((_, response) => refuse(response, 429, { reason: 'X', headers: { 'retry-after': '60' } }))
    const kube = await client(server)
    await failure(kube.request(GET))
    server.answerWith((_, response) => json(response, { type: 'BOOKMARK' }))
    await kube.request({ ...GET, isUrgent: true })
    await failure(events(kube.watch({ path: '/api/v1/pods' }, new AbortController().signal)))
    expect(server.asked).toHaveLength(3)
  })

  test('a call that waits can be given up', async () => {
    const server = await serve((_, response) => json(response, {}))
    const kube = await client(server, { queriesPerSecond: 0.001, burst: 1 })
    await kube.request(GET)
    const error = await failure(kube.request({ ...GET, signal: AbortSignal.timeout(30) }))
    expect(error).toMatchObject({ status: 0, reason: 'Aborted' })
    expect(server.asked).toHaveLength(1)
  })

  test('a write that is not wanted any more after its wait never leaves', async () => {
    const server = await serve((_, response) => json(response, {}))
    const kube = await client(server, { queriesPerSecond: 10, burst: 1 })
    let isLeader = true
    await kube.request(GET)
    const write = failure(kube.request({ ...GET, method: 'PUT', stillWanted: () => isLeader }))
    isLeader = false
    expect(await write).toMatchObject({ status: 0, reason: 'Withdrawn' })
    expect(server.asked).toHaveLength(1)
  })
})

describe('credentials', () => {
  test('a server whose certificate another authority made is refused, whatever the environment says', async () => {
    const [own, other] = [selfSigned('own'), selfSigned('other')]
    const server = await serve((_, response) => json(response, {}), { ...own, trusted: other.certificate })
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const error = await failure((await client(server)).request(GET))
      expect(error.reason).toBe('Unreachable')
      expect(error.message).toMatch(/the certificate of https:.* is not trusted \([A-Z_]+\); check certificate-authority/)
      expect(server.asked).toHaveLength(0)
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  test('the right authority is trusted', async () => {
    const server = await serve((_, response) => json(response, { fine: true }), selfSigned('own'))
    expect(await (await client(server)).request(GET)).toEqual({ fine: true })
  })

  test('a token file is read anew when the server no longer takes the old token', async () => {
    let valid = 'first'
    const server = await serve((asked, response) =>
      asked.headers.authorization === `Bearer ${valid}` ? json(response, {}) : refuse(response, 401, { reason: 'Unauthorized' }),
    )
    const token = join(server.folder, 'token')
    writeFileSync(token, 'first\n')
    const file = join(server.folder, 'with-token-file')
    const users = [{ name: 'tester', user: { tokenFile: 'token' } }]
    writeFileSync(file, JSON.stringify({ ...JSON.parse(writeKubeconfigText(server.url, '')), users }))
    const kube = await client(server, { kubeconfig: file })
    await kube.request(GET)
    writeFileSync(token, 'second\n')
    valid = 'second'
    await kube.request(GET)
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer first', 'Bearer second'])
  })

  test('after a 401 the credentials are read anew, and the call is sent once more', async () => {
    const server = await serve((asked, response) =>
      asked.headers.authorization === 'Bearer second'
        ? json(response, { in: true })
        : refuse(response, 401, { reason: 'Unauthorized' }),
    )
    const kube = await client(server)
    writeFileSync(server.kubeconfig, writeKubeconfigText(server.url, 'second'))
    expect(await kube.request(GET)).toEqual({ in: true })
    expect(server.asked).toHaveLength(2)
  })

  test('an exec plugin gives the token; one that fails is told without its words', async () => {
    const server = await serve((_, response) => json(response, {}))
    const script = join(server.folder, 'plugin.mjs')
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'from-plugin' } }
    writeFileSync(script, `console.log(${JSON.stringify(JSON.stringify(credential))})`)
    const file = join(server.folder, 'with-exec')
    const config = (args: string[]) => ({
      'current-context': 't',
      contexts: [{ name: 't', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: server.url } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args } } }],
    })
    writeFileSync(file, JSON.stringify(config([script])))
    await (await client(server, { kubeconfig: file })).request(GET)
    expect(server.asked[0]?.headers.authorization).toBe('Bearer from-plugin')
    writeFileSync(file, JSON.stringify(config(['-e', 'console.error("secret"); process.exit(1)'])))
    const error = await failure((await client(server, { kubeconfig: file })).request(GET))
    expect(error.reason).toBe('NoCredentials')
    expect(error.message).not.toContain('secret')
    expect(server.asked).toHaveLength(1)
  })
})

function writeKubeconfigText(server: string, token: string): string {
  return JSON.stringify({
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'tester', user: { token } }],
  })
}

describe('watch', () => {
  const PODS = { path: '/api/v1/pods', query: { resourceVersion: '5' } }

  test('events arrive whole though chunks are cut within characters and lines', async () => {
    const text = `${JSON.stringify({ type: 'ADDED', object: { note: 'Ünïcødé → 音楽 🎵' } })}\n${JSON.stringify({ type: 'BOOKMARK', object: {} })}\n`
    const server = await serve((_, response) => {
      response.writeHead(200)
      const bytes = [...Buffer.from(text)]
      const drip = () => {
        const next = bytes.splice(0, 1)
        if (next.length === 0) return response.end()
        response.write(Buffer.from(next), () => setImmediate(drip))
      }
      drip()
    })
    const all = await events((await client(server)).watch(PODS, new AbortController().signal))
    expect(all).toEqual([
      { type: 'ADDED', object: { note: 'Ünïcødé → 音楽 🎵' } },
      { type: 'BOOKMARK', object: {} },
    ])
    expect(server.asked[0]?.query.toString()).toBe('resourceVersion=5&watch=true')
  })

  test('an event beyond the cap ends the watch before it is held', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200)
      const flood = setInterval(() => response.write('x'.repeat(10_000)), 1)
      response.on('close', () => clearInterval(flood))
    })
    const kube = await client(server, { maxAnswerBytes: 50_000 })
    expect(await failure(events(kube.watch(PODS, new AbortController().signal)))).toMatchObject({ reason: 'TooLarge' })
    await until(() => server.sockets.size === 0)
  })

  test('a watch cut within an event, and one of broken JSON, are errors', async () => {
    const server = await serve((_, response) => void response.end('{"type":"ADDED"}\n{"type":"MOD'))
    const kube = await client(server)
    expect(await failure(events(kube.watch(PODS, new AbortController().signal)))).toMatchObject({ reason: 'Unreachable' })
    server.answerWith((_, response) => void response.end('{"type":"ADDED"\n'))
    expect(await failure(events(kube.watch(PODS, new AbortController().signal)))).toMatchObject({ reason: 'Malformed' })
  })

  test('a refused watch is an error with status and reason', async () => {
    const server = await serve((_, response) => refuse(response, 403, { reason: 'Forbidden' }))
    const error = await failure(events((await client(server)).watch(PODS, new AbortController().signal)))
    expect(error).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message: 'watch pods: the API server answered 403 Forbidden',
    })
  })

  test('the signal ends it, and the connection with it', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200)
      response.write('{"type":"ADDED"}\n')
    })
    const ending = new AbortController()
    const kube = await client(server)
    const seen: WatchEvent[] = []
    const watching = (async () => {
      for await (const event of kube.watch(PODS, ending.signal)) seen.push(event)
    })()
    const error = failure(watching)
    await until(() => seen.length === 1)
    ending.abort()
    expect(await error).toMatchObject({ reason: 'Aborted' })
    await until(() => server.sockets.size === 0)
  })

  test('leaving the loop closes the connection', async () => {
    const server = await serve((_, response) => {
      response.writeHead(200)
      response.write('{"type":"ADDED"}\n')
    })
    for await (const _ of (await client(server)).watch(PODS, new AbortController().signal)) break
    await until(() => server.sockets.size === 0)
  })
})

test('a server behind a path keeps it', async () => {
  const server = await serve((_, response) => json(response, {}))
  const kube = await client(server, { kubeconfig: writeKubeconfig(server.folder, { server: `${server.url}/k8s/clusters/c-1/` }) })
  await kube.request(GET)
  expect(server.asked[0]?.path).toBe('/k8s/clusters/c-1/api/v1/namespaces/audio/pods/one')
})
