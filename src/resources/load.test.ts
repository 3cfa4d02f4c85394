import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkResources, checkText, formatProblem, loadResources } from './load.ts'

const said = (text: string) => checkText('F', text).problems.map(formatProblem)

const spec = (fields: string) => `apiVersion: autoscaling.spotify.ai/v2
kind: HorizontalPodAutoscaler
metadata: { name: api }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: api }
  maxReplicas: 10
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 50 } } }]
${fields}`

const policy = (fields: string) => `apiVersion: autoscaling.spotify.ai/v2
kind: ScalingPolicy
metadata: { name: mine }
spec:
${fields}`

describe('documents that are accepted', () => {
  test.each(
    readdirSync('examples')
      .filter(name => name.endsWith('.yaml'))
      .map(name => join('examples', name)),
  )('%s', async path => {
    const { resources, problems } = await checkResources(path)
    expect(problems).toEqual([])
    expect(resources.length).toBeGreaterThan(0)
  })

  test.each(['config/default-policies.yaml', 'config/global-config.yaml'])('%s', async path => {
    expect((await checkResources(path)).problems).toEqual([])
  })

  const seeds = '../shared/seed-examples'
  test.skipIf(!existsSync(seeds))('the two seed examples, unchanged (skipped where ../shared is not there)', async () => {
    const files = readdirSync(seeds).filter(name => name.endsWith('.yaml'))
    expect(files.length).toBe(2)
    for (const file of files) expect((await checkResources(join(seeds, file))).problems).toEqual([])
  })

  test('an object of autoscaling/v2 as kubectl prints it, with what the server adds, null fields and a status', () => {
    const text = JSON.stringify(
      {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: {
          name: 'api',
          namespace: 'web',
          uid: 'x',
          generation: 3,
          creationTimestamp: '2026-01-01T00:00:00Z',
          managedFields: [{}],
        },
        spec: {
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
          minReplicas: null,
          maxReplicas: 10,
          metrics: [
            {
              type: 'ContainerResource',
              containerResource: { name: 'cpu', container: 'app', target: { type: 'AverageValue', averageValue: '250m' } },
            },
            {
              type: 'Object',
              object: {
                describedObject: { kind: 'Ingress', name: 'i' },
                metric: { name: 'rps' },
                target: { type: 'Value', value: 5000 },
              },
            },
            {
              type: 'External',
              external: {
                metric: { name: 'q', selector: { matchLabels: { a: 'b' } } },
                target: { type: 'AverageValue', averageValue: '30' },
              },
            },
          ],
          behavior: {
            scaleDown: {
              selectPolicy: 'Disabled',
              tolerance: '50m',
              policies: [{ type: 'Percent', value: 10, periodSeconds: 60 }],
            },
          },
        },
        status: { currentReplicas: 1, anything: [1] },
      },
      undefined,
      '\t',
    )
    expect(said(text)).toEqual([])
  })

  test('a List is unfolded, and problems keep their places', () => {
    const list = `apiVersion: v1\nkind: List\nitems:\n- ${policy('  extends: []').replaceAll('\n', '\n  ')}\n- kind: Nonsense\n`
    expect(checkText('F', list).resources.map(({ document }) => document.kind)).toEqual(['ScalingPolicy'])
    expect(said(list)).toEqual([
      'F:9:9: kind: found "Nonsense", expected one of HorizontalPodAutoscaler, ScalingPolicy, MetricSource, ControllerConfiguration',
    ])
  })
})

