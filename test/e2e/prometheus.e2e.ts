import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { MetricSpec } from '../../src/core/model.ts'
import { BUILT_IN_CATALOGUE } from '../../src/observe/catalogue.ts'
import { createCredentials } from '../../src/observe/credentials.ts'
import { createPrometheus } from '../../src/observe/prometheus.ts'
import { render } from '../../src/observe/query-template.ts'
import type { SourceSpec } from '../../src/observe/source-document.ts'
import { createAuthority } from './bed/certificates.ts'
import {
  asked,
  clock,
  counterOf,
  exposed,
  forward,
  HOUR,
  pastLoad,
  perPod,
  podName,
  prometheus,
  STEP,
  sourcesWith,
  startedAt,
  startMetricsBed,
  stopMetricsBed,
  until,
  workload,
} from './metrics-bed.ts'

beforeAll(startMetricsBed)
afterAll(stopMetricsBed)

const queriesOf = (metric: string) => asked.filter(query => query.includes(metric))

describe('a real Prometheus', () => {
  test('accepts every query of the built-in catalogue, for one namespace and for many', async () => {
    const client = createPrometheus({
      url: prometheus.url,
      credentials: createCredentials({ type: 'Prometheus' }, { clock, readSecret: async () => undefined }),
      maxBytes: 1e6,
      lookbackMs: 120_000,
    })
    for (const namespaces of [['shop'], ['bank', 'shop']])
      for (const { name, query } of BUILT_IN_CATALOGUE) {
        const rendered = render(query, {
          namespaces,
          target: 'web',
          windowSeconds: 60,
          namespaceLabel: 'namespace',
          tenancyLabel: 'namespace',
          nowMs: Date.now(),
        })
        const answer = rendered.kind === 'query' ? await client.query(rendered.text, 5000) : rendered
        expect({ name, answer }).toMatchObject({ name, answer: { kind: 'found' } })
      }
    await client.close()
  })

  test('gives each workload its own pods, and their sum as demand', async () => {
    const sources = sourcesWith()
    const measured = await sources.read(workload())
    expect(measured.driver).toBe('requests_per_second')
    expect(measured.demand).toMatchObject({ kind: 'value', value: expect.closeTo(30, 0) })
    expect(measured.answers[0]).toMatchObject({
      kind: 'pods',
      samples: [{ pod: podName('web', 0) }, { pod: podName('web', 1) }, { pod: podName('web', 2) }],
    })
    expect(measured.errorRatio).toBe(0)
    await sources.close?.()
  })

  test('forty objects in two namespaces that ask at once cost one query for each metric', async () => {
    const sources = sourcesWith()
    asked.length = 0
    const workloads = Array.from({ length: 40 }, (_, index) =>
      workload({ namespace: index % 2 === 0 ? 'shop' : 'bank', name: `web${index}`, pods: [podName('web', index)] }),
    )
    const measured = await Promise.all(workloads.map(one => sources.read(one)))
    expect(measured.map(({ demand }) => demand.kind === 'value' && Math.round(demand.value / 10))).toEqual(
      workloads.map(({ namespace }) => (namespace === 'shop' ? 1 : 100)),
    )
    // requests_per_second is one query; error_ratio asks for the same counter once more.
    expect(queriesOf('grpc_server_handled_total')).toHaveLength(1)
    // Beside them a queue, a count of clients, conversions and sign-ins.
    expect(asked).toHaveLength(6)
    await sources.close?.()
  })
})

describe('values', () => {
  test('two GPUs at 80 % and 90 % are 1.7 GPUs in use', async () => {
    const sources = sourcesWith()
    const metrics: MetricSpec[] = [
      { type: 'Resource', resource: 'nvidia.com/gpu', target: { type: 'Utilization', averageUtilizationPercent: 85 } },
    ]
    const { answers, demand } = await sources.read(workload({ pods: ['gpu-0'], metrics, drivers: ['nvidia.com/gpu'] }))
    expect(answers[0]).toMatchObject({ kind: 'pods', samples: [{ pod: 'gpu-0', byContainer: { model: 1700 } }] })
    expect(demand).toMatchObject({ kind: 'value', value: 1.7 })
    await sources.close?.()
  })

  test('NaN is no number and nothing is no zero', async () => {
    const catalogue = [{ name: 'bad', query: 'bad_gauge{$selector}', kind: 'Load' as const }]
    const sources = sourcesWith({ catalogue })
    const { answers, demand } = await sources.read(
      workload({ pods: ['gpu-0'], metrics: [perPod('bad'), perPod('absent_metric')], drivers: ['bad'] }),
    )
    expect(answers).toMatchObject([
      { kind: 'missing', why: expect.stringMatching(/^NotANumber: /) },
      { kind: 'missing', why: expect.stringMatching(/^NotOffered: /) },
    ])
    expect(demand.kind).toBe('missing')
    await sources.close?.()
  })
})

