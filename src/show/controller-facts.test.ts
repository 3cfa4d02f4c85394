import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, describe, expect, test } from 'vitest'
import { decisionOf, exampleFacts, exampleWorkload, NOW } from '../../test/example-facts.ts'
import type { JournalEntry, MetricFamily } from '../ports.ts'
import { shapes } from './contract.ts'
import type { ConditionFact, ControllerFact, Facts } from './facts.ts'
import { createServer } from './server.ts'

const PROMTOOL = '/usr/bin/promtool'

const controller: ControllerFact = {
  isLeader: true,
  isDryRun: false,
  queueDepth: 2,
  oldestDueSeconds: 1.5,
  watches: [{ resource: 'deployments', ageSeconds: 12 }],
  sources: [
    { name: 'prometheus', up: true, lastAnswerAt: NOW - 4000, latencyMs: 20, calls: 40, failures: 3 },
    { name: 'push', up: false, why: 'nobody has pushed yet' },
  ],
  openIntents: 1,
}

const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason = 'Because'): ConditionFact => ({
  type,
  status,
  reason,
  message: `${type} is ${status}`,
  since: NOW - 60_000,
})

const counted: readonly MetricFamily[] = [
  {
    name: 'crescendo_reconcile_seconds',
    type: 'histogram',
    help: 'Time of one turn of one object.',
    samples: [{ labels: { result: 'ok' }, histogram: { bounds: [0.5, 1], counts: [3, 4], sum: 2.5, count: 5 } }],
  },
  {
    name: 'crescendo_decisions',
    type: 'counter',
    help: 'Decisions by direction.',
    samples: ['up', 'down', 'none'].map(direction => ({
      labels: { namespace: 'shop', autoscaler: 'checkout', target_kind: 'Deployment', target: 'web', direction },
      value: 3,
    })),
  },
]

const TYPES = ['AbleToScale', 'ScalingActive', 'Ready', 'MetricsFresh', 'ForecastReliable', 'Fallback', 'BudgetLimited', 'Paused']

const inCluster: Partial<Facts> = {
  controller: () => controller,
  counted: () => counted,
  workloads: () => [
    {
      ...exampleWorkload,
      scaled: { kind: 'Deployment', name: 'web' },
      mode: 'Recommend',
      currentReplicas: 15,
      conditions: [...TYPES, 'BreakerOpen', 'AttackHold', 'ConflictingWriter'].map(type => condition(type, 'True')),
      scalers: [{ name: 'crescendo', readyReplicas: 14, desiredReplicas: 16 }],
    },
  ],
}

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(app => app.close()))
})
async function get(url: string, changes: Partial<Facts> = inCluster, accept = '*/*') {
  const app = createServer(exampleFacts(changes).facts)
  open.push(app)
  return app.inject({ url, headers: { host: 'localhost', accept } })
}

describe('metrics of a controller', () => {
  test('tell replicas, forecast, conditions, sources, the queue, and what was counted', async () => {
    const lines = (await get('/metrics')).body.split('\n')
    const labels = 'namespace="shop",autoscaler="checkout",target_kind="Deployment",target="web"'
    for (const line of [
      `crescendo_current_replicas{${labels}} 15`,
      `crescendo_min_replicas{${labels}} 2`,
      `crescendo_max_replicas{${labels}} 40`,
      `crescendo_ready_replicas{${labels},scaler="crescendo"} 14`,
      `crescendo_forecast_load{${labels},level="0.5"} 400`,
      `crescendo_forecast_replicas{${labels}} 7`,
      `crescendo_forecast_coverage_ratio{${labels},horizon_seconds="1800"} 0.95`,
      `crescendo_forecast_mase{${labels},horizon_seconds="300"} 0.6`,
      `crescendo_forecast_window_coverage_ratio{${labels}} 0.95`,
      `crescendo_forecast_trust_ratio{${labels}} 0.5`,
      `crescendo_forecast_drifting{${labels}} 1`,
      `crescendo_condition{${labels},condition="ConflictingWriter"} 1`,
      'crescendo_metric_source_up{source="push"} 0',
      'crescendo_metric_source_age_seconds{source="prometheus"} 4',
      'crescendo_metric_source_latency_seconds{source="prometheus"} 0.02',
      'crescendo_metric_source_calls_total{source="prometheus"} 40',
      'crescendo_metric_source_failures_total{source="prometheus"} 3',
      'crescendo_leader 1',
      'crescendo_queue_depth 2',
      'crescendo_watch_age_seconds{resource="deployments"} 12',
      'crescendo_journal_open_intents 1',
      'crescendo_store_up 1',
      'crescendo_reconcile_seconds_bucket{result="ok",le="0.5"} 3',
      'crescendo_reconcile_seconds_bucket{result="ok",le="1.0"} 4',
      'crescendo_reconcile_seconds_bucket{result="ok",le="+Inf"} 5',
      'crescendo_reconcile_seconds_sum{result="ok"} 2.5',
      'crescendo_reconcile_seconds_count{result="ok"} 5',
      `crescendo_decisions_total{${labels},direction="up"} 3`,
    ])
      expect(lines).toContain(line)
    expect(lines.join('\n')).toMatch(/\ncrescendo_event_loop_lag_seconds\{percentile="99"\} \d/)
    expect(lines.join('\n')).toMatch(/\ncrescendo_process_resident_memory_bytes \d{7,}\n/)
  })

  test('what is not known has no series: neither a condition that is Unknown nor the cost that nobody counts', async () => {
    const { body } = await get('/metrics', {
      ...inCluster,
      workloads: () => [
        { ...exampleWorkload, conditions: [condition('Ready', 'Unknown')], scalers: [] },
        { ...exampleWorkload, name: 'young', scalers: [], conditions: [] },
      ],
    })
    expect(body).not.toMatch(/crescendo_condition|crescendo_cost|NaN|undefined/)
  })

  test('an object has at most 60 series', async () => {
    const { body } = await get('/metrics')
    expect(body.split('\n').filter(line => line.includes('autoscaler="checkout"')).length).toBeLessThanOrEqual(60)
  })

  test.skipIf(!existsSync(PROMTOOL))(`${PROMTOOL} finds nothing to say (where it is installed)`, async () => {
    const { body } = await get('/metrics', inCluster, 'text/plain')
    const found = spawnSync(PROMTOOL, ['check', 'metrics'], { input: body, encoding: 'utf8' })
    expect({ said: found.stdout + found.stderr, status: found.status }).toEqual({ said: '', status: 0 })
  })
})

