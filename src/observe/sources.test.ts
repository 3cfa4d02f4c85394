import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { MetricSpec } from '../core/model.ts'
import type { KubeClient } from '../kube/api.ts'
import { KubeError } from '../kube/kube-error.ts'
import { createPushBuffer, type PushedItem } from './push.ts'
import type { SourceDocument } from './source-document.ts'
import { createSources } from './sources.ts'
import type { ObservedPod, Sources, Workload } from './workload.ts'

const START = 1_700_000_000_000
const open: (() => void)[] = []
afterEach(() => {
  for (const close of open.splice(0)) close()
})

type Row = readonly [labels: Record<string, string>, value: string]

/** A server of the query API whose answers the test turns as it goes. */
async function prometheus(answer: { rows: (query: string) => readonly Row[]; status?: number; delayMs?: number; at?: number }) {
  const queries: string[] = []
  const server: Server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const query = new URLSearchParams(body).get('query') ?? ''
    queries.push(query)
    await new Promise(resolve => setTimeout(resolve, answer.delayMs ?? 0))
    const result = answer.rows(query).map(([metric, value]) => ({ metric, value: [(answer.at ?? START) / 1000, value] }))
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'vector', result } }))
  })
  open.push(() => {
    server.closeAllConnections()
    server.close()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, queries }
}

const source = (name: string, url: string, spec: Partial<SourceDocument['spec']> = {}): SourceDocument => ({
  metadata: { name },
  spec: { type: 'Prometheus', url, ...spec },
})

/** An API server that knows the paths given, and counts. */
function cluster(answers: Record<string, unknown> = {}): { client: KubeClient; calls: string[] } {
  const calls: string[] = []
  const request = async (call: { path: string; query?: Readonly<Record<string, string>> }) => {
    const query = new URLSearchParams(call.query).toString()
    calls.push(query === '' ? call.path : `${call.path}?${query}`)
    const answer = answers[call.path]
    if (answer instanceof Error) throw answer
    if (answer === undefined) throw new KubeError('not found', { status: 404, reason: 'NotFound' })
    return answer
  }
  const client: KubeClient = {
    server: 'https://cluster.test',
    request: request as KubeClient['request'],
    watch: () => {
      throw new KubeError('not found', { status: 404, reason: 'NotFound' })
    },
  }
  return { client, calls }
}

interface Bed {
  readonly documents?: readonly SourceDocument[]
  readonly answers?: Record<string, unknown>
  readonly pushed?: readonly PushedItem[]
  readonly timeoutMs?: number
}

function bed({ documents = [], answers = {}, pushed = [], timeoutMs = 2000 }: Bed = {}) {
  let now = START
  const clock = { now: () => now }
  const { client, calls } = cluster(answers)
  const buffer = createPushBuffer({ clock })
  buffer.accept({ metrics: pushed })
  const sources: Sources = createSources({
    client,
    metricSources: () => documents,
    readSecret: async () => undefined,
    pushed: buffer,
    clock,
    log: { info: () => undefined, warn: () => undefined },
    settings: { gatherMs: 1, timeoutMs },
  })
  open.push(() => void sources.close?.())
  return { sources, calls, buffer, pass: (ms: number) => (now += ms) }
}

const podOf = (name: string, more: Partial<ObservedPod> = {}): ObservedPod => ({
  name,
  phase: 'Running',
  deleted: false,
  ready: { status: 'True', since: START - 600_000 },
  startedAt: START - 600_000,
  containers: [],
  ...more,
})

const target = { type: 'AverageValue', averageValue: 1000 } as const
const podsMetric = (metric: string): MetricSpec => ({ type: 'Pods', metric, target })
const cpu: MetricSpec = { type: 'Resource', resource: 'cpu', target }

function workload(metrics: readonly MetricSpec[], more: Partial<Workload> & { periodMs?: number } = {}): Workload {
  return {
    target: {
      id: 'shop/web',
      minReplicas: 1,
      maxReplicas: 9,
      metrics,
      capacityPerReplica: 10,
      startupMs: 1,
      periodMs: more.periodMs ?? 15_000,
    },
    namespace: 'shop',
    kind: 'Deployment',
    name: 'web',
    selector: 'app=web',
    pods: [podOf('web-1'), podOf('web-2')],
    drivers: ['requests_per_second'],
    ...more,
  }
}

const rps = (perPod: Record<string, number | string>): Row[] =>
  Object.entries(perPod).map(([pod, value]) => [{ namespace: 'shop', pod }, String(value)])
const onlyRps = (rows: () => readonly Row[]) => (query: string) => (query.includes('grpc_server_handled_total') ? rows() : [])

