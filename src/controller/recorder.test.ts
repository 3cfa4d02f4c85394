import { describe, expect, test } from 'vitest'
import type { Condition, Decision } from '../core/model.ts'
import type { DurableStore } from '../ports.ts'
import { controllerTelemetry } from '../record/controller-telemetry.ts'
import type { Told } from '../record/events.ts'
import type { StatusFacts } from '../record/status.ts'
import type { HorizontalPodAutoscalerStatus } from '../resources/status.ts'
import type { Turn } from './agent.ts'
import { createAnomalyBook } from './anomaly-book.ts'
import type { Autoscaler } from './objects.ts'
import { conditionsOf, createRecorder, type RecorderOptions } from './recorder.ts'

const object = {
  id: 'shop/web',
  namespace: 'shop',
  name: 'web',
  uid: 'u',
  generation: 1,
  checked: { problem: 'not looked at here' },
} as unknown as Autoscaler

const decision = (more: Partial<Decision> = {}): Decision => ({
  at: 1000,
  target: 'shop/web',
  from: 3,
  to: 3,
  doubts: [],
  proposals: [{ by: 'reactive', replicas: 3, why: 'enough' }],
  abstentions: [],
  verdicts: [],
  conditions: [],
  plainHpa: { replicas: 3, why: 'enough' },
  ...more,
})
const target = { namespace: 'shop', kind: 'Deployment', name: 'web', replicas: { spec: 3, status: 3, ready: 3 }, pods: [] }
const turn = (more: Partial<Turn> = {}): Turn => ({ object, at: 1000, decision: decision(), target, ...more }) as unknown as Turn

function recording(more: Partial<RecorderOptions> = {}) {
  const events: Told[] = []
  const kept: Decision[] = []
  const facts: StatusFacts[] = []
  const written: { conditions?: HorizontalPodAutoscalerStatus['conditions'] } = {}
  const options: RecorderOptions = {
    clock: { now: () => 1000 },
    log: { info: () => undefined, warn: () => undefined },
    store: { ...sound, record: async (one: Decision) => void kept.push(one) } as unknown as DurableStore, // all that it calls here
    status: {
      async write(_, given) {
        facts.push(given)
        return 'written'
      },
      last: () => written as HorizontalPodAutoscalerStatus,
      forget: () => undefined,
      forgetAll: () => undefined,
    },
    events: { tell: (_, told) => void events.push(told), forget: () => undefined },
    telemetry: controllerTelemetry(),
    conflictOf: () => undefined,
    currency: 'USD',
    isDryRun: false,
    ...more,
  }
  return { recorder: createRecorder(options), options, events, kept, facts, written }
}

const stateOf = (conditions: readonly Condition[], type: string) => {
  const one = conditions.findLast(condition => condition.type === type)
  return one && `${one.status} ${one.reason}`
}
const sound = { trouble: () => undefined }
const told = (one: Turn, more: { conflictOf?: () => string; store?: { trouble: () => string } } = {}) =>
  conditionsOf(one, { isDryRun: false, conflictOf: () => undefined, store: sound, ...more })

