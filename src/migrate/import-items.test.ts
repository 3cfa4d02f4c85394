import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { DOCUMENTS } from '../resources/documents.ts'
import { checkText } from '../resources/load.ts'
import { importItems, itemsOf } from './import-items.ts'
import { renderImported, said } from './render.ts'
import type { ImportOptions } from './translation.ts'

const FIXTURES = new URL('fixtures/', import.meta.url)
const fixture = (name: string) => readFileSync(new URL(name, FIXTURES), 'utf8')
const imported = (text: string, options: Partial<ImportOptions> = {}) =>
  importItems(itemsOf('in.yaml', text), { mode: 'Recommend', ...options })
const errorsOf = (text: string) => checkText('out.yaml', text).problems.filter(({ severity }) => severity === 'error')

describe('manifests as people have them', () => {
  test.each(['storefront-hpas', 'media-scaled-objects'])('%s: the result is the golden one', name => {
    const result = renderImported(imported(fixture(`${name}.yaml`)))
    expect(result).toBe(fixture(`${name}.golden.yaml`))
  })

  test.each(['storefront-hpas', 'media-scaled-objects'])('%s: our own validate accepts the result', name => {
    expect(errorsOf(renderImported(imported(fixture(`${name}.yaml`))))).toEqual([])
  })

  test('what was made is not made again: the result has nothing to import', () => {
    const { drafts, remarks } = imported(renderImported(imported(fixture('storefront-hpas.yaml'))))
    expect(drafts).toEqual([])
    expect(remarks.every(({ leftOut }) => !leftOut)).toBe(true)
  })
})

const scaledObject = (triggers: string, fields = '', annotations = '') => `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: { name: worker, namespace: jobs, annotations: { ${annotations} } }
spec:
  scaleTargetRef: { name: worker }
${fields}
  triggers:
${triggers}`

const CPU = '    - { type: cpu, metricType: Utilization, metadata: { value: "60" } }'
const cronTrigger = (start: string, end: string, more = 'timezone: UTC') =>
  `    - { type: cron, metadata: { start: "${start}", end: "${end}", desiredReplicas: "5", ${more} } }`
const prometheus = (metadata: string) => `    - { type: prometheus, metadata: { ${metadata} } }`

const specIn = (text: string, options?: Partial<ImportOptions>) => {
  const document = imported(text, options).drafts.at(-1)?.document
  return document?.kind === 'HorizontalPodAutoscaler' ? document.spec : undefined
}
const saidAbout = (text: string, options?: Partial<ImportOptions>) => imported(text, options).remarks.map(said)

