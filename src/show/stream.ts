import type { ServerResponse } from 'node:http'
import type { News } from './facts.ts'

export interface StreamLimits {
  /** Readers at one time; one more is answered 503. */
  readonly maxClients: number
  /** Bytes that may wait for one slow reader before it is dropped; it comes back with Last-Event-ID. */
  readonly maxPendingBytes: number
  /** Messages that are kept for readers who come back. */
  readonly maxKept: number
  /** A comment is sent that often, so that proxies and readers notice a dead connection. */
  readonly heartbeatMs: number
}

export const STREAM_LIMITS: StreamLimits = { maxClients: 100, maxPendingBytes: 256 * 1024, maxKept: 200, heartbeatMs: 15_000 }

/** Server-sent events to many readers, bounded in every direction. */
export interface Stream {
  publish(news: News): void
  isFull(): boolean
  /** Adds a reader whose headers are sent already; `lastId` is its Last-Event-ID. */
  add(response: ServerResponse, lastId: number | undefined): void
  clients(): number
  /** Ends every connection and the heartbeat. */
  close(): void
}

export function createStream(limits: StreamLimits = STREAM_LIMITS): Stream {
  const clients = new Set<ServerResponse>()
  const kept: { readonly id: number; readonly text: string }[] = []
  let id = 0
  const send = (response: ServerResponse, text: string) => {
    if (response.writableLength > limits.maxPendingBytes) response.destroy()
    else response.write(text)
  }
  const heartbeat = setInterval(() => {
    for (const client of clients) send(client, ': still here\n\n')
  }, limits.heartbeatMs)
  heartbeat.unref()
  return {
    publish({ event, data }) {
      id++
      const text = `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
      kept.push({ id, text })
      if (kept.length > limits.maxKept) kept.shift()
      for (const client of clients) send(client, text)
    },
    isFull: () => clients.size >= limits.maxClients,
    add(response, lastId) {
      clients.add(response)
      response.on('close', () => clients.delete(response))
      response.on('error', () => response.destroy())
      send(response, 'retry: 2000\n\n')
      if (lastId !== undefined) for (const message of kept) if (message.id > lastId) send(response, message.text)
    },
    clients: () => clients.size,
    close() {
      clearInterval(heartbeat)
      for (const client of clients) client.end()
    },
  }
}
