import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { main } from './main.ts'
import { packageVersion } from './package-version.ts'

let printed = ''
let noted = ''

beforeEach(() => {
  printed = ''
  noted = ''
  vi.spyOn(process.stdout, 'write').mockImplementation(text => {
    printed += String(text)
    return true
  })
  vi.spyOn(process.stderr, 'write').mockImplementation(text => {
    noted += String(text)
    return true
  })
})
afterEach(() => void vi.restoreAllMocks())

describe('crescendo manifests', () => {
  test('prints YAML that parses, with the version of this program as image', async () => {
    expect(await main(['manifests'])).toBe(0)
    const documents = parseAllDocuments(printed)
    expect(documents.flatMap(({ errors }) => errors)).toEqual([])
    expect(documents.length).toBeGreaterThan(10)
    expect(printed).toContain(`image: crescendo:${packageVersion()}\n`)
    expect(noted).toBe('')
  })

  test('--json prints one List; --only leaves the other parts out', async () => {
    expect(await main(['manifests', '--json', '--only', 'workload', 'network'])).toBe(0)
    const { kind, items } = JSON.parse(printed) as { readonly kind: string; readonly items: readonly { readonly kind: string }[] }
    expect(kind).toBe('List')
    expect(items.map(item => item.kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget', 'NetworkPolicy'])
  })

  test('options that take several values take them after each other or repeated', async () => {
    await main([
      'manifests',
      '--only',
      'rbac',
      '--watch-namespace',
      'shop',
      'media',
      '--watch-namespace',
      'shop',
      '--secret',
      'token',
    ])
    const roles = parseAllDocuments(printed)
      .map(document => document.toJS() as { readonly kind: string; readonly metadata: { readonly namespace?: string } })
      .filter(({ kind }) => kind === 'Role')
    expect(roles.map(({ metadata }) => metadata.namespace)).toEqual(['shop', 'media', 'crescendo-system'])
  })

  test.each([
    ['--namespace', 'Not_A_Name'],
    ['--namespace', 'a.b'],
    ['--watch-namespace', '*'],
    ['--secret', '*'],
    ['--database-secret', ''],
    ['--custom-metric', '*'],
    ['--custom-metric', 'pods/*'],
    ['--external-metric', '*'],
    ['--scale', 'deployments'],
    ['--scale', '*.apps'],
    ['--egress', 'monitoring'],
    ['--egress', 'monitoring:99999'],
    ['--api-server', '10.0.0.0/33'],
    ['--api-server', '0.0.0.0'],
    ['--api-server', 'somewhere/8'],
    ['--replicas', '0'],
    ['--image', 'an image'],
    ['--only', 'everything'],
  ])('%s %j is bad usage: one line that names the option, exit code 2', async (option, value) => {
    expect(await main(['manifests', option, value])).toBe(2)
    expect(noted.trim().split('\n')).toHaveLength(1)
    expect(noted).toContain(option)
    expect(printed).toBe('')
  })

  test.each([
    [[], 2],
    [['--dry-run'], 1],
    [['--dry-run', '--replicas', '3'], 3],
  ])(
    '%j makes a Deployment of %d replicas: in a dry run nobody holds a Lease, so each copy would decide',
    async (more, replicas) => {
      await main(['manifests', '--only', 'workload', ...more])
      expect(printed).toContain(`  replicas: ${replicas}\n`)
    },
  )

  test('addresses of both families are taken', async () => {
    expect(await main(['manifests', '--only', 'network', '--api-server', '10.1.2.3/32', 'fd00::1/128'])).toBe(0)
    expect(printed).toContain('cidr: fd00::1/128')
  })
})