describe('what a turn says of an object', () => {
  test('a write that failed is not able, one that happened is', () => {
    expect(stateOf(told(turn({ outcome: { kind: 'scaled' } })), 'AbleToScale')).toBe('True SucceededRescale')
    expect(stateOf(told(turn({ outcome: { kind: 'failed', why: 'no' } })), 'AbleToScale')).toBe('False FailedUpdateScale')
  })

  test('ready says whether it decides, still learns, or why not', () => {
    expect(stateOf(told(turn()), 'Ready')).toBe('True Deciding')
    expect(stateOf(told(turn({ learning: 'learning the past' })), 'Ready')).toBe('True Learning')
    expect(stateOf(told(turn(), { store: { trouble: () => 'disk full' } }), 'Ready')).toBe('True StoreDown')
    const plan = { settings: { mode: 'Auto', warnings: ['policyRef gold is not known'], missingPolicy: 'gold', origins: {} } }
    const orphan = turn({ plan: plan as unknown as NonNullable<Turn['plan']> }) // the settings are all that is looked at
    expect(stateOf(told(orphan), 'Ready')).toBe('False PolicyNotFound')
    const condition: Condition = { type: 'Ready', status: 'False', reason: 'InvalidSpec', message: 'minReplicas' }
    const { decision: _, ...blind } = turn({ trouble: { condition } })
    expect(stateOf(told(blind), 'Ready')).toBe('False InvalidSpec')
  })

  test('which start-up time is planned with, once one was learnt', () => {
    expect(stateOf(told(turn()), 'ColdStarts')).toBeUndefined()
    const startup = { warmMs: 20_000, coldMs: 180_000, isCold: false }
    expect(stateOf(told(turn({ startup })), 'ColdStarts')).toBe('False WarmStarts')
    expect(stateOf(told(turn({ startup: { ...startup, isCold: true } })), 'ColdStarts')).toBe('True ColdLately')
  })

  test('each type is said once', () => {
    const quarrel: Condition = { type: 'ConflictingWriter', status: 'True', reason: 'ReplicasReset', message: 'x' }
    const types = told(turn({ decision: decision({ conditions: [quarrel] }) }), { conflictOf: () => 'HPA' }).map(
      ({ type }) => type,
    )
    expect(types).toEqual([...new Set(types)])
  })

  test('another writer outranks what the core says of quarrels', () => {
    const quarrel: Condition = { type: 'ConflictingWriter', status: 'True', reason: 'ReplicasReset', message: 'x' }
    expect(stateOf(told(turn()), 'ConflictingWriter')).toBe('False NobodyInterferes')
    expect(stateOf(told(turn({ decision: decision({ conditions: [quarrel] }) })), 'ConflictingWriter')).toBe('True ReplicasReset')
    expect(stateOf(told(turn(), { conflictOf: () => 'HPA web' }), 'ConflictingWriter')).toBe('True OtherAutoscaler')
  })
})

describe('recording a turn', () => {
  test('a forecast that is not there yet is no news; one that was lost is', async () => {
    const none: Condition = { type: 'ForecastReliable', status: 'False', reason: 'NoForecast', message: 'too little history' }
    const { recorder, events, written } = recording()
    await recorder.record(turn({ decision: decision({ conditions: [none] }) }))
    expect(events).toEqual([])
    written.conditions = [{ ...none, status: 'True', reason: 'Calibrated', lastTransitionTime: '' }]
    await recorder.record(turn({ decision: decision({ conditions: [none] }) }))
    expect(events.map(({ reason }) => reason)).toEqual(['NoForecast'])
  })

  test('keeps a decision that says something new, and one in five minutes', async () => {
    const { recorder, kept } = recording()
    for (const at of [0, 15_000, 30_000, 330_000]) await recorder.record(turn({ decision: decision({ at }) }))
    await recorder.record(turn({ decision: decision({ at: 345_000, to: 5 }) }))
    expect(kept.map(({ at }) => at)).toEqual([0, 330_000, 345_000])
  })

  test('tells a rescale, its failure, and a condition that turned bad, once', async () => {
    const stale: Condition = { type: 'MetricsFresh', status: 'False', reason: 'MetricsMissing', message: 'no answer' }
    const { recorder, events, written } = recording()
    await recorder.record(turn({ decision: decision({ to: 5 }), outcome: { kind: 'scaled' } }))
    await recorder.record(turn({ decision: decision({ to: 5 }), outcome: { kind: 'failed', why: 'conflict' } }))
    written.conditions = [
      { type: 'AbleToScale', status: 'False', reason: 'FailedUpdateScale', message: '', lastTransitionTime: '' },
    ]
    await recorder.record(turn({ decision: decision({ to: 5 }), outcome: { kind: 'failed', why: 'forbidden' } }))
    written.conditions = []
    await recorder.record(turn({ decision: decision({ conditions: [stale] }) }))
    written.conditions = [{ ...stale, lastTransitionTime: '2026-01-01T00:00:00Z' }]
    await recorder.record(turn({ decision: decision({ conditions: [stale] }) }))
    expect(events.map(({ type, reason }) => `${type} ${reason}`)).toEqual([
      'Normal SuccessfulRescale',
      'Warning FailedRescale',
      'Warning MetricsMissing',
    ])
  })

  test('tells when an emergency begins and when it ends, and whether that was by its time alone', async () => {
    const emergency = (reason: string, status: Condition['status']): Condition => ({
      type: 'Emergency',
      status,
      reason,
      message: 'told',
    })
    const { recorder, events, written } = recording()
    for (const [reason, status] of [
      ['NotNeeded', 'False'],
      ['Overload', 'True'],
      ['Overload', 'True'],
      ['DemandUnknown', 'Unknown'],
      ['NotNeeded', 'False'],
      ['NotNeeded', 'False'],
      ['Overload', 'True'],
      ['Expired', 'False'],
    ] as const) {
      const now = emergency(reason, status)
      await recorder.record(turn({ decision: decision({ conditions: [now] }) }))
      written.conditions = [{ ...now, lastTransitionTime: '' }]
    }
    expect(events).toEqual([
      { type: 'Warning', reason: 'Overload', note: 'told' },
      { type: 'Normal', reason: 'EmergencyEnded', note: 'the load fits within the limits again' },
      { type: 'Warning', reason: 'Overload', note: 'told' },
      { type: 'Warning', reason: 'EmergencyEnded', note: 'told' },
    ])
  })

  test('a dry run writes neither status nor events, and still keeps the decision', async () => {
    const { recorder, events, facts, kept } = recording({ isDryRun: true })
    await recorder.record(turn({ decision: decision({ to: 5 }), outcome: { kind: 'held', why: 'dry run' } }))
    expect([events, facts, kept.length]).toEqual([[], [], 1])
  })

  test('a store or an API server that refuses does not stop the loop', async () => {
    const no = () => Promise.reject(new Error('no'))
    const store = { ...sound, record: no } as unknown as DurableStore // all that it calls here
    const { recorder, events } = recording({
      store,
      status: { write: no, last: () => undefined, forget: () => undefined, forgetAll: () => undefined },
    })
    await expect(recorder.record(turn())).resolves.toBeUndefined()
    expect(events.map(({ reason }) => reason)).toContain('FailedUpdateStatus')
  })
})

