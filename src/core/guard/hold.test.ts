import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Memory } from '../rules.ts'
import type { Anomaly } from '../screen/anomaly.ts'
import { hold } from './hold.ts'
import { play } from './timeline.ts'

const remembering = (anomaly: Partial<Anomaly>): { memory: Memory } => ({
  memory: { slots: { anomaly: { anomaly: { active: true, response: 'Hold', sigma: 4, why: 'demand is odd', ...anomaly } } } },
})

describe('hold', () => {
  test('missing demand takes nothing away, and says why it is missing', () => {
    const [said] = play(hold(), [{ seconds: 0, asked: 4, demand: 'missing' }])
    expect(said).toMatchObject({ replicas: 10, why: 'holds 10: demand is missing: no answer' })
    expect(said?.conditions?.[0]).toMatchObject({ type: 'MetricsFresh', status: 'False', reason: 'MetricsMissing' })
  })

  test('it may grow on what else is known, and the maximum of the object still holds', () => {
    const up = play(hold(), [{ seconds: 0, asked: 14, demand: 'missing' }])[0]
    expect(up).toMatchObject({ replicas: 14, why: 'no scale-down while demand is missing: no answer' })
    expect(play(hold(), [{ seconds: 0, asked: 4, spec: 30, demand: 'missing' }])[0]?.replicas).toBe(20)
  })

  test('traffic that fell while errors rose takes nothing away, and is told; so is that it did not', () => {
    const seen = (active: boolean) => ({ slots: { outage: { outage: { active, until: 9, why: 'traffic fell' } } } })
    const [on, off] = [true, false].map(active => play(hold(), [{ seconds: 0, asked: 4, memory: seen(active) }])[0]!)
    expect(on).toMatchObject({ replicas: 10, why: 'holds 10: traffic fell' })
    expect(on?.conditions?.[1]).toMatchObject({ type: 'Outage', status: 'True', reason: 'TrafficFellWithErrors' })
    expect(off?.replicas).toBe(4)
    expect(off?.conditions?.[1]).toMatchObject({ type: 'Outage', status: 'False', reason: 'NoOutage' })
  })

  test('every metric failed holds too; one that answers does not', () => {
    const missing = { kind: 'missing', why: 'timeout' } as const
    const values = { kind: 'values', values: [1], at: 0 } as const
    expect(play(hold(), [{ seconds: 0, asked: 4, observation: { answers: [missing, missing] } }])[0]?.replicas).toBe(10)
    expect(play(hold(), [{ seconds: 0, asked: 4, observation: { answers: [missing, values] } }])[0]?.replicas).toBe(4)
  })

  test('a target without a source of demand is not held for having none', () => {
    expect(play(hold({ demand: 'None' }), [{ seconds: 0, asked: 4, demand: 'missing' }])[0]?.replicas).toBe(4)
  })

  test('demand that a screen found unusable holds although the metric answered', () => {
    const observation = { demand: { kind: 'value', at: 0, value: 3 } } as const
    const [said] = play(hold(), [{ seconds: 0, asked: 4, demand: 'missing', observation }])
    expect(said).toMatchObject({ replicas: 10, why: 'holds 10: demand is missing' })
  })

  test('an anomaly holds only where the policy says Hold; any shows as a condition', () => {
    const ask = (anomaly: Partial<Anomaly>) => play(hold(), [{ seconds: 0, asked: 4, ...remembering(anomaly) }])[0]
    expect(ask({})).toMatchObject({ replicas: 10, why: 'holds 10: demand is odd' })
    expect(ask({})?.conditions?.map(one => [one.type, one.status])).toEqual([
      ['MetricsFresh', 'True'],
      ['Anomalous', 'True'],
    ])
    expect(ask({ response: 'AlertOnly' })).toMatchObject({ replicas: 4, conditions: [{}, { reason: 'AlertOnly' }] })
    expect(ask({ active: false })).toMatchObject({
      replicas: 4,
      why: 'metrics are there',
      conditions: [{}, { reason: 'AsUsual' }],
    })
    expect(ask({ active: false, response: 'Ignore' })?.conditions).toHaveLength(1)
  })

  test('until the start has settled nothing is taken away, with the time that is left; the maximum still holds', () => {
    const early = play(hold({ settlesAt: 60_000 }), [
      { seconds: 15, asked: 4 },
      { seconds: 45, asked: 14 },
      { seconds: 50, asked: 4, spec: 30 },
      { seconds: 60, asked: 4 },
    ])
    expect(early.map(({ replicas }) => replicas)).toEqual([10, 14, 20, 4])
    expect(early[0]?.why).toBe('holds 10: the start is recent: what the last minutes wanted is not known for 45 s more')
    expect(early[1]?.why).toContain('no scale-down while the start is recent')
    expect(early[3]?.why).toBe('metrics are there')
    expect(early[0]?.conditions?.[0]).toMatchObject({ type: 'MetricsFresh', status: 'True' })
  })

  test('with the demand missing the result is never below what runs, unless the maximum is', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (asked, spec) => {
        const { replicas } = play(hold(), [{ seconds: 0, asked, spec, demand: 'missing' }])[0]!
        expect(replicas).toBeGreaterThanOrEqual(Math.max(asked, Math.min(spec, 20)))
      }),
    )
  })
})
