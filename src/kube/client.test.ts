import { afterEach, describe, expect, test } from 'vitest'
import { failure, roughBed } from '../../test/rough-client.ts'
import { json, refuse, until, writeKubeconfig } from '../../test/rough-server.ts'
import type { KubeCall } from './api.ts'

const GET: KubeCall = { method: 'GET', path: '/api/v1/namespaces/audio/pods/one' }

const bed = roughBed()
const { serve, client } = bed
afterEach(bed.close)

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

  test('a reason that is no word, and a body that is no Status, are not repeated', async () => {
    const server = await serve((_, response) => refuse(response, 403, { reason: 'token sesame\nis not welcome' }))
    const kube = await client(server)
    expect((await failure(kube.request(GET))).message).toBe('get pods: the API server answered 403 Http403')
    server.answerWith((_, response) => void response.writeHead(502).end('{"reason":"Proxy"}'))
    expect(await failure(kube.request(GET))).toMatchObject({ status: 502, reason: 'Http502' })
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
    expect(error.cause).toBeUndefined()
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

test('a server behind a path keeps it', async () => {
  const server = await serve((_, response) => json(response, {}))
  const kube = await client(server, { kubeconfig: writeKubeconfig(server.folder, { server: `${server.url}/k8s/clusters/c-1/` }) })
  await kube.request(GET)
  expect(server.asked[0]?.path).toBe('/k8s/clusters/c-1/api/v1/namespaces/audio/pods/one')
})