describe('anomalies', () => {
  const sightings = [{ kind: 'flat line', startAt: 0, sigma: 6, value: 7, expected: 9, why: 'the value 7 has come 20 times' }]
  const unusual = (more: object = {}) =>
    turn({
      anomaly: { active: true, response: 'AlertOnly', sigma: 6, why: 'odd', sightings, ...more } as NonNullable<Turn['anomaly']>,
    })
  const withBook = (more: Partial<RecorderOptions> = {}) => {
    const store = { saveModel: async () => undefined, loadModel: async () => undefined }
    const clock = { now: () => 1000 }
    const log = { info: () => undefined, warn: () => undefined }
    return recording({ anomalies: createAnomalyBook({ store, clock, log }), ...more })
  }

  test('an alarm is one event and one count, however long it goes on', async () => {
    const { recorder, events, options } = withBook()
    await recorder.record(unusual())
    await recorder.record(unusual())
    const told = events.filter(({ reason }) => reason === 'AnomalyFlatLine')
    expect(told).toEqual([
      { type: 'Warning', reason: 'AnomalyFlatLine', note: 'flat line (major): the value 7 has come 20 times' },
    ])
    const family = options.telemetry.families().find(({ name }) => name === 'crescendo_anomalies')
    expect(family?.samples).toMatchObject([{ labels: { autoscaler: 'web', kind: 'flat line' }, value: 1 }])
  })

  test('a score that is no alarm is kept and told to nobody, and the condition Anomalous is no event', async () => {
    const { recorder, events, options } = withBook()
    const anomalous: Condition = { type: 'Anomalous', status: 'True', reason: 'Hold', message: 'odd' }
    await recorder.record({
      ...unusual({ sightings: [{ ...sightings[0], sigma: 2.6 }] }),
      decision: decision({ conditions: [anomalous] }),
    } as Turn)
    expect(events).toEqual([])
    expect(await options.anomalies?.episodes('shop/web')).toMatchObject([{ alarm: false }])
  })

  test('a dry run counts and keeps it, and posts nothing; what is gone is forgotten', async () => {
    const { recorder, events, options } = withBook({ isDryRun: true })
    await recorder.record(unusual())
    expect(events).toEqual([])
    expect(options.anomalies?.active('shop/web')).toHaveLength(1)
    recorder.forget(object)
    expect(options.anomalies?.active('shop/web')).toEqual([])
  })
})
