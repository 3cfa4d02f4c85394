import { describe, expect, test } from 'vitest'
import { CONTROLLER_CHECKS } from './controller-checks.ts'

type Values = Readonly<Record<string, number>>

/** Samples by name, with labels in braces: `crescendo_api_requests_total{code=200}`. */
const WELL: Values = {
  crescendo_leader: 1,
  crescendo_dry_run: 0,
  crescendo_store_up: 1,
  crescendo_queue_oldest_seconds: 1,
  crescendo_skipped_ticks_total: 1,
  'crescendo_decisions_total{direction=none}': 990,
  'crescendo_decisions_total{direction=up}': 10,
  'crescendo_metric_source_up{source=prometheus}': 1,
  'crescendo_metric_source_age_seconds{source=prometheus}': 4,
  'crescendo_metric_source_calls_total{source=prometheus}': 100,
  'crescendo_metric_source_failures_total{source=prometheus}': 1,
  'crescendo_sample_to_scale_seconds_bucket{le=30.0}': 15,
  'crescendo_sample_to_scale_seconds_bucket{le=60.0}': 20,
  'crescendo_sample_to_scale_seconds_bucket{le=+Inf}': 20,
  crescendo_sample_to_scale_seconds_sum: 300,
  crescendo_sample_to_scale_seconds_count: 20,
  'crescendo_api_requests_total{code=200}': 300,
  'crescendo_api_requests_total{code=409}': 40,
}

function outcomeOf(name: string, changes: Readonly<Record<string, number | undefined>> = {}) {
  const samples = Object.entries({ ...WELL, ...changes }).flatMap(([key, value]) => {
    const [, sample = '', inBraces] = /^(\w+)(?:\{(.*)\})?$/.exec(key) ?? []
    const labels = inBraces === undefined ? {} : Object.fromEntries([inBraces.split('=')])
    return value === undefined ? [] : [{ name: sample, labels, value }]
  })
  return CONTROLLER_CHECKS.find(check => check.name === name)!.examine({ samples })
}

const SICK: readonly (readonly [name: string, changes: Values, evidence: string, fix: string])[] = [
  [
    'metric-source',
    { 'crescendo_metric_source_up{source=prometheus}': 0, 'crescendo_metric_source_up{source=push}': 1 },
    'prometheus is down, answered 4 s ago, 1 of 100 calls failed',
    'metrics.timeoutSeconds',
  ],
  [
    'metric-source',
    { 'crescendo_metric_source_failures_total{source=prometheus}': 7 },
    'prometheus is up, answered 4 s ago, 7 of 100 calls failed',
    'GET /api/v1/alerts',
  ],
  [
    'metric-source',
    { 'crescendo_metric_source_up{source=push}': 0 },
    'push is down, never answered, 0 of 0 calls failed',
    'NetworkPolicy',
  ],
  [
    'metric-delay',
    { 'crescendo_sample_to_scale_seconds_bucket{le=60.0}': 17, crescendo_sample_to_scale_seconds_sum: 900 },
    'it took 45 s on average; longer than 60 s in 3 of 20 changes',
    'scrape more often',
  ],
  ['late-turns', { crescendo_queue_oldest_seconds: 40 }, 'waits for 40.0 s', 'controller.workers'],
  ['late-turns', { crescendo_skipped_ticks_total: 20 }, '20 turns were skipped beside 1000 decisions', 'controller.workers'],
  [
    'api-server',
    {
      'crescendo_api_requests_total{code=0}': 10,
      'crescendo_api_requests_total{code=503}': 10,
      'crescendo_api_requests_total{code=403}': 10,
    },
    '30 of 370 requests (8.11 %)',
    'apiQueriesPerSecond',
  ],
  ['store', { crescendo_store_up: 0 }, 'crescendo_store_up is 0', 'StoreTrouble'],
  ['writes-nothing', { crescendo_dry_run: 1 }, 'crescendo_dry_run is 1', 'without --dry-run'],
  ['writes-nothing', { crescendo_leader: 0 }, 'crescendo_leader is 0', 'kubectl get lease'],
]

describe('each check of the controller', () => {
  test.each(SICK)('%s speaks at %j', (...[name, changes, evidence, fix]) => {
    const outcome = outcomeOf(name, changes)
    expect(outcome).toMatchObject({ kind: 'finding' })
    expect(outcome).toHaveProperty('evidence', expect.stringContaining(evidence))
    expect(outcome).toHaveProperty('fix', expect.stringContaining(fix))
  })

  test('has such a case', () => {
    expect([...new Set(SICK.map(([name]) => name))].toSorted()).toEqual(CONTROLLER_CHECKS.map(({ name }) => name).toSorted())
  })

  test.each(CONTROLLER_CHECKS.map(({ name }) => name))('%s is silent where nothing is wrong', name => {
    expect(outcomeOf(name)).toMatchObject({ kind: 'clear', evidence: expect.stringMatching(/./) })
  })

  test('a few calls suffice to tell, and a few failures of many are none', () => {
    const few = {
      'crescendo_metric_source_calls_total{source=prometheus}': 25,
      'crescendo_metric_source_failures_total{source=prometheus}': 5,
    }
    expect(outcomeOf('metric-source', few)).toMatchObject({ kind: 'finding' })
    expect(outcomeOf('api-server', { 'crescendo_api_requests_total{code=500}': 10 })).toMatchObject({ kind: 'clear' })
  })

  test.each([
    ['metric-source', { 'crescendo_metric_source_up{source=prometheus}': undefined }, 'no metric source was asked yet'],
    ['metric-delay', { crescendo_sample_to_scale_seconds_count: 3 }, '3 changes were written since the start, and it takes 10'],
    [
      'api-server',
      { 'crescendo_api_requests_total{code=200}': 0, 'crescendo_api_requests_total{code=409}': 0 },
      '0 requests were sent',
    ],
    ['store', { crescendo_store_up: undefined }, 'does not say how its store is'],
    ['late-turns', { crescendo_leader: undefined }, 'no controller runs here, as in the demo'],
  ])('%s with %j cannot be made, and says why', (name, changes, why) => {
    expect(outcomeOf(name, changes)).toEqual({ kind: 'unable', why: expect.stringContaining(why) })
  })

  test('none can be made where /metrics cannot be read', () => {
    const outcomes = CONTROLLER_CHECKS.map(({ examine }) => examine({ samples: { unread: 'no page' } }))
    expect(outcomes.every(outcome => outcome.kind === 'unable' && outcome.why === 'no page')).toBe(true)
  })
})
