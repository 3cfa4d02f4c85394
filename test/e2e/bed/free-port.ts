import { createServer } from 'node:net'

/** Ports that were free a moment ago, all different: every one is held until the last is known. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(
    servers.map(
      server =>
        new Promise<number>((done, fail) => {
          server.once('error', fail)
          server.listen(0, '127.0.0.1', () => {
            const address = server.address()
            if (address === null || typeof address === 'string') fail(new Error('the machine gave no port'))
            else done(address.port)
          })
        }),
    ),
  )
  await Promise.all(servers.map(server => new Promise(done => server.close(done))))
  return ports
}

export async function freePort(): Promise<number> {
  return (await freePorts(1))[0]!
}