describe('one tenant never reads what is another’s', () => {
  const external = (metric: string, selector?: string): MetricSpec => ({
    type: 'External',
    metric,
    target: { type: 'Value', value: 1000 },
    ...(selector !== undefined && { selector }),
  })
  const catalogue = [
    { name: 'careless', query: 'sum(queue_depth)', kind: 'Load' as const, scope: 'External' as const },
    {
      name: 'greedy',
      query: 'sum(queue_depth{namespace=~".+"} or queue_depth{queue="orders"})',
      kind: 'Load' as const,
      scope: 'External' as const,
    },
    {
      name: 'relabelled',
      query: 'label_replace(queue_depth, "namespace", "shop", "queue", ".*")',
      kind: 'Load' as const,
      scope: 'External' as const,
    },
    { name: 'all_requests', query: 'sum by (pod) (rate(http_requests_total{namespace!="shop"}[5s]))', kind: 'Load' as const },
  ]

  test.each(['careless', 'greedy'])('a catalogue query that asks for everything gives the own share: %s', async metric => {
    const sources = sourcesWith({ catalogue })
    const read = async (namespace: string) =>
      (await sources.read(workload({ namespace, metrics: [external(metric)], drivers: [] }))).answers
    expect(await Promise.all([read('shop'), read('bank')])).toMatchObject([
      [{ kind: 'values', values: [42_000] }],
      [{ kind: 'values', values: [7_000_000] }],
    ])
    await sources.close?.()
  })

  test('a query that writes the tenant label is refused', async () => {
    const sources = sourcesWith({ catalogue })
    const { answers } = await sources.read(workload({ metrics: [external('relabelled')], drivers: [] }))
    expect(answers).toMatchObject([
      { kind: 'missing', why: expect.stringMatching(/^Refused: .*label_replace may not write the label namespace/) },
    ])
    await sources.close?.()
  })

  test('neither a metric selector nor the names of foreign pods lead out of the namespace', async () => {
    const sources = sourcesWith({ catalogue })
    const bySelector = await sources.read(workload({ metrics: [external('careless', 'namespace=bank')], drivers: [] }))
    expect(bySelector.answers).toMatchObject([{ kind: 'values', values: [42_000] }])
    const byPods = await sources.read(workload({ metrics: [perPod('all_requests')], drivers: ['all_requests'] }))
    expect(byPods.demand).toMatchObject({ kind: 'value', value: expect.closeTo(30, 0) })
    await sources.close?.()
  })

  test('a namespace that the source does not allow reads nothing', async () => {
    const sources = sourcesWith({ allowedNamespaces: ['bank'] })
    asked.length = 0
    const { answers } = await sources.read(workload())
    expect(answers).toMatchObject([{ kind: 'missing', why: expect.stringMatching(/^NotOffered: /) }])
    expect(asked).toEqual([])
    await sources.close?.()
  })
})

