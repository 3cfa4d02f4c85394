import { describe, expect, test } from 'vitest'
import { BUILT_IN_CATALOGUE } from './catalogue.ts'
import { selectorsOf } from './promql.ts'
import { render, sharesNamespaces, type TemplateValues } from './query-template.ts'

const values: TemplateValues = {
  namespaces: ['shop'],
  target: 'web',
  windowSeconds: 60,
  namespaceLabel: 'namespace',
  tenancyLabel: 'namespace',
  nowMs: 0,
}
const textOf = (template: string, more: Partial<TemplateValues> = {}) => {
  const query = render(template, { ...values, ...more })
  return query.kind === 'query' ? query.text : query.why
}

describe('a query template', () => {
  test.each([
    ['x{$selector}', {}, 'x{namespace="shop"}'],
    ['x{$selector,job="a"}', { namespaces: ['shop', 'bank'] }, 'x{job="a",namespace=~"shop|bank"}'],
    ['x', {}, 'x{namespace="shop"}'],
    ['x{namespace="$namespace"}', {}, 'x{namespace="shop"}'],
    ['x{$selector}', { tenancyLabel: 'tenant' }, 'x{namespace="shop",tenant="shop"}'],
    ['x{deployment="$target"}', { target: 'a.b' }, 'x{deployment="a.b",namespace="shop"}'],
    ['x{pod=~"$target-.*"}', { target: 'a.b' }, 'x{pod=~"a\\\\.b-.*",namespace="shop"}'],
    ['x{pod=~`$target-.*`}', { target: 'a.b' }, 'x{pod=~`a\\.b-.*`,namespace="shop"}'],
    ['x{ingress="$object"}', { object: 'i"} or y{a="' }, 'x{ingress="iory",namespace="shop"}'.replace('iory', 'iorya')],
    ['rate(x[$window])', { windowSeconds: 29.5 }, '(rate(x{namespace="shop"}[30s]) and x{namespace="shop"})'],
    ['x', { selector: 'queue=orders,tier in (a, b),!old,new' }, 'x{queue="orders",tier=~"a|b",old="",new!="",namespace="shop"}'],
    ['x', { selector: 'tier notin (a, b),zone!=c' }, 'x{tier!~"a|b",zone!="c",namespace="shop"}'],
    ['x', { selector: 'namespace=bank' }, 'x{namespace="shop"}'],
    ['x', { pods: { label: 'pod', pattern: 'web-[0-9]+' } }, 'x{namespace="shop",pod=~"web-[0-9]+"}'],
  ])('%s with %j becomes %s', (template, more, expected) => {
    expect(textOf(template, more)).toBe(expected)
  })

  test.each([
    ['$target', {}, 'syntax error'],
    ['sum(x{a="b"}) + $namespace', {}, 'syntax error'],
    ['$selector', {}, 'syntax error'],
    ['x', { selector: 'a b c' }, 'no label selector'],
    ['x', { selector: 'app.kubernetes.io/name=web' }, 'no label of Prometheus'],
    ['x', { selector: '__name__=y' }, 'no label selector'],
  ])('%s with %j is refused: %s', (template, more, why) => {
    expect(render(template, { ...values, ...more })).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) })
  })

  test('queries of one namespace are never shared', () => {
    expect(sharesNamespaces('sum by (namespace) (x{namespace="$namespace"})', 'namespace')).toBe(false)
    expect(sharesNamespaces('sum by (namespace) (x{$selector})', 'namespace')).toBe(true)
  })
})

describe('the built-in catalogue', () => {
  test.each(BUILT_IN_CATALOGUE.map(metric => [metric.name, metric] as const))(
    '%s can be shared by namespaces, and each selector is restricted to them',
    (_, { query, podLabel = 'pod' }) => {
      expect([sharesNamespaces(query, 'namespace'), sharesNamespaces(query, podLabel)]).toEqual([true, true])
      const selectors = selectorsOf(textOf(query, { namespaces: ['a', 'b'] }))
      if ('kind' in selectors) throw new Error(selectors.why)
      for (const { matchers } of selectors)
        expect(matchers.filter(({ label }) => label === 'namespace').map(({ text }) => text)).toEqual(['namespace=~"a|b"'])
    },
  )

  test('no name stands twice, and every family of the mission is there', () => {
    const names = BUILT_IN_CATALOGUE.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect([...new Set(BUILT_IN_CATALOGUE.map(({ family }) => family))].sort()).toEqual([
      'Audio',
      'Business',
      'GPU',
      'Models',
      'Queues',
      'Requests',
      'Resources',
    ])
    for (const name of [
      'requests_per_second',
      'request_duration_seconds',
      'error_ratio',
      'nvidia.com/gpu',
      'model_accuracy',
      'model_staleness_seconds',
      'inference_latency_ms',
      'audio_quality_score',
      'codec_efficiency',
      'audio_processing_latency_seconds',
      'revenue_per_request',
      'customer_satisfaction',
      'queue_length',
      'distinct_clients',
      'cpu',
      'memory',
    ])
      expect(names).toContain(name)
  })
})
