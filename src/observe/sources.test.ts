import { describe, expect, test } from 'vitest'
import {
  bed,
  cpu,
  METRICS_PATH,
  metricsList,
  onlyRps,
  podsMetric,
  prometheus,
  type Row,
  rps,
  START,
  source,
  workload,
} from '../../test/sources-bed.ts'
import type { MetricSpec } from '../core/model.ts'
import type { SourceDocument } from './source-document.ts'

describe('the order of the sources', () => {
  test('pushed comes before the catalogue, the catalogue before the custom metrics API; what cannot answer is passed over', async () => {
    const answer = { rows: onlyRps(() => rps({ 'web-1': 10, 'web-2': 20 })) }
    const { url } = await prometheus(answer)
    const custom = {
      '/apis/custom.metrics.k8s.io': { preferredVersion: { version: 'v1beta2' } },
      '/apis/custom.metrics.k8s.io/v1beta2/namespaces/shop/pods/*/requests_per_second': {
        items: [
          { describedObject: { name: 'web-1' }, timestamp: new Date(START + 126_000).toISOString(), value: '7500m' },
          { describedObject: { name: 'web-2' }, timestamp: new Date(START + 126_000).toISOString(), value: '500m' },
        ],
      },
    }
    const { sources, buffer, calls, pass } = bed({ documents: [source('main', url)], answers: custom })
    const read = async () => (await sources.read(workload([podsMetric('requests_per_second')]))).demand
    buffer.accept({ metrics: [{ namespace: 'shop', workload: 'web', name: 'requests_per_second', value: 5 }] })
    expect(await read()).toMatchObject({ value: 5 })
    pass(125_000)
    Object.assign(answer, { at: START + 125_000 })
    expect(await read()).toMatchObject({ value: 30 })
    expect(calls.filter(call => call.includes('requests_per_second'))).toEqual([])
    Object.assign(answer, { rows: () => [] })
    pass(2000)
    expect(await read()).toMatchObject({ value: 8 })
    expect(calls.find(call => call.includes('requests_per_second'))).toContain('labelSelector=app%3Dweb')
  })

  test('of two sources that may be used the one of higher priority answers; the other steps in when it cannot', async () => {
    const first = await prometheus({ rows: onlyRps(() => rps({ 'web-1': 1, 'web-2': 1 })) })
    const second = await prometheus({ rows: onlyRps(() => rps({ 'web-1': 2, 'web-2': 2 })) })
    const foreign = await prometheus({ rows: onlyRps(() => rps({ 'web-1': 9, 'web-2': 9 })) })
    const documents = [
      source('a', second.url),
      source('b', first.url, { priority: 5 }),
      source('c', foreign.url, { priority: 9, allowedNamespaces: ['bank'] }),
    ]
    expect((await bed({ documents }).sources.read(workload([podsMetric('requests_per_second')]))).demand).toMatchObject({
      value: 2,
    })
    expect(
      (
        await bed({ documents: [documents[0]!, source('b', 'http://127.0.0.1:1', { priority: 5 })] }).sources.read(
          workload([podsMetric('requests_per_second')]),
        )
      ).demand,
    ).toMatchObject({ value: 4 })
    expect(foreign.queries).toEqual([])
  })

  test('a slow source does not delay what another answers, and a read ends in time', async () => {
    const slow = await prometheus({ rows: () => [], delayMs: 5000 })
    const { sources } = bed({
      documents: [source('slow', slow.url)],
      answers: { [METRICS_PATH]: metricsList(['web-1', '200m'], ['web-2', '100m']) },
      timeoutMs: 300,
    })
    const before = performance.now()
    const [fast, late] = await Promise.all([
      sources.read(workload([cpu], { drivers: ['cpu'] })).then(measured => ({ measured, ms: performance.now() - before })),
      sources.read(workload([podsMetric('requests_per_second')])),
    ])
    expect(fast.measured.demand).toMatchObject({ value: 0.32 })
    expect(late.demand).toMatchObject({ kind: 'missing', why: expect.stringMatching(/^Timeout: /) })
    expect(fast.ms).toBeLessThan(290) // the slow source's own limit is 300 ms
    expect(performance.now() - before).toBeLessThan(1500)
    expect(sources.health().find(({ name }) => name === 'prometheus/slow')).toMatchObject({ up: false })
  })
})