const metricsList = (...pods: [name: string, cpu: string, at?: number][]) => ({
  items: pods.map(([name, usage, at = START - 5000]) => ({
    metadata: { name },
    timestamp: new Date(at).toISOString(),
    window: '15s',
    containers: [
      { name: 'app', usage: { cpu: usage, memory: '64Mi' } },
      { name: 'proxy', usage: { cpu: '10m', memory: '1Mi' } },
    ],
  })),
})
const METRICS_PATH = '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods'

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

describe('metrics.k8s.io', () => {
  test('one list serves all objects of a namespace for half a period', async () => {
    const { sources, calls, pass } = bed({ answers: { [METRICS_PATH]: metricsList(['web-1', '250m'], ['api-1', '1']) } })
    const web = workload([cpu], { pods: [podOf('web-1')], drivers: ['cpu'] })
    const api = workload([cpu], { pods: [podOf('api-1')], drivers: ['cpu'] })
    const demands = (await Promise.all([sources.read(web), sources.read(api), sources.read(web)])).map(
      ({ demand }) => demand.kind === 'value' && demand.value,
    )
    expect(demands).toEqual([0.26, 1.01, 0.26])
    pass(7000)
    await sources.read(api)
    expect(calls.filter(call => call === METRICS_PATH)).toHaveLength(1)
    pass(1000)
    await sources.read(api)
    expect(calls.filter(call => call === METRICS_PATH)).toHaveLength(2)
  })

  test('by container, with time and window; a container metric takes its container alone', async () => {
    const { sources } = bed({ answers: { [METRICS_PATH]: metricsList(['web-1', '250m']) } })
    const one: MetricSpec = { type: 'ContainerResource', resource: 'memory', container: 'proxy', target }
    const { answers } = await sources.read(workload([cpu, one], { drivers: [] }))
    expect(answers).toEqual([
      { kind: 'pods', samples: [{ pod: 'web-1', at: START - 5000, windowMs: 15_000, byContainer: { app: 250, proxy: 10 } }] },
      { kind: 'pods', samples: [{ pod: 'web-1', at: START - 5000, windowMs: 15_000, byContainer: { proxy: 1_048_576_000 } }] },
    ])
  })

  test.each([
    {
      what: 'nothing',
      answer: { items: [] },
      why: /^NoData: cpu from metrics.k8s.io: no metrics returned from resource metrics API$/,
    },
    { what: 'old samples', answer: metricsList(['web-1', '1', START - 121_000]), why: /^Stale: .*121 s old/ },
    { what: 'samples of tomorrow', answer: metricsList(['web-1', '1', START + 86_400_000]), why: /^Future: / },
    { what: 'no list', answer: { kind: 'Status' }, why: /^WrongType: / },
    { what: '403', answer: new KubeError('canary', { status: 403, reason: 'Forbidden' }), why: /^Denied: .*403/ },
    { what: '503', answer: new KubeError('canary', { status: 503, reason: 'ServiceUnavailable' }), why: /^Unreachable: .*503/ },
    { what: 'silence', answer: new KubeError('canary', { status: 0, reason: 'Timeout' }), why: /^Timeout: / },
    { what: '500', answer: new KubeError('canary', { status: 500, reason: 'InternalError' }), why: /^Refused: .*500/ },
    { what: 'no such API', answer: undefined, why: /^NotOffered: / },
  ])('$what is missing, with the reason', async ({ answer, why }) => {
    const { answers, demand } = await bed({ answers: { [METRICS_PATH]: answer } }).sources.read(
      workload([cpu], { drivers: ['cpu'] }),
    )
    expect(answers).toMatchObject([{ kind: 'missing', why: expect.stringMatching(why) }])
    expect(demand.kind).toBe('missing')
    expect(JSON.stringify(answers)).not.toContain('canary')
  })

  test('cAdvisor through Prometheus answers where the API does not', async () => {
    const { url } = await prometheus({
      rows: query =>
        query.includes('container_cpu')
          ? [
              [{ namespace: 'shop', pod: 'web-1', container: 'app' }, '0.5'],
              [{ namespace: 'shop', pod: 'web-2', container: 'app' }, '0.25'],
            ]
          : [],
    })
    expect(
      (await bed({ documents: [source('main', url)] }).sources.read(workload([cpu], { drivers: ['cpu'] }))).demand,
    ).toMatchObject({ value: 0.75 })
  })
})

