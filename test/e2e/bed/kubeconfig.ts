import { writeFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { base64File, type Certificate } from './certificates.ts'

export interface Access {
  readonly server: string
  readonly caFile: string
}

/** Who speaks: a client certificate, or a bearer token. */
export type Identity = { readonly certificate: Certificate } | { readonly token: string }

/** Writes a kubeconfig with everything inside it, so that it can be handed to any program, and gives its path back. */
export function writeKubeconfig(path: string, access: Access, identity: Identity): string {
  const user =
    'token' in identity
      ? { token: identity.token }
      : {
          'client-certificate-data': base64File(identity.certificate.certFile),
          'client-key-data': base64File(identity.certificate.keyFile),
        }
  const document = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bed',
    clusters: [{ name: 'bed', cluster: { server: access.server, 'certificate-authority-data': base64File(access.caFile) } }],
    users: [{ name: 'bed', user }],
    contexts: [{ name: 'bed', context: { cluster: 'bed', user: 'bed' } }],
  }
  writeFileSync(path, stringify(document), { mode: 0o600 })
  return path
}
