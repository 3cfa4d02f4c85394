import { deflateSync, inflateSync } from 'node:zlib'

/** Below this a text is kept as it is: deflating gains little there and costs the same call. */
const DEFLATE_FROM_BYTES = 512
const ZLIB_FIRST_BYTE = 0x78

/** Text as bytes, deflated where that pays. JSON never begins with the first byte of zlib (`x`), so the two are told apart. */
export function pack(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8')
  return bytes.length < DEFLATE_FROM_BYTES ? bytes : deflateSync(bytes, { level: 1 })
}

export function unpack(bytes: Uint8Array): string {
  const plain = bytes[0] === ZLIB_FIRST_BYTE ? inflateSync(bytes) : Buffer.from(bytes)
  return plain.toString('utf8')
}
