import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer as createTcpServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { exampleFacts, exampleWorkload as workload } from '../../test/example-facts.ts'
import { shapes } from './contract.ts'
import type { Facts } from './facts.ts'
import { listen } from './listen.ts'
import { createServer } from './server.ts'

const open: { close(): Promise<unknown> }[] = []
const serve = (changes: Partial<Facts> = {}, options = {}) => {
  const { facts, ...rest } = exampleFacts(changes)
  const app = createServer(facts, options)
  open.push(app)
  return { app, ...rest }
}
afterEach(async () => {
  await Promise.all(open.splice(0).map(app => app.close()))
})

const get = (url: string, headers: Record<string, string> = {}) =>
  serve().app.inject({ method: 'GET', url, headers: { host: 'localhost:8080', ...headers } })

const ONE = '/api/v1/workloads/shop/checkout'

describe('facts', () => {
  test.each([
    ['/api/v1/workloads', shapes.workloads],
    [ONE, shapes.workload],
    [`${ONE}/decisions`, shapes.decisions],
    [`${ONE}/forecast`, shapes.forecast],
    [`${ONE}/explain`, shapes.explain],
    ['/api/v1/costs', shapes.costs],
    ['/api/v1/alerts', shapes.alerts],
    ['/api/v1/policies', shapes.policies],
    ['/api/v1/audit', shapes.audit],
    ['/api/v1/compliance', shapes.compliance],
  ])('%s answers what its schema says, and nothing else', async (path, schema) => {
    const answer = await get(path)
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toContain('application/json')
    expect(schema.parse(answer.json())).toEqual(answer.json())
  })

  test('decisions come newest first and the limit cuts', async () => {
    const { decisions: found } = (await get(`${ONE}/decisions?limit=2`)).json()
    expect(found.map((one: { to: number }) => one.to)).toEqual([16, 14])
  })

  test('explain at a time gives the decision that held then, and says so when there was none', async () => {
    const held = await get(`${ONE}/explain?at=2026-11-24T14:28:00Z`)
    expect(held.json()).toMatchObject({ sentence: 'to 14', text: 'because', decision: { to: 14 } })
    const before = await get(`${ONE}/explain?at=2026-11-24T13:00:00Z`)
    expect(before.statusCode).toBe(404)
    expect(before.json().detail).toContain('the oldest decision that is kept is of 2026-11-24T14:22:00.000Z')
  })

  test('a workload that still learns has no forecast, and says why', async () => {
    const { lastDecision: _, ...rest } = workload
    const { app } = serve({ workloads: () => [{ ...rest, learning: 'day 3 of 7' }] })
    const answer = await app.inject({ url: `${ONE}/forecast`, headers: { host: 'localhost' } })
    expect(answer.json()).toEqual({ kind: 'none', why: 'day 3 of 7' })
  })

  test('a forecast comes with how good forecasts were, and with what was said of the last day', async () => {
    const { accuracy, past } = (await get(`${ONE}/forecast`)).json()
    expect(accuracy).toMatchObject({
      trust: 0.5,
      lentBy: 'shop/basket',
      drift: { isDrifting: true, since: '2026-11-24T13:32:00.000Z' },
    })
    expect(accuracy.champion).toMatchObject({ name: 'long', since: '2026-11-24T12:32:00.000Z' })
    expect(accuracy.horizons[1]).toMatchObject({ horizonSeconds: 1800, mase: 0.6, coverage: [0.5, 0.9, 0.95, 0.99, 1] })
    expect(past).toEqual([
      { madeAt: '2026-11-24T13:32:00.000Z', time: '2026-11-24T14:02:00.000Z', values: [1, 2, 3, 4, 5], actual: 2 },
    ])
  })

  test('costs sum what the scalers have spent', async () => {
    expect((await get('/api/v1/costs')).json().total).toEqual([
      { scaler: 'crescendo', replicaHours: 10, cost: 1.2 },
      { scaler: 'hpa', replicaHours: 11, cost: 2.2 },
    ])
  })
})

