import { describe, expect, test } from 'vitest'
import { contextAt, workload } from '../guard/timeline.ts'
import { emptyMemory, type Memory } from '../rules.ts'
import { type ManualSettings, manual } from './manual.ts'

/** One tick: what stands in the spec now, and what was decided then (nothing: the spec stays). */
interface Tick {
  readonly spec: number
  readonly to?: number
  readonly refused?: boolean
  readonly minutes?: number
}

/** What is said at each tick; ticks are a minute apart unless told otherwise. */
function said(ticks: readonly Tick[], settings?: ManualSettings) {
  let [memory, at]: [Memory, number] = [emptyMemory, 0]
  return ticks.map(({ spec, to = spec, refused = false, minutes = 1 }) => {
    at += minutes * 60_000
    const answer = manual(settings).propose(contextAt({ seconds: at / 1000, asked: 0, spec, memory }))
    const decided = { at, from: spec, to, ...(refused && { refused }) }
    memory = { slots: JSON.parse(JSON.stringify({ manual: answer.memory })), decided }
    return answer
  })
}

const last = (ticks: readonly Tick[], settings?: ManualSettings) => said(ticks, settings).at(-1)!
const reasonOf = ({ conditions }: ReturnType<typeof last>) => conditions?.[0]?.reason

describe('a rise by hand', () => {
  test('is a floor for a quarter of an hour, whatever was decided since', () => {
    const course = said([{ spec: 5 }, { spec: 12 }, { spec: 12, to: 14 }, ...Array(13).fill({ spec: 14 }), { spec: 14 }])
    expect(course[0]).toMatchObject({ kind: 'abstains', why: 'nobody else raised the replicas' })
    expect(course[1]).toMatchObject({ kind: 'proposes', floor: true, replicas: 12 })
    expect(course[1]?.why).toBe('somebody else raised the replicas to 12: a floor for 15 min more')
    expect(course[15]).toMatchObject({ kind: 'proposes', replicas: 12 })
    expect(course[16]?.kind).toBe('abstains')
  })

  test('lasts as long as the settings say, and is renewed by another', () => {
    expect(last([{ spec: 5 }, { spec: 12 }, { spec: 12 }], { manualFloorMs: 60_000 }).kind).toBe('abstains')
    const renewed = last([{ spec: 5 }, { spec: 12 }, { spec: 15, minutes: 10 }, { spec: 15, minutes: 10 }])
    expect(renewed).toMatchObject({ replicas: 15 })
  })

  test('stays inside the bounds of the object', () => {
    expect(last([{ spec: 5 }, { spec: 90 }])).toMatchObject({ replicas: workload.maxReplicas })
    expect(last([{ spec: 0 }, { spec: 1 }])).toMatchObject({ replicas: workload.minReplicas })
  })
})

describe('a fall by hand', () => {
  test('ends a floor, is counted, and is decided anew', () => {
    const answer = last([{ spec: 5 }, { spec: 12 }, { spec: 4 }])
    expect(answer).toMatchObject({ kind: 'abstains', why: 'nobody else raised the replicas (lowered by others 1 times so far)' })
  })

  test('to zero is a pause: nothing is proposed', () => {
    expect(last([{ spec: 5 }, { spec: 12 }, { spec: 0 }])).toMatchObject({ kind: 'abstains', why: 'somebody scaled it to 0' })
  })
})

describe('what nobody else wrote', () => {
  test('what we decided, and what was there when we were refused', () => {
    const ours = said([{ spec: 5, to: 9 }, { spec: 9, to: 14, refused: true }, { spec: 9, to: 14 }, { spec: 14 }])
    expect(ours.map(({ kind }) => kind)).toEqual(Array(4).fill('abstains'))
    expect(ours.map(reasonOf)).toEqual(Array(4).fill('NobodyInterferes'))
  })

  test('the old value seconds after a write of ours; a minute later it is somebody else', () => {
    expect(
      last([
        { spec: 9, to: 5 },
        { spec: 9, to: 5, minutes: 0.05 },
      ]).kind,
    ).toBe('abstains')
    expect(last([{ spec: 9, to: 5 }, { spec: 9 }])).toMatchObject({ kind: 'proposes', replicas: 9 })
  })

  test('where a period is short, the old value after one is somebody else too', () => {
    const decided = { at: 0, from: 9, to: 5 }
    const seenAt = (seconds: number) => {
      const context = contextAt({ seconds, asked: 0, spec: 9, memory: { slots: {}, decided } })
      return manual().propose({ ...context, target: { ...context.target, periodMs: 3000 } }).kind
    }
    expect([seenAt(1), seenAt(3)]).toEqual(['abstains', 'proposes'])
  })

  test('a rise after a refusal is somebody else', () => {
    expect(last([{ spec: 9, to: 14, refused: true }, { spec: 14 }])).toMatchObject({ kind: 'proposes', replicas: 14 })
  })
})

describe('somebody who resets the replicas again and again', () => {
  const fight = (rounds: number): readonly Tick[] =>
    Array.from({ length: rounds }, () => [{ spec: 3, to: 10 }, { spec: 10 }]).flat()

  test('is told from the third reset within ten minutes, with how often, to what, and what to do', () => {
    const course = said(fight(4))
    expect(course.slice(0, 6).map(reasonOf)).toEqual(Array(6).fill('NobodyInterferes'))
    expect(course[6]?.conditions).toEqual([
      {
        type: 'ConflictingWriter',
        status: 'True',
        reason: 'ReplicasReset',
        message:
          'within 10 min something else reset the replicas 3 times, to 3 (last from 10 to 3): remove spec.replicas from the manifest that is applied there',
      },
    ])
  })

  test('nothing is taken away by us meanwhile, more may be ordered', () => {
    expect(said(fight(4))[7]).toMatchObject({ kind: 'proposes', floor: true, replicas: 10 })
  })

  test('it is over after ten quiet minutes', () => {
    const course = said([...fight(4), ...Array.from({ length: 10 }, () => ({ spec: 10 }))])
    expect(course.slice(6, 16).map(reasonOf)).toEqual(Array(10).fill('ReplicasReset'))
    expect(reasonOf(course[16]!)).toBe('NobodyInterferes')
    expect(course[16]?.kind).toBe('abstains')
  })

  test('changes of others that undo nothing of ours are no quarrel, nor are resets that are far apart', () => {
    const byHand = [5, 4, 3, 2, 3, 2, 3].map(spec => ({ spec }))
    expect(said(byHand).map(reasonOf)).toEqual(Array(7).fill('NobodyInterferes'))
    const slow = fight(5).map(tick => ({ ...tick, minutes: 3 }))
    expect(said(slow).map(reasonOf)).toEqual(Array(10).fill('NobodyInterferes'))
  })
})
