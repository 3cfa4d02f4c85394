import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Observation } from '../model.ts'
import { emptyMemory, type Proposer, type Rules } from '../rules.ts'
import { step } from '../step.ts'
import { type GuardSettings, guardsInOrder } from './order.ts'
import { contextAt, type Moment, workload } from './timeline.ts'

/** Decides along a timeline with all guards; `spec` follows the decisions unless a moment says otherwise. */
function decide(settings: GuardSettings, moments: readonly Moment[]) {
  let memory = emptyMemory
  let spec = 10
  return moments.map(moment => {
    const proposer: Proposer = { name: 'asks', propose: () => ({ kind: 'proposes', replicas: moment.asked, why: 'asked' }) }
    const rules: Rules = { name: 'test', screens: [], proposers: [proposer], guards: guardsInOrder(settings) }
    const { situation } = contextAt({ spec, ...moment })
    const result = step(rules, memory, { target: workload, situation })
    memory = JSON.parse(JSON.stringify(result.memory))
    spec = result.decision.to
    return result.decision
  })
}

const cap = { perHour: 24, costPerReplicaHour: 2, enforcement: 'Cap' } as const

describe('the order of the guards', () => {
  test('is the documented one, and every guard speaks in every decision', () => {
    const [decision] = decide({ budget: cap, surge: { perDay: 9 } }, [{ seconds: 0, asked: 12 }])
    expect(decision?.verdicts.map(({ by }) => by)).toEqual([
      'stabilise',
      'pace',
      'bounds',
      'budget',
      'surge',
      'envelope',
      'hold',
      'emergency',
      'breaker',
      'ceiling',
    ])
    expect(decision?.verdicts.every(({ why }) => why.length > 0)).toBe(true)
  })

  test('without budgets, and with the emergency switched off, those are not there', () => {
    const names = guardsInOrder({ emergency: 'Off' }).map(({ name }) => name)
    expect(names).not.toContain('budget')
    expect(names).not.toContain('surge')
    expect(names).not.toContain('emergency')
  })

  test('a cap wins over the SLO; an emergency wins over the cap', () => {
    expect(decide({ budget: cap }, [{ seconds: 0, asked: 18, demand: 1800 }])[0]?.to).toBe(12)
    const overload = [0, 15, 30].map(seconds => ({ seconds, asked: 18, demand: 3000 }))
    expect(decide({ budget: cap }, overload).map(({ to }) => to)).toEqual([12, 12, 30])
  })

  test('an attack is no emergency, whatever the metrics of the pods ask for', () => {
    const attacked = [0, 15, 30].map(seconds => ({ seconds, asked: 90, spec: 10, demand: 9000, believes: 1000 }))
    expect(decide({}, attacked).map(({ to }) => to)).toEqual([10, 10, 10])
  })

  test('missing demand is not even cut by the budget', () => {
    const [decision] = decide({ budget: cap }, [{ seconds: 0, asked: 5, spec: 18, demand: 'missing' }])
    expect(decision?.to).toBe(18)
  })

  test('the breaker binds an emergency', () => {
    const stuck = (seconds: number): Moment => ({ seconds, asked: 20, spec: 20, ready: 8, demand: 4000 })
    const ticks = Array.from({ length: 25 }, (_, index) => stuck(index * 15))
    const decisions = decide({}, ticks)
    expect(decisions[2]?.to).toBe(40)
    expect(decisions[20]?.to).toBe(20)
  })

  test('the ceiling binds everything', () => {
    const settings = { emergency: { maxReplicas: 900 }, ceiling: { maxReplicas: 100 } }
    const overload = [0, 15, 30].map(seconds => ({ seconds, asked: 20, demand: 90_000 }))
    expect(decide(settings, overload).at(-1)?.to).toBe(100)
  })

  test('any history: inside bounds or an emergency, deterministic, and never down on missing demand', () => {
    const moment = fc.record({
      asked: fc.nat(800),
      demand: fc.oneof(fc.nat(60_000), fc.constant('missing' as const)),
      missing: fc.nat(5),
      backlog: fc.nat(3),
    })
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1, maxLength: 25 }), drawn => {
        const moments = drawn.map(({ asked, demand, missing, backlog }, index): Moment => {
          const observation: Partial<Observation> = { backlog }
          return { seconds: index * 30, asked, demand, observation, ...(missing > 3 && { ready: 1 }) }
        })
        const decisions = decide({ budget: { perDay: 400, costPerReplicaHour: 1 } }, moments)
        decisions.forEach((decision, index) => {
          expect(decision.to).toBeGreaterThanOrEqual(Math.min(decision.from, workload.minReplicas))
          expect(decision.to).toBeLessThanOrEqual(500)
          const isEmergency = decision.conditions.some(({ type, status }) => type === 'Emergency' && status !== 'False')
          if (!isEmergency) expect(decision.to).toBeLessThanOrEqual(workload.maxReplicas)
          if (moments[index]!.demand === 'missing') {
            expect(decision.to).toBeGreaterThanOrEqual(Math.min(decision.from, workload.maxReplicas))
          }
        })
        expect(decide({ budget: { perDay: 400, costPerReplicaHour: 1 } }, moments)).toEqual(decisions)
      }),
      { numRuns: 60 },
    )
  })
})
