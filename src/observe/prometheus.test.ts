import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createCredentials } from './credentials.ts'
import { createPrometheus, type Prometheus } from './prometheus.ts'
import type { SourceSpec } from './source-document.ts'

const SECRET = 'canary-b7f2e1'
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(handler)
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return new Promise(resolve =>
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)),
  )
}

const JSON_TYPE = { 'content-type': 'application/json' }
const json = (body: unknown, status = 200) =>
  serve((_, response) => response.writeHead(status, JSON_TYPE).end(typeof body === 'string' ? body : JSON.stringify(body)))
const vector = (...result: unknown[]) => ({ status: 'success', data: { resultType: 'vector', result } })

function clientFor(
  url: string,
  more: {
    maxBytes?: number
    spec?: Partial<SourceSpec>
    secrets?: Record<string, string>
    onWarnings?: (count: number) => void
  } = {},
): Prometheus {
  const credentials = createCredentials(
    { type: 'Prometheus', ...more.spec },
    {
      clock: { now: () => 0 },
      readSecret: async ({ name, key }) => (name === 'missing' ? Promise.reject(new Error(SECRET)) : more.secrets?.[key]),
    },
  )
  const client = createPrometheus({
    url,
    credentials,
    maxBytes: more.maxBytes ?? 100_000,
    lookbackMs: 120_000,
    ...(more.onWarnings && { onWarnings: more.onWarnings }),
  })
  open.push(() => void client.close())
  return client
}

describe('answers', () => {
  test('rows with labels, times and values; NaN and infinities have no value', async () => {
    const url = await json(
      vector(
        { metric: { pod: 'a' }, value: [1700000000.123, '42.5'] },
        { metric: { pod: 'b' }, value: [1700000000, 'NaN'] },
        { metric: { pod: 'c' }, value: [1700000000, '+Inf'] },
        { metric: { pod: 'd' }, value: [1700000000, '1e999'] },
        { metric: { pod: 'e' }, histogram: [1700000000, { count: '1' }] },
      ),
    )
    expect(await clientFor(url).query('up', 1000)).toEqual({
      kind: 'found',
      value: [
        { labels: { pod: 'a' }, at: 1_700_000_000_123, value: 42.5 },
        ...['b', 'c', 'd', 'e'].map(pod => ({ labels: { pod }, at: 1_700_000_000_000 })),
      ],
    })
  })

  test('an empty vector is an answer without rows, not a zero', async () => {
    expect(await clientFor(await json(vector())).query('up', 1000)).toEqual({ kind: 'found', value: [] })
  })

  test('it is asked by POST, with the query in the body and a limit for the server', async () => {
    let seen = ''
    const url = await serve(async (request, response) => {
      for await (const chunk of request) seen += `${request.method} ${request.url} ${chunk}`
      response.writeHead(200, JSON_TYPE).end(JSON.stringify(vector()))
    })
    await clientFor(`${url}/prefix/`).query('sum(up)', 3000)
    expect(seen).toBe('POST /prefix/api/v1/query query=sum%28up%29&lookback_delta=120s&timeout=3s')
  })

  test('warnings are counted', async () => {
    const counts: number[] = []
    await clientFor(await json({ ...vector(), warnings: [SECRET, 'two'] }), { onWarnings: count => counts.push(count) }).query(
      'up',
      1000,
    )
    expect(counts).toEqual([2])
  })

  test('a range gives one list of points for each series, without what is no number', async () => {
    const result = [
      {
        metric: {},
        values: [
          [10, '1'],
          [20, 'NaN'],
          [30, '3'],
        ],
      },
    ]
    const url = await json({ status: 'success', data: { resultType: 'matrix', result } })
    expect(await clientFor(url).queryRange('up', { fromMs: 0, toMs: 30_000, stepMs: 10_000, timeoutMs: 1000 })).toEqual({
      kind: 'found',
      value: [
        {
          labels: {},
          points: [
            { at: 10_000, value: 1 },
            { at: 30_000, value: 3 },
          ],
        },
      ],
    })
  })
})

