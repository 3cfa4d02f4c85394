import type { FastifyInstance } from 'fastify'
import { CrescendoError } from '../errors.ts'

export interface Where {
  /** Default 127.0.0.1. */
  readonly host?: string
  /** 0 takes any. */
  readonly port: number
  /** How many ports are tried, from `port` on. Default 20; in a cluster others rely on the one: 1. */
  readonly tries?: number
}

const LOOPBACK_HOST = '127.0.0.1'
const TRIES = 20
const FORBIDDEN = 'the system does not let this user listen there (often below 1024); choose another, or 0 for any'

/** Listens at `port`, or at the next free one of `tries`. Gives the address. */
export async function listen(app: FastifyInstance, { host = LOOPBACK_HOST, port, tries = TRIES }: Where): Promise<string> {
  for (let next = port; next < port + tries && next < 65_536; next++) {
    try {
      return await app.listen({ host, port: next })
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException
      if (code === 'EACCES') throw new CrescendoError('CRS_USAGE', `--port ${next}: ${FORBIDDEN}`, { cause })
      if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
        throw new CrescendoError('CRS_USAGE', `${host}: this machine has no such address to listen at`, { cause })
      }
      if (code !== 'EADDRINUSE') throw cause
    }
  }
  const ports = tries === 1 ? `port ${port} of ${host} is taken` : `ports ${port} to ${port + tries - 1} of ${host} are all taken`
  throw new CrescendoError('CRS_PORT_TAKEN', `${ports}; choose another (--port, or server.port of the configuration)`)
}

/** Whether nobody outside of this machine can reach the server; also while it does not listen at all. */
export function isLoopbackOnly(app: FastifyInstance): boolean {
  const addresses: readonly (string | { readonly address: string })[] = app.addresses()
  return addresses.every(one => typeof one === 'string' || /^(?:127\.|::1$|::ffff:127\.)/.test(one.address))
}