describe('ScaledObjects', () => {
  test('a trigger without a counterpart is named with file, line and type', () => {
    expect(
      saidAbout(scaledObject(`${CPU}\n    - { type: aws-sqs-queue, name: inbox, metadata: {} }`, '  minReplicaCount: 1')),
    ).toEqual([expect.stringMatching(/^left out, in\.yaml:9: trigger aws-sqs-queue \(inbox\): /)])
  })

  test('the defaults are those of KEDA: 0 to 100 replicas, a Deployment of apps/v1', () => {
    const spec = specIn(scaledObject(prometheus('serverAddress: "http://p:9090", query: up, threshold: "3"')))
    expect(spec).toMatchObject({
      minReplicas: 0,
      maxReplicas: 100,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'worker' },
      mode: 'Recommend',
    })
  })

  test('without a metric that can be read without pods, 0 becomes 1, and that is said', () => {
    const text = scaledObject(CPU)
    expect(specIn(text)?.minReplicas).toBe(1)
    expect(saidAbout(text)).toEqual([expect.stringContaining('minReplicaCount 0: became 1')])
  })

  test.each([
    ['paused: "true"', 'Recommend', 'Paused'],
    ['paused: "false"', 'Recommend', 'Recommend'],
    ['paused-replicas: "4"', 'Auto', 'Paused'],
    ['paused-scale-in: "true"', 'Auto', 'ScaleOutOnly'],
    ['paused-scale-in: "true"', 'Recommend', 'Recommend'],
    ['paused-scale-out: "true"', 'Auto', 'Auto'],
  ] as const)('the annotation %s with mode %s gives mode %s', (annotation, mode, expected) => {
    const text = scaledObject(CPU, '  minReplicaCount: 1', `autoscaling.keda.sh/${annotation}`)
    expect(specIn(text, { mode })?.mode).toBe(expected)
    expect(stringify(imported(text, { mode }).drafts.at(-1)?.document)).not.toContain('keda.sh')
  })

  test('a schedule has the length from start to end', () => {
    const spec = specIn(scaledObject(cronTrigger('0 8 * * 1', '30 17 * * 5'), '  minReplicaCount: 1'))
    expect(spec?.schedules).toEqual([
      { name: 'cron-0', cron: '0 8 * * 1', timeZone: 'UTC', durationSeconds: 4 * 86_400 + 9.5 * 3600, minReplicas: 5 },
    ])
  })

  test.each([
    [cronTrigger('0 8 * * *', '0 18 * * 1-5'), 'differs from window to window'],
    [cronTrigger('0 8 31 2 *', '0 18 * * *'), 'expected five cron fields'],
    [cronTrigger('0 8 * * *', '0 18 * * *', 'timezone: Mars/Olympus'), 'expected a time zone'],
    [prometheus('serverAddress: "http://reader:hunter2@p:9090", query: up, threshold: "3"'), 'from a Secret'],
    [prometheus('serverAddress: "file:///etc/passwd", query: up, threshold: "3"'), 'no http or https'],
    [prometheus('serverAddress: "http://p:9090", query: up, threshold: "0"'), 'a threshold above 0'],
    [prometheus('serverAddress: "http://p:9090", threshold: "1"'), 'has no query'],
    ['    - { type: memory, metadata: { value: lots } }', 'expected metricType'],
  ])('%s is left out: %s', (trigger, why) => {
    const { drafts, remarks } = imported(scaledObject(`${CPU}\n${trigger}`, '  minReplicaCount: 1'))
    expect(drafts).toHaveLength(1)
    expect(remarks.filter(({ leftOut }) => leftOut).map(({ message }) => message)).toEqual([expect.stringContaining(why)])
  })

  test('a password in an address is nowhere in what is printed', () => {
    const result = imported(
      scaledObject(`${CPU}\n${prometheus('serverAddress: "http://reader:hunter2@p:9090", query: up, threshold: "3"')}`),
    )
    expect(renderImported(result) + result.remarks.map(said).join()).not.toContain('hunter2')
  })

  test.each([
    ['  pollingInterval: 1', { periodSeconds: 3 }],
    ['  pollingInterval: 45', { periodSeconds: 45 }],
    ['  cooldownPeriod: 7200', { behavior: { scaleDown: { stabilizationWindowSeconds: 3600 } } }],
    [
      '  cooldownPeriod: 60\n  advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 10 } } } }',
      { behavior: { scaleDown: { stabilizationWindowSeconds: 10 } } },
    ],
  ])('%s becomes %o', (fields, expected) => {
    expect(specIn(scaledObject(CPU, `  minReplicaCount: 1\n${fields}`))).toMatchObject(expected)
  })

  test.each([
    ['  fallback: { failureThreshold: 3, replicas: 6 }', 'fallback'],
    ['  idleReplicaCount: 0', 'idleReplicaCount'],
    ['  initialCooldownPeriod: 120', 'initialCooldownPeriod'],
    ['  advanced: { restoreToOriginalReplicaCount: true }', 'restoreToOriginalReplicaCount'],
    ['  advanced: { scalingModifiers: { formula: a + b, target: "2" } }', 'scalingModifiers'],
    ['  inventedLater: 1', 'inventedLater'],
  ])('%s is named as left out', (fields, name) => {
    const told = saidAbout(scaledObject(CPU, `  minReplicaCount: 1\n${fields}`))
    expect(told).toEqual([expect.stringMatching(new RegExp(`^left out, in\\.yaml:[78]: ${name}`))])
  })

  test('two objects with one Prometheus share a MetricSource, and their metrics have names of their own', () => {
    const text = scaledObject(prometheus('serverAddress: "http://p.mon.svc:9090", query: up, threshold: "3"'))
    const { drafts } = imported(`${text}\n---\n${text.replaceAll('namespace: jobs', 'namespace: more')}`)
    expect(drafts.map(({ document }) => document.kind)).toEqual([
      'MetricSource',
      'HorizontalPodAutoscaler',
      'HorizontalPodAutoscaler',
    ])
    expect(drafts[0]?.document.spec).toMatchObject({
      allowedNamespaces: ['jobs', 'more'],
      catalogue: [{ name: 'worker-prometheus' }, { name: 'worker-prometheus-2' }],
    })
    expect(specIn(`${text}\n---\n${text.replaceAll('namespace: jobs', 'namespace: more')}`)?.metrics).toMatchObject([
      { external: { metric: { name: 'worker-prometheus-2' } } },
    ])
  })
})

