import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { budget } from './budget.ts'
import { play, workload } from './timeline.ts'

const priced = { observation: { costPerReplicaHour: 2 } }
const HOUR = 3600

describe('budget', () => {
  test('a cap of 30 an hour at 2 a replica lets 15 through and says what it withheld', () => {
    const [said] = play(budget({ perHour: 30, enforcement: 'Cap' }), [{ seconds: 0, asked: 18, ...priced }])
    expect(said?.replicas).toBe(15)
    expect(said?.why).toBe('withheld 3 of 18 replicas: 36.00 of 30.00 USD an hour')
    expect(said?.conditions?.[0]).toMatchObject({ type: 'BudgetLimited', status: 'True', reason: 'BudgetCap' })
  })

  test('inside the cap it changes nothing and tells the position, in the currency of the policy', () => {
    const [said] = play(budget({ perHour: 40, perDay: 700, currency: 'EUR' }), [{ seconds: 0, asked: 15, ...priced }])
    expect(said).toMatchObject({ replicas: 15, why: '30.00 of 40.00 EUR an hour, 0.00 of 700.00 EUR spent today' })
  })

  test('the safety floor stays: a cap that affords less than minReplicas keeps minReplicas', () => {
    const [said] = play(budget({ perHour: 1 }), [{ seconds: 0, asked: 18, ...priced }])
    expect(said?.replicas).toBe(2)
    expect(said?.why).toContain('kept at the minimum of 2')
  })

  test('an ask below the minimum is not raised', () => {
    expect(play(budget({ perHour: 1 }), [{ seconds: 0, asked: 1, ...priced }])[0]?.replicas).toBe(1)
  })

  test('Warn lets it pass and says so', () => {
    const [said] = play(budget({ perHour: 30, enforcement: 'Warn' }), [{ seconds: 0, asked: 18, ...priced }])
    expect(said?.replicas).toBe(18)
    expect(said?.conditions?.[0]).toMatchObject({ status: 'False', reason: 'OverBudget' })
  })

  test('an unknown price does not bind, and says so', () => {
    const [said] = play(budget({ perHour: 1 }), [{ seconds: 0, asked: 18 }])
    expect(said).toMatchObject({ replicas: 18, why: 'price unknown' })
    expect(said?.conditions?.[0]).toMatchObject({ status: 'Unknown', reason: 'PriceUnknown' })
  })

  test('the price of the policy stands in where the observation has none; a price of zero never binds', () => {
    expect(play(budget({ perHour: 30, costPerReplicaHour: 2 }), [{ seconds: 0, asked: 18 }])[0]?.replicas).toBe(15)
    const free = { observation: { costPerReplicaHour: 0 } }
    expect(play(budget({ perHour: 1, perDay: 1 }), [{ seconds: 0, asked: 18, ...free }])[0]?.replicas).toBe(18)
  })

  test('no limit set is said', () => {
    expect(play(budget({}), [{ seconds: 0, asked: 18, ...priced }])[0]).toMatchObject({ replicas: 18, why: 'no limit set' })
  })

  test('spending counts the time between ticks and begins anew at midnight UTC', () => {
    const said = play(budget({ perDay: 10_000 }), [
      { seconds: 22 * HOUR, asked: 10, ...priced },
      { seconds: 23 * HOUR, asked: 10, ...priced },
      { seconds: 25 * HOUR, asked: 10, ...priced },
    ])
    expect(said.map(({ why }) => why)).toEqual([
      '0.00 of 10000.00 USD spent today',
      '20.00 of 10000.00 USD spent today',
      '20.00 of 10000.00 USD spent today', // of the two hours only the one after midnight
    ])
  })

  test('an always hungry workload never spends more than the day allows, and never drops below the minimum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 2000 }), fc.double({ min: 0.1, max: 2, noNaN: true }), (perDay, price) => {
        const guard = budget({ perDay, costPerReplicaHour: price })
        let [spent, spec, memory] = [0, 2, undefined as unknown]
        for (let minute = 0; minute < 24 * 60; minute += 5) {
          const [said] = play(guard, [
            { seconds: minute * 60, asked: 20, spec, ...(memory !== undefined && { memory: { slots: { budget: memory } } }) },
          ])
          memory = said!.memory
          spec = said!.replicas
          spent += spec * price * (5 / 60)
          expect(spec).toBeGreaterThanOrEqual(workload.minReplicas)
        }
        expect(spent).toBeLessThanOrEqual(Math.max(perDay, 2 * price * 24) * (1 + 1e-9))
      }),
      { numRuns: 20 },
    )
  })

  test('it never raises a count, and the same input gives the same output', () => {
    fc.assert(
      fc.property(fc.nat(600), fc.double({ min: 0, max: 50, noNaN: true }), fc.nat(3000), (asked, price, perDay) => {
        const ask = () => play(budget({ perHour: 30, perDay, costPerReplicaHour: price }), [{ seconds: 5000, asked }])
        expect(ask()[0]!.replicas).toBeLessThanOrEqual(asked)
        expect(ask()).toEqual(ask())
      }),
    )
  })
})
