import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { examine } from '../../src/cli/doctor/examine.ts'
import { readFacts } from '../../src/cli/doctor/read-facts.ts'
import { shapes } from '../../src/show/contract.ts'
import { eventually } from './bed/cluster-objects.ts'
import { type Prometheus, startPrometheus } from './bed/prometheus.ts'
import { autoscaler, NAMESPACE, PER_REPLICA, type Played, type Running, type Stage, startStage } from './controller/stage.ts'

const ONE = `/api/v1/workloads/${NAMESPACE}/web`

describe('the HTTP API of a running controller', () => {
  let stage: Stage
  let web: Played
  let crescendo: Running
  let watcher: Prometheus | undefined

  beforeAll(async () => {
    stage = await startStage({ kubelet: { startupSeconds: 2 } })
    web = await stage.workload('web', 3)
    web.load(250)
    await stage.apply(autoscaler('web'))
    crescendo = await stage.crescendo()
    await crescendo.ready()
    watcher = await startPrometheus({ targets: [new URL(crescendo.url).host] })
    web.load(900)
    await web.until('carries 900 requests a second', replicas => replicas >= 900 / PER_REPLICA)
    await eventually('the journal knows what became of it', 15_000, async () => {
      const { entries } = shapes.audit.parse(await crescendo.get('/api/v1/audit'))
      return entries.some(({ outcome }) => outcome === 'scaled') ? true : undefined
    })
  })
  afterAll(async () => {
    await watcher?.remove()
    await stage?.stop()
  })

  test.each([
    ['/api/v1/workloads', shapes.workloads],
    [ONE, shapes.workload],
    [`${ONE}/decisions?limit=5`, shapes.decisions],
    [`${ONE}/forecast`, shapes.forecast],
    [`${ONE}/explain`, shapes.explain],
    ['/api/v1/alerts', shapes.alerts],
    ['/api/v1/costs', shapes.costs],
    ['/api/v1/policies', shapes.policies],
    ['/api/v1/audit', shapes.audit],
    ['/api/v1/compliance', shapes.compliance],
  ])('%s answers what openapi.json says, and nothing else', async (path, schema) => {
    const answer = await crescendo.get(path)
    expect(schema.parse(answer)).toEqual(answer)
  })

  test('tells the object, what it scales, and why', async () => {
    const workload = shapes.workload.parse(await crescendo.get(ONE))
    expect(workload).toMatchObject({ scaled: { kind: 'Deployment', name: 'web' }, minReplicas: 2, maxReplicas: 30 })
    expect(workload.load).toBeGreaterThan(0)
    const { decisions } = shapes.decisions.parse(await crescendo.get(`${ONE}/decisions?limit=1000`))
    const up = decisions.find(({ from, to }) => to > from)!
    const told = shapes.explain.parse(await crescendo.get(`${ONE}/explain?at=${up.time}`))
    expect(told.decision).toEqual(up)
    expect(told.text).toContain('stock HPA')
    const { total } = shapes.costs.parse(await crescendo.get('/api/v1/costs'))
    expect(total).toMatchObject([{ scaler: 'crescendo' }])
    expect(total[0]?.cost).toBeGreaterThan(0)
    const { policies } = shapes.policies.parse(await crescendo.get('/api/v1/policies'))
    expect(policies.map(({ name }) => name)).toContain('tier-enterprise')
  })

  test('crescendo doctor can make every check that minutes allow, and finds nothing wrong with the parts that work', async () => {
    const { house, cases } = await readFacts(new URL(`${crescendo.url}/`), {})
    const results = await examine(house, cases)
    const namesOf = (wanted: string) => results.filter(({ kind }) => kind === wanted).map(({ name }) => name)
    expect(
      results.filter(one => one.kind === 'unable' && !/recorded|compared|no forecast|since the start/.test(one.why)),
    ).toEqual([])
    expect(namesOf('clear')).toEqual(
      expect.arrayContaining([
        'metric-source',
        'late-turns',
        'store',
        'writes-nothing',
        'metrics-missing',
        'mode',
        'object-ready',
      ]),
    )
    expect(namesOf('clear')).toEqual(
      expect.arrayContaining(['write-failed', 'scaling-does-not-help', 'emergency', 'pods-not-ready']),
    )
    expect(results.find(({ name }) => name === 'forecast-silent')).toMatchObject({ kind: 'finding' }) // it has no history
  })

  test('/metrics is clean for promtool, holds at most 60 series for an object, and a real Prometheus reads it as OpenMetrics', async () => {
    const plain = await (await fetch(`${crescendo.url}/metrics`, { headers: { accept: 'text/plain' } })).text()
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: plain, encoding: 'utf8' })
    expect({ said: checked.stdout + checked.stderr, status: checked.status }).toEqual({ said: '', status: 0 })
    const own = plain.split('\n').filter(line => line.includes('autoscaler="web"'))
    expect(own.length).toBeGreaterThan(15)
    expect(own.length).toBeLessThanOrEqual(60)
    const ask = async (query: string) => {
      const url = `${watcher!.url}/api/v1/query?query=${encodeURIComponent(query)}`
      const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } }
      return data.result[0] && Number(data.result[0].value[1])
    }
    for (const query of [
      'crescendo_leader == 1',
      'crescendo_desired_replicas{autoscaler="web"} >= 9',
      'crescendo_decisions_total{autoscaler="web",direction="up"} >= 1',
      'crescendo_reconcile_seconds_bucket{le="+Inf"} > 0',
      'crescendo_api_requests_total{code="200"} > 0',
      'crescendo_metric_source_up == 1',
      'crescendo_metric_source_calls_total > 0',
      'crescendo_build_info',
    ])
      expect(await eventually(query, 20_000, () => ask(query)), query).toBeDefined()
  })

  test('pushed metrics scale an object that asks for them', async () => {
    const orders = await stage.workload('orders', 2)
    orders.load(10)
    const target = { type: 'AverageValue', averageValue: '10' }
    await stage.apply(
      autoscaler('orders', {
        metrics: [{ type: 'External', external: { metric: { name: 'orders_waiting_requests' }, target } }],
      }),
    )
    const push = async (value: number) => {
      const metrics = [{ namespace: NAMESPACE, workload: 'orders', name: 'orders_waiting_requests', value }]
      const answer = await fetch(`${crescendo.url}/api/v1/metrics`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ metrics }),
      })
      expect([answer.status, shapes.pushed.parse(await answer.json())]).toEqual([202, { accepted: 1, rejected: [] }])
    }
    await eventually('replicas for 60 waiting orders', 60_000, async () => {
      await push(60)
      return (await orders.replicas()) >= 6 ? true : undefined
    })
  })

  test('the stream tells a decision as it is made', async () => {
    const stream = await fetch(`${crescendo.url}/api/v1/stream`)
    let text = ''
    const reading = (async () => {
      for await (const chunk of stream.body!) {
        text += Buffer.from(chunk).toString('utf8')
        if (text.includes(`"target":"${NAMESPACE}/web"`)) return
      }
    })()
    web.load(1800)
    await reading
    expect(text).toMatch(/event: decision\ndata: \{"time":"[^"]+","target":"shop\/web","from":\d+,"to":\d+/)
  })

  test('while the API server is away it is not ready but alive, and ready again soon after', async () => {
    const status = async (path: string) => (await fetch(`${crescendo.url}${path}`)).status
    await stage.plane.stopApiServer('SIGKILL')
    await eventually('not ready', 15_000, async () => ((await status('/readyz')) === 503 ? true : undefined))
    expect([await status('/livez'), await status('/healthz'), await status('/api/v1/workloads')]).toEqual([200, 200, 200])
    await stage.plane.startApiServer()
    await eventually('ready again', 30_000, async () => ((await status('/readyz')) === 200 ? true : undefined))
  })
})