describe('what only adds to a decision', () => {
  const extra = (query: string): Row[] => {
    if (query.includes('code')) return rps({ 'web-1': 0.1, 'web-2': 0.3 })
    if (query.includes('queue_length')) return rps({ 'web-1': 5, 'web-2': 7 })
    if (query.includes('conversion_ratio')) return rps({ 'web-1': 0.02, 'web-2': 0.04 })
    if (query.includes('authenticated_ratio')) return rps({ 'web-1': 0.7, 'web-2': 0.9 })
    return query.includes('distinct_clients') ? rps({ 'web-1': 50, 'web-2': 60 }) : []
  }

  test('error ratio, backlog, clients and what tells users come along where there are any', async () => {
    const { url } = await prometheus({ rows: extra })
    const measured = await bed({ documents: [source('main', url)] }).sources.read(workload([], { drivers: [] }))
    const users = { clients: 110, conversionRatio: 0.03, authenticatedRatio: 0.8 }
    expect(measured).toMatchObject({ errorRatio: 0.2, backlog: 12, ...users })
  })

  test('they cost no call to the API server', async () => {
    const custom = { '/apis/custom.metrics.k8s.io': { preferredVersion: { version: 'v1beta2' } } }
    const { sources, calls } = bed({ answers: { ...custom, [METRICS_PATH]: metricsList(['web-1', '1']) } })
    await sources.read(workload([cpu], { drivers: [] }))
    expect(calls).toEqual([METRICS_PATH])
  })
})

describe('which driver the demand is of', () => {
  const both = [podsMetric('requests_per_second'), cpu]
  const drivers = ['requests_per_second', 'cpu']

  test('the first that can be read; once read it is waited for, since the next one counts in another unit (F02)', async () => {
    const answer = { rows: onlyRps(() => rps({ 'web-1': 500, 'web-2': 500 })) }
    const { url } = await prometheus(answer)
    const { sources, pass } = bed({
      documents: [source('main', url)],
      answers: { [METRICS_PATH]: metricsList(['web-1', '2'], ['web-2', '2']) },
    })
    const web = workload(both, { drivers })
    expect(await sources.read(web)).toMatchObject({ driver: 'requests_per_second', demand: { value: 1000 } })
    answer.rows = () => []
    pass(8000)
    const lost = await sources.read(web)
    expect(lost).toMatchObject({
      driver: 'requests_per_second',
      demand: { kind: 'missing', why: expect.stringMatching(/^NoData: /) },
    })
    expect(lost.answers[1]).toMatchObject({ kind: 'pods' })
    const signs = sources.lastSigns?.(web)
    expect(signs).toMatchObject({ since: START + 8000, lastGood: { at: START, value: 1000 }, others: [{ driver: 'cpu' }] })
    expect(signs?.others[0]?.value).toBeCloseTo(1000, 6)
  })

  test('the next one where nobody offers the first', async () => {
    const { sources } = bed({ answers: { [METRICS_PATH]: metricsList(['web-1', '2'], ['web-2', '2']) } })
    expect(await sources.read(workload(both, { drivers }))).toMatchObject({ driver: 'cpu', demand: { value: 4.02 } })
  })

  test('a source that is out is waited for from the start', async () => {
    const { sources } = bed({
      documents: [source('main', 'http://127.0.0.1:1')],
      answers: { [METRICS_PATH]: metricsList(['web-1', '2'], ['web-2', '2']) },
    })
    expect(await sources.read(workload(both, { drivers }))).toMatchObject({
      driver: 'requests_per_second',
      demand: { kind: 'missing', why: expect.stringMatching(/^Unreachable: /) },
    })
  })

  test('what does not add up over pods is no demand', async () => {
    const { url } = await prometheus({
      rows: query => (query.includes('inference_latency_ms') ? rps({ 'web-1': 90, 'web-2': 95 }) : []),
    })
    const measured = await bed({ documents: [source('main', url)] }).sources.read(
      workload([podsMetric('inference_latency_ms')], { drivers: ['inference_latency_ms'] }),
    )
    expect(measured.answers[0]).toMatchObject({ kind: 'pods', samples: [{ value: 90_000 }, { value: 95_000 }] })
    expect(measured.demand).toMatchObject({ kind: 'missing', why: expect.stringMatching(/^WrongType: /) })
  })

  test('no driver is no demand, and no trouble', async () => {
    expect(await bed().sources.read(workload([], { drivers: [] }))).toEqual({
      answers: [],
      demand: { kind: 'missing', at: START, why: 'NotOffered: no driver is named' },
    })
  })
})

