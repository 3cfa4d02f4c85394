import { afterEach, describe, expect, test } from 'vitest'
import { failure, roughBed } from '../../test/rough-client.ts'
import { fastTiming, json, refuse } from '../../test/rough-server.ts'
import type { KubeCall } from './api.ts'

const GET: KubeCall = { method: 'GET', path: '/api/v1/namespaces/audio/pods/one' }

const bed = roughBed()
const { serve, client } = bed
afterEach(bed.close)

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
    server.answerWith((_, response) => void response.end('{"type":"BOOKMARK"}\n'))
    await kube.request({ ...GET, isUrgent: true })
    for await (const event of kube.watch({ path: '/api/v1/pods' }, new AbortController().signal))
      expect(event.type).toBe('BOOKMARK')
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