describe('probes and metrics', () => {
  test('healthz lives while readyz waits', async () => {
    const { app } = serve({ notReady: () => 'learning, day 3 of 7' })
    const headers = { host: '127.0.0.1' }
    expect((await app.inject({ url: '/healthz', headers })).json()).toEqual({ status: 'ok' })
    const ready = await app.inject({ url: '/readyz', headers })
    expect([ready.statusCode, ready.json()]).toEqual([503, { status: 'starting', detail: 'learning, day 3 of 7' }])
  })

  test('metrics are OpenMetrics: typed families, counters end in _total, the text ends in # EOF', async () => {
    const answer = await get('/metrics')
    expect(answer.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    const lines = answer.body.split('\n')
    expect(lines.slice(-2)).toEqual(['# EOF', ''])
    const labels = 'namespace="shop",autoscaler="checkout",target_kind="Deployment",target="checkout"'
    expect(lines).toContain(`crescendo_slo_violation_seconds_total{${labels},scaler="hpa"} 90`)
    expect(lines).toContain(`crescendo_load{${labels}} 820`)
    expect(lines).toContain('crescendo_build_info{version="0.1.0"} 1')
    const types = new Map(
      lines.flatMap(line => (line.startsWith('# TYPE ') ? [line.slice(7).split(' ') as [string, string]] : [])),
    )
    for (const line of lines.filter(text => text !== '' && !text.startsWith('#'))) {
      const name = /^[a-z_]+/.exec(line)![0]
      expect(name).toMatch(/^crescendo_/)
      const type = /_(total|info|bucket|sum|count)$/.exec(name)?.[1] ?? ''
      const told = types.get(type === '' ? name : name.slice(0, -type.length - 1))
      expect(told, name).toBe({ '': 'gauge', total: 'counter', info: 'info' }[type] ?? 'histogram')
    }
  })

  test('whoever asks for plain text alone gets the older format, each family named like its samples', async () => {
    const { app } = serve()
    const ask = (accept: string) => app.inject({ url: '/metrics', headers: { host: 'localhost', accept } })
    const plain = await ask('text/plain;version=0.0.4')
    expect(plain.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(plain.body).toContain('# TYPE crescendo_slo_violation_seconds_total counter\n')
    expect(plain.body).toContain('# TYPE crescendo_build_info gauge\n')
    expect(plain.body).not.toMatch(/# (EOF|UNIT)/)
    for (const accept of ['*/*', 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5'])
      expect((await ask(accept)).headers['content-type']).toMatch(/^application\/openmetrics-text/)
  })

  test('a label cannot break out of its quotes', async () => {
    const { app } = serve({ workloads: () => [{ ...workload, name: 'a"b\\c\nd' }] })
    const answer = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
    expect(answer.body).toContain('autoscaler="a\\"b\\\\c\\nd"')
  })

  test('openapi.json describes every route that exists', async () => {
    const { app } = serve()
    const description = (await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })).json()
    expect(description.openapi).toBe('3.1.0')
    for (const path of Object.keys(description.paths)) {
      const [method] = Object.keys(description.paths[path])
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      expect(app.hasRoute({ method: method!.toUpperCase() as 'GET', url }), path).toBe(true)
    }
    const limit = description.paths['/api/v1/workloads/{namespace}/{name}/decisions'].get.parameters.at(-1)
    expect(limit).toMatchObject({
      name: 'limit',
      in: 'query',
      required: false,
      schema: { minimum: 1, maximum: 1000, default: 50 },
    })
  })
})

describe('the door', () => {
  test.each([
    ['/nowhere', 404],
    ['/api/v1/workloads/shop/nobody', 404],
    ['/api/v1/workloads/SHOP/checkout', 400],
    [`${ONE}/decisions?limit=0`, 400],
    [`${ONE}/decisions?limit=1001`, 400],
    [`${ONE}/decisions?limit=many`, 400],
    [`${ONE}/decisions?limti=5`, 400],
    [`${ONE}/explain?at=yesterday`, 400],
    ['/api/v1/workloads/%zz/x', 400],
    [`/api/v1/workloads/${'a'.repeat(300)}/x`, 414],
  ])('GET %s is a problem detail with status %i', async (path, status) => {
    const answer = await get(path)
    expect(answer.statusCode).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
    expect(shapes.problem.parse(answer.json())).toMatchObject({ type: 'about:blank', status })
    expect(answer.json().instance).not.toContain('?')
  })

  test('another method is 405 and names what is understood', async () => {
    const answer = await serve().app.inject({ method: 'DELETE', url: '/healthz', headers: { host: 'localhost' } })
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
  })

  test.each(['evil.example', 'localhost.evil.example:8080', '127.0.0.1.nip.example'])('Host %j is refused', async host => {
    expect((await get('/api/v1/workloads', { host })).statusCode).toBe(421)
  })

  test('probes answer to any Host, since a kubelet asks with the address of the pod; a restart is asked for only where it helps', async () => {
    const { app } = serve({ notReady: () => 'the API server does not answer', notAlive: () => undefined })
    const ask = async (url: string) => (await app.inject({ url, headers: { host: '10.1.2.3:8080' } })).statusCode
    expect([await ask('/healthz'), await ask('/livez'), await ask('/readyz')]).toEqual([200, 200, 503])
    expect([await ask('/metrics'), await ask('/healthz/'), await ask('/api/v1/workloads')]).toEqual([421, 421, 421])
    const { app: broken } = serve({ notAlive: () => 'the loop stands still' })
    const answer = await broken.inject({ url: '/livez', headers: { host: '10.1.2.3:8080' } })
    expect([answer.statusCode, answer.json()]).toEqual([503, { status: 'broken', detail: 'the loop stands still' }])
  })

  test('a server that others can reach gives /metrics under any Host, everything else under the allowed ones', async () => {
    const { app } = serve({}, { allowedHosts: ['crescendo.system.svc'] })
    const port = new URL(await listen(app, { host: '0.0.0.0', port: 0 })).port
    const ask = async (path: string, host: string) =>
      (await app.inject({ url: path, headers: { host: `${host}:${port}` } })).statusCode
    expect(await ask('/metrics', '10.1.2.3')).toBe(200)
    expect(await ask('/api/v1/workloads', '10.1.2.3')).toBe(421)
    expect(await ask('/api/v1/workloads', 'crescendo.system.svc')).toBe(200)
  })

  test.each(['localhost:1', '127.0.0.1', '[::1]:8080', 'LOCALHOST'])('Host %j is answered', async host => {
    expect((await get('/healthz', { host })).statusCode).toBe(200)
  })

  test('our own fault is a 500 that tells nothing of its inside', async () => {
    const { app } = serve({
      workloads: () => {
        throw new Error('secret path /etc')
      },
    })
    const answer = await app.inject({ url: '/api/v1/costs', headers: { host: 'localhost' } })
    expect(answer.statusCode).toBe(500)
    expect(answer.body).not.toContain('secret')
  })

  test('every answer has its security headers, and the index runs no script', async () => {
    for (const path of ['/', '/healthz', '/nowhere']) {
      const { headers } = await get(path)
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(headers['content-security-policy']).toContain("default-src 'none'")
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    expect((await get('/')).body).not.toContain('<script')
  })
})

describe('ports', () => {
  test('where one port is wanted, the next one is not taken instead', async () => {
    const port = Number(new URL(await listen(serve().app, { port: 0 })).port)
    await expect(listen(serve().app, { port, tries: 1 })).rejects.toMatchObject({
      code: 'CRS_PORT_TAKEN',
      message: `port ${port} of 127.0.0.1 is taken; choose another (--port, or server.port of the configuration)`,
    })
  })

  test('an address that this machine does not have is one clear line', async () => {
    await expect(listen(serve().app, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'CRS_USAGE' })
  })

  test('a port that this user may not have is one clear line', async () => {
    const { app } = serve()
    app.listen = () => Promise.reject(Object.assign(new Error('listen EACCES'), { code: 'EACCES', syscall: 'listen' }))
    await expect(listen(app, { port: 80 })).rejects.toMatchObject({
      code: 'CRS_USAGE',
      message: expect.stringContaining('--port 80: '),
    })
  })

  test('a taken port gives the next one; port 0 gives any', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const address = await listen(serve().app, { port })
    expect(Number(new URL(address).port)).toBeGreaterThan(port)
    expect(Number(new URL(await listen(serve().app, { port: 0 })).port)).toBeGreaterThan(0)
    taken.close()
  })
})

describe('the stream', () => {
  const read = async (body: ReadableStream<Uint8Array>, until: string) => {
    let text = ''
    for await (const chunk of body) {
      text += Buffer.from(chunk).toString('utf8')
      if (text.includes(until)) break
    }
    return text
  }

  test('sends decisions with an id and a retry, and a reader who comes back gets what it missed', async () => {
    const { app, tell, listeners } = serve()
    const url = `${await listen(app, { port: 0 })}/api/v1/stream`
    const first = await fetch(url)
    expect(first.headers.get('content-type')).toContain('text/event-stream')
    tell({ event: 'decision', data: { to: 13 } })
    expect(await read(first.body!, 'data: ')).toBe('retry: 2000\n\nid: 1\nevent: decision\ndata: {"to":13}\n\n')
    tell({ event: 'scoreboard', data: { text: 'two\nlines' } })
    const second = await fetch(url, { headers: { 'last-event-id': '1' } })
    expect(await read(second.body!, 'data: ')).toBe('retry: 2000\n\nid: 2\nevent: scoreboard\ndata: {"text":"two\\nlines"}\n\n')
    await app.close()
    expect(listeners.size).toBe(0)
  })

  test("HEAD of the stream is answered and takes no reader's place", async () => {
    const { app } = serve()
    const head = await app.inject({ method: 'HEAD', url: '/api/v1/stream', headers: { host: 'localhost' } })
    expect([head.statusCode, head.headers['content-type'], head.body]).toEqual([200, 'text/event-stream; charset=utf-8', ''])
    const metrics = await app.inject({ url: '/metrics', headers: { host: 'localhost' } })
    expect(metrics.body).toContain('crescendo_stream_clients 0')
  })

  test('one reader too many is told to come later', async () => {
    const { app } = serve({}, { stream: { maxClients: 1, maxPendingBytes: 1000, maxKept: 5, heartbeatMs: 60_000 } })
    const url = `${await listen(app, { port: 0 })}/api/v1/stream`
    const first = await fetch(url)
    expect((await fetch(url)).status).toBe(503)
    await first.body!.cancel()
  })

  test('a reader who does not read is dropped before its buffer grows', async () => {
    const { app, tell } = serve({}, { stream: { maxClients: 5, maxPendingBytes: 100_000, maxKept: 1, heartbeatMs: 60_000 } })
    const address = await listen(app, { port: 0 })
    await fetch(`${address}/api/v1/stream`)
    const clients = async () => /crescendo_stream_clients (\d+)/.exec(await (await fetch(`${address}/metrics`)).text())![1]
    expect(await clients()).toBe('1')
    for (let round = 0; round < 400 && (await clients()) === '1'; round++) tell({ event: 'decision', data: 'x'.repeat(100_000) })
    expect(await clients()).toBe('0')
  })

  test('a quiet stream sends heartbeats', async () => {
    const { app } = serve({}, { stream: { maxClients: 5, maxPendingBytes: 1000, maxKept: 1, heartbeatMs: 20 } })
    const answer = await fetch(`${await listen(app, { port: 0 })}/api/v1/stream`)
    expect(await read(answer.body!, ': still here')).toContain(': still here\n\n')
  })
})
