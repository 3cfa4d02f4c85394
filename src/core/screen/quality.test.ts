import { describe, expect, test } from 'vitest'
import type { MetricAnswer, Observation } from '../model.ts'
import { emptyMemory } from '../rules.ts'
import { screen } from '../step.ts'
import { quality } from './quality.ts'

interface Sample {
  readonly seconds: number
  readonly value: number
  readonly sampledSeconds?: number
  readonly milliCpu?: number
  readonly backlog?: number
}

const seen = ({ seconds, value, sampledSeconds = seconds, milliCpu, backlog }: Sample): Observation => {
  const pods: MetricAnswer = {
    kind: 'pods',
    samples: [{ pod: 'a', at: seconds * 1000, windowMs: 60_000, byContainer: { main: milliCpu ?? 0 } }],
  }
  return {
    at: seconds * 1000,
    replicas: { spec: 10, status: 10, ready: 10 },
    pods: [],
    answers: milliCpu === undefined ? [{ kind: 'missing', why: 'none' }] : [pods],
    demand: { kind: 'value', at: sampledSeconds * 1000, value },
    ...(backlog !== undefined && { backlog }),
  }
}

/** What is believed of each sample: a number, or why there is none. Memory passes through JSON, as a restart would. */
function believed(samples: readonly Sample[]): readonly (number | string)[] {
  let memory = emptyMemory
  return samples.map(sample => {
    const result = screen({ name: 'test', screens: [quality()], proposers: [], guards: [] }, memory, seen(sample))
    memory = JSON.parse(JSON.stringify(result.memory))
    const { demand } = result.situation.observation
    return result.situation.demand ?? (demand.kind === 'missing' ? demand.why : 'lost')
  })
}

const every = (count: number, from: number, value: (index: number) => Omit<Sample, 'seconds'>): Sample[] =>
  Array.from({ length: count }, (_, index) => ({ seconds: from + index * 15, ...value(index) }))

describe('quality: a sample that cannot be true is missing, with the reason', () => {
  test.each([
    [{ seconds: 900, value: Number.NaN }, 'the metric says NaN, which is no number'],
    [{ seconds: 900, value: Number.POSITIVE_INFINITY }, 'the metric says Infinity, which is no number'],
    [{ seconds: 900, value: -1 }, 'the metric says -1, a load cannot be negative'],
    [{ seconds: 900, value: 5, sampledSeconds: 1000 }, 'the sample is 100 s in the future'],
    [{ seconds: 900, value: 5, sampledSeconds: 700 }, 'the sample is 200 s old'],
  ])('%j: %s', (sample, why) => {
    expect(believed([sample])).toEqual([why])
  })

  test('a good sample is believed, and a source that already says missing keeps its own reason', () => {
    expect(believed([{ seconds: 900, value: 5, sampledSeconds: 885 }])).toEqual([5])
    const silent: Observation = { ...seen({ seconds: 0, value: 0 }), demand: { kind: 'missing', at: 0, why: 'timeout' } }
    expect(quality().doubt(silent, emptyMemory)).toEqual({})
  })

  test('a missing time in the future does not reach those who learn the series', () => {
    const rules = { name: 'test', screens: [quality()], proposers: [], guards: [] }
    const { situation } = screen(rules, emptyMemory, seen({ seconds: 900, value: 5, sampledSeconds: 5000 }))
    expect(situation.observation.demand.at).toBe(900_000)
  })
})

describe('quality: frozen', () => {
  const lively = every(60, 0, index => ({ value: 100 + index }))

  test('a value that used to move and stands still for ten minutes is frozen, and thaws with the next change', () => {
    const all = believed([...lively, ...every(45, 900, () => ({ value: 777 })), { seconds: 1575, value: 150 }])
    expect(all[60 + 39]).toBe(777)
    expect(all[60 + 40]).toBe('the metric has said exactly 777 for 600 s, it changed every 15 s before')
    expect(all.at(-1)).toBe(150)
  })

  test('after half an hour it is believed: a load may have become constant, and a hold must end', () => {
    const all = believed([...lively, ...every(130, 900, () => ({ value: 777 }))])
    expect(all[60 + 119]).toMatch(/^the metric has said exactly 777 for 1785 s/)
    expect(all[60 + 120]).toBe(777)
  })

  test('a gauge that stands still by nature is not frozen', () => {
    const gauge = every(400, 0, index => ({ value: 3 + Math.floor(index / 50) }))
    expect(believed(gauge)).toEqual(gauge.map(({ value }) => value))
  })
})

describe('quality: a fall to zero', () => {
  const busy = every(40, 0, index => ({ value: 100 + index, milliCpu: 4000 }))
  const unknown = every(40, 0, index => ({ value: 100 + index }))

  test('while the pods work it is refuted, but not for ever', () => {
    const all = believed([...busy, ...every(125, 600, () => ({ value: 0, milliCpu: 3900 }))])
    expect(all[40]).toBe('the metric fell to zero while the pods are as busy as ever')
    expect(all[40 + 119]).toBe('the metric fell to zero while the pods are as busy as ever')
    expect(all[40 + 120]).toBe(0)
  })

  test('idle pods confirm it at once', () => {
    expect(believed([...busy, { seconds: 600, value: 0, milliCpu: 100 }]).at(-1)).toBe(0)
  })

  test('a waiting queue refutes it', () => {
    expect(believed([...busy, { seconds: 600, value: 0, backlog: 30 }]).at(-1)).toBe(
      'the metric fell to zero while 30 wait in the queue',
    )
  })

  test('where nothing can tell, it is believed after five minutes', () => {
    const all = believed([...unknown, ...every(22, 600, () => ({ value: 0 }))])
    expect(all[40 + 19]).toBe('the metric fell to zero 285 s ago, and nothing confirms it yet')
    expect(all[40 + 20]).toBe(0)
  })

  test('where zeros come and go by nature, from the fourth on they are believed at once', () => {
    const sparse = believed(every(20, 0, index => ({ value: index % 2 === 0 ? 4 : 0 })))
    expect(sparse[1]).toContain('nothing confirms it yet')
    expect(sparse.slice(6)).toEqual([4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0, 4, 0])
  })

  test('a workload that never had demand stays at zero without a word', () => {
    expect(believed(every(3, 0, () => ({ value: 0 })))).toEqual([0, 0, 0])
  })
})
