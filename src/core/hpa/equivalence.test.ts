import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Behavior, Decision, MetricAnswer, MetricSpec, Pod, Target } from '../model.ts'
import { hpaRules } from '../policy/hpa-rules.ts'
import { emptyMemory } from '../rules.ts'
import { screen, step } from '../step.ts'
import { type HpaHistory, reconcile } from './reconcile.ts'
import { stockSettings } from './settings.ts'
import type { HpaStatus } from './status.ts'

const metrics: readonly MetricSpec[] = [
  { type: 'External', metric: 'queue_length', target: { type: 'AverageValue', averageValue: 10_000 } },
  { type: 'Pods', metric: 'requests_per_second', target: { type: 'AverageValue', averageValue: 5_000 } },
  { type: 'Resource', resource: 'cpu', target: { type: 'Utilization', averageUtilizationPercent: 60 } },
]

const policy = fc.record({
  type: fc.constantFrom('Pods' as const, 'Percent' as const),
  value: fc.integer({ min: 1, max: 120 }),
  periodSeconds: fc.integer({ min: 1, max: 120 }),
})
const rules = fc.record(
  {
    stabilizationWindowSeconds: fc.integer({ min: 0, max: 200 }),
    selectPolicy: fc.constantFrom('Max' as const, 'Min' as const, 'Disabled' as const),
    policies: fc.array(policy, { minLength: 1, maxLength: 3 }),
    tolerance: fc.double({ min: 0, max: 0.3, noNaN: true }),
  },
  { requiredKeys: [] },
)
const behavior: fc.Arbitrary<Behavior> = fc.record({ scaleUp: rules, scaleDown: rules }, { requiredKeys: [] })

interface Tick {
  readonly gapMs: number
  readonly load: number
  readonly failing: readonly boolean[]
  readonly sick: number
  /** The API server refuses to scale. */
  readonly refused: boolean
  /** Somebody scales to zero by hand, and later to three. */
  readonly zeroed: boolean
  readonly revived: boolean
}

const tick: fc.Arbitrary<Tick> = fc.record({
  gapMs: fc.constantFrom(15_000, 15_000, 5_000, 60_000, 200_000, 400_000),
  load: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: 20 })),
  failing: fc.array(
    fc.integer({ min: 0, max: 7 }).map(dice => dice === 0),
    { minLength: 3, maxLength: 3 },
  ),
  sick: fc.integer({ min: 0, max: 3 }),
  refused: fc.integer({ min: 0, max: 9 }).map(dice => dice === 9),
  zeroed: fc.integer({ min: 0, max: 30 }).map(dice => dice === 30),
  revived: fc.boolean(),
})

const timeline = fc.record({
  minReplicas: fc.integer({ min: 0, max: 4 }),
  spread: fc.integer({ min: 0, max: 60 }),
  start: fc.integer({ min: 0, max: 70 }),
  ticks: fc.array(tick, { minLength: 1, maxLength: 40, size: 'max' }),
  used: fc.subarray([0, 1, 2], { minLength: 1 }),
})

function podsOf(replicas: number, sick: number, now: number): readonly Pod[] {
  return Array.from({ length: replicas }, (_, index) => ({
    name: `web-${index}`,
    phase: index < sick && index % 2 === 0 ? 'Pending' : 'Running',
    deleted: false,
    startedAt: index < sick ? now - 20_000 : 0,
    ready: { status: index < sick ? 'False' : 'True', since: 0 },
    containers: [{ name: 'app', requests: { cpu: 500 } }],
  }))
}

function answersOf(pods: readonly Pod[], { load, failing }: Tick, now: number): readonly MetricAnswer[] {
  const share = Math.round((load * 1000) / Math.max(1, pods.length))
  const sample = (pod: Pod) => ({ pod: pod.name, at: now, windowMs: 15_000 })
  const all: readonly MetricAnswer[] = [
    { kind: 'values', values: [load * 1000], at: now },
    { kind: 'pods', samples: pods.map(pod => ({ ...sample(pod), value: share })) },
    { kind: 'pods', samples: pods.map(pod => ({ ...sample(pod), byContainer: { app: Math.round(share / 20) } })) },
  ]
  return all.map((answer, index) => (failing[index] ? { kind: 'missing', why: 'no answer in time' } : answer))
}

