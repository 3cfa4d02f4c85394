import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { MetricSpec } from '../core/model.ts'
import { createCounters } from './counters.ts'
import { createOpenMetricsOrigin } from './open-metrics.ts'
import { readExposition } from './open-metrics-text.ts'
import { scrapeQuery } from './scrape-query.ts'
import type { SourceSpec } from './source-document.ts'
import type { ObservedPod, Workload } from './workload.ts'

const LIMITS = { maxLines: 100, maxSamples: 3 }
const read = (text: string, ...names: string[]) => readExposition(text, new Set(names), LIMITS)

describe('the text', () => {
  test('samples of the names asked for, with labels, times and exemplars passed over', () => {
    const text = [
      '# HELP a What it is {"',
      '# TYPE a counter',
      'a{x="1",y="q\\"u\\\\o\\n",} 5 1700000000',
      'a 1.5e3 # {trace="x"} 1',
      'b{} -2',
      'other{x="1"} whatever',
      'a{x="n"} NaN',
      'b{z="}"} +Inf',
      '',
      '# EOF',
    ].join('\n')
    expect(read(text, 'a', 'b')).toEqual({
      kind: 'found',
      value: [
        { name: 'a', labels: { x: '1', y: 'q"u\\o\n' }, value: 5 },
        { name: 'a', labels: {}, value: 1500 },
        { name: 'b', labels: {}, value: -2 },
      ],
    })
  })

  test.each(['<html>', 'a{x=1} 5', 'a{x="1" 5', 'a{x="1} 5', 'a', 'a five', 'a{x="1"}5x', '{"a"} 1'])(
    '%s is neither Prometheus nor OpenMetrics text',
    line => {
      expect(read(`ok 1\n${line}`, 'a')).toMatchObject({ reason: 'WrongType', why: expect.stringContaining('line 2') })
    },
  )

  test('it is bounded in lines and in series', () => {
    expect(read('\n'.repeat(101), 'a')).toMatchObject({ reason: 'TooLarge' })
    expect(read('a 1\n'.repeat(4), 'a')).toMatchObject({ reason: 'TooManySeries' })
  })
})

describe('the query of a scrape', () => {
  test.each([
    { query: 'a', labels: { x: '1' }, matches: true },
    { query: 'a{$selector,x="1"}', labels: { x: '1' }, matches: true },
    { query: 'a{x!="1"}', labels: { x: '1' }, matches: false },
    { query: 'a{x=~"1|2"}', labels: { x: '2' }, matches: true },
    { query: 'a{x!~"1|2"}', labels: {}, matches: true },
    { query: 'rate(a[30s])', rateMs: 30_000, labels: {}, matches: true },
    { query: 'rate(a{$selector}[$window])', rateMs: 60_000, labels: {}, matches: true },
    { query: 'rate(a)', rateMs: 60_000, labels: {}, matches: true },
  ])('$query', ({ query, rateMs, labels, matches }) => {
    const read = scrapeQuery(query, 60_000)
    expect(read).toMatchObject({ kind: 'query', series: 'a', ...(rateMs !== undefined && { rateMs }) })
    expect(read.kind === 'query' && read.matches({ name: 'a', labels: labels as Record<string, string>, value: 1 })).toBe(matches)
  })

  test.each([
    'sum(a)',
    'a + b',
    '{x="1"}',
    'a{x=~"(a+)+$"}',
    'rate(a[2h])',
    'rate(a[5m:1m])',
    'increase(a[1m])',
    'a{',
    'rate(a[5m] offset 1h)',
  ])('%s is refused', query => {
    expect(scrapeQuery(query, 60_000).kind).toBe('refused')
  })
})

describe('counters', () => {
  const rateOf = (points: readonly (readonly [at: number, value: number])[], rangeMs = 60_000) => {
    const counters = createCounters(600_000)
    for (const [seconds, value] of points) counters.note('a', { at: seconds * 1000, value })
    return counters.rate('a', rangeMs)
  }

  test('a rate needs two scrapes, and covers its range', () => {
    expect([
      rateOf([]),
      rateOf([[0, 5]]),
      rateOf([
        [0, 5],
        [10, 25],
      ]),
    ]).toEqual([undefined, undefined, 2])
    expect(
      rateOf([
        [0, 0],
        [60, 60],
        [120, 300],
      ]),
    ).toBe(4)
    expect(
      rateOf(
        [
          [0, 0],
          [300, 300],
        ],
        60_000,
      ),
    ).toBe(1)
  })

  test('a counter that began anew loses nothing and invents nothing', () => {
    expect(
      rateOf([
        [0, 1000],
        [10, 1010],
        [20, 5],
        [30, 15],
      ]),
    ).toBe((10 + 5 + 10) / 30)
  })

  test('series that are gone are forgotten', () => {
    const counters = createCounters(1000)
    counters.note('a', { at: 0, value: 1 })
    counters.note('a', { at: 1, value: 2 })
    counters.forget(1002)
    expect(counters.rate('a', 1000)).toBeUndefined()
  })
})

