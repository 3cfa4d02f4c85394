import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type BadSource, LOGIN_TEXT, startBadSource } from './bed/bad-source.ts'
import { eventually } from './bed/cluster-objects.ts'
import { conditionOf, type Directed, openScene, QUICK, type Scene } from './controller/scene.ts'
import { LEASE_NAMESPACE, type Played, type Stage, startStage } from './controller/stage.ts'

const NAMESPACE = 'metrics'
const PERIOD_MS = 3000
const TOKEN = 'canary-source-token'

let stage: Stage
let bad: BadSource
let scene: Scene
let crescendo: Directed
let web: Played

const source = (name: string, spec: object) => ({
  apiVersion: 'autoscaling.spotify.ai/v2',
  kind: 'MetricSource',
  metadata: { name },
  spec: { type: 'Prometheus', ...spec },
})
const external = (name: string) => ({
  type: 'External',
  external: { metric: { name }, target: { type: 'AverageValue', averageValue: '100' } },
})
const entry = (name: string, query: string) => ({ name, query, kind: 'Load', scope: 'External' })
/** A Deployment whose only metric is an External one of that name. */
const by = (name: string, metric: string, replicas: number) =>
  scene.scaled(name, { replicas, load: 0, spec: { metrics: [external(metric)] } })
const gauge = (name: string, value: number | undefined, labels: Readonly<Record<string, string>> = {}) =>
  stage.exporter.set({ name, labels: { namespace: NAMESPACE, ...labels }, value })

beforeAll(async () => {
  stage = await startStage()
  bad = await startBadSource()
  await stage.apply(
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'token', namespace: LEASE_NAMESPACE },
      stringData: { token: TOKEN },
    },
    source('own', {
      url: stage.prometheus.url,
      priority: 200, // what web reads is the stage's own source
      catalogue: [
        entry('steps_requests', 'sum by (namespace) (steps{$selector})'),
        entry('vanishing_requests', 'sum by (namespace) (vanishing{$selector})'),
        entry('split_requests', 'split{$selector}'),
        entry('scalar_requests', 'scalar(sum(split{$selector}))'),
        entry('matrix_requests', 'split{$selector}[30s]'),
      ],
    }),
    ...(['login', 'moved', 'drip', 'stale'] as const).map(way =>
      source(way, {
        url: bad.url(way),
        timeoutSeconds: 3,
        authentication: { secretRef: { name: 'token' } },
        catalogue: [entry(`${way}_requests`, `${way}{$selector}`)],
      }),
    ),
  )
  scene = await openScene(stage, NAMESPACE)
  gauge('steps', 300)
  gauge('vanishing', 700)
  for (const part of ['a', 'b']) gauge('split', 500, { part })
  web = await scene.scaled('web', { replicas: 3, load: 250 })
  crescendo = await scene.controller({ configuration: { metrics: { fallbackAfterSeconds: 6, staleSeconds: 30 } } })
  await crescendo.ready()
})
afterAll(async () => {
  await crescendo?.proxy.stop()
  await bad?.stop()
  await stage?.stop()
})

const until = (name: string, type: string, wanted: (condition: ReturnType<typeof conditionOf>) => boolean) =>
  eventually(`${type} of ${name}`, 20_000, async () => {
    const condition = conditionOf(await scene.status(name), type)
    return wanted(condition) ? condition : undefined
  })

/** The fewest and the most that `played` has while `during` lasts. */
async function between(played: Played, during: Promise<unknown>): Promise<{ readonly least: number; readonly most: number }> {
  const seen: number[] = []
  let isOver = false
  const end = () => {
    isOver = true
  }
  void during.then(end, end)
  while (!isOver) {
    seen.push(await played.replicas())
    await sleep(200)
  }
  await during
  return { least: Math.min(...seen), most: Math.max(...seen) }
}

interface Event {
  readonly reason: string
  readonly type: string
  readonly regarding: { readonly name: string }
}
const warningsAbout = async (name: string) =>
  (await stage.plane.api.call<{ items: readonly Event[] }>(`/apis/events.k8s.io/v1/namespaces/${NAMESPACE}/events`)).items
    .filter(({ regarding, type }) => regarding.name === name && type === 'Warning')
    .map(({ reason }) => reason)

