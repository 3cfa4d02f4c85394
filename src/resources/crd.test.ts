import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ACCEPTED, documentOf, REFUSED } from '../../test/resource-cases.ts'
import { crds } from './crd.ts'
import { checkText, formatProblem } from './load.ts'
import { decimalText, horizontalPodAutoscalerStatus } from './status.ts'
import { type StructuralSchema, structural } from './structural.ts'

const definitions = crds()
const rootOf = (index: number) => definitions[index]?.spec.versions[0]?.schema.openAPIV3Schema as StructuralSchema
const fields = definitions.flatMap(({ metadata }, index) =>
  walk(rootOf(index), '').map(([path, schema]) => [`${metadata.name}${path}`, schema] as const),
)

function walk(schema: StructuralSchema, path: string): readonly (readonly [string, StructuralSchema])[] {
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => walk(field, `${path}.${name}`))
  const items = schema.items ? walk(schema.items, `${path}[]`) : []
  const values = schema.additionalProperties ? walk(schema.additionalProperties, `${path}{}`) : []
  return [[path, schema], ...inner, ...items, ...values]
}

const byKind = (kind: string) => definitions.find(({ spec }) => spec.names.kind === kind)

describe('the CustomResourceDefinitions', () => {
  test('have the names, scopes, short names and category that people type', () => {
    expect(
      definitions.map(({ metadata, spec }) => [metadata.name, spec.scope, spec.names.shortNames, spec.names.categories]),
    ).toEqual([
      ['horizontalpodautoscalers.autoscaling.spotify.ai', 'Namespaced', ['chpa'], ['crescendo']],
      ['scalingpolicies.autoscaling.spotify.ai', 'Cluster', ['chpol'], ['crescendo']],
      ['metricsources.autoscaling.spotify.ai', 'Cluster', ['chms'], ['crescendo']],
    ])
    for (const { spec } of definitions) {
      expect(spec.versions.map(({ name, served, storage }) => [name, served, storage])).toEqual([['v2', true, true]])
      expect(spec.versions[0]?.subresources).toEqual({ status: {} })
      expect(spec.names.listKind).toBe(`${spec.names.kind}List`)
    }
  })

  test('kubectl get chpa has these columns, and these with -o wide', () => {
    const columns = byKind('HorizontalPodAutoscaler')?.spec.versions[0]?.additionalPrinterColumns ?? []
    const names = (wide: boolean) => columns.filter(({ priority }) => (priority === 1) === wide).map(({ name }) => name)
    expect(names(false).join(' ')).toBe('TARGET MIN MAX CUR DES FCST30 SLO COST/H MODE READY AGE')
    expect(names(true).join(' ')).toBe('REASON POLICY BUDGET CONF')
  })

  test('are plain data, the same each time', () => {
    expect(JSON.parse(JSON.stringify(definitions))).toEqual(definitions)
    expect(crds()).toEqual(definitions)
  })

  test('every column shows a field that the schema has', () => {
    for (const [index, { spec }] of definitions.entries()) {
      const known = walk(rootOf(index), '').map(([path]) => path)
      for (const { jsonPath } of spec.versions[0]?.additionalPrinterColumns ?? []) {
        const path = jsonPath.replace(/\[\?\(@\.type=="\w+"\)\]/, '[]')
        expect(path === '.metadata.creationTimestamp' || known.includes(path), jsonPath).toBe(true)
      }
    }
  })
})

function isBounded(schema: StructuralSchema): boolean {
  if (schema.type === 'string') return (schema.enum ?? schema.maxLength) !== undefined
  if (schema.type === 'array') return schema.maxItems !== undefined
  if (schema.additionalProperties) return schema.maxProperties !== undefined
  return schema.type !== 'integer' || (schema.minimum !== undefined && schema.maximum !== undefined)
}

