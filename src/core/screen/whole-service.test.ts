import { describe, expect, test } from 'vitest'
import type { MetricAnswer, Observation, Pod } from '../model.ts'
import { attackLike, learnClients, unknownClients } from './attack-like.ts'
import { watchPeers } from './peers.ts'
import { unknownSignals, watchSignals } from './signals.ts'

const podOf = (name: string, more: Partial<Pod> = {}): Pod => ({
  name,
  phase: 'Running',
  ready: { status: 'True', since: -1e9 },
  deleted: false,
  containers: [],
  ...more,
})
const names = Array.from({ length: 8 }, (_, index) => `pod-${index}`)
const answerOf = (values: Readonly<Record<string, number>>): MetricAnswer => ({
  kind: 'pods',
  samples: Object.entries(values).map(([pod, value]) => ({ pod, at: 0, windowMs: 60_000, value: value * 1000 })),
})
const alike = Object.fromEntries(names.map((name, index) => [name, 100 + index]))

describe('one pod unlike its peers', () => {
  const play = (minutes: number, answers: readonly MetricAnswer[], pods: readonly Pod[] = names.map(name => podOf(name))) => {
    let state: ReturnType<typeof watchPeers>['state'] = []
    let found: ReturnType<typeof watchPeers>['sightings'] = []
    for (let minute = 0; minute <= minutes; minute++) {
      const said = watchPeers(state, { at: minute * 60_000, answers, pods })
      state = JSON.parse(JSON.stringify(said.state))
      found = said.sightings
    }
    return found
  }

  test('it is named after five minutes, with what its peers do', () => {
    const answers = [answerOf({ ...alike, 'pod-3': 400 })]
    expect(play(4, answers)).toEqual([])
    expect(play(5, answers)).toMatchObject([{ kind: 'pod unlike its peers', pod: 'pod-3', startAt: 0, value: 400 }])
    expect(play(5, answers)[0]?.why).toBe('pod pod-3 is at 400 where its peers are at 105')
  })

  test('pods that are alike, too few, cold, leaving or without an answer are not judged', () => {
    expect(play(9, [answerOf(alike)])).toEqual([])
    expect(play(9, [answerOf({ 'pod-0': 1, 'pod-1': 1, 'pod-2': 1, 'pod-3': 99 })])).toEqual([])
    expect(play(9, [{ kind: 'missing', why: 'timeout' }])).toEqual([])
    const odd = [answerOf({ ...alike, 'pod-3': 400 })]
    const with3 = (more: Partial<Pod>) => names.map(name => podOf(name, name === 'pod-3' ? more : {}))
    expect(play(9, odd, with3({ ready: { status: 'True', since: 8.5 * 60_000 } }))).toEqual([])
    expect(play(9, odd, with3({ deleted: true }))).toEqual([])
    expect(play(9, odd, with3({ ready: { status: 'False', since: 0 } }))).toEqual([])
  })

  test('resources are summed over containers, and the worst metric of a pod is told', () => {
    const resources: MetricAnswer = {
      kind: 'pods',
      samples: names.map((pod, index) => ({
        pod,
        at: 0,
        windowMs: 60_000,
        ...(index !== 7 && { byContainer: { app: index === 2 ? 9000n : 100, side: 100 } }),
      })),
    }
    const found = play(6, [resources, answerOf({ ...alike, 'pod-2': 300 })])
    expect(found.map(({ pod }) => pod)).toEqual(['pod-2', 'pod-7'])
    expect(found[0]).toMatchObject({ value: 9.1, expected: 0.2 })
  })
})

const observation = (given: Partial<Observation>): Observation => ({
  at: 0,
  replicas: { spec: 4, status: 4, ready: 4 },
  pods: [],
  answers: [],
  demand: { kind: 'missing', at: 0, why: 'none' },
  ...given,
})

describe('several metrics of one service', () => {
  const wobble = (index: number) => 1 + 0.1 * Math.sin(index * 12.9898)
  const usual = (index: number): Observation =>
    observation({
      at: index * 60_000,
      demand: { kind: 'value', at: index * 60_000, value: 1000 * wobble(index) },
      otherDemand: 1000 * wobble(index + 7),
      clients: 50 * wobble(index + 3),
      errorRatio: 0.01 * wobble(index + 5),
    })
  const playOn = (last: readonly Partial<Observation>[]) => {
    let state = unknownSignals
    const all = [
      ...Array.from({ length: 300 }, (_, index) => usual(index)),
      ...last.map((one, i) => ({ ...usual(300 + i), ...one })),
    ]
    return all
      .map(one => {
        const said = watchSignals(state, one, 60_000)
        state = JSON.parse(JSON.stringify(said.state))
        return said.sightings
      })
      .slice(300 - 1)
  }

  test('two that agree are told with the one that weighs most, since when it began', () => {
    const odd = { errorRatio: 0.5, clients: 68 }
    const [before, first, second] = playOn([odd, odd])
    expect(before).toEqual([])
    expect(first).toMatchObject([{ kind: 'several metrics', startAt: 300 * 60_000, value: 0.5 }])
    expect(first?.[0]?.why).toMatch(/^several metrics are unusual at once, in sigma: failed share 8\.0, clients \d\.\d$/)
    expect(second).toMatchObject([{ startAt: 300 * 60_000 }])
  })

  test('one alone is not, however unusual; usual ones and a metric that is new neither', () => {
    expect(playOn([{ errorRatio: 0.9 }])[1]).toEqual([])
    expect(playOn([{}])[1]).toEqual([])
    expect(playOn([{ backlog: 1e9, errorRatio: 0.9 }])[1]).toEqual([])
  })

  test('loads are told in their own unit', () => {
    const odd = { otherDemand: 90_000, clients: 1000, demand: { kind: 'value', at: 300 * 60_000, value: 90_000 } } as const
    const found = playOn([odd])[1]![0]!
    expect(found.value).toBeGreaterThan(900)
    expect(found.expected).toBeGreaterThan(10)
  })
})

describe('attack-like', () => {
  const learnt = Array.from({ length: 40 }).reduce<typeof unknownClients>(
    state => learnClients(state, { demand: 1000, clients: 100, errorRatio: 0.01 }),
    unknownClients,
  )

  test('few clients that ask for twice the usual, or for less than that while requests fail', () => {
    expect(attackLike(learnt, { demand: 5000, clients: 100 })).toBe('100 clients ask for 5.0 times what clients usually do')
    expect(attackLike(learnt, { demand: 1500, clients: 100, errorRatio: 0.3 })).toBe(
      '100 clients ask for 1.5 times what clients usually do, and 30 % fail',
    )
  })

  test('many new clients, no clients to count, a short past: nothing of the kind', () => {
    expect(attackLike(learnt, { demand: 5000, clients: 480, errorRatio: 0.5 })).toBeUndefined()
    expect(attackLike(learnt, { demand: 1500, clients: 100 })).toBeUndefined()
    expect(attackLike(learnt, { demand: 5000, errorRatio: 0.5 })).toBeUndefined()
    expect(attackLike(unknownClients, { demand: 5000, clients: 1 })).toBeUndefined()
    expect(learnClients(learnt, { demand: 1 })).toBe(learnt)
  })
})
