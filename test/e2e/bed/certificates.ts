import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Certificate {
  readonly certFile: string
  readonly keyFile: string
}

export interface CertificateRequest {
  /** Becomes the file's name; for a client also nothing else. */
  readonly name: string
  /** E.g. "/O=system:masters/CN=admin". */
  readonly subject: string
  /** Names that a server answers to, e.g. "DNS:localhost". Absent for a client. */
  readonly names?: readonly string[]
}

/** A certificate authority of one bed, in its folder; everything on the bed is verified against it. */
export interface CertificateAuthority {
  readonly caFile: string
  readonly folder: string
  issue(request: CertificateRequest): Certificate
}

function openssl(args: readonly string[]): void {
  try {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    throw new Error(`openssl ${args[0]} failed; the bed needs Debian's package openssl`, { cause: error })
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export function createAuthority(folder: string): CertificateAuthority {
  const [caFile, caKey] = [join(folder, 'ca.crt'), join(folder, 'ca.key')]
  const basics = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  openssl(['req', '-x509', ...NEW_KEY, '-keyout', caKey, '-out', caFile, '-days', '7', '-subj', '/CN=crescendo-bed', ...basics])
  return { caFile, folder, issue: request => issue({ folder, caFile, caKey }, request) }
}

interface Issuer {
  readonly folder: string
  readonly caFile: string
  readonly caKey: string
}

function issue({ folder, caFile, caKey }: Issuer, { name, subject, names }: CertificateRequest): Certificate {
  const [certFile, keyFile] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  if (existsSync(certFile)) return { certFile, keyFile }
  const extensions = names ? `extendedKeyUsage=serverAuth\nsubjectAltName=${names.join(',')}\n` : 'extendedKeyUsage=clientAuth\n'
  const [requestFile, extensionFile] = [join(folder, `${name}.csr`), join(folder, `${name}.ext`)]
  writeFileSync(extensionFile, `basicConstraints=CA:FALSE\n${extensions}`)
  openssl(['req', ...NEW_KEY, '-keyout', keyFile, '-out', requestFile, '-subj', subject])
  const by = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '7', '-extfile', extensionFile]
  openssl(['x509', '-req', '-in', requestFile, '-out', certFile, ...by])
  return { certFile, keyFile }
}

/** The pair of keys with which service account tokens are signed and checked. */
export function createServiceAccountKeys(folder: string): { readonly privateKeyFile: string; readonly publicKeyFile: string } {
  const [privateKeyFile, publicKeyFile] = [join(folder, 'service-account.key'), join(folder, 'service-account.pub')]
  openssl(['ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', privateKeyFile])
  openssl(['ec', '-in', privateKeyFile, '-pubout', '-out', publicKeyFile])
  return { privateKeyFile, publicKeyFile }
}

export const base64File = (path: string): string => readFileSync(path).toString('base64')
