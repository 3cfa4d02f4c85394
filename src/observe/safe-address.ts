import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What may be dialled beside the public addresses. Private addresses always may: services of a cluster live there. */
export interface AddressRules {
  /** Loopback: an admin's sidecar, and tests. Never for the address of a pod. */
  readonly loopback: boolean
}

/** Ranges that hold no metrics source but metadata services, groups and nobody. */
const DENIED = new Set(['linkLocal', 'unspecified', 'multicast', 'broadcast', 'reserved'])

/**
 * Why this address may not be dialled; `undefined` where it may. Addresses that carry an IPv4 address within (mapped, NAT64,
 * 6to4) are judged by that one: `::ffff:a9fe:a9fe` and `64:ff9b::a9fe:a9fe` are 169.254.169.254, where clouds hand out credentials.
 */
export function deniedAddress(address: string, rules: AddressRules): string | undefined {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '')
  if (!ipaddr.isValid(bare) || isIP(bare) === 0) return 'not an IP address'
  if (METADATA.has(ipaddr.process(bare).toString())) return 'the address of a metadata service'
  const range = rangeOf(bare)
  if (range === 'loopback') return rules.loopback ? undefined : 'a loopback address'
  return DENIED.has(range) ? `a ${SPOKEN[range] ?? range} address` : undefined
}

/** Metadata services of clouds outside the link-local ranges (Alibaba, Amazon on IPv6). */
const METADATA = new Set(['100.100.100.200', 'fd00:ec2::254'])

const SPOKEN: Readonly<Record<string, string>> = { linkLocal: 'link-local' }

function rangeOf(text: string): string {
  const address = ipaddr.process(text)
  if (address.kind() === 'ipv4') return address.range()
  const bytes = address.toByteArray()
  const range = address.range()
  if (range === 'rfc6145') return ipv4(bytes.slice(12)).range()
  if (range === '6to4') return ipv4(bytes.slice(2, 6)).range()
  // NAT64, the prefix of RFC 8215 too, of which ipaddr.js knows nothing.
  if (bytes[0] === 0 && bytes[1] === 0x64 && bytes[2] === 0xff && bytes[3] === 0x9b) return ipv4(bytes.slice(12)).range()
  // ::a.b.c.d, which old stacks still translate.
  if (range === 'unicast' && bytes.slice(0, 12).every(byte => byte === 0)) return ipv4(bytes.slice(12)).range()
  return range
}

function ipv4(bytes: readonly number[]): ipaddr.IPv4 {
  return new ipaddr.IPv4([...bytes])
}

/** A connection that was not opened, because of where it would have led. */
export class DeniedAddressError extends Error {
  override readonly name = 'DeniedAddressError'
}

/**
 * A lookup for sockets that checks every address that a name has, at the moment of connecting: one bad address among good ones
 * refuses the name, so that a name cannot change its mind between check and use. Sockets skip lookups for addresses
 * that are written out: check those with `deniedHost` first.
 */
export function safeLookup(rules: AddressRules, resolve: typeof lookup = lookup): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, [])
      const denied = addresses.map(({ address }) => deniedAddress(address, rules)).find(why => why !== undefined)
      if (denied !== undefined) return callback(new DeniedAddressError(`${hostname} leads to ${denied}`), [])
      const [first] = addresses
      if (options.all === true || first === undefined) return callback(null, addresses)
      callback(null, first.address, first.family)
    })
  }
}

/** Why the host of an address may not be dialled, where it is written as an IP address; names are checked at the lookup. */
export function deniedHost(url: URL, rules: AddressRules): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) === 0 ? undefined : deniedAddress(host, rules)
}
