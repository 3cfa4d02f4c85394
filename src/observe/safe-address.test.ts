import { describe, expect, test } from 'vitest'
import { deniedAddress, deniedHost, safeLookup } from './safe-address.ts'

const admin = { loopback: true }
const pod = { loopback: false }

describe('addresses', () => {
  test.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b:1::a9fe:a9fe',
    '2002:a9fe:a9fe::1',
    '::ffff:0:a9fe:a9fe',
    '::a9fe:a9fe',
    'fe80::1',
    'fe80::1%eth0',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '100.100.100.200',
    'fd00:ec2::254',
    '192.0.0.192',
    'not-an-address',
    '0x7f000001',
  ])('%s is refused, for an admin’s source too', address => {
    expect(deniedAddress(address, admin)).toBeDefined()
  })

  test.each([
    '10.0.0.1',
    '172.16.3.4',
    '192.168.1.1',
    '8.8.8.8',
    '100.64.0.1',
    'fd12:3456::1',
    '2606:4700::1111',
    '64:ff9b::808:808',
  ])('%s is dialled', address => {
    expect(deniedAddress(address, pod)).toBeUndefined()
  })

  test.each(['127.0.0.1', '::1', '::ffff:127.0.0.1', '127.9.9.9'])('%s is for an admin’s source, not for a pod', address => {
    expect([deniedAddress(address, admin), deniedAddress(address, pod)]).toEqual([undefined, 'a loopback address'])
  })

  test.each([
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://0251.0376.0251.0376/',
    'http://169.254.169.254./',
    'http://[::ffff:a9fe:a9fe]/',
    'http://１６９.254.169.254/',
  ])('however it is written, %s is the metadata service', address => {
    expect(deniedHost(new URL(address), admin)).toBeDefined()
  })
})

describe('a lookup', () => {
  const resolving = (...addresses: string[]) =>
    ((_: string, __: object, callback: (error: null, found: { address: string; family: number }[]) => void) =>
      callback(
        null,
        addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as unknown as typeof import('node:dns').lookup
  const look = (options: { all?: boolean }, ...addresses: string[]) =>
    new Promise<unknown[]>(resolve =>
      safeLookup(admin, resolving(...addresses))('prometheus.test', options, (...result) => resolve(result)),
    )

  test('one bad address among good ones refuses the name', async () => {
    expect(await look({ all: true }, '10.0.0.1', '169.254.169.254')).toMatchObject([
      { message: 'prometheus.test leads to a link-local address' },
      [],
    ])
  })

  test('good ones are handed on, as one or as all', async () => {
    expect(await look({ all: true }, '10.0.0.1')).toEqual([null, [{ address: '10.0.0.1', family: 4 }]])
    expect(await look({}, '10.0.0.1', '10.0.0.2')).toEqual([null, '10.0.0.1', 4])
  })
})
