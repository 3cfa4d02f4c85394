import { afterEach, describe, expect, test } from 'vitest'
import { exampleFacts } from '../../test/example-facts.ts'
import { shapes } from './contract.ts'
import { listen } from './listen.ts'
import type { PushedMetric, PushOptions } from './push.ts'
import { createServer, type ServerOptions } from './server.ts'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(app => app.close()))
})

function serve({ requestsPerSecond = 100, ...options }: Partial<PushOptions & Pick<ServerOptions, 'requestsPerSecond'>> = {}) {
  const taken: PushedMetric[] = []
  const buffer: PushOptions['buffer'] = {
    accept({ metrics }) {
      taken.push(...metrics)
      const index = metrics.findIndex(({ workload }) => workload === 'nobody')
      return { refused: index < 0 ? [] : [{ index, why: 'no such workload' }] }
    },
  }
  const app = createServer(exampleFacts().facts, { push: { buffer, ...options }, requestsPerSecond })
  open.push(app)
  const push = (payload: unknown, headers: Record<string, string> = {}) =>
    app.inject({
      method: 'POST',
      url: '/api/v1/metrics',
      headers: { host: 'localhost', 'content-type': 'application/json', ...headers },
      payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    })
  return { app, push, taken }
}

const one = { namespace: 'shop', workload: 'checkout', name: 'requests_per_second', value: 820 }

describe('POST /api/v1/metrics', () => {
  test('takes what is right, and says for each of the others what is wrong with it', async () => {
    const { push, taken } = serve()
    const answer = await push({
      metrics: [
        one,
        { ...one, value: 'many' },
        { ...one, workload: 'nobody' },
        { ...one, namespace: 'Shop' },
        { ...one, mood: 'good' },
        { namespace: 'shop', pod: 'web-1', name: 'queue:length', value: 3, timestamp: '2026-11-24T14:32:00Z' },
        { ...one, timestamp: 1_790_000_000.5 },
      ],
    })
    expect([answer.statusCode, shapes.pushed.parse(answer.json())]).toEqual([
      202,
      {
        accepted: 3,
        rejected: [
          { index: 1, why: expect.stringContaining('value: ') },
          { index: 2, why: 'no such workload' },
          { index: 3, why: expect.stringContaining('namespace: ') },
          { index: 4, why: expect.stringContaining('mood') },
        ],
      },
    ])
    expect(taken).toEqual([
      one,
      { ...one, workload: 'nobody' },
      { namespace: 'shop', pod: 'web-1', name: 'queue:length', value: 3, timestamp: Date.UTC(2026, 10, 24, 14, 32) / 1000 },
      { ...one, timestamp: 1_790_000_000.5 },
    ])
  })

  test.each([
    { what: 'no JSON', payload: '{ "metrics": [', headers: {}, status: 400 },
    { what: 'no metrics', payload: '{}', headers: {}, status: 400 },
    { what: 'an empty list', payload: '{ "metrics": [] }', headers: {}, status: 400 },
    { what: 'a field that nobody knows', payload: JSON.stringify({ metrics: [one], mood: 1 }), headers: {}, status: 400 },
    {
      what: 'more metrics than a request may have',
      payload: JSON.stringify({ metrics: Array(5001).fill(1) }),
      headers: {},
      status: 400,
    },
    { what: 'a prototype', payload: '{ "metrics": [], "__proto__": { "polluted": true } }', headers: {}, status: 400 },
    {
      what: 'text, as a form of another site would send it',
      payload: JSON.stringify({ metrics: [one] }),
      headers: { 'content-type': 'text/plain' },
      status: 415,
    },
    { what: 'more than a megabyte', payload: `{ "metrics": ["${'x'.repeat(1024 * 1024)}"] }`, headers: {}, status: 413 },
    {
      what: 'the name of another host',
      payload: JSON.stringify({ metrics: [one] }),
      headers: { host: 'evil.example' },
      status: 421,
    },
  ])('$what is a problem detail', async ({ payload, headers, status }) => {
    const { push, taken } = serve()
    const answer = await push(payload, headers)
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([status, 'application/problem+json; charset=utf-8'])
    expect(shapes.problem.parse(answer.json())).toMatchObject({ status })
    expect(taken).toEqual([])
  })

  test.each([undefined, 'Bearer', 'Bearer wrong', 'Basic c2VjcmV0', 'secret'])('with a token, %j is 401', async authorization => {
    const { push, taken } = serve({ token: 'secret' })
    const answer = await push({ metrics: [one] }, authorization === undefined ? {} : { authorization })
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="crescendo"'])
    expect(answer.body).not.toContain('secret')
    expect(taken).toEqual([])
  })

  test('with the token it is taken', async () => {
    const { push } = serve({ token: 'secret' })
    expect((await push({ metrics: [one] }, { authorization: 'bearer secret' })).json()).toEqual({ accepted: 1, rejected: [] })
  })

  test('a server that others can reach takes nothing without a token of its own', async () => {
    const { app, push, taken } = serve()
    await listen(app, { host: '0.0.0.0', port: 0 })
    expect((await push({ metrics: [one] })).statusCode).toBe(403)
    expect(taken).toEqual([])
  })

  test('a client that asks too often is told to come later', async () => {
    const { app, push } = serve({ requestsPerSecond: 2 })
    const codes = []
    for (let i = 0; i < 3; i++) codes.push((await push({ metrics: [one] })).statusCode)
    expect(codes).toEqual([202, 202, 429])
    expect((await push({ metrics: [one] })).headers['retry-after']).toBe('1')
    const probe = await app.inject({ url: '/readyz', headers: { host: 'localhost' } })
    expect(probe.statusCode).toBe(200)
    const other = await app.inject({ url: '/api/v1/workloads', headers: { host: 'localhost' }, remoteAddress: '127.0.0.2' })
    expect(other.statusCode).toBe(200)
  })

  test('where nobody takes metrics the answer says so', async () => {
    const app = createServer(exampleFacts().facts)
    open.push(app)
    const answer = await app.inject({ method: 'POST', url: '/api/v1/metrics', headers: { host: 'localhost' }, payload: {} })
    expect(answer.statusCode).toBe(501)
  })

  test('GET is 405 and names what is understood', async () => {
    const { app } = serve()
    const wrong = await app.inject({ url: '/api/v1/metrics', headers: { host: 'localhost' } })
    expect([wrong.statusCode, wrong.headers.allow]).toEqual([405, 'POST'])
  })

  test('openapi.json has the schema of one metric', async () => {
    const { app } = serve()
    const { paths } = (await app.inject({ url: '/openapi.json', headers: { host: 'localhost' } })).json()
    const { post } = paths['/api/v1/metrics']
    expect(post.requestBody.content['application/json'].schema.properties.metrics.items.required).toEqual([
      'namespace',
      'name',
      'value',
    ])
    expect(Object.keys(post.responses)).toEqual(['202', 'default'])
  })
})
