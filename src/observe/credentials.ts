import type { Clock } from '../ports.ts'
import { type Found, found, missing } from './missing.ts'
import type { SecretReference, SourceSpec } from './source-document.ts'

/** One value of a Secret in the controller's namespace; `undefined` where the Secret lacks the key. Rejects where it cannot be read. */
export type ReadSecret = (reference: { readonly name: string; readonly key: string }) => Promise<string | undefined>

/** What a connection to a source needs; never logged, never in a message. */
export interface Access {
  /** Value of the Authorization header. */
  readonly authorization?: string
  /** PEM. */
  readonly certificates?: string
}

export interface Credentials {
  access(): Promise<Found<Access>>
  /** The source did not accept them: read them anew before the next use. */
  forget(): void
}

const KEPT_MS = 60_000

/**
 * Credentials of a MetricSource from its Secrets, kept for a minute so that a rotated Secret takes effect. `secretRef` with a
 * key holds a bearer token; without, the keys `token`, or `username` and `password`. `caSecretRef` holds PEM, by default under `ca.crt`.
 */
export function createCredentials(
  spec: SourceSpec,
  tools: { readonly readSecret: ReadSecret; readonly clock: Clock },
): Credentials {
  let kept: { readonly at: number; readonly access: Promise<Found<Access>> } | undefined
  return {
    access() {
      const now = tools.clock.now()
      if (kept === undefined || now - kept.at >= KEPT_MS || now < kept.at)
        kept = { at: now, access: read(spec, tools.readSecret) }
      const { access } = kept
      void access.then(result => {
        if (result.kind === 'missing' && kept?.access === access) kept = undefined
      })
      return access
    },
    forget() {
      kept = undefined
    },
  }
}

async function read({ authentication, tls }: SourceSpec, readSecret: ReadSecret): Promise<Found<Access>> {
  try {
    const authorization = authentication && (await authorizationOf(authentication.secretRef, readSecret))
    if (authorization?.kind === 'missing') return authorization
    const authority = tls?.caSecretRef
    const certificates = authority && (await readSecret({ name: authority.name, key: authority.key ?? 'ca.crt' }))
    if (authority !== undefined && certificates === undefined)
      return missing('Denied', `the Secret ${authority.name} lacks the key ${authority.key ?? 'ca.crt'}`)
    return found({
      ...(authorization !== undefined && { authorization: authorization.value }),
      ...(certificates !== undefined && { certificates }),
    })
  } catch {
    // The reason stays out: an error of whatever read the Secret could quote it.
    return missing('Denied', 'its Secret cannot be read; check that it exists and that the controller may get it')
  }
}

async function authorizationOf({ name, key }: SecretReference, readSecret: ReadSecret): Promise<Found<string>> {
  const token = await readSecret({ name, key: key ?? 'token' })
  if (token !== undefined) return headerOf(name, `Bearer ${token.trim()}`)
  if (key !== undefined) return missing('Denied', `the Secret ${name} lacks the key ${key}`)
  const [username, password] = [await readSecret({ name, key: 'username' }), await readSecret({ name, key: 'password' })]
  if (username === undefined || password === undefined)
    return missing('Denied', `the Secret ${name} has neither the key token nor the keys username and password`)
  return headerOf(name, `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`)
}

function headerOf(name: string, header: string): Found<string> {
  return /^[\x20-\x7e]+$/.test(header)
    ? found(header)
    : missing('Denied', `the Secret ${name} holds what no HTTP header can carry`)
}
