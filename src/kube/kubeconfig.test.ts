import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CrescendoError } from '../errors.ts'
import { type KubeConfigChoice, loadKubeConfig } from './kubeconfig.ts'

const folder = mkdtempSync(join(tmpdir(), 'crescendo-kubeconfig-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, text)
  return path
}

function config(name: string, cluster: object, context = name): string {
  return JSON.stringify({
    'current-context': context,
    contexts: [{ name, context: { cluster: name, user: name } }],
    clusters: [{ name, cluster }],
    users: [{ name, user: { token: `token-of-${name}` } }],
  })
}

const serverOf = async (choice: KubeConfigChoice) => (await loadKubeConfig(choice)).getCurrentCluster()?.server

async function refusal(choice: KubeConfigChoice): Promise<string> {
  const error = await loadKubeConfig(choice).then(
    () => undefined,
    (cause: unknown) => cause,
  )
  expect(error).toBeInstanceOf(CrescendoError)
  expect(error).toMatchObject({ code: 'CRS_KUBECONFIG' })
  const { message } = error as CrescendoError
  expect(message).not.toContain('\n')
  return message
}

const good = file('good', config('good', { server: 'https://good:6443' }))
const home = file('home/.kube/config', config('home', { server: 'https://home' }))
const pod = join(folder, 'pod')
file('pod/token', 'pod-token')
file('pod/ca.crt', 'authority')
const POD_ENV = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443', HOME: join(folder, 'home') }

describe('the order of search', () => {
  test('--kubeconfig, then KUBECONFIG, then the pod, then the home folder', async () => {
    const other = file('other', config('other', { server: 'https://other' }))
    const env = { ...POD_ENV, KUBECONFIG: other }
    expect(await serverOf({ kubeconfig: good, env, serviceAccountFolder: pod })).toBe('https://good:6443')
    expect(await serverOf({ env, serviceAccountFolder: pod })).toBe('https://other')
    expect(await serverOf({ env: POD_ENV, serviceAccountFolder: pod })).toBe('https://10.0.0.1:443')
    expect(await serverOf({ env: POD_ENV, serviceAccountFolder: pod, inCluster: false })).toBe('https://home')
    expect(await serverOf({ env: { HOME: join(folder, 'home') }, serviceAccountFolder: pod })).toBe('https://home')
    expect(await serverOf({ env, serviceAccountFolder: pod, inCluster: true })).toBe('https://10.0.0.1:443')
  })

  test('of several files the first that names something wins, and missing ones do not matter', async () => {
    const second = file('second', config('good', { server: 'https://never' }, 'second'))
    const third = file('third', config('third', { server: 'https://third' }))
    const env = { KUBECONFIG: [join(folder, 'absent'), good, second, third].join(':') }
    expect(await serverOf({ env })).toBe('https://good:6443')
    expect(await serverOf({ env, context: 'third' })).toBe('https://third')
  })

  test('an IPv6 address of the service is put in brackets', async () => {
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' }
    expect(await serverOf({ env, serviceAccountFolder: pod, inCluster: true })).toBe('https://[fd00::1]:443')
  })
})

describe('what is refused, in one line with the file and the remedy', () => {
  test('nothing found anywhere', async () => {
    expect(await refusal({ env: { HOME: join(folder, 'nobody') } })).toMatch(/^no kubeconfig: .*nobody.* pass --kubeconfig FILE$/)
  })

  test('a file that is not there', async () => {
    expect(await refusal({ kubeconfig: join(folder, 'absent') })).toContain('absent: no such file or folder')
  })

  test('broken YAML, with its line', async () => {
    expect(await refusal({ kubeconfig: file('broken', 'a: 1\nb: [1, 2\nc: {') })).toMatch(/broken:\d+: this is not YAML/)
  })

  test('a cluster without a server', async () => {
    expect(await refusal({ kubeconfig: file('no-server', config('x', { other: 1 })) })).toContain(
      'clusters[0].cluster.server is missing',
    )
  })

  test('text that is no kubeconfig', async () => {
    expect(await refusal({ kubeconfig: file('text', 'hello') })).toContain('no current-context')
    expect(await refusal({ kubeconfig: file('empty', '') })).toMatch(/empty: /)
  })

  test('a context that is not there, with those that are', async () => {
    expect(await refusal({ kubeconfig: good, context: 'prod' })).toContain(
      'the context "prod" is not there; pass --context NAME (its contexts: good)',
    )
  })

  test('verification turned off', async () => {
    const path = file('insecure', config('x', { server: 'https://x', 'insecure-skip-tls-verify': true }))
    expect(await refusal({ kubeconfig: path })).toContain('insecure-skip-tls-verify')
  })

  test('a token over plain HTTP to another machine', async () => {
    expect(await refusal({ kubeconfig: file('plain', config('x', { server: 'http://10.1.2.3:8080' })) })).toContain(
      'must be an https:// address',
    )
    expect(await serverOf({ kubeconfig: file('proxy', config('x', { server: 'http://127.0.0.1:8001' })) })).toBe(
      'http://127.0.0.1:8001',
    )
  })

  test('a SOCKS proxy', async () => {
    const path = file('socks', config('x', { server: 'https://x', 'proxy-url': 'socks5://y' }))
    expect(await refusal({ kubeconfig: path })).toContain('proxy-url')
  })

  test('a pod without a mounted service account, and no pod at all', async () => {
    expect(await refusal({ inCluster: true, env: POD_ENV, serviceAccountFolder: join(folder, 'none') })).toContain(
      'automountServiceAccountToken',
    )
    expect(await refusal({ inCluster: true, env: {} })).toContain('KUBERNETES_SERVICE_HOST is not set')
  })
})

test('a context without a user still trusts its authority', async () => {
  const path = file(
    'nobody-config',
    JSON.stringify({
      'current-context': 'a',
      contexts: [{ name: 'a', context: { cluster: 'a' } }],
      clusters: [
        { name: 'a', cluster: { server: 'https://a', 'certificate-authority-data': Buffer.from('CA').toString('base64') } },
      ],
    }),
  )
  const options: { ca?: unknown } = {}
  await (await loadKubeConfig({ kubeconfig: path })).applyToHTTPSOptions(options)
  expect(String(options.ca)).toBe('CA')
  expect(home).toContain('.kube')
})