describe('what else stands in a file', () => {
  test('an HPA that KEDA made is passed over: its ScaledObject is imported', () => {
    const { drafts, remarks } = imported(`apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: keda-hpa-worker, labels: { scaledobject.keda.sh/name: worker } }
spec: { scaleTargetRef: { kind: Deployment, name: worker }, maxReplicas: 3 }`)
    expect(drafts).toEqual([])
    expect(remarks).toEqual([expect.objectContaining({ leftOut: false })])
  })

  test('the second object of one name is left out: only one can have it', () => {
    const hpa =
      'apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: { name: a }\nspec: { scaleTargetRef: { kind: Deployment, name: a }, maxReplicas: 3 }\n'
    expect(imported(`${hpa}---\n${hpa}`).drafts).toHaveLength(1)
    expect(saidAbout(`${hpa}---\n${hpa}`)).toEqual([expect.stringMatching(/^left out, in\.yaml:6: a: in\.yaml:1: .* same name/)])
  })

  test('an object that breaks its own schema is refused in one line with its place', () => {
    const text =
      'apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: a }\nspec:\n  scaleTargetRef: { kind: Deployment, name: a }\n  maxReplicas: many\n'
    expect(() => imported(text)).toThrow('in.yaml:6:16: spec.maxReplicas: found "many", expected a number')
  })

  test('a minimum above the maximum is refused: KEDA takes such a document, no cluster of ours does', () => {
    expect(() => imported(scaledObject(CPU, '  minReplicaCount: 9\n  maxReplicaCount: 3'))).toThrow(
      /cannot be imported: spec\.minReplicas/,
    )
  })

  test('policy and namespace of the command line reach the objects', () => {
    const [draft] = imported(
      'apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: { name: a }\nspec: { scaleTargetRef: { kind: Deployment, name: a }, maxReplicas: 3 }',
      {
        policy: 'basic',
        namespace: 'shop',
      },
    ).drafts
    expect(draft?.document).toMatchObject({ metadata: { namespace: 'shop' }, spec: { policyRef: { name: 'basic' } } })
  })

  test('a name with control characters cannot end a comment of the result', () => {
    const text = scaledObject(`${CPU}\n    - { type: "kafka\\nevil: yes", metadata: {} }`)
    for (const document of parseAllDocuments(renderImported(imported(text)))) expect(document.toJS()).not.toHaveProperty('evil')
  })
})

describe('any stock HorizontalPodAutoscaler', () => {
  const quantity = fc.oneof(
    fc.integer({ min: 1, max: 1_000_000 }).map(String),
    fc.integer({ min: 1, max: 999 }).map(value => `${value}m`),
    fc.integer({ min: 1, max: 64 }).map(value => `${value}Gi`),
  )
  const target = fc.oneof(
    fc.integer({ min: 1, max: 500 }).map(averageUtilization => ({ type: 'Utilization', averageUtilization })),
    quantity.map(averageValue => ({ type: 'AverageValue', averageValue })),
  )
  const average = quantity.map(averageValue => ({ type: 'AverageValue', averageValue }))
  const value = quantity.map(amount => ({ type: 'Value', value: amount }))
  const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/)
  const metric = fc.record({ name }, { requiredKeys: ['name'] })
  const external = fc.record({ metric, target: fc.oneof(average, value) }).map(source => ({ type: 'External', external: source }))
  const metrics = fc.array(
    fc.oneof(
      fc
        .record({ name: fc.constantFrom('cpu', 'memory', 'nvidia.com/gpu'), target })
        .map(resource => ({ type: 'Resource', resource })),
      fc
        .record({ name: fc.constantFrom('cpu', 'memory'), container: name, target })
        .map(source => ({ type: 'ContainerResource', containerResource: source })),
      fc.record({ metric, target: average }).map(pods => ({ type: 'Pods', pods })),
      external,
    ),
    { maxLength: 5 },
  )
  const rules = fc.record(
    {
      stabilizationWindowSeconds: fc.integer({ min: 0, max: 3600 }),
      selectPolicy: fc.constantFrom('Max', 'Min', 'Disabled'),
      policies: fc.array(
        fc.record({
          type: fc.constantFrom('Pods', 'Percent'),
          value: fc.integer({ min: 1, max: 500 }),
          periodSeconds: fc.integer({ min: 1, max: 1800 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  )
  const hpa = fc
    .record({
      minReplicas: fc.integer({ min: 0, max: 50 }),
      more: fc.integer({ min: 0, max: 500 }),
      metrics,
      zeroMetric: external,
      behavior: fc.record({ scaleUp: rules, scaleDown: rules }, { requiredKeys: [] }),
    })
    .map(({ minReplicas, more, zeroMetric, metrics: rest, behavior }) => ({
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'any', namespace: 'some' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'any' },
        minReplicas,
        maxReplicas: Math.max(1, minReplicas + more),
        metrics: minReplicas === 0 ? [zeroMetric, ...rest] : rest,
        behavior,
      },
    }))

  test('imports to the same spec, which validates', () => {
    fc.assert(
      fc.property(hpa, original => {
        const result = imported(stringify(original))
        expect(result.remarks).toEqual([])
        const { mode, ...spec } = DOCUMENTS.HorizontalPodAutoscaler.parse(result.drafts[0]?.document).spec
        expect(mode).toBe('Recommend')
        expect(spec).toEqual(original.spec)
        expect(errorsOf(renderImported(result))).toEqual([])
      }),
      { numRuns: 100 },
    )
  })
})
