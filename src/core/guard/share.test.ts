import { describe, expect, test } from 'vitest'
import type { Allowance } from '../model.ts'
import { share } from './share.ts'
import { type Moment, play } from './timeline.ts'

const allowance: Allowance = {
  replicas: 6,
  whenNeeded: 12,
  by: 'Fleet',
  why: 'enterprise first, 39.60 of 40.00 USD an hour on order',
}

function limit(moment: Partial<Moment>, given: Partial<Allowance> | undefined = {}, hasBudget = false) {
  const observation = given === undefined ? {} : { allowance: { ...allowance, ...given } }
  return play(share({ hasBudget }), [{ seconds: 0, asked: 15, demand: 500, ...moment, observation }])[0]!
}

describe('the share of a target in the budgets of tier and fleet', () => {
  test('is all that it gets, running replicas too, and the reason names the budget and who is first', () => {
    const said = limit({ spec: 10 })
    expect(said.replicas).toBe(6)
    expect(said.why).toBe('fleet budget: 6 of 15 replicas, enterprise first, 39.60 of 40.00 USD an hour on order')
    expect(said.conditions).toMatchObject([{ type: 'BudgetLimited', status: 'True', reason: 'FleetCap', message: said.why }])
    expect(limit({}, { by: 'Tier' }).conditions).toMatchObject([{ reason: 'TierCap' }])
  })

  test('is more for what is needed right now, up to a limit of its own', () => {
    expect(limit({ demand: 900 }).replicas).toBe(9)
    expect(limit({ demand: 5000 }).replicas).toBe(12)
    expect(limit({ demand: 'missing' }).replicas).toBe(6)
  })

  test('never is below minReplicas, and never raises', () => {
    expect(limit({}, { replicas: 0, whenNeeded: 0 }).replicas).toBe(2)
    expect(limit({ asked: 4 })).toMatchObject({ replicas: 4, conditions: [{ status: 'False', reason: 'WithinBudget' }] })
  })

  test('of a budget that only warns is all; a budget of its own has the word where both speak', () => {
    const warning = 'the fleet budget only warns: 50.00 of 40.00 USD an hour are wanted'
    expect(limit({ asked: 5 }, { warning })).toMatchObject({ replicas: 5, why: warning, conditions: [{ reason: 'OverBudget' }] })
    expect(limit({ asked: 5 }, { warning }, true).conditions).toEqual([])
    expect(limit({ asked: 5 }, {}, true).conditions).toEqual([])
  })

  test('is told with each observation; without one nothing is shared', () => {
    const said = play(share({ hasBudget: false }), [{ seconds: 0, asked: 15 }])[0]
    expect(said).toEqual({ replicas: 15, why: 'nothing is shared' })
  })
})
