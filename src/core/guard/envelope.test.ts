import { describe, expect, test } from 'vitest'
import { envelope } from './envelope.ts'
import { play } from './timeline.ts'

const ask = (moment: { asked: number; demand?: number | 'missing'; believes?: number; spec?: number }) =>
  play(envelope(), [{ seconds: 0, ...moment }])[0]!

describe('envelope', () => {
  test('while the demand is doubted, growth stops at what the believed part needs', () => {
    const said = ask({ asked: 90, demand: 9000, believes: 1150 })
    expect(said).toMatchObject({ replicas: 12, why: 'withheld 78 replicas: of 9000 I believe 1150' })
    expect(said.conditions?.[0]).toMatchObject({ type: 'AttackHold', status: 'True' })
  })

  test('what runs is never cut, and a smaller ask passes', () => {
    expect(ask({ asked: 90, demand: 9000, believes: 500 }).replicas).toBe(10)
    expect(ask({ asked: 8, demand: 9000, believes: 500 })).toMatchObject({ replicas: 8, why: 'of 9000 I believe 500' })
  })

  test('a doubt that lowers nothing and a missing demand withhold nothing', () => {
    expect(ask({ asked: 90, demand: 1000, believes: 1000 })).toMatchObject({ replicas: 90, why: 'demand is believed' })
    expect(ask({ asked: 90, demand: 'missing' }).replicas).toBe(90)
    expect(ask({ asked: 9 }).conditions).toMatchObject([{ type: 'AttackHold', status: 'False', reason: 'DemandBelieved' }])
  })
})
