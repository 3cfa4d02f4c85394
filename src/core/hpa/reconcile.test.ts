import { describe, expect, test } from 'vitest'
import { type Reconciling, reconcile } from './reconcile.ts'
import { noEvents } from './scale-events.ts'
import { stockSettings } from './settings.ts'

const queue = { type: 'External', metric: 'queue', target: { type: 'AverageValue', averageValue: 1000 } } as const
const found = { kind: 'found', spec: 5, status: 5, selector: 'app=web' } as const

const input: Reconciling = {
  now: 1_000_000,
  settings: stockSettings,
  hpa: { maxReplicas: 20, metrics: [queue] },
  before: { currentReplicas: 5, desiredReplicas: 5, metrics: [], conditions: [] },
  scale: found,
  pods: [{ name: 'web-0', labels: { app: 'web' }, phase: 'Running', deleted: false, containers: [] }],
  others: [],
  answers: [{ kind: 'values', values: [9000], at: 1_000_000 }],
}
const reasons = (of: Reconciling) => reconcile(of).status.conditions.map(one => one.reason)
const events = (of: Reconciling) => reconcile(of).events.map(one => `${one.reason}: ${one.message}`)

describe('one pass of the stock controller', () => {
  test('scales up, says so, and remembers', () => {
    const pass = reconcile(input)
    expect(pass).toMatchObject({
      scaledTo: 9,
      action: 'scale_up',
      statusWritten: true,
      metrics: [{ type: 'External', action: 'scale_up', fault: 'none' }],
    })
    expect(pass.status).toMatchObject({
      currentReplicas: 5,
      desiredReplicas: 9,
      lastScaleAt: input.now,
      metrics: [{ average: 1800 }],
    })
    expect(reasons(input)).toEqual(['SucceededRescale', 'ValidMetricFound', 'DesiredWithinRange'])
    expect(events(input)).toEqual(['SuccessfulRescale: New size: 9; reason: external metric queue(nil) above target'])
    expect(pass.history?.recommendations).toEqual([
      { replicas: 5, at: input.now },
      { replicas: 9, at: input.now },
    ])
  })

  test('scales down once nothing in the window speaks against it', () => {
    const low: Reconciling = { ...input, answers: [{ kind: 'values', values: [2000], at: 0 }] }
    expect(reconcile(low)).toMatchObject({ action: 'none' })
    expect(reasons(low)).toEqual(['ScaleDownStabilized', 'ValidMetricFound', 'DesiredWithinRange'])
    const later = { ...low, history: { recommendations: [], events: noEvents } }
    expect(reconcile(later)).toMatchObject({ scaledTo: 2, action: 'scale_down' })
    expect(events(later)).toEqual(['SuccessfulRescale: New size: 2; reason: All metrics below target'])
  })

  test('stores the change with behavior only', () => {
    expect(reconcile(input).history?.events).toEqual(noEvents)
    const withBehavior = reconcile({ ...input, hpa: { ...input.hpa, behavior: {} } })
    expect(withBehavior.history?.events.up).toEqual([{ change: 4, at: input.now, outdated: false }])
  })

  test('writes the status only where it changed', () => {
    const quiet: Reconciling = { ...input, answers: [{ kind: 'values', values: [5000], at: 0 }] }
    const first = reconcile(quiet)
    expect(first.statusWritten).toBe(true)
    expect(reconcile({ ...quiet, now: input.now + 15_000, before: first.status }).statusWritten).toBe(false)
    const other = { ...quiet, before: first.status, answers: [{ kind: 'values', values: [5100], at: 0 }] as const }
    expect(reconcile(other).statusWritten).toBe(true)
  })

  test("moves a condition's time only when its status changes", () => {
    const { status } = reconcile(input)
    const next = reconcile({ ...input, now: input.now + 15_000, before: status, answers: [] })
    expect(next.status.conditions.map(one => [one.type, one.status, one.since])).toEqual([
      ['AbleToScale', 'True', input.now],
      ['ScalingActive', 'False', input.now + 15_000],
      ['ScalingLimited', 'False', input.now],
    ])
  })
})

