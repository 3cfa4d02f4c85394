import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { checkText } from '../../resources/load.ts'
import { main } from '../main.ts'

let folder = ''
let printed = ''
let noted = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'crescendo-import-'))
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

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true })
})

const written = (name: string, text: string) => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const HPA = {
  metadata: { name: 'web', namespace: 'shop', resourceVersion: '7', uid: 'u', managedFields: [{}] },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 9 },
  status: { currentReplicas: 2 },
}
const FILE = JSON.stringify({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', ...HPA })
const QUEUE = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: 'queue', namespace: 'shop' },
  spec: { scaleTargetRef: { name: 'queue' }, minReplicaCount: 1, triggers: [{ type: 'kafka', metadata: {} }] },
}

describe('crescendo import of files', () => {
  test('what has a counterpart goes to standard output, and validates', async () => {
    expect(await main(['import', written('hpa.json', FILE)])).toBe(0)
    expect(checkText('out', printed).problems.filter(({ severity }) => severity === 'error')).toEqual([])
    expect(printed).toContain('mode: Recommend')
    expect(noted).toBe('')
  })

  test('what has none is named on standard error, and the exit code is 1', async () => {
    expect(await main(['import', written('queue.json', JSON.stringify(QUEUE)), '--json'])).toBe(1)
    expect(noted).toContain('queue.json:1: trigger kafka')
    expect(JSON.parse(printed)).toMatchObject({ documents: [], leftOut: [{ message: expect.stringContaining('kafka') }, {}] })
  })

  test.each([
    [['import'], 'needs files'],
    [['import', 'a.yaml', '--from-cluster'], 'exclude each other'],
    [['import', 'a.yaml', '--kubeconfig', 'k'], 'add --from-cluster'],
    [['import', 'not-there.yaml'], 'no such file'],
    [['import', 'examples/checkout-policy.yaml'], 'found no HorizontalPodAutoscaler'],
    [['import', 'a.yaml', '--mode', 'Full'], 'Recommend, Auto'],
  ])('%o is bad usage: one line, exit code 2', async (argv, said) => {
    expect(await main(argv)).toBe(2)
    expect(noted).toContain(said)
    expect(printed).toBe('')
  })
})

describe('crescendo import --from-cluster', () => {
  const asked: string[] = []
  const answers = async (reply: (request: IncomingMessage, response: ServerResponse) => void, ...argv: string[]) => {
    asked.length = 0
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      reply(request, response)
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo // a TCP server has one
    const kubeconfig = written(
      'kubeconfig',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        'current-context': 'c',
        clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
        contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
        users: [{ name: 'u', user: {} }],
      }),
    )
    try {
      return await main(['import', '--from-cluster', '--kubeconfig', kubeconfig, ...argv])
    } finally {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    }
  }
  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

  test('reads every page of the stock HPAs, and does without KEDA where it is not installed', async () => {
    const code = await answers((request, response) => {
      if (request.url?.includes('keda.sh')) return json(response, 404, { kind: 'Status', reason: 'NotFound', code: 404 })
      const isSecond = request.url?.includes('continue=next')
      const items = [{ ...HPA, metadata: { ...HPA.metadata, name: isSecond ? 'second' : 'first' } }]
      const metadata = isSecond ? {} : { continue: 'next' }
      return json(response, 200, { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscalerList', metadata, items })
    })
    expect({ code, noted }).toEqual({ code: 0, noted: '' })
    expect([...printed.matchAll(/^ {2}name: (.*)$/gm)].map(match => match[1])).toEqual(['first', 'second'])
    expect(printed).not.toContain('resourceVersion')
    expect(asked).toHaveLength(3)
  })

  test('a ScaledObject of the cluster is imported, its triggers named by object; --namespace asks for one only', async () => {
    const trigger = { type: 'cpu', metricType: 'Utilization', metadata: { value: '50' } }
    const both = { ...QUEUE, spec: { ...QUEUE.spec, triggers: [...QUEUE.spec.triggers, trigger] } }
    const code = await answers(
      (request, response) =>
        json(response, 200, { kind: 'List', metadata: {}, items: request.url?.includes('keda.sh') ? [both] : [] }),
      '--namespace',
      'shop',
    )
    expect(code).toBe(1)
    expect(noted).toContain('left out, cluster, shop/queue: trigger kafka')
    expect(printed).toContain('averageUtilization: 50')
    expect(asked.every(path => path.includes('/namespaces/shop/'))).toBe(true)
  })

  test('an empty cluster is an answer, not an error', async () => {
    expect(await answers((_, response) => json(response, 200, { kind: 'List', metadata: {}, items: [] }))).toBe(0)
    expect(noted).toContain('in this cluster')
  })

  test('a cluster that refuses is one line and exit code 1, without a word of the server', async () => {
    const code = await answers((_, response) =>
      json(response, 403, { kind: 'Status', reason: 'Forbidden', code: 403, message: 'secret words of the server' }),
    )
    expect({ code, printed }).toEqual({ code: 1, printed: '' })
    expect(noted).not.toMatch(/secret words|fault of crescendo/)
    expect(noted.trim().split('\n')).toHaveLength(1)
  })
})