describe('TLS', () => {
  test('an authority of its own, the name on the certificate, and no way around either', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crescendo-tls-'))
    const authority = createAuthority(folder)
    const { certFile, keyFile } = authority.issue({
      name: 'prometheus',
      subject: '/CN=prometheus',
      names: ['DNS:prometheus.test'],
    })
    const server = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) }, forward)
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const read = async (tls: NonNullable<SourceSpec['tls']>) => {
      const sources = sourcesWith({ url, tls }, { 'ca/ca.crt': readFileSync(authority.caFile, 'utf8') })
      const { demand } = await sources.read(workload())
      await sources.close?.()
      return demand
    }
    const caSecretRef = { name: 'ca' }
    try {
      expect(await read({ caSecretRef, serverName: 'prometheus.test' })).toMatchObject({ kind: 'value' })
      expect(await read({ serverName: 'prometheus.test' })).toMatchObject({
        kind: 'missing',
        why: expect.stringMatching(/^Unreachable: .*certificate is not trusted/),
      })
      expect(await read({ caSecretRef })).toMatchObject({
        kind: 'missing',
        why: expect.stringMatching(/^Unreachable: .*certificate is not trusted/),
      })
      expect(await read({ caSecretRef: { name: 'absent' } })).toMatchObject({
        kind: 'missing',
        why: expect.stringMatching(/^Denied: .*lacks the key ca.crt/),
      })
    } finally {
      server.closeAllConnections()
      server.close()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

describe('the past', () => {
  test('three days come in chunks, summed over the pods of the workload alone, gaps left out', async () => {
    const sources = sourcesWith({ catalogue: [{ name: 'work', query: 'work_rate{$selector}', kind: 'Load' }] })
    asked.length = 0
    const range = { fromMs: startedAt - 72 * HOUR, toMs: startedAt - HOUR - 2 * STEP, stepMs: STEP }
    const points = await sources.history(workload({ drivers: ['work'], metrics: [perPod('work')] }), range)
    expect(asked.length).toBeGreaterThan(1)
    expect(points.length).toBeGreaterThan(16_000)
    expect(points.map(({ at }) => at)).toEqual(points.map(({ at }) => at).toSorted((a, b) => a - b))
    for (const { at, value } of points.slice(0, 200)) expect(value).toBeCloseTo(pastLoad(at), 6)
    // One hour is missing; Prometheus holds a gauge for its look-back of five minutes only.
    const inGap = points.filter(({ at }) => at > startedAt - 71 * HOUR + 301_000 && at < startedAt - 70 * HOUR)
    expect(inGap).toEqual([])
    await sources.close?.()
  })
})

describe('trouble', () => {
  test('F02: when its targets are lost the demand is missing with NoData, and never was lower than before', async () => {
    const sources = sourcesWith()
    const lost = workload({ name: 'lost', pods: ['lost-1', 'lost-2'] })
    for (const pod of ['lost-1', 'lost-2'])
      exposed.set(`http_requests_total{namespace="shop",pod="${pod}",code="200"}`, counterOf(100))
    await until(async () => {
      const { demand } = await sources.read(lost)
      return demand.kind === 'value' && demand.value > 190
    })
    for (const pod of ['lost-1', 'lost-2']) exposed.delete(`http_requests_total{namespace="shop",pod="${pod}",code="200"}`)
    const seen: number[] = []
    await until(async () => {
      const { demand } = await sources.read(lost)
      if (demand.kind === 'value') seen.push(demand.value)
      else expect(demand.why).toMatch(/^NoData: /)
      return demand.kind === 'missing'
    })
    expect(Math.min(...seen, 200)).toBeGreaterThan(150)
    expect(sources.lastSigns?.(lost)?.lastGood?.value).toBeGreaterThan(150)
    await sources.close?.()
  })

  test('F01: without Prometheus the demand is missing, the last good value stays, and one read brings it back once it is tried again', async () => {
    const sources = sourcesWith()
    const web = workload()
    await sources.read(web)
    await prometheus.stop('SIGTERM')
    try {
      await until(async () => (await sources.read(web)).demand.kind === 'missing')
      const { demand, answers } = await sources.read(web)
      expect(demand).toMatchObject({ kind: 'missing', why: expect.stringMatching(/^Unreachable: /) })
      expect(answers).toMatchObject([{ kind: 'missing' }])
      expect(sources.lastSigns?.(web)).toMatchObject({
        lastGood: { value: expect.closeTo(30, 0) },
        why: expect.stringMatching(/^Unreachable/),
      })
      expect(sources.health().find(({ name }) => name === 'prometheus/main')).toMatchObject({
        up: false,
        why: expect.stringMatching(/^Unreachable/),
      })
    } finally {
      await prometheus.start()
    }
    await until(async () => (await prometheus.query('count(count_over_time(http_requests_total[5s]) >= 3)')) === 80)
    // After so many failures it is tried every five seconds; an answer from before is shared for half a period.
    await until(async () => (await sources.read(web)).demand.kind === 'value')
    expect(sources.lastSigns?.(web)).toBeUndefined()
    await sources.close?.()
  })
})