describe('scraping pods', () => {
  const open: (() => void)[] = []
  afterEach(() => {
    for (const close of open.splice(0)) close()
  })

  const TEXT = { 'content-type': 'text/plain; version=0.0.4' }
  async function pod(handler: (response: ServerResponse) => void): Promise<number> {
    const server: Server = createServer((_, response) => handler(response))
    open.push(() => {
      server.closeAllConnections()
      server.close()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  const START = 1_700_000_000_000
  function origin(spec: Partial<SourceSpec> = {}, loopbackPods = true) {
    let now = START
    const document = { metadata: { name: 'pods' }, spec: { type: 'OpenMetrics' as const, scrape: { port: 'metrics' }, ...spec } }
    const settings = {
      staleMs: 120_000,
      futureMs: 30_000,
      timeoutMs: 300,
      maxResponseBytes: 10_000,
      windowSeconds: 60,
      loopbackPods,
    }
    const made = createOpenMetricsOrigin(document, {
      clock: { now: () => now },
      log: { info: () => undefined, warn: () => undefined },
      settings,
    })
    open.push(() => void made.close())
    return { made, pass: (ms: number) => (now += ms) }
  }

  const spec = (metric: string): MetricSpec => ({ type: 'Pods', metric, target: { type: 'AverageValue', averageValue: 1 } })
  const question = (metric: string, pods: readonly ObservedPod[], namespace = 'shop') => ({
    spec: spec(metric),
    maxAgeMs: 7500,
    workload: {
      target: { id: 'shop/web' },
      namespace,
      kind: 'Deployment',
      name: 'web',
      selector: '',
      pods,
      drivers: [],
    } as unknown as Workload,
  })
  const running = (name: string, port: number, more: Partial<ObservedPod> = {}): ObservedPod => ({
    name,
    phase: 'Running',
    deleted: false,
    containers: [],
    address: '127.0.0.1',
    ports: { metrics: port },
    ...more,
  })

  test('each pod gives its own number; rates come from the second scrape on', async () => {
    let served = 100
    const [one, two] = [
      await pod(response =>
        response
          .writeHead(200, TEXT)
          .end(`http_requests_total{code="200"} ${served}\nhttp_requests_total{code="500"} ${served / 10}\nqueue_length 3\n`),
      ),
      await pod(response => response.writeHead(200, TEXT).end('http_requests_total 50\nqueue_length 4\n')),
    ]
    const { made, pass } = origin()
    const pods = [running('web-1', one), running('web-2', two), running('web-3', two, { phase: 'Pending' })]
    expect(await made.answer(question('requests_per_second', pods))).toMatchObject({
      kind: 'missing',
      why: expect.stringContaining('two scrapes'),
    })
    served = 200
    pass(10_000)
    expect(await made.answer(question('requests_per_second', pods))).toMatchObject({
      value: {
        samples: [
          { pod: 'web-1', value: 11_000 },
          { pod: 'web-2', value: 0 },
        ],
      },
    })
    expect(await made.answer(question('queue_length', pods))).toMatchObject({
      value: { samples: [{ value: 3000 }, { value: 4000 }] },
    })
    expect(made.health()).toMatchObject({ up: true })
  })

  test.each([
    {
      what: 'a page',
      serve: (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
      reason: 'WrongType',
    },
    {
      what: 'an error',
      serve: (response: ServerResponse) => response.writeHead(500, TEXT).end('queue_length 1'),
      reason: 'Refused',
    },
    {
      what: 'a redirect',
      serve: (response: ServerResponse) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      reason: 'Refused',
    },
    {
      what: 'too much',
      serve: (response: ServerResponse) => response.writeHead(200, TEXT).end('queue_length 1\n'.repeat(10_000)),
      reason: 'TooLarge',
    },
    { what: 'silence', serve: () => undefined, reason: 'Timeout' },
    {
      what: 'garbage',
      serve: (response: ServerResponse) => response.writeHead(200, TEXT).end('queue_length one'),
      reason: 'WrongType',
    },
    {
      what: 'no such series',
      serve: (response: ServerResponse) => response.writeHead(200, TEXT).end('other 1'),
      reason: 'NoData',
    },
  ])('$what is missing', async ({ serve, reason }) => {
    const port = await pod(serve)
    expect(await origin().made.answer(question('queue_length', [running('web-1', port)]))).toMatchObject({
      kind: 'missing',
      reason,
    })
  })

  test.each(['127.0.0.1', '::1', '169.254.169.254', '64:ff9b::a9fe:a9fe', 'fe80::1', '0.0.0.0'])(
    'a pod that claims the address %s is not scraped',
    async address => {
      let visits = 0
      const port = await pod(response => {
        visits++
        response.writeHead(200, TEXT).end('queue_length 1\n')
      })
      expect(await origin({}, false).made.answer(question('queue_length', [running('web-1', port, { address })]))).toMatchObject({
        kind: 'missing',
        reason: 'Denied',
      })
      expect(visits).toBe(0)
    },
  )

  test('what it does not offer, whom it does not serve, what it may not compute', async () => {
    const catalogue = [{ name: 'bad', query: 'sum(queue_length)', kind: 'Load' as const }]
    const { made } = origin({ catalogue, allowedNamespaces: ['shop'] })
    expect(await made.answer(question('nobody_knows', []))).toMatchObject({ reason: 'NotOffered' })
    expect(await made.answer(question('queue_length', [], 'bank'))).toMatchObject({ reason: 'NotOffered' })
    expect(await made.answer(question('bad', []))).toMatchObject({ reason: 'Refused' })
    expect(await made.answer(question('queue_length', [running('web-1', 1, { ports: {} })]))).toMatchObject({
      reason: 'NoData',
      why: expect.stringContaining('port'),
    })
    expect(await made.answer(question('queue_length', []))).toMatchObject({ reason: 'NoData' })
  })
})