describe('every field', () => {
  test('has a sentence that kubectl explain can print', () => {
    const isNamed = (path: string) => !path.endsWith('[]') && !path.endsWith('{}') && !path.endsWith('.metadata')
    const mute = fields.filter(([path, { description = '' }]) => isNamed(path) && !/^[A-Z"].{5,}\.$/.test(description))
    expect(mute.map(([path]) => path)).toEqual([])
  })

  test('that a person may leave out names its default or what it means to be absent, or an example', () => {
    const optional = fields.filter(([path]) => /\.spec\.[^.[]+$/.test(path))
    const bare = optional.filter(([, { description = '' }]) => !/Default|Absent|Example|default|holds|cut/.test(description))
    expect(bare.map(([path]) => path)).toEqual([
      'horizontalpodautoscalers.autoscaling.spotify.ai.spec.simulation',
      'metricsources.autoscaling.spotify.ai.spec.type',
    ])
  })

  test('is bounded: texts, lists and maps have a longest, numbers a least and a most', () => {
    const isFree = /\.(?:apiVersion|kind|observedGeneration|metadata)$/
    const unbounded = fields.filter(([path, schema]) => !(isFree.test(path) && !path.includes('.spec.')) && !isBounded(schema))
    expect(unbounded.map(([path]) => path)).toEqual([])
  })

  test('is structural: a plain type, no unions but int-or-string, a list type for every list', () => {
    const plain = ['object', 'array', 'string', 'integer', 'boolean']
    for (const [path, schema] of fields) {
      const isQuantity = schema['x-kubernetes-int-or-string'] === true
      expect(isQuantity ? schema.type === undefined : plain.includes(schema.type ?? ''), path).toBe(true)
      expect(
        Object.keys(schema).filter(key => /^(oneOf|allOf|not|\$ref|default|nullable)$/.test(key)),
        path,
      ).toEqual([])
      expect(schema.anyOf === undefined || isQuantity, path).toBe(true)
      expect((schema.type === 'array') === (schema['x-kubernetes-list-type'] !== undefined), path).toBe(true)
    }
  })

  test('that is a pattern reads the same in RE2: no look-around, no back references', () => {
    const patterns = new Set(fields.flatMap(([, { pattern }]) => pattern ?? []))
    expect(patterns.size).toBeGreaterThan(8)
    for (const pattern of patterns) expect(pattern).not.toMatch(/\(\?[=!<]|\\[1-9]/)
  })
})

test('a schema without a structural form is an error, not a gap in the CRD', () => {
  expect(() => structural(z.unknown())).toThrow('a unknown has no structural form')
  expect(() => structural(z.union([z.string(), z.boolean()]))).toThrow('a union without a discriminator has no structural form')
})

describe('the file schema', () => {
  const said = (document: unknown) =>
    checkText('F', JSON.stringify(document)).problems.filter(({ severity }) => severity === 'error')

  test.each(ACCEPTED)('accepts $name', one => {
    expect(said(documentOf(one))).toEqual([])
  })

  test.each(REFUSED)('refuses $name and names $field', one => {
    const lines = said(documentOf(one)).map(formatProblem)
    expect(lines.length).toBeGreaterThan(0)
    expect(lines.join('\n')).toContain(one.field)
    expect(lines.join('\n')).not.toContain('canary')
  })

  test('takes a billion replicas and bare fractions in an autoscaling/v2 document, as upstream does', () => {
    const target = { type: 'AverageValue', averageValue: 0.5 }
    const metrics = [{ type: 'Pods', pods: { metric: { name: 'rps' }, target } }]
    const spec = { scaleTargetRef: { kind: 'Deployment', name: 'a' }, maxReplicas: 1e9, metrics }
    expect(said({ ...documentOf({ kind: 'HorizontalPodAutoscaler', spec }), apiVersion: 'autoscaling/v2' })).toEqual([])
  })
})

describe('status', () => {
  test('a whole one is accepted, and an unknown field is not', () => {
    const at = '2026-11-25T03:00:00Z'
    const status = {
      observedGeneration: 4,
      lastScaleTime: at,
      currentReplicas: 12,
      desiredReplicas: 18,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at, reason: 'Deciding', message: 'Decides.' }],
      lastDecision: {
        time: at,
        currentReplicas: 12,
        rawDesiredReplicas: 20,
        finalDesiredReplicas: 18,
        direction: 'Up',
        reason: 'load comes',
        candidates: [
          { name: 'forecast', replicas: 20, reason: 'window maximum' },
          { name: 'schedule', reason: 'not yet' },
        ],
        constraintsApplied: [{ name: 'budget', from: 20, to: 18, reason: 'cap' }],
        counterfactualReplicas: 12,
        confidence: decimalText(0.995),
        costDeltaPerHour: decimalText(0.6),
      },
      forecast: {
        madeAt: at,
        peak: { median: '88100', p95: '90000', p99: '95000.5' },
        replicasIn30Min: 18,
        coverage7d: '0.957',
        mase7d: '0.8',
        trust: '0.93',
      },
      currentMetrics: [{ type: 'Pods', pods: { metric: { name: 'rps' }, current: { averageValue: '4854' } } }],
      summary: { mode: 'Auto', forecast30: '12>18' },
    }
    expect(horizontalPodAutoscalerStatus.parse(status)).toEqual(status)
    expect(horizontalPodAutoscalerStatus.safeParse({ ...status, colour: 'red' }).success).toBe(false)
  })

  test.each([
    [0.1 + 0.2, '0.3'],
    [100, '100'],
    [-0.5, '-0.5'],
    [0, '0'],
    [-1e-9, '0'],
    [1e-9, '0'],
    [1e21, '1000000000000000000000'],
    [Number.NaN, undefined],
  ])('%d is "%s"', (value, text) => {
    expect(decimalText(value)).toBe(text)
  })
})
