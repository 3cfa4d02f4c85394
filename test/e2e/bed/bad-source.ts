import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A metric source that misbehaves, a different way under each path. */
export interface BadSource {
  /** Base address of one way: "login", "moved", "drip" or "stale". */
  url(way: Way): string
  /** Authorization headers that came, by the path that they came to. */
  readonly credentials: ReadonlyMap<string, readonly string[]>
  stop(): Promise<void>
}

export type Way = 'login' | 'moved' | 'elsewhere' | 'drip' | 'stale'

/** Text of the login page: it must appear nowhere. */
export const LOGIN_TEXT = 'canary-login-page'

const vector = (atSeconds: number) =>
  JSON.stringify({
    status: 'success',
    data: { resultType: 'vector', result: [{ metric: { namespace: 'metrics' }, value: [atSeconds, '900'] }] },
  })

const json = { 'content-type': 'application/json' }

const ways: Readonly<Record<Way, (answer: ServerResponse, elsewhere: string) => void>> = {
  login: answer => void answer.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${LOGIN_TEXT}</html>`),
  moved: (answer, elsewhere) => void answer.writeHead(302, { location: `${elsewhere}/api/v1/query` }).end(LOGIN_TEXT),
  elsewhere: answer => void answer.writeHead(200, json).end(vector(Date.now() / 1000)),
  drip(answer) {
    const text = vector(Date.now() / 1000)
    answer.writeHead(200, { ...json, 'content-length': String(text.length) })
    let at = 0
    const timer = setInterval(() => answer.write(text[at++] ?? ' '), 1000)
    answer.once('close', () => clearInterval(timer))
  },
  stale: answer => void answer.writeHead(200, json).end(vector(Date.now() / 1000 - 600)),
}

/** Listens on two addresses of loopback: what `moved` points at is another host. */
export async function startBadSource(): Promise<BadSource> {
  const credentials = new Map<string, string[]>()
  let elsewhere = ''
  const handle = (call: IncomingMessage, answer: ServerResponse) => {
    const way = (call.url ?? '').split('/')[1] ?? ''
    const { authorization } = call.headers
    credentials.set(way, [...(credentials.get(way) ?? []), ...(authorization === undefined ? [] : [authorization])])
    call.resume()
    if (way in ways) ways[way as Way](answer, elsewhere)
    else answer.writeHead(404).end()
  }
  const [near, far] = [createServer(handle), createServer(handle)]
  const listen = (server: typeof near, host: string) =>
    new Promise<string>(done => server.listen(0, host, () => done(`http://${host}:${(server.address() as AddressInfo).port}`)))
  const base = await listen(near, '127.0.0.1')
  elsewhere = `${await listen(far, '127.0.0.2')}/elsewhere`
  return {
    url: way => `${base}/${way}`,
    credentials,
    stop: async () => {
      for (const server of [near, far]) {
        server.closeAllConnections()
        await new Promise(done => server.close(done))
      }
    },
  }
}