describe('a pass that cannot scale', () => {
  test('without the scale reads nothing else, and a bad reference is a fault of the spec', () => {
    const lost: Reconciling = { ...input, scale: { kind: 'failed', why: 'not found', fault: 'spec' } }
    expect(reconcile(lost)).toMatchObject({
      action: 'none',
      error: { fault: 'spec' },
      metrics: [],
      status: { desiredReplicas: 5 },
    })
    expect(reconcile(lost).history).toBeUndefined()
    expect(reasons(lost)).toEqual(['FailedGetScale'])
    expect(events(lost)).toEqual(['FailedGetScale: not found'])
  })

  test('keeps the old desired replicas where the update is refused, and stores no event', () => {
    const refused: Reconciling = { ...input, scaleRefused: 'conflict', hpa: { ...input.hpa, behavior: {} } }
    const pass = reconcile(refused)
    expect(pass).toMatchObject({
      action: 'none',
      error: { fault: 'internal' },
      status: { desiredReplicas: 5 },
      history: { events: noEvents },
    })
    expect(pass.scaledTo).toBeUndefined()
    expect(reasons(refused)).toEqual(['FailedUpdateScale', 'ValidMetricFound', 'DesiredWithinRange'])
    expect(events(refused)).toEqual([
      'FailedRescale: New size: 9; reason: external metric queue(nil) above target; error: conflict',
    ])
  })

  test.each([
    ['', 'SelectorRequired', 'InvalidSelector'],
    ['cheddar cheese', 'InvalidSelector', 'InvalidSelector'],
  ])('with the selector "%s" tells %s', (selector, event, reason) => {
    const refused: Reconciling = { ...input, scale: { ...found, selector } }
    expect(reasons(refused)).toEqual(['SucceededGetScale', reason])
    expect(reconcile(refused)).toMatchObject({
      error: { fault: 'internal' },
      metrics: [],
      events: [{ reason: event }, { reason: 'FailedComputeMetricsReplicas' }],
    })
  })

  test('where two HPAs claim a pod leaves it to neither', () => {
    expect(reasons({ ...input, others: ['app'] })).toEqual(['SucceededGetScale', 'AmbiguousSelector'])
  })

  test('without any metric tells each failure and their sum', () => {
    const silent: Reconciling = {
      ...input,
      hpa: { ...input.hpa, metrics: [queue, { type: 'Unknown', named: 'Cheese' }] },
      answers: [],
    }
    expect(reasons(silent)).toEqual(['SucceededGetScale', 'FailedGetExternalMetric'])
    expect(reconcile(silent).events.map(one => one.reason)).toEqual([
      'FailedGetExternalMetric',
      'InvalidMetricSourceType',
      'FailedComputeMetricsReplicas',
    ])
    expect(reconcile(silent).metrics).toEqual([
      { type: 'External', action: 'none', fault: 'internal' },
      { type: 'Cheese', action: 'none', fault: 'spec' },
    ])
  })

  test('with some metrics scales up and still ends with the error', () => {
    const partly: Reconciling = { ...input, hpa: { ...input.hpa, metrics: [queue, { type: 'Unknown', named: 'Cheese' }] } }
    expect(reconcile(partly)).toMatchObject({
      scaledTo: 9,
      error: {
        fault: 'internal',
        message: 'invalid metrics (1 invalid out of 2), first error is: unknown metric source type Cheese',
      },
    })
  })

  test('without metrics in the spec reads CPU, as the API defaults it', () => {
    expect(reconcile({ ...input, hpa: { maxReplicas: 20, metrics: [] }, answers: [] }).metrics).toEqual([
      { type: 'Resource', action: 'none', fault: 'internal' },
    ])
  })

  test('tells where the status cannot be written', () => {
    const unwritable: Reconciling = { ...input, statusRefused: 'conflict' }
    expect(reconcile(unwritable)).toMatchObject({ scaledTo: 9, error: { message: 'failed to update status: conflict' } })
    expect(reconcile(unwritable).events.at(-1)).toMatchObject({ reason: 'FailedUpdateStatus' })
  })
})

describe('replicas outside the bounds', () => {
  test('come back at once, and no metric is read', () => {
    const above: Reconciling = { ...input, scale: { ...found, spec: 30 } }
    expect(reconcile(above)).toMatchObject({ scaledTo: 20, action: 'scale_down', metrics: [] })
    expect(events(above)).toEqual(['SuccessfulRescale: New size: 20; reason: Current number of replicas above Spec.MaxReplicas'])
    expect(reasons(above)).toEqual(['SucceededRescale'])
    expect(reconcile({ ...input, hpa: { ...input.hpa, minReplicas: 8 } })).toMatchObject({ scaledTo: 8, action: 'scale_up' })
  })

  test('at zero are maintenance, unless zero is allowed', () => {
    const zero: Reconciling = { ...input, scale: { ...found, spec: 0, status: 0 } }
    expect(reconcile(zero)).toMatchObject({ action: 'none', status: { desiredReplicas: 0 }, metrics: [] })
    expect(reasons(zero)).toEqual(['SucceededGetScale', 'ScalingDisabled'])
    expect(reconcile({ ...zero, hpa: { ...input.hpa, minReplicas: 0 } })).toMatchObject({ scaledTo: 4, action: 'scale_up' })
  })
})
