import { afterEach, describe, expect, test } from 'vitest'
import { failure, roughBed } from '../../test/rough-client.ts'
import { refuse, until } from '../../test/rough-server.ts'
import type { WatchEvent } from './api.ts'

const bed = roughBed()
const { serve, client } = bed
afterEach(bed.close)

async function events(watch: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = []
  for await (const event of watch) all.push(event)
  return all
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