describe('what is no answer is missing, with a reason of ours and nothing of theirs', () => {
  test.each([
    {
      what: 'a matrix (F03)',
      body: { status: 'success', data: { resultType: 'matrix', result: [1, 2, 3] } },
      why: 'WrongType: it answered with a matrix of 3 series; a vector is needed',
    },
    {
      what: 'a scalar (F03)',
      body: { status: 'success', data: { resultType: 'scalar', result: [1, '1'] } },
      why: 'WrongType: it answered with a scalar; a vector is needed',
    },
    {
      what: 'a string (F03)',
      body: { status: 'success', data: { resultType: 'string', result: [1, SECRET] } },
      why: 'WrongType: it answered with a string; a vector is needed',
    },
    {
      what: 'a type of its own',
      body: { status: 'success', data: { resultType: SECRET, result: [] } },
      why: 'WrongType: it answered with an unknown type; a vector is needed',
    },
    {
      what: 'a malformed row',
      body: vector({ metric: { a: 1 }, value: [1, '1'] }),
      why: 'WrongType: a row of its answer is malformed',
    },
    { what: 'no data', body: { status: 'success' }, why: 'WrongType: it answered with no result' },
    { what: 'broken JSON', body: '{"status":', why: 'WrongType: it answered 200 with no JSON object' },
    {
      what: 'an error with 200 (F04)',
      body: { status: 'error', errorType: 'execution', error: SECRET },
      why: 'Refused: it answered 200 and refused the query (execution)',
    },
    {
      what: 'an error of an unknown type',
      body: { status: 'error', errorType: SECRET, error: SECRET },
      why: 'Refused: it answered 200 and refused the query',
    },
    {
      what: 'a bad query',
      status: 400,
      body: { status: 'error', errorType: 'bad_data', error: SECRET },
      why: 'Refused: it answered 400 and refused the query (bad_data)',
    },
    {
      what: '422 (F04)',
      status: 422,
      body: { status: 'error', errorType: 'execution' },
      why: 'Refused: it answered 422 and refused the query (execution)',
    },
    { what: '503 (F04)', status: 503, body: SECRET, why: 'Refused: it answered 503 with no JSON object' },
    { what: '401', status: 401, body: SECRET, why: 'Denied: it answered 401: check the credentials' },
  ])('$what', async ({ body, status, why }) => {
    const answer = await clientFor(await json(body, status)).query('up', 1000)
    expect(answer).toMatchObject({ kind: 'missing' })
    expect(JSON.stringify(answer)).not.toContain(SECRET)
    expect(answer).toMatchObject({ why })
  })

  test('a login page with 200 (F04)', async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${SECRET}</html>`),
    )
    expect(await clientFor(url).query('up', 1000)).toEqual({
      kind: 'missing',
      reason: 'WrongType',
      why: 'WrongType: it answered 200 with something other than application/json',
    })
  })

  test('compressed though nobody asked for it: a bomb stays closed', async () => {
    const url = await serve((_, response) =>
      response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify(vector()))),
    )
    expect(await clientFor(url).query('up', 1000)).toMatchObject({ reason: 'WrongType' })
  })

  test('a redirect is not followed, and the other host sees no credentials (F04)', async () => {
    const visits: unknown[] = []
    const other = await serve((request, response) => {
      visits.push(request.headers)
      response.writeHead(200, JSON_TYPE).end(JSON.stringify(vector()))
    })
    const url = await serve((_, response) => response.writeHead(302, { location: other }).end())
    const client = clientFor(url, { spec: { authentication: { secretRef: { name: 'token' } } }, secrets: { token: SECRET } })
    expect(await client.query('up', 1000)).toMatchObject({
      reason: 'Refused',
      why: 'Refused: it answered 302: redirects are not followed',
    })
    expect(visits).toEqual([])
  })

  test('one byte a second ends at the total limit, headers or body (F05)', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, JSON_TYPE)
      const drip = setInterval(() => response.write(' '), 50)
      response.on('close', () => clearInterval(drip))
    })
    const before = performance.now()
    expect(await clientFor(url).query('up', 400)).toEqual({
      kind: 'missing',
      reason: 'Timeout',
      why: 'Timeout: no complete answer within 0.4 s',
    })
    expect(performance.now() - before).toBeLessThan(1500)
    const silent = await serve(() => undefined)
    expect(await clientFor(silent).query('up', 200)).toMatchObject({ reason: 'Timeout' })
  })

  test('more than the limit is not read to its end', async () => {
    let sent = 0
    const url = await serve((_, response) => {
      response.writeHead(200, JSON_TYPE)
      const pour = () => {
        while (sent < 50_000_000 && response.write('x'.repeat(65_536))) sent += 65_536
        if (sent >= 50_000_000) response.end()
      }
      response.on('drain', pour)
      pour()
    })
    expect(await clientFor(url, { maxBytes: 100_000 }).query('up', 5000)).toEqual({
      kind: 'missing',
      reason: 'TooLarge',
      why: 'TooLarge: the answer is larger than 100000 bytes',
    })
    expect(sent).toBeLessThan(50_000_000)
  })

  test('nobody there, and addresses where nobody may go', async () => {
    expect(await clientFor('http://127.0.0.1:1').query('up', 1000)).toEqual({
      kind: 'missing',
      reason: 'Unreachable',
      why: 'Unreachable: the connection was refused',
    })
    expect(await clientFor('http://169.254.169.254').query('up', 1000)).toEqual({
      kind: 'missing',
      reason: 'Denied',
      why: 'Denied: 169.254.169.254 is a link-local address',
    })
    expect(await clientFor('http://[64:ff9b::a9fe:a9fe]:9090').query('up', 1000)).toMatchObject({ reason: 'Denied' })
  })
})

describe('credentials', () => {
  const echoing = async () => {
    const seen: (string | undefined)[] = []
    const url = await serve((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(seen.length === 1 ? 200 : 401, JSON_TYPE).end(JSON.stringify(vector()))
    })
    return { url, seen }
  }
  const authentication = { secretRef: { name: 'prometheus' } }

  test('a token goes as bearer, user and password as basic', async () => {
    const { url, seen } = await echoing()
    await clientFor(url, { spec: { authentication }, secrets: { token: `${SECRET}\n` } }).query('up', 1000)
    await clientFor(url, { spec: { authentication }, secrets: { username: 'u', password: 'p' } }).query('up', 1000)
    expect(seen).toEqual([`Bearer ${SECRET}`, 'Basic dTpw'])
  })

  test.each([
    {
      secrets: {},
      secretRef: { name: 's' },
      why: 'Denied: the Secret s has neither the key token nor the keys username and password',
    },
    { secrets: {}, secretRef: { name: 's', key: 'k' }, why: 'Denied: the Secret s lacks the key k' },
    {
      secrets: { token: 'two\nlines' },
      secretRef: { name: 's' },
      why: 'Denied: the Secret s holds what no HTTP header can carry',
    },
    {
      secrets: {},
      secretRef: { name: 'missing' },
      why: 'Denied: its Secret cannot be read; check that it exists and that the controller may get it',
    },
  ])('without them nothing is sent: $why', async ({ secrets, secretRef, why }) => {
    const { url, seen } = await echoing()
    expect(await clientFor(url, { spec: { authentication: { secretRef } }, secrets }).query('up', 1000)).toMatchObject({
      kind: 'missing',
      why,
    })
    expect(seen).toEqual([])
  })

  test('a rotated token is read anew after it was refused', async () => {
    const { url, seen } = await echoing()
    const secrets = { token: 'old' }
    const client = clientFor(url, { spec: { authentication }, secrets })
    await client.query('up', 1000)
    await client.query('up', 1000)
    secrets.token = 'new'
    await client.query('up', 1000)
    expect(seen).toEqual(['Bearer old', 'Bearer old', 'Bearer new'])
  })
})