const turnsOf = async (name: string) => {
  const text = await (await fetch(`${crescendo.url}/metrics`)).text()
  const counts = text
    .split('\n')
    .filter(line => line.startsWith('crescendo_decisions_total{') && line.includes(`autoscaler="${name}"`))
  return counts.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

describe('answers that are none', () => {
  test.concurrent('F02: series that vanish are NoData, never zero: nothing is taken away, and growth goes on when they return', async () => {
    const vanishing = await by('vanishing', 'vanishing_requests', 2)
    await vanishing.until('carries 700', replicas => replicas === 7)
    gauge('vanishing', undefined)
    const hold = until('vanishing', 'MetricsFresh', ({ status }) => status === 'False').then(async condition => {
      expect(condition.message).toContain('NoData')
      await sleep(4 * PERIOD_MS)
    })
    expect(await between(vanishing, hold)).toEqual({ least: 7, most: 7 })
    gauge('vanishing', 900)
    await vanishing.until('carries 900', replicas => replicas === 9, 15_000)
    gauge('vanishing', 300)
    await vanishing.until('falls once the metric says so', replicas => replicas === 3, 30_000)
  })

  test.concurrent.each([
    ['split', 'TooManySeries', /2 series/],
    ['scalar', 'WrongType', /a scalar/],
    ['matrix', 'WrongType', /a matrix of 2 series/],
  ])(
    'F03: %s, where one value is needed, is refused with %s, and the first of several is never taken',
    async (name, reason, words) => {
      const played = await by(name, `${name}_requests`, 2)
      const { message } = await until(name, 'MetricsFresh', ({ status }) => status === 'False')
      expect(message).toContain(reason)
      expect(message).toMatch(words)
      expect(await between(played, sleep(2 * PERIOD_MS))).toEqual({ least: 2, most: 2 })
    },
  )

  test.concurrent.each([
    ['login', 'WrongType'],
    ['moved', 'Refused'],
    ['stale', 'Stale'],
  ])('F04: a source that answers with %s counts as %s, and nothing that it wrote goes anywhere', async (way, reason) => {
    const played = await by(way, `${way}_requests`, 2)
    const { message } = await until(way, 'MetricsFresh', ({ status }) => status === 'False')
    expect(message).toContain(reason)
    expect(await played.replicas()).toBe(2)
    expect(bad.credentials.get(way)).toContain(`Bearer ${TOKEN}`)
  })

  test.concurrent('F06: one sample a thousand times too large scales nothing; a second one does, in a step', async () => {
    const scaleUp = { stabilizationWindowSeconds: 0, policies: [{ type: 'Pods', value: 4, periodSeconds: 60 }] }
    const spec = { metrics: [external('steps_requests')], behavior: { ...QUICK, scaleUp } }
    const steps = await scene.scaled('steps', { replicas: 3, load: 0, spec })
    const doubts = async () => {
      const { decisions } = await crescendo.get<{ decisions: { doubts: { by: string; why: string }[] }[] }>(
        `/api/v1/workloads/${NAMESPACE}/steps/decisions?limit=50`,
      )
      return decisions.some(one => one.doubts.some(({ by: who }) => who === 'jump')) || undefined
    }
    await eventually('a first decision', 20_000, async () => ((await turnsOf('steps')) >= 3 ? true : undefined))
    const single = async () => {
      gauge('steps', 300_000)
      await eventually('the doubt', 15_000, doubts)
      gauge('steps', 300)
      await sleep(3 * PERIOD_MS)
    }
    expect(await between(steps, single())).toEqual({ least: 3, most: 3 })
    gauge('steps', 300_000)
    await steps.until('believes the second', replicas => replicas > 3, 20_000)
    expect(await between(steps, sleep(3 * PERIOD_MS))).toEqual({ least: 7, most: 7 })
    gauge('steps', 300)
  })
})

describe('beside a slow source', () => {
  test('F05: one byte a second ends as Timeout, and another object keeps its period meanwhile', async () => {
    await by('drip', 'drip_requests', 2)
    await until('drip', 'MetricsFresh', ({ status, message }) => status === 'False' && message.includes('Timeout'))
    // The slow source knows the metric of web too, from the built-in catalogue, and comes first by its name.
    const before = await turnsOf('web')
    await sleep(5 * PERIOD_MS)
    const turns = (await turnsOf('web')) - before
    expect(turns).toBeGreaterThanOrEqual(4)
    expect(turns).toBeLessThanOrEqual(6)
  })

  test('neither the login page, nor the token, nor where it was sent to is in log, status, events or API', async () => {
    expect(bad.credentials.get('elsewhere') ?? []).toEqual([])
    const texts = [
      readFileSync(crescendo.logFile, 'utf8'),
      await stage.plane.kubectl(['get', 'chpa,events', '-n', NAMESPACE, '-o', 'yaml']),
      JSON.stringify(await crescendo.get('/api/v1/workloads')),
    ]
    for (const text of texts) {
      expect(text).not.toContain(LOGIN_TEXT)
      expect(text).not.toContain(TOKEN)
    }
  })
})

describe('without Prometheus', () => {
  test('F01: nothing is taken away, also while the load falls; one event; the last good value speaks; one read ends it', async () => {
    await stage.plane.kubectl(['delete', 'chms', 'login', 'moved', 'drip', 'stale'])
    web.load(900)
    await web.until('carries 900', replicas => replicas >= 9)
    web.load(600)
    const before = await web.until('falls while it is seen', replicas => replicas <= 7, 40_000)
    expect(before).toBeGreaterThanOrEqual(6)
    await stage.prometheus.stop('SIGTERM')
    const stoppedAt = Date.now()
    web.load(100)
    const blind = (async () => {
      await until('web', 'MetricsFresh', ({ status }) => status === 'False')
      expect(Date.now() - stoppedAt).toBeLessThan(2 * PERIOD_MS + 2000)
      const { reason } = await until('web', 'Fallback', ({ status }) => status === 'True')
      expect(reason).toBe('LastGoodDemand')
      await sleep(5 * PERIOD_MS)
    })()
    expect((await between(web, blind)).least).toBeGreaterThanOrEqual(before)
    expect(conditionOf(await scene.status('web'), 'MetricsFresh').message).toContain('Unreachable')
    const warnings = await warningsAbout('web')
    expect(warnings.filter(reason => reason === 'MetricsMissing')).toHaveLength(1)
    expect(new Set(warnings).size).toBe(warnings.length)

    await stage.prometheus.start()
    await eventually('rates are back', 30_000, () =>
      stage.prometheus.query(`sum(rate(http_requests_total{namespace="${NAMESPACE}",app="web"}[10s]))`),
    )
    const backAt = Date.now()
    await until('web', 'MetricsFresh', ({ status }) => status === 'True')
    expect(Date.now() - backAt).toBeLessThan(PERIOD_MS + 2000)
    await web.until('falls at last', replicas => replicas < before, 30_000)
  })
})