describe('alerts', () => {
  const alertsOf = async (changes: Partial<Facts>) => (await get('/api/v1/alerts', changes)).json().alerts

  test('are the conditions that are bad, each with its object, reason and time', async () => {
    const conditions = [
      condition('MetricsFresh', 'False', 'NoData'),
      condition('Ready', 'True'),
      condition('BreakerOpen', 'False'),
    ]
    expect(await alertsOf({ workloads: () => [{ ...exampleWorkload, conditions }] })).toEqual([
      {
        name: 'MetricsFresh',
        severity: 'warning',
        namespace: 'shop',
        workload: 'checkout',
        since: '2026-11-24T14:31:00.000Z',
        reason: 'NoData',
        message: 'MetricsFresh is False',
      },
    ])
  })

  test('come from the last decision where there is no status, and an HPA that is held by its maximum is one', async () => {
    const last = { ...decisionOf(1, 3), conditions: [condition('ScalingLimited', 'True', 'TooManyReplicas')] }
    expect(await alertsOf({ workloads: () => [{ ...exampleWorkload, lastDecision: last }] })).toMatchObject([
      { name: 'ScalingLimited' },
    ])
  })

  test.each([
    ['ScalingLimited', 'True', 'TooFewReplicas'],
    ['Paused', 'True', 'Asked'],
    ['Fallback', 'Unknown', 'NeverAsked'],
  ] as const)('%s %s for %s is none', async (type, status, reason) => {
    const conditions = [condition(type, status, reason)]
    expect(await alertsOf({ workloads: () => [{ ...exampleWorkload, conditions }] })).toEqual([])
  })

  test('name a source that is down and a store that cannot write', async () => {
    const found = await alertsOf({ workloads: () => [], controller: () => ({ ...controller, storeTrouble: 'the disk is full' }) })
    expect(found).toMatchObject([
      { name: 'MetricSourceDown', message: 'push: nobody has pushed yet' },
      { name: 'StoreTrouble', message: 'the disk is full' },
    ])
  })
})

describe('audit, policies, compliance', () => {
  test('intents come with what became of them, and one without outcome is open', async () => {
    const entries: readonly JournalEntry[] = [
      { decision: decisionOf(2, 14), intendedAt: NOW },
      { decision: decisionOf(1, 13), intendedAt: NOW - 1000, outcome: { kind: 'failed', why: 'conflict' } },
    ]
    const asked: number[] = []
    const journal = async (limit: number) => {
      asked.push(limit)
      return entries
    }
    const answer = (await get('/api/v1/audit?limit=7', { journal })).json()
    expect(asked).toEqual([7])
    expect(shapes.audit.parse(answer)).toEqual(answer)
    expect(answer.entries).toMatchObject([
      { time: '2026-11-24T14:32:00.000Z', target: 'shop/checkout', from: 12, to: 14, outcome: 'open' },
      { to: 13, outcome: 'failed', why: 'conflict' },
    ])
    expect(answer.note).toContain('not tamper-evident')
  })

  test('where no journal is kept the audit says so', async () => {
    expect((await get('/api/v1/audit')).json()).toMatchObject({ entries: [], note: expect.stringContaining('No journal') })
  })

  test('a policy tells its settings and where each comes from', async () => {
    const policy = {
      name: 'tier-basic',
      origin: 'default policies',
      extends: [],
      effective: { minReplicas: 1 },
      origins: { minReplicas: 'policy tier-basic' },
    }
    const answer = (await get('/api/v1/policies', { policies: () => [policy] })).json()
    expect(shapes.policies.parse(answer)).toEqual({ policies: [policy] })
  })

  test('no control is listed that is not evaluated', async () => {
    expect((await get('/api/v1/compliance')).json()).toEqual({ controls: [], note: expect.stringContaining('none yet') })
  })

  test('decisions may come later, from a store that outlives the process, and are asked for no more than wanted', async () => {
    const decisions = async (_id: string, limit: number) => [3, 2, 1].map(minute => decisionOf(minute, minute)).slice(0, limit)
    const decisionAt = async () => decisionOf(3, 30)
    const list = await get('/api/v1/workloads/shop/checkout/decisions?limit=2', { decisions, decisionAt })
    expect(list.json().decisions.map(({ to }: { to: number }) => to)).toEqual([3, 2])
    const told = await get('/api/v1/workloads/shop/checkout/explain', { decisions, decisionAt })
    expect(told.json().decision.to).toBe(30)
  })
})