describe('the other metrics APIs', () => {
  const at = new Date(START).toISOString()
  const apis = {
    '/apis/custom.metrics.k8s.io': { preferredVersion: { version: 'v1beta1' } },
    '/apis/external.metrics.k8s.io': { preferredVersion: { version: 'v1beta1' } },
    '/apis/networking.k8s.io/v1': {
      resources: [
        { name: 'ingresses', kind: 'Ingress' },
        { name: 'ingresses/status', kind: 'Ingress' },
      ],
    },
    '/api/v1': { resources: [{ name: 'services', kind: 'Service' }] },
  }
  const custom = '/apis/custom.metrics.k8s.io/v1beta1/namespaces/shop'

  test.each([
    {
      object: { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' },
      path: `${custom}/ingresses.networking.k8s.io/main/hits`,
    },
    { object: { kind: 'Service', name: 'web', apiVersion: 'v1' }, path: `${custom}/services/web/hits` },
    { object: { kind: 'Namespace', name: 'whatever', apiVersion: 'v1' }, path: `${custom}/metrics/hits` },
  ])('an object metric of a $object.kind is asked for at its place', async ({ object, path }) => {
    const answers = { ...apis, [path]: { items: [{ value: '12', timestamp: at }] } }
    const spec: MetricSpec = { type: 'Object', metric: 'hits', object, selector: 'verb=GET', target: { type: 'Value', value: 1 } }
    const { sources, calls } = bed({ answers })
    expect((await sources.read(workload([spec], { drivers: ['hits'] }))).answers).toEqual([
      { kind: 'values', values: [12_000], at: START },
    ])
    expect(calls).toContain(`${path}?metricLabelSelector=verb%3DGET`)
  })

  test('external values are all handed on; two values for one object are not', async () => {
    const items = [
      { value: '5', timestamp: at },
      { value: '7', timestamp: at },
    ]
    const external = '/apis/external.metrics.k8s.io/v1beta1/namespaces/shop/depth'
    const answers = { ...apis, [external]: { items }, [`${custom}/services/web/hits`]: { items } }
    const specs: MetricSpec[] = [
      { type: 'External', metric: 'depth', selector: 'queue=orders', target: { type: 'Value', value: 1 } },
      { type: 'Object', metric: 'hits', object: { kind: 'Service', name: 'web' }, target: { type: 'Value', value: 1 } },
    ]
    const { sources, calls } = bed({ answers })
    const measured = await sources.read(workload(specs, { drivers: ['depth'] }))
    expect(measured.answers).toMatchObject([
      { values: [5000, 7000] },
      { kind: 'missing', why: expect.stringMatching(/^TooManySeries: .*2 values/) },
    ])
    expect(measured.demand).toMatchObject({ value: 12 })
    expect(calls).toContain(`${external}?labelSelector=queue%3Dorders`)
  })

  test('an API that is not there is asked for once a minute, not for every object', async () => {
    const { sources, calls } = bed()
    for (let index = 0; index < 5; index++) await sources.read(workload([podsMetric('x')], { drivers: ['x'] }))
    expect(calls.filter(call => call.startsWith('/apis/custom'))).toEqual(['/apis/custom.metrics.k8s.io'])
  })
})

describe('what only adds to a decision', () => {
  const extra = (query: string): Row[] => {
    if (query.includes('code')) return rps({ 'web-1': 0.1, 'web-2': 0.3 })
    if (query.includes('queue_length')) return rps({ 'web-1': 5, 'web-2': 7 })
    return query.includes('distinct_clients') ? rps({ 'web-1': 50, 'web-2': 60 }) : []
  }

  test('error ratio, backlog and clients come along where there are any', async () => {
    const { url } = await prometheus({ rows: extra })
    const measured = await bed({ documents: [source('main', url)] }).sources.read(workload([], { drivers: [] }))
    expect(measured).toMatchObject({ errorRatio: 0.2, backlog: 12, clients: 110 })
  })

  test('they cost no call to the API server', async () => {
    const custom = { '/apis/custom.metrics.k8s.io': { preferredVersion: { version: 'v1beta2' } } }
    const { sources, calls } = bed({ answers: { ...custom, [METRICS_PATH]: metricsList(['web-1', '1']) } })
    await sources.read(workload([cpu], { drivers: [] }))
    expect(calls).toEqual([METRICS_PATH])
  })
})

describe('pushed values', () => {
  test('a total is shared over the ready pods, so that the sum stays; an External metric takes it whole', async () => {
    const spec: MetricSpec = { type: 'External', metric: 'orders', target: { type: 'Value', value: 1 } }
    const pushed = [{ namespace: 'shop', workload: 'web', name: 'orders', value: 9 }]
    const { sources } = bed({ pushed })
    const { answers, demand } = await sources.read(workload([podsMetric('orders'), spec], { drivers: ['orders'] }))
    expect(answers).toMatchObject([
      {
        samples: [
          { pod: 'web-1', value: 4500 },
          { pod: 'web-2', value: 4500 },
        ],
      },
      { values: [9000] },
    ])
    expect(demand).toMatchObject({ value: 9 })
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
