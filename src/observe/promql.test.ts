import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyOf, onlyLiving, quoted, rewrite, selectorsOf } from './promql.ts'
import { keepsLabel } from './promql-labels.ts'

const NOW = Date.UTC(2026, 10, 25)
const tenant = { label: 'namespace', operator: '=' as const, value: 'a' }
const forced = (query: string) => rewrite(query, { matchers: [tenant], nowMs: NOW })
const textOf = (query: string) => {
  const result = forced(query)
  return result.kind === 'query' ? result.text : result.why
}

describe('forcing a tenant into every selector', () => {
  test('the smallest escape does not get out: both sides of the or carry the matcher', () => {
    expect(textOf('sum(up{namespace="a"} or up{job="p"})')).toBe('sum(up{namespace="a"} or up{job="p",namespace="a"})')
  })

  test.each([
    ['up', 'up{namespace="a"}'],
    ['up{namespace="b"}', 'up{namespace="a"}'],
    ['up{namespace=~".*",namespace!="a",job="x"}', 'up{job="x",namespace="a"}'],
    ['{__name__="up"}', '{__name__="up",namespace="a"}'],
    ['{"up", "namespace"="b"}', '{"up",namespace="a"}'],
    [
      'rate(x[5m] offset 1h) / on(pod) group_left y',
      'rate(x{namespace="a"}[5m] offset 1h) / on(pod) group_left y{namespace="a"}',
    ],
    ['max_over_time(x[1h:1m])', 'max_over_time(x{namespace="a"}[1h:1m])'],
    ['x @ end()', 'x{namespace="a"} @ end()'],
    ["x{job='}'}", `x{job='}',namespace="a"}`],
    ['absent(x) or vector(1)', 'absent(x{namespace="a"}) or vector(1)'],
    ['time()', 'time()'],
  ])('%s becomes %s', (query, expected) => {
    expect(textOf(query)).toBe(expected)
  })

  test.each([
    ['sum(', 'syntax error at character 5'],
    ['up{', 'syntax error at character 4'],
    ['', 'syntax error at character 1'],
    ['{namespace="a"}', 'a selector without a metric name at character 1'],
    ['{__name__=~".+"}', 'a selector without a metric name at character 1'],
    ['{__name__=~"u.*"}', 'a selector without a metric name at character 1'],
    ['{__name__!="up"}', 'a selector without a metric name at character 1'],
    ['{__name__=""}', 'a selector without a metric name at character 1'],
    ['{__name__="u\\x70"}', 'an escape in a name at character 1'],
    ['up{"name\\x73pace"="b"}', 'an escape in a name at character 1'],
    ['max_over_time(x[61m:1m])', 'a subquery longer than one hour at character 17'],
    ['max_over_time(x[1h30m:])', 'a subquery longer than one hour at character 17'],
    ['rate(x[8d])', 'a range longer than seven days at character 8'],
    ['x offset 8d', 'an offset longer than seven days at character 10'],
    ['x offset -8d', 'an offset longer than seven days at character 10'],
    ['x offset (1h*2)', 'a computed duration at character 10; write it out'],
    ['x @ 1500000000', 'an @ time further than seven days at character 5'],
    ['label_replace(x, "namespace", "b", "job", ".*")', 'label_replace may not write the label namespace'],
    ['label_join(x, "namespace", "", "job")', 'label_join may not write the label namespace'],
    ['label_replace(x, "name\\x73pace", "b", "job", ".*")', 'label_replace must name its label plainly'],
    ['count_values("namespace", x)', 'count_values may not write the label namespace'],
    ['info(x)', 'info() reads series that no selector names'],
    ['up # or secret', 'a comment at character 4; write none'],
    [`up{job="${'x'.repeat(10_001)}"}`, 'it is longer than 10000 characters'],
  ])('%s is refused', (query, why) => {
    expect(forced(query)).toMatchObject({ kind: 'refused', why })
  })

  test('an @ time near now, a plain list of names and a label of another name are all right', () => {
    const query = `label_replace({__name__=~"a|b"} @ ${NOW / 1000 - 3600}, "zone", "x", "job", ".*")`
    expect(forced(query).kind).toBe('query')
  })

  test('values cannot end their literal', () => {
    const { text } = rewrite('up', {
      matchers: [{ label: 'namespace', operator: '=', value: '"} or secret{x="' }],
      nowMs: NOW,
    }) as { text: string }
    const selectors = selectorsOf(text)
    expect(selectors).toHaveLength(1)
  })

  test('whatever is asked, every selector of the result carries the matcher, and no other of its label', () => {
    const label = fc.constantFrom('namespace', 'job', 'pod', 'le')
    const matcher = fc
      .tuple(label, fc.constantFrom('=', '!=', '=~', '!~'), fc.constantFrom('a', 'b', '.*', '', 'x}y', "it's", 'q"q', 'or'))
      .map(([name, operator, value]) => `${name}${operator}${quoted(value)}`)
    const selector = fc
      .tuple(fc.constantFrom('up', 'x:y', 'node_cpu'), fc.array(matcher, { maxLength: 4 }))
      .map(([name, matchers]) => `${name}{${matchers.join(', ')}}`)
    const { query } = fc.letrec<{ query: string }>(tie => ({
      query: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        selector,
        fc
          .tuple(tie('query'), fc.constantFrom('or', 'and', 'unless', '+', '/ on(pod)', '> bool'), tie('query'))
          .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
        tie('query').map(inner => `sum by (namespace, pod) (${inner})`),
        tie('query').map(inner => `label_replace(${inner}, "zone", "$1", "job", "(.*)")`),
        selector.map(inner => `rate(${inner}[5m] offset 1h)`),
        tie('query').map(inner => `max_over_time((${inner})[30m:1m])`),
        tie('query').map(inner => `-${inner}`),
      ),
    }))
    fc.assert(
      fc.property(query, asked => {
        const result = forced(asked)
        expect(result).toMatchObject({ kind: 'query' })
        const [before, after] = [selectorsOf(asked), selectorsOf(result.kind === 'query' ? result.text : '')]
        if ('kind' in before || 'kind' in after) throw new Error('it does not parse')
        expect(after).toHaveLength(before.length)
        for (const { matchers } of after) {
          expect(matchers.filter(({ label: name }) => name === 'namespace').map(({ text }) => text)).toEqual(['namespace="a"'])
        }
        expect(after.map(({ matchers }) => matchers.filter(({ label: name }) => name !== 'namespace').length)).toEqual(
          before.map(({ matchers }) => matchers.filter(({ label: name }) => name !== 'namespace').length),
        )
      }),
    )
  })
})

