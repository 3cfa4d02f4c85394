import { describe, expect, test } from 'vitest'
import { contextAt, type Moment } from '../guard/timeline.ts'
import { emptyMemory, type Memory } from '../rules.ts'
import { slo } from './slo.ts'

interface Tick {
  readonly minute: number
  /** The burn rate over five minutes; 0: nothing burns. */
  readonly rate: number
  readonly spec?: number
  readonly more?: Partial<Moment>
}

/** Ten replicas at their safe load, unless told otherwise. */
function play(ticks: readonly Tick[]) {
  let memory: Memory = emptyMemory
  return ticks.map(({ minute, rate, spec = 10, more }) => {
    const rates = { fiveMinutes: rate, halfHour: rate, hour: rate, sixHours: rate }
    const burns = rate === 0 ? [] : [{ objective: 'error ratio', rates, fast: true, slow: false }]
    const context = contextAt({
      seconds: minute * 60,
      asked: 0,
      spec,
      demand: 100 * spec,
      memory: { slots: { ...memory.slots, burn: { ledgers: {}, burns } } },
      ...more,
    })
    const said = slo().propose(context)
    memory = { slots: JSON.parse(JSON.stringify({ slo: said.memory })) }
    return said.kind === 'proposes' ? said.replicas : said.why
  })
}

describe('what burns is answered', () => {
  test('with a tenth more where replicas are at their safe load, once it is ready and had time to show again', () => {
    const course = play([
      { minute: 0, rate: 50 },
      { minute: 1, rate: 50, spec: 11, more: { ready: 10 } },
      { minute: 2, rate: 50, spec: 11 },
      { minute: 17, rate: 50, spec: 11 },
    ])
    expect(course).toEqual([
      11,
      'error ratio burns, and what was ordered is not ready yet',
      'error ratio burns, and the last order has not shown its effect yet',
      13,
    ])
  })

  test('with a tenth more where half a minute of work waits in a queue, whatever the load; a few jobs that wait are no sign', () => {
    const waiting = (backlog: number) => play([{ minute: 0, rate: 50, more: { demand: 300, observation: { backlog } } }])
    expect(waiting(30_000)).toEqual([11])
    expect(waiting(7)).toEqual(['error ratio burns, but the replicas have room left: more do not help'])
  })

  test('not where replicas have room left, nor where nobody knows the demand', () => {
    expect(play([{ minute: 0, rate: 50, more: { demand: 300 } }])).toEqual([
      'error ratio burns, but the replicas have room left: more do not help',
    ])
    expect(play([{ minute: 0, rate: 50, more: { demand: 'missing' } }])).toEqual(['error ratio burns, but the demand is missing'])
  })

  test('not a fourth time where three brought no relief; relief, or an end of the burning, begins anew', () => {
    const three = [0, 17, 34].map((minute, index): Tick => ({ minute, rate: 50, spec: 10 + index }))
    expect(play([...three, { minute: 51, rate: 48, spec: 14 }]).at(-1)).toBe(
      'error ratio burns, and 3 orders brought no relief: more replicas do not help',
    )
    expect(play([...three, { minute: 51, rate: 30, spec: 14 }]).at(-1)).toBe(16)
    expect(play([...three, { minute: 51, rate: 0 }, { minute: 52, rate: 50 }]).slice(-2)).toEqual([
      'no objective burns its error budget fast',
      11,
    ])
  })
})
