import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { failure, roughBed } from '../../test/rough-client.ts'
import { json, refuse } from '../../test/rough-server.ts'
import { selfSigned } from '../../test/self-signed.ts'
import type { KubeCall } from './api.ts'

const GET: KubeCall = { method: 'GET', path: '/api/v1/namespaces/audio/pods/one' }

const bed = roughBed()
const { serve, client } = bed
afterEach(bed.close)

describe('credentials', () => {
  test('a server whose certificate another authority made is refused, whatever the environment says', async () => {
    const [own, other] = [selfSigned('own'), selfSigned('other')]
    const server = await serve((_, response) => json(response, {}), { ...own, trusted: other.certificate })
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      const error = await failure((await client(server)).request(GET))
      expect(error.reason).toBe('Unreachable')
      expect(error.message).toMatch(/the certificate of https:.* is not trusted \([A-Z_]+\); check certificate-authority/)
      expect(server.asked).toHaveLength(0)
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before
    }
  })

  test('the right authority is trusted', async () => {
    const server = await serve((_, response) => json(response, { fine: true }), selfSigned('own'))
    expect(await (await client(server)).request(GET)).toEqual({ fine: true })
  })

  test('a token file is read anew when the server no longer takes the old token', async () => {
    let valid = 'first'
    const server = await serve((asked, response) =>
      asked.headers.authorization === `Bearer ${valid}` ? json(response, {}) : refuse(response, 401, { reason: 'Unauthorized' }),
    )
    const token = join(server.folder, 'token')
    writeFileSync(token, 'first\n')
    const file = join(server.folder, 'with-token-file')
    const users = [{ name: 'tester', user: { tokenFile: 'token' } }]
    writeFileSync(file, JSON.stringify({ ...JSON.parse(writeKubeconfigText(server.url, '')), users }))
    const kube = await client(server, { kubeconfig: file })
    await kube.request(GET)
    writeFileSync(token, 'second\n')
    valid = 'second'
    await kube.request(GET)
    expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer first', 'Bearer second'])
  })

  test('after a 401 the credentials are read anew, and the call is sent once more', async () => {
    const server = await serve((asked, response) =>
      asked.headers.authorization === 'Bearer second'
        ? json(response, { in: true })
        : refuse(response, 401, { reason: 'Unauthorized' }),
    )
    const kube = await client(server)
    writeFileSync(server.kubeconfig, writeKubeconfigText(server.url, 'second'))
    expect(await kube.request(GET)).toEqual({ in: true })
    expect(server.asked).toHaveLength(2)
  })

  test('an exec plugin gives the token; one that fails is told without its words', async () => {
    const server = await serve((_, response) => json(response, {}))
    const script = join(server.folder, 'plugin.mjs')
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'from-plugin' } }
    writeFileSync(script, `console.log(${JSON.stringify(JSON.stringify(credential))})`)
    const file = join(server.folder, 'with-exec')
    const config = (args: string[]) => ({
      'current-context': 't',
      contexts: [{ name: 't', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: server.url } }],
      users: [{ name: 'u', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: process.execPath, args } } }],
    })
    writeFileSync(file, JSON.stringify(config([script])))
    await (await client(server, { kubeconfig: file })).request(GET)
    expect(server.asked[0]?.headers.authorization).toBe('Bearer from-plugin')
    writeFileSync(file, JSON.stringify(config(['-e', 'console.error("secret"); process.exit(1)'])))
    const error = await failure((await client(server, { kubeconfig: file })).request(GET))
    expect(error.reason).toBe('NoCredentials')
    expect(error.message).not.toContain('secret')
    expect(error.cause).toBeUndefined()
    expect(server.asked).toHaveLength(1)
  })
})

function writeKubeconfigText(server: string, token: string): string {
  return JSON.stringify({
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'tester' } }],
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'tester', user: { token } }],
  })
}