describe('whether a query can be split by namespace', () => {
  test.each([
    'sum by (namespace, pod) (rate(x[1m]))',
    'sum(rate(x[1m])) by (pod, namespace)',
    'sum without (instance) (x)',
    'x',
    '-x * 60',
    'histogram_quantile(0.99, sum by (namespace, le) (rate(x_bucket[1m])))',
    '(sum by (namespace) (a) or sum by (namespace) (b) * 0) / (sum by (namespace) (b) > 0)',
    'a / on(namespace, pod) group_left() b',
    'a / ignoring(code) b',
    'time() - max by (namespace) (x)',
    'topk by (namespace) (3, x)',
    'label_replace(x, "zone", "a", "b", "c")',
  ])('yes: %s', query => {
    expect(keepsLabel(query, 'namespace')).toBe(true)
  })

  test.each([
    'sum(x)',
    'sum by (pod) (x)',
    'sum without (namespace) (x)',
    'sum without ("namespace") (x)',
    'topk(3, x)',
    'x / scalar(sum(x))',
    'absent(x)',
    'vector(1)',
    'sum by (namespace) (x) / on() sum(y)',
    'a / ignoring(namespace) b',
    'a / on(pod) group_left(namespace) b',
    'label_replace(x, "namespace", "a", "b", "c")',
    'count_values("namespace", x)',
    'x or (',
    '1',
  ])('no: %s', query => {
    expect(keepsLabel(query, 'namespace')).toBe(false)
  })
})

test('a rate counts only while its series lives', () => {
  expect(onlyLiving('sum by (pod) (rate(x{a="b"}[1m])) / increase(y[5m])')).toBe(
    'sum by (pod) ((rate(x{a="b"}[1m]) and x{a="b"})) / (increase(y[5m]) and y)',
  )
  expect(onlyLiving('rate(x[5m] offset 1h)')).toBe('rate(x[5m] offset 1h)')
  expect(onlyLiving('rate(')).toBe('rate(')
})

test('names in a pattern match themselves alone', () => {
  expect(new RegExp(`^(?:${anyOf(['a.b', 'c-d', 'e|f'])})$`).test('a.b')).toBe(true)
  expect(['axb', 'e', 'f', 'c', 'a.bc'].filter(name => new RegExp(`^(?:${anyOf(['a.b', 'c-d', 'e|f'])})$`).test(name))).toEqual(
    [],
  )
})
