import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crds } from '../../src/resources/crd.ts'
import { checkText } from '../../src/resources/load.ts'
import { decimalText, type HorizontalPodAutoscalerStatus } from '../../src/resources/status.ts'
import { ACCEPTED, type AcceptedCase, documentOf, REFUSED } from '../resource-cases.ts'
import { BedApiError } from './bed/bed-api.ts'
import { eventually } from './bed/cluster-objects.ts'
import { type ControlPlane, startControlPlane } from './bed/control-plane.ts'

const GROUP = '/apis/autoscaling.spotify.ai/v2'
const EXPLAIN = '--api-version=autoscaling.spotify.ai/v2'
const PLURALS = {
  HorizontalPodAutoscaler: 'namespaces/default/horizontalpodautoscalers',
  ScalingPolicy: 'scalingpolicies',
  MetricSource: 'metricsources',
}

interface Definition {
  readonly metadata: { readonly name: string }
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[]
  }
}

let plane: ControlPlane

beforeAll(async () => {
  plane = await startControlPlane()
  const names = crds().map(({ metadata }) => `crd/${metadata.name}`)
  await plane.kubectl(['apply', '--server-side', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: crds() }))
  await plane.kubectl(['wait', '--for=condition=Established', '--timeout=30s', ...names])
  const first = documentOf(ACCEPTED[0] as AcceptedCase)
  await eventually('the new kinds', 30_000, async () => (await judged(first)).accepted || undefined)
})
afterAll(() => plane?.stop())

/** What the API server says about an object, with unknown fields as errors, as kubectl asks for it; nothing is stored. */
async function judged(document: ReturnType<typeof documentOf>): Promise<{ accepted: boolean; message: string }> {
  try {
    const path = `${GROUP}/${PLURALS[document.kind]}?dryRun=All&fieldValidation=Strict`
    await plane.api.call(path, { method: 'POST', body: document })
    return { accepted: true, message: '' }
  } catch (error) {
    if (error instanceof BedApiError && (error.status === 422 || error.status === 400))
      return { accepted: false, message: error.message }
    throw error
  }
}

