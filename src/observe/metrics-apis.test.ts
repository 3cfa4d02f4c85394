import { describe, expect, test } from 'vitest'
import {
  bed,
  cpu,
  METRICS_PATH,
  metricsList,
  podOf,
  podsMetric,
  prometheus,
  START,
  source,
  target,
  workload,
} from '../../test/sources-bed.ts'
import type { MetricSpec } from '../core/model.ts'
import { KubeError } from '../kube/kube-error.ts'

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
