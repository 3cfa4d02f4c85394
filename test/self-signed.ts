import { createSign, generateKeyPairSync } from 'node:crypto'

/** Minimal DER, enough for one X.509 certificate, so that tests of TLS need no program and no key in the repository. */
function der(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content)
  const length =
    body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), body])
}

const ECDSA_WITH_SHA256 = der(0x30, Buffer.from('06082a8648ce3d040302', 'hex'))
const COMMON_NAME = Buffer.from('0603550403', 'hex')
const SUBJECT_ALT_NAME = Buffer.from('0603551d11', 'hex')
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex')

/** A certificate of its own making for 127.0.0.1, valid for a day: its own authority, too. */
export function selfSigned(name: string): { readonly certificate: string; readonly key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const subject = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(name)))))
  const at = (days: number) => {
    const iso = new Date(Date.now() + days * 86_400_000).toISOString().replace(/[-:T]/g, '')
    return der(0x17, Buffer.from(`${iso.slice(2, 14)}Z`))
  }
  const address = der(0x30, SUBJECT_ALT_NAME, der(0x04, der(0x30, der(0x87, Buffer.from([127, 0, 0, 1])))))
  const authority = der(
    0x30,
    BASIC_CONSTRAINTS,
    der(0x01, Buffer.from([255])),
    der(0x04, der(0x30, der(0x01, Buffer.from([255])))),
  )
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1 + name.length])),
    ECDSA_WITH_SHA256,
    subject,
    der(0x30, at(-1), at(1)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, der(0x30, address, authority)),
  )
  const signature = createSign('SHA256').update(body).sign(privateKey)
  const whole = der(0x30, body, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature))
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}