describe('the API server', () => {
  test('are established, and the server finds nothing wrong with their schemas', async () => {
    for (const { metadata } of crds()) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${metadata.name}`
      const { status } = await plane.api.call<Definition>(path)
      const conditions = new Map(status.conditions?.map(({ type, status, message }) => [type, { status, message }]))
      expect(conditions.get('Established')?.status, metadata.name).toBe('True')
      expect(conditions.get('NonStructuralSchema'), metadata.name).toBeUndefined()
      expect(conditions.get('KubernetesAPIApprovalPolicyConformant')?.status ?? 'True').toBe('True')
    }
  })

  test.each(ACCEPTED)('the server accepts $name', async one => {
    expect(await judged(documentOf(one))).toEqual({ accepted: true, message: '' })
  })

  test.each(REFUSED)('the server refuses $name and names $field', async one => {
    const { accepted, message } = await judged(documentOf(one))
    expect(accepted).toBe(false)
    expect(message).toContain(one.field)
  })

  test('file and server judge every small change of an accepted object alike', async () => {
    const verdicts = { accepted: 0, refused: 0 }
    const property = fc.asyncProperty(changed, async ({ document, path }) => {
      const ofFile = checkText('F', JSON.stringify(document)).problems.filter(({ severity }) => severity === 'error')
      const ofServer = await judged(document)
      verdicts[ofServer.accepted ? 'accepted' : 'refused']++
      const told = `${path.join('.')}: file ${JSON.stringify(ofFile.map(({ message }) => message))}, server ${ofServer.message}`
      // The server knows neither the calendar nor the names of time zones; the controller refuses those again.
      if (/^(?:cron|timeZone)$/.test(String(path.at(-1))) && ofServer.accepted) return
      expect(ofFile.length === 0, told).toBe(ofServer.accepted)
    })
    await fc.assert(property, { numRuns: 1500, seed: 20261125 })
    expect(Math.min(verdicts.accepted, verdicts.refused), JSON.stringify(verdicts)).toBeGreaterThan(150)
  })

  test('objects of autoscaling/v2 that the server accepts are accepted as ours', async () => {
    const upstream = ACCEPTED.filter(({ kind, name }) => kind === 'HorizontalPodAutoscaler' && !/every block|null/.test(name))
    expect(upstream.length).toBeGreaterThan(8)
    for (const [index, one] of upstream.entries()) {
      const { spec } = documentOf(one)
      const document = { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: `up-${index}` }, spec }
      const path = '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers?dryRun=All&fieldValidation=Strict'
      // A cluster without the gate for scaling to zero refuses that one itself.
      const answer = await plane.api.call(path, { method: 'POST', body: document }).catch((error: unknown) => String(error))
      if (typeof answer === 'string') expect(`${one.name}: ${answer}`).toMatch(/^zero replicas.*minReplicas/)
    }
  })
})

describe('a user of kubectl', () => {
  test('kubectl explain says what each field is', async () => {
    await plane.kubectl(['get', 'chpa,chpol,chms']) // refreshes what kubectl remembers of the server's kinds
    const spec = await plane.kubectl(['explain', 'chpa.spec', EXPLAIN])
    for (const word of [
      'scaleTargetRef',
      'maxReplicas\t<integer> -required-',
      'Example: 200',
      'prediction',
      'enum: Auto, Recommend, ScaleOutOnly, Paused',
    ]) {
      expect(spec).toContain(word)
    }
    const prediction = await plane.kubectl(['explain', 'chpa.spec.prediction', EXPLAIN])
    expect(prediction).toMatch(
      /horizonSeconds\t<integer>\n\s+How far the forecast looks ahead, in seconds, 60 to 86400\. Default: 1800\./,
    )
    expect(await plane.kubectl(['explain', 'chpa.status.lastDecision', EXPLAIN])).toContain('counterfactualReplicas')
    expect(await plane.kubectl(['explain', 'chms.spec.catalogue', EXPLAIN])).toContain('$selector')
    expect(await plane.kubectl(['explain', 'chpol.spec.bounds', EXPLAIN])).toContain('locked')
  })

  test('the default policies and the examples are accepted as they are', async () => {
    for (const namespace of ['shop', 'audio']) await plane.kubectl(['create', 'namespace', namespace])
    const files = readdirSync('examples').filter(name => name.endsWith('.yaml'))
    const paths = ['config/default-policies.yaml', ...files.map(name => join('examples', name))]
    const isOfTheCluster = (text: string) =>
      /apiVersion: autoscaling\.spotify\.ai/.test(text) && !/kind: ControllerConfiguration/.test(text)
    const ours = paths.filter(path => isOfTheCluster(readFileSync(path, 'utf8')))
    expect(ours.length).toBeGreaterThan(3)
    for (const path of ours) expect(await plane.kubectl(['apply', '-f', path])).toMatch(/created/)
  })

  const seeds = '../shared/seed-examples'
  test.skipIf(!existsSync(seeds))(
    'the two seed examples are accepted unchanged (skipped where ../shared is not there)',
    async () => {
      const files = readdirSync(seeds).filter(name => name.endsWith('.yaml'))
      expect(files.length).toBe(2)
      for (const file of files)
        expect(await plane.kubectl(['apply', '-f', join(seeds, file)])).toMatch(/created|unchanged|configured/)
    },
  )
})

const at = '2026-11-25T03:00:00Z'
const condition = { lastTransitionTime: at, observedGeneration: 1, message: 'Decides every 15 s.' } as const
const status: HorizontalPodAutoscalerStatus = {
  observedGeneration: 1,
  lastScaleTime: at,
  currentReplicas: 12,
  desiredReplicas: 18,
  conditions: [{ type: 'Ready', status: 'True', reason: 'Deciding', ...condition }],
  lastDecision: {
    time: at,
    currentReplicas: 12,
    rawDesiredReplicas: 20,
    finalDesiredReplicas: 18,
    direction: 'Up',
    reason: 'in 75 s load reaches 88,100 rps',
    candidates: [{ name: 'forecast', replicas: 20, reason: 'window maximum' }],
    constraintsApplied: [{ name: 'budget', from: 20, to: 18, reason: '$31.10 of $40.00 an hour' }],
    confidence: decimalText(0.995) ?? '',
  },
  forecast: { peak: { median: '88100' }, replicasIn30Min: 18 },
  currentMetrics: [{ type: 'Pods', pods: { metric: { name: 'requests_per_second' }, current: { averageValue: '4854' } } }],
  summary: {
    mode: 'Auto',
    policy: 'tier-enterprise',
    forecast30: '12>18',
    slo: '99.97%',
    costPerHour: '1.80 USD',
    budget: '31.10/40.00 USD',
    confidence: '99.5%',
    reason: 'forecast',
  },
}

const path = `${GROUP}/namespaces/default/horizontalpodautoscalers/seen`
const patch = (body: object) =>
  plane.api.call(`${path}/status?fieldManager=crescendo&force=true&fieldValidation=Strict`, {
    method: 'PATCH',
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'autoscaling.spotify.ai/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'seen' }, ...body },
  })

async function storeSeen(): Promise<void> {
  const spec = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' },
    minReplicas: 5,
    maxReplicas: 200,
  }
  const document = documentOf({ kind: 'HorizontalPodAutoscaler', spec }, 'seen')
  await plane.kubectl(['apply', '-f', '-'], JSON.stringify(document))
  await patch({ status })
}

describe('an object with a status', () => {
  beforeAll(storeSeen)

  test('a status written by server-side apply comes back as it was, and does not touch the spec', async () => {
    const found = await plane.api.call<{
      spec: { maxReplicas: number }
      status: object
      metadata: { name: string; generation?: number }
    }>(path)
    expect(found.status).toEqual(status)
    expect(found.metadata.generation).toBe(1)
    expect(found.spec.maxReplicas).toBe(200)
  })

  test('a status that the schema does not know is refused', async () => {
    await expect(patch({ status: { colour: 'red' } })).rejects.toThrow(/colour/)
    await expect(
      patch({ status: { ...status, conditions: [{ ...condition, type: 'Ready', status: 'Maybe', reason: 'Deciding' }] } }),
    ).rejects.toThrow(/status/)
  })
})

describe('kubectl and an object with a status', () => {
  beforeAll(storeSeen)

  test('kubectl get chpa shows the columns and their values', async () => {
    const [head = '', row = ''] = (await plane.kubectl(['get', 'chpa', 'seen'])).trimEnd().split('\n')
    expect(head.split(/\s+/)).toEqual([
      'NAME',
      'TARGET',
      'MIN',
      'MAX',
      'CUR',
      'DES',
      'FCST30',
      'SLO',
      'COST/H',
      'MODE',
      'READY',
      'AGE',
    ])
    expect(row).toMatch(/^seen\s+api\s+5\s+200\s+12\s+18\s+12>18\s+99\.97%\s+1\.80 USD\s+Auto\s+True\s+\d+s$/)
    const wide = await plane.kubectl(['get', 'chpa', 'seen', '-o', 'wide'])
    expect(wide).toMatch(/AGE\s+REASON\s+POLICY\s+BUDGET\s+CONF\s*\n/)
    expect(wide).toMatch(/forecast\s+tier-enterprise\s+31\.10\/40\.00 USD\s+99\.5%/)
    expect(await plane.kubectl(['get', 'crescendo', '-o', 'name'])).toContain(
      'horizontalpodautoscaler.autoscaling.spotify.ai/seen',
    )
  })

  test('kubectl describe chpa tells the decision and the conditions', async () => {
    const text = await plane.kubectl(['describe', 'chpa', 'seen'])
    for (const word of [
      'Last Decision:',
      'Final Desired Replicas:  18',
      'Reason:                  in 75 s load reaches 88,100 rps',
      'Type:                  Ready',
    ]) {
      expect(text).toContain(word)
    }
  })
})

type Path = readonly (string | number)[]

/** An accepted object with one value replaced, or one field left out. */
const changed = fc
  .record({
    one: fc.constantFrom(...ACCEPTED.filter(({ name }) => !/null/.test(name))),
    place: fc.nat(),
    value: fc.oneof(
      fc.constantFrom<unknown>(
        undefined,
        0,
        1,
        -1,
        2,
        99,
        100,
        101,
        501,
        3601,
        65_536,
        1_000_001,
        2_147_483_648,
        0.5,
        true,
        [],
        {},
      ),
      fc.constantFrom<unknown>(
        '',
        '0',
        '0.0',
        '1',
        '-1',
        '+1',
        '1.0',
        '1.5',
        '100',
        '100m',
        '1001m',
        '99.9',
        '1e3',
        '1E-3',
        '2Gi',
        '5 apples',
        'NaN',
      ),
      fc.constantFrom<unknown>(
        'Auto',
        'auto',
        'Max',
        'Pods',
        'Value',
        'Object',
        'Off',
        'SEK',
        'usd',
        '/m',
        'http://a',
        'ftp://a',
        '2026-12-04T23:45:00Z',
      ),
      fc.constantFrom<unknown>(
        '2026-02-31T00:00:00Z',
        '2026-12-04',
        '2026-12-04T23:45:00',
        '2026-12-04T23:45:00+01:00',
        'x'.repeat(300),
      ),
    ),
  })
  .map(({ one, place, value }) => {
    const spec = structuredClone(one.spec)
    const places = placesOf(spec, [])
    const path = places[place % places.length] ?? []
    replace(spec, path, value)
    return { document: documentOf({ kind: one.kind, spec }), path }
  })

function placesOf(value: unknown, path: Path): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, field]) =>
    placesOf(field, [...path, Array.isArray(value) ? Number(key) : key]),
  )
  return path.length === 0 ? inner : [path, ...inner]
}

function replace(into: unknown, path: Path, value: unknown): void {
  const holder = path.slice(0, -1).reduce<unknown>((inner, key) => (inner as Record<string | number, unknown>)[key], into)
  const key = path.at(-1) as string | number
  if (value === undefined && !Array.isArray(holder)) delete (holder as Record<string | number, unknown>)[key]
  else (holder as Record<string | number, unknown>)[key] = value ?? 0
}