describe('samples that are not believed', () => {
  const read = async (
    rows: readonly Row[],
    more: { at?: number; catalogue?: NonNullable<SourceDocument['spec']['catalogue']>; spec?: MetricSpec } = {},
  ) => {
    const { url } = await prometheus({
      rows: query => (query.startsWith('m{') ? rows : []),
      ...(more.at !== undefined && { at: more.at }),
    })
    const catalogue = more.catalogue ?? [{ name: 'm', query: 'm{$selector}', kind: 'Load' as const }]
    const { sources } = bed({ documents: [source('main', url, { catalogue })] })
    return (await sources.read(workload([more.spec ?? podsMetric('m')], { drivers: [] }))).answers[0]
  }

  test.each([
    { what: 'NaN', rows: rps({ 'web-1': 'NaN', 'web-2': 'NaN' }), why: /^NotANumber: / },
    { what: 'an infinity', rows: rps({ 'web-1': '+Inf' }), why: /^NotANumber: / },
    { what: 'a negative load', rows: rps({ 'web-1': -5 }), why: /^Negative: / },
    { what: 'an old sample', rows: rps({ 'web-1': 5 }), at: START - 130_000, why: /^Stale: / },
    { what: 'a sample of the future', rows: rps({ 'web-1': 5 }), at: START + 40_000, why: /^Future: / },
    { what: 'two series for a pod', rows: [...rps({ 'web-1': 5 }), ...rps({ 'web-1': 6 })], why: /^TooManySeries: .*web-1/ },
    { what: 'nothing', rows: [], why: /^NoData: / },
    { what: 'pods of others', rows: rps({ 'api-1': 5 }), why: /^NoData: / },
    { what: 'pods of another namespace', rows: [[{ namespace: 'bank', pod: 'web-1' }, '5']] as Row[], why: /^NoData: / },
    { what: 'rows without a namespace', rows: [[{ pod: 'web-1' }, '5']] as Row[], why: /^NoData: / },
  ])('$what', async ({ rows, at, why }) => {
    expect(await read(rows, at === undefined ? {} : { at })).toMatchObject({ kind: 'missing', why: expect.stringMatching(why) })
  })

  test('one bad pod does not spoil the others', async () => {
    expect(await read(rps({ 'web-1': 'NaN', 'web-2': 5 }))).toMatchObject({
      kind: 'pods',
      samples: [{ pod: 'web-2', value: 5000 }],
    })
  })

  test('one value is needed, never the first of several (F03); an object’s value goes by its label', async () => {
    const external: MetricSpec = { type: 'External', metric: 'm', target: { type: 'Value', value: 1 } }
    const asExternal = [{ name: 'm', query: 'm{$selector}', kind: 'Load' as const, scope: 'External' as const }]
    const two: Row[] = [
      [{ namespace: 'shop', ingress: 'a' }, '5'],
      [{ namespace: 'shop', ingress: 'b' }, '6'],
    ]
    expect(await read(two, { spec: external, catalogue: asExternal })).toMatchObject({
      kind: 'missing',
      why: expect.stringMatching(/^TooManySeries: .*2 series where one is needed/),
    })
    expect(await read(two.slice(0, 1), { spec: external, catalogue: asExternal })).toMatchObject({
      kind: 'values',
      values: [5000],
    })
    const object: MetricSpec = {
      type: 'Object',
      metric: 'm',
      object: { kind: 'Ingress', name: 'b' },
      target: { type: 'Value', value: 1 },
    }
    const asObject = [
      { name: 'm', query: 'm{$selector}', kind: 'Load' as const, scope: 'Object' as const, objectLabel: 'ingress' },
    ]
    expect(await read(two, { spec: object, catalogue: asObject })).toMatchObject({ kind: 'values', values: [6000] })
  })
})

describe('one tenant and the others', () => {
  test('an answer too large for two is asked for again one by one, and only the large one suffers', async () => {
    const big: Row[] = Array.from({ length: 3000 }, (_, index) => [{ namespace: 'bank', pod: `web-${index}` }, '1'])
    const { url } = await prometheus({
      rows: onlyRps(() => []),
    })
    const { url: real, queries } = await prometheus({
      rows: query =>
        query.includes('grpc_server_handled_total')
          ? [...(query.includes('shop') ? rps({ 'web-1': 1, 'web-2': 1 }) : []), ...(query.includes('bank') ? big : [])]
          : [],
    })
    const { sources } = bed({ documents: [source('main', real, { maxResponseBytes: 20_000 }), source('zero', url)] })
    const [shop, bank] = await Promise.all([
      sources.read(workload([podsMetric('requests_per_second')])),
      sources.read(workload([podsMetric('requests_per_second')], { namespace: 'bank' })),
    ])
    expect(shop.demand).toMatchObject({ value: 2 })
    expect(bank.demand).toMatchObject({ kind: 'missing', why: expect.stringMatching(/^TooLarge: /) })
    expect(queries.filter(query => query.includes('grpc_server_handled_total')).length).toBe(3)
  })
})
