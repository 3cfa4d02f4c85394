import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { KubeError } from './kube-error.ts'
import type { Timing } from './timing.ts'

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: Readonly<Tls>
  /** Address, without a slash at its end. */
  readonly server: string
  readonly proxyUrl?: string
}

export interface Tls {
  ca?: string | Buffer
  cert?: string | Buffer
  key?: string | Buffer
  servername?: string
}

export interface Keyring {
  /** As fresh as 10 s; one reading or one run of an exec plugin at a time. */
  current(): Promise<Credentials>
  /** After a 401: everything is read anew, at most once in 10 s. True where that gave something else than `refused`. */
  renew(refused: Credentials): Promise<boolean>
}

const KEPT_MS = 10_000

/** Authentication by the official client: tokens, token files, client certificates, exec plugins, OIDC. */
export function createKeyring(first: KubeConfig, load: () => Promise<KubeConfig>, timing: Timing): Keyring {
  let config = first
  let kept: { readonly credentials: Promise<Credentials>; readonly atMs: number } | undefined
  let reloadedAtMs = Number.NEGATIVE_INFINITY

  const current = (): Promise<Credentials> => {
    if (kept === undefined || timing.nowMs() - kept.atMs > KEPT_MS) {
      const credentials = read(config)
      const entry = { credentials, atMs: timing.nowMs() }
      kept = entry
      credentials.catch(() => {
        if (kept === entry) kept = undefined
      })
    }
    return kept.credentials
  }
  return {
    current,
    async renew(refused) {
      if (timing.nowMs() - reloadedAtMs > KEPT_MS) {
        reloadedAtMs = timing.nowMs()
        config = await load()
        kept = undefined
      }
      return !areSame(await current(), refused)
    },
  }
}

export function areSame(one: Credentials, other: Credentials): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

async function read(config: KubeConfig): Promise<Credentials> {
  const cluster = config.getCurrentCluster()
  if (!cluster) throw new KubeError('the kubeconfig has no cluster any more', { status: 0, reason: 'Unreachable' })
  const options: RequestOptions = {}
  try {
    if (cluster.server.startsWith('https:')) await config.applyToHTTPSOptions(options)
    else await plain(config, options)
  } catch {
    // What an exec plugin wrote may hold secrets: it is not kept, not even as a cause.
    throw new KubeError(
      'the credentials of the kubeconfig cannot be had: a file of it cannot be read, or its exec plugin failed (`kubectl version` uses the same)',
      { status: 0, reason: 'NoCredentials' },
    )
  }
  return {
    server: cluster.server.replace(/\/+$/, ''),
    headers: headersOf(options),
    tls: tlsOf(options, cluster.caFile),
    ...(cluster.proxyUrl ? { proxyUrl: cluster.proxyUrl } : {}),
  }
}

/** On loopback without TLS (`kubectl proxy`) the official client wants the flag that is refused everywhere else. */
async function plain(config: KubeConfig, options: RequestOptions): Promise<void> {
  const cluster = config.getCurrentCluster()
  if (cluster) Object.assign(cluster, { skipTLSVerify: true })
  await config.applyToHTTPSOptions(options)
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name.toLowerCase()] = String(value).trim()
  if (typeof options.auth === 'string') headers.authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`
  return headers
}

function tlsOf(options: RequestOptions, caFile: string | undefined): Tls {
  const tls: Tls = {}
  const ca = options.ca ?? (caFile ? readFileSync(caFile) : undefined)
  if (typeof ca === 'string' || Buffer.isBuffer(ca)) tls.ca = ca
  if (typeof options.cert === 'string' || Buffer.isBuffer(options.cert)) tls.cert = options.cert
  if (typeof options.key === 'string' || Buffer.isBuffer(options.key)) tls.key = options.key
  if (options.servername !== undefined) tls.servername = options.servername
  return tls
}