/** Drives the loop and the whole pass side by side, each with its own replicas and its own memory. */
function race(of: typeof timeline extends fc.Arbitrary<infer T> ? T : never, shape: Behavior | undefined) {
  const target: Target = {
    id: 'audio/web',
    minReplicas: of.minReplicas,
    maxReplicas: Math.max(1, of.minReplicas + of.spread),
    metrics: of.used.map(index => metrics[index] as MetricSpec),
    ...(shape && { behavior: shape }),
    capacityPerReplica: 5,
    startupMs: 60_000,
    periodMs: 15_000,
  }
  const ours = hpaRules()
  let memory = emptyMemory
  let history: HpaHistory | undefined
  let status: HpaStatus = { currentReplicas: of.start, desiredReplicas: of.start, metrics: [], conditions: [] }
  let [loop, stock, now] = [of.start, of.start, 1_000_000_000]
  const [byLoop, byStock]: [number[], number[]] = [[], []]
  const decisions: Decision[] = []
  for (const one of of.ticks) {
    now += one.gapMs
    if (one.zeroed) [loop, stock] = [0, 0]
    else if (one.revived && loop === 0) [loop, stock] = [3, 3]
    const pods = podsOf(loop, one.sick, now)
    const answers = of.used.map(index => answersOf(pods, one, now)[index] as MetricAnswer)
    const seen = screen(ours, memory, {
      at: now,
      replicas: { spec: loop, status: loop, ready: loop },
      pods,
      answers,
      demand: { kind: 'value', at: now, value: one.load },
    })
    const stepped = step(ours, seen.memory, { target, situation: seen.situation })
    const { decided } = stepped.memory
    const told = one.refused ? { ...stepped.memory, decided: { ...decided, refused: true } } : stepped.memory
    memory = JSON.parse(JSON.stringify(told)) // memory survives a restart
    decisions.push(stepped.decision)
    if (!one.refused) loop = stepped.decision.to

    const pass = reconcile({
      now,
      settings: stockSettings,
      hpa: target,
      before: status,
      scale: { kind: 'found', spec: stock, status: stock, selector: 'app=web' },
      ...(one.refused && { scaleRefused: 'conflict' }),
      pods: podsOf(stock, one.sick, now).map(pod => ({ ...pod, labels: { app: 'web' } })),
      others: [],
      answers,
      ...(history && { history }),
    })
    status = pass.status
    history = pass.history
    stock = pass.scaledTo ?? stock
    byLoop.push(loop)
    byStock.push(stock)
  }
  return { byLoop, byStock, decisions, target }
}

describe('the loop with the rules of the stock HPA takes the same course as the stock controller', () => {
  test('with behavior', () => {
    fc.assert(
      fc.property(timeline, behavior, (course, shape) => {
        const { byLoop, byStock } = race(course, shape)
        expect(byLoop).toEqual(byStock)
      }),
      { numRuns: 200 },
    )
  })

  test('without behavior', () => {
    fc.assert(
      fc.property(timeline, course => {
        const { byLoop, byStock } = race(course, undefined)
        expect(byLoop).toEqual(byStock)
      }),
      { numRuns: 200 },
    )
  })

  test('the courses do move, and every decision lies within the bounds or leaves zero alone', () => {
    let moves = 0
    fc.assert(
      fc.property(timeline, fc.option(behavior, { nil: undefined }), (course, shape) => {
        const { decisions, target } = race(course, shape)
        for (const { from, to } of decisions) {
          expect((from === 0 && to === 0) || (to >= target.minReplicas && to <= target.maxReplicas)).toBe(true)
          if (from !== to) moves++
        }
      }),
      { numRuns: 200 },
    )
    expect(moves).toBeGreaterThan(600)
  })
})
