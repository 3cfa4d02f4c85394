import { createServer, type Server } from 'node:net'

/** Below the range from which the system takes the near end of connections: there a port that is free now may be taken before its server starts. */
const [LOWEST, HIGHEST] = [15_000, 32_000]
const TRIES = 200

/** Ports that were free a moment ago, all different: every one is held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const held: Server[] = []
  const ports: number[] = []
  for (let attempt = 0; ports.length < count; attempt++) {
    if (attempt === TRIES) throw new Error(`no ${count} free ports between ${LOWEST} and ${HIGHEST} in ${TRIES} tries`)
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    const server = await holder(port)
    if (server === undefined) continue
    held.push(server)
    ports.push(port)
  }
  await Promise.all(held.map(server => new Promise(done => server.close(done))))
  return ports
}

/** A server that holds the port; `undefined` where somebody else does. */
function holder(port: number): Promise<Server | undefined> {
  return new Promise(done => {
    const server = createServer()
    server.once('error', () => done(undefined))
    server.listen(port, '127.0.0.1', () => done(server))
  })
}

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!
}