describe('what is wrong, with its place, what was found and what was expected', () => {
  test.each([
    ['an unknown field', spec('  minReplica: 2'), 'F:8:3: spec.minReplica: unknown field; did you mean minReplicas?'],
    ['an unknown field near nothing', spec('  colour: red'), 'F:8:3: spec.colour: unknown field'],
    ['wrong case', spec('  policyref: { name: a }'), 'F:8:3: spec.policyref: unknown field; did you mean policyRef?'],
    ['min above max', spec('  minReplicas: 20'), 'F:8:16: spec.minReplicas: found 20, expected at most maxReplicas (10)'],
    [
      'min 0 without a metric to wake up on',
      spec('  minReplicas: 0'),
      'F:8:16: spec.minReplicas: found 0, expected 1 or more: 0 needs an Object or External metric to scale up from',
    ],
    ['a negative count', spec('  minReplicas: -1'), 'F:8:16: spec.minReplicas: found -1, expected at least 0'],
    [
      'a count beyond 32 bits',
      spec('').replace('maxReplicas: 10', 'maxReplicas: 2147483648'),
      'F:6:16: spec.maxReplicas: found 2147483648, expected at most 2147483647',
    ],
    ['text where a number belongs', spec('  minReplicas: "2"'), 'F:8:16: spec.minReplicas: found "2", expected a number'],
    ['a fraction', spec('  minReplicas: 2.5'), 'F:8:16: spec.minReplicas: found 2.5, expected a whole number'],
    ['NaN', spec('  minReplicas: .nan'), 'F:8:16: spec.minReplicas: found NaN, expected a number'],
    [
      'an enum',
      spec('  tier: enterprise'),
      'F:8:9: spec.tier: found "enterprise", expected one of Enterprise, Premium, Basic; did you mean Enterprise?',
    ],
    ['a period too short', spec('  periodSeconds: 2'), 'F:8:18: spec.periodSeconds: found 2, expected at least 3'],
    [
      'a broken quantity',
      spec('  prediction: { capacityPerReplica: 5 apples }'),
      'F:8:37: spec.prediction.capacityPerReplica: found "5 apples", expected a quantity such as "250m", "1.5" or "2Gi"',
    ],
    [
      'a quantity of zero',
      spec('  prediction: { capacityPerReplica: 0 }'),
      'F:8:37: spec.prediction.capacityPerReplica: found 0, expected a quantity above 0',
    ],
    [
      'a share above 1',
      spec('  spot: { maxShare: "60" }'),
      'F:8:21: spec.spot.maxShare: found "60", expected a share between 0 and 1, such as "0.95"',
    ],
    [
      'an emergency beyond the ceiling',
      spec('  emergency: { maxReplicas: 501 }'),
      'F:8:29: spec.emergency.maxReplicas: found 501, expected at most 500',
    ],
    [
      'a time that is none',
      spec('  modeExpiresAt: tomorrow'),
      'F:8:18: spec.modeExpiresAt: found "tomorrow", expected a time such as 2026-12-04T23:45:00Z (RFC 3339)',
    ],
    [
      'a budget of nothing',
      spec('  budget: { currency: USD }'),
      'F:8:11: spec.budget: found an object, expected perHour, perDay or perMonth',
    ],
    [
      'a day that never comes',
      spec('  schedules: [{ name: a, cron: "0 0 31 2 *", durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:32: spec.schedules[0].cron: found "0 0 31 2 *", expected five cron fields (minute hour day month weekday) that name a time which exists, such as "0 8 * * 1-5"',
    ],
    [
      'cron with seconds',
      spec('  schedules: [{ name: a, cron: "0 0 8 * * 1", durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:32: spec.schedules[0].cron: found "0 0 8 * * 1", expected five cron fields (minute hour day month weekday) that name a time which exists, such as "0 8 * * 1-5"',
    ],
    [
      'a time zone that is none',
      spec('  schedules: [{ name: a, cron: "0 8 * * *", timeZone: Mars, durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:55: spec.schedules[0].timeZone: found "Mars", expected a time zone of the IANA database, such as Europe/Stockholm or UTC',
    ],
    [
      'cron and start',
      spec('  schedules: [{ name: a, cron: "0 8 * * *", start: 2026-01-01T00:00:00Z, durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:15: spec.schedules[0]: found an object, expected either cron (repeats), start (once) or dates (days)',
    ],
    [
      'a schedule of no length',
      spec('  schedules: [{ name: a, cron: "0 8 * * *", durationSeconds: 0, minReplicas: 2 }]'),
      'F:8:62: spec.schedules[0].durationSeconds: found 0, expected at least 1',
    ],
    [
      'a date that does not exist',
      spec('  schedules: [{ name: a, dates: [2026-02-31], durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:34: spec.schedules[0].dates[0]: found "2026-02-31", expected a date that exists, such as 2026-12-25',
    ],
    [
      'exceptions from what does not repeat',
      spec('  schedules: [{ name: a, dates: [2026-02-01], exceptDates: [2026-02-01], durationSeconds: 60, minReplicas: 2 }]'),
      'F:8:60: spec.schedules[0].exceptDates: found a list, expected exceptDates beside cron only: they are exceptions from what repeats',
    ],
    [
      'two schedules of one name',
      spec(
        '  schedules:\n  - { name: a, cron: "0 8 * * *", durationSeconds: 60, minReplicas: 2 }\n  - { name: a, cron: "0 9 * * *", durationSeconds: 60, minReplicas: 2 }',
      ),
      'F:10:13: spec.schedules[1].name: found "a", expected a name that no other schedule of this list has',
    ],
    [
      'a metric type',
      spec('').replace('type: Resource', 'type: Resources'),
      'F:7:21: spec.metrics[0].type: found "Resources", expected one of Resource, ContainerResource, Pods, Object, External; did you mean Resource?',
    ],
    [
      'a target without a figure',
      spec('').replace(', averageUtilization: 50', ''),
      'F:7:62: spec.metrics[0].resource.target: found an object, expected averageUtilization or averageValue',
    ],
    ['a missing field', spec('').replace('  maxReplicas: 10\n', ''), 'F:5:3: spec.maxReplicas: missing, expected a number'],
    [
      'our field in an upstream object',
      spec('  tier: Basic').replace('autoscaling.spotify.ai/v2', 'autoscaling/v2'),
      'F:8:9: spec.tier: found "Basic", expected no such field in autoscaling/v2; it belongs to apiVersion autoscaling.spotify.ai/v2',
    ],
    [
      'an old version',
      spec('').replace('autoscaling.spotify.ai/v2', 'autoscaling/v1'),
      'F:1:13: apiVersion: found "autoscaling/v1", expected one of autoscaling.spotify.ai/v2, autoscaling/v2; did you mean autoscaling/v2?',
    ],
    [
      'a policy with min above max',
      policy('  defaults: { minReplicas: 9, maxReplicas: 3 }'),
      'F:5:28: spec.defaults.minReplicas: found 9, expected at most maxReplicas (3)',
    ],
    [
      'bounds the wrong way round',
      policy('  bounds: { maxReplicas: { min: 9, max: 3 } }'),
      'F:5:33: spec.bounds.maxReplicas.min: found 9, expected at most max (3)',
    ],
    [
      'the same document twice',
      `${policy('  extends: []')}\n---\n${policy('  extends: []')}`,
      'F:7:1: found ScalingPolicy mine a second time (first at line 1), expected each name once',
    ],
    [
      'a field that belongs one level deeper',
      policy('  minReplicas: 9'),
      'F:5:3: spec.minReplicas: unknown field; expected one of extends, defaults, bounds',
    ],
    [
      'a field name that a terminal would obey',
      policy('  "min\\nReplicas\\e[31m": 9'),
      'F:5:3: spec."min\\nReplicas\\u001b[31m": unknown field; expected one of extends, defaults, bounds',
    ],
    [
      'an alias inside what it stands for',
      'kind: &a [1, *a]\n',
      'F:1:14: found the alias *a inside what it stands for, expected no circle',
    ],
    ['an alias of nothing', 'kind: *a\n', 'F:1:7: found the alias *a without an anchor &a before it'],
    ['an alias before its anchor', 'kind: *a\nspec: &a 1\n', 'F:1:7: found the alias *a without an anchor &a before it'],
    ['a duplicate key', 'kind: A\nkind: B\n', 'F:2:1: Map keys must be unique'],
    ['a tab', 'spec:\n\tmaxReplicas: 4\n', 'F:2:1: Tabs are not allowed as indentation'],
    [
      'another kind',
      'apiVersion: apps/v1\nkind: Deployment\n',
      'F:2:7: kind: found "Deployment", expected one of HorizontalPodAutoscaler, ScalingPolicy, MetricSource, ControllerConfiguration',
    ],
    [
      'an empty file',
      '# nothing\n',
      'F:1:1: found no document, expected one of HorizontalPodAutoscaler, ScalingPolicy, MetricSource, ControllerConfiguration',
    ],
    [
      'a trap',
      'kind: ScalingPolicy\n__proto__: { polluted: yes }\n',
      'F:2:1: found the field name __proto__, which is not allowed anywhere',
    ],
    ['binary data', 'kind: \0', 'F:1:1: found binary data, expected YAML or JSON text'],
    ['a megabyte', `# ${'x'.repeat(1 << 20)}`, 'F:1:1: found 1048578 bytes, expected at most 1048576; split the file'],
    [
      'a password in an address',
      'apiVersion: autoscaling.spotify.ai/v2\nkind: MetricSource\nmetadata: { name: p }\nspec: { type: Prometheus, url: "http://me:secret@prometheus" }',
      'F:4:32: spec.url: found "http://…@prometheus", expected no user or password in the address; use authentication.secretRef',
    ],
  ])('%s', (_, text, line) => {
    expect(said(text)).toEqual([line])
  })

  test('every problem of a document is told, in the order of the file', () => {
    expect(said(spec('  minReplica: 2\n  tier: Gold\n  periodSeconds: 1')).map(line => line.split(':')[1])).toEqual([
      '8',
      '9',
      '10',
    ])
  })

  const lines = (name: string, of: (from: string) => string) =>
    [...'bcdefghi'].map((to, index) => of(`${to} ${'abcdefgh'[index]} ${name}`)).join('')
  test.each([
    [
      'aliases',
      `a: &a [x, x, x]\n${lines('', pair => `${pair[0]}: &${pair[0]} [${Array(9).fill(`*${pair[2]}`).join(', ')}]\n`)}`,
    ],
    [
      'merges',
      `a: &a { x: 1 }\n${lines('', pair => `${pair[0]}: &${pair[0]}\n  k: 1\n  <<: [${Array(9).fill(`*${pair[2]}`).join(', ')}]\n`)}`,
    ],
  ])('a bomb of %s is one line', (_, text) => {
    expect(said(text)).toEqual(['F:1:1: found aliases that expand more than 50 times (an alias bomb), expected fewer'])
  })

  test('aliases of thousands of anchors are one line, at once', () => {
    const text = Array.from({ length: 5000 }, (_, index) => `- &a${index} 1\n- *a${index}\n`).join('')
    expect(said(text)).toEqual(['F:102:3: found aliases of more than 50 anchors, expected fewer'])
  })

  test('a list as a field name is told without a word from the parser', () => {
    expect(said(policy('  ? [a]\n  : 1'))).toEqual([
      'F:5:3: spec."[ a ]": unknown field; expected one of extends, defaults, bounds',
    ])
  })

  test.each([
    ['brackets', '['.repeat(500_000)],
    ['closed brackets', `${'['.repeat(31)}${']'.repeat(31)}`],
    ['indentation', Array.from({ length: 1200 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
    ['indentation just beyond the bound', Array.from({ length: 32 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ])('nesting of %s beyond the bound is one line', (_, text) => {
    const found = said(text)
    expect(found.length).toBe(1)
    expect(found[0]).toContain('found nesting deeper than 30 levels, expected less')
  })
})

describe('what upstream accepts but nobody means is a warning', () => {
  test.each([
    [
      'type and field differ',
      spec('').replace('averageUtilization: 50', 'averageValue: 250m'),
      "F:1:1: warning: spec.metrics[0]: the target's type is Utilization, but averageValue is set; averageValue decides, as upstream does",
    ],
    [
      'no metrics',
      spec('').replace(/ {2}metrics.*\n/, ''),
      'F:1:1: warning: spec.metrics is empty: CPU utilization of 80 % is used, as upstream does',
    ],
    [
      'an emergency that cannot raise',
      spec('  emergency: { maxReplicas: 5 }'),
      'F:1:1: warning: spec.emergency.maxReplicas (5) is below spec.maxReplicas (10): an emergency cannot raise anything',
    ],
    [
      'two objects, one target',
      `${spec('')}\n---\n${spec('').replace('name: api }', 'name: other }')}`,
      'F:10:1: warning: Deployment api is scaled by another object too (line 1); only the oldest will act',
    ],
  ])('%s', (_, text, line) => {
    const { resources, problems } = checkText('F', text)
    expect(problems.map(formatProblem)).toEqual([line])
    expect(resources.length).toBeGreaterThan(0)
  })
})

test('loadResources throws the first problem as one line and counts the rest', async () => {
  await expect(loadResources('examples/none.yaml')).rejects.toThrow('examples/none.yaml: no such file or folder')
  await expect(loadResources('examples')).rejects.toThrow('examples: it is a folder, a file is needed')
  await expect(loadResources('package.json')).rejects.toThrow(/^package\.json:1:1: kind: missing, expected one of /)
})
