import { describe, expect, test } from 'vitest'
import type { Observation, Target } from '../core/model.ts'
import { emptyMemory, type Memory, type Rules } from '../core/rules.ts'
import type { Ports } from '../ports.ts'
import { learn, tick } from './tick.ts'

const target: Target = {
  id: 'shop/web',
  minReplicas: 1,
  maxReplicas: 10,
  metrics: [],
  capacityPerReplica: 100,
  startupMs: 60_000,
  periodMs: 15_000,
}
const observation = (at: number): Observation => ({
  at,
  replicas: { spec: 3, status: 3, ready: 3 },
  pods: [],
  answers: [],
  demand: { kind: 'value', at, value: 250 },
})

const wants = (replicas: number): Rules => ({
  name: 'wants',
  screens: [],
  proposers: [{ name: 'one', propose: () => ({ kind: 'proposes', replicas, why: 'so' }) }],
  guards: [],
})

/** Ports that write down what they are asked, in order. */
function written(cluster: Partial<Ports['cluster']> = {}) {
  const calls: string[] = []
  let memory: Memory = emptyMemory
  const ports: Ports = {
    clock: { now: () => 1000 },
    log: { info: () => undefined, warn: () => undefined },
    metrics: { name: 'm', read: async () => ({ answers: [], demand: { kind: 'value', at: 1000, value: 250 } }) },
    cluster: {
      replicas: async () => ({ replicas: observation(0).replicas, pods: [] }),
      scale: async (_, to) => void calls.push(`scale ${to}`),
      ...cluster,
    },
    store: {
      append: async () => undefined,
      history: async () => ({ at: new Float64Array(0), value: new Float64Array(0) }),
      recall: async () => memory,
      remember: async (_, next) => {
        memory = next
        calls.push('remember')
      },
    },
    journal: {
      intend: async decision => void calls.push(`intend ${decision.to}`),
      settle: async (_, outcome) => void calls.push(outcome.kind === 'scaled' ? 'scaled' : `${outcome.kind}: ${outcome.why}`),
    },
  }
  return { ports, calls, memory: () => memory }
}

describe('one turn of the loop', () => {
  test('remembers and writes the intent before it acts, and the outcome after', async () => {
    const { ports, calls, memory } = written()
    await tick(ports, wants(7), target)
    expect(calls).toEqual(['remember', 'intend 7', 'scale 7', 'scaled'])
    expect(memory().decided).toEqual({ at: 1000, from: 3, to: 7 })
  })

  test('acts on nothing and journals nothing where nothing changes', async () => {
    const { ports, calls } = written()
    await tick(ports, wants(3), target)
    expect(calls).toEqual(['remember'])
  })

  test('a write that is withheld is no intent, and is remembered as one that did not happen', async () => {
    const { ports, calls, memory } = written({ withheld: () => 'dry run' })
    await tick(ports, wants(7), target)
    expect(calls).toEqual(['remember', 'held: dry run', 'remember'])
    expect(memory().decided).toMatchObject({ to: 7, refused: true })
  })

  test('so is one that the API server refused', async () => {
    const { ports, calls, memory } = written({ scale: () => Promise.reject(new Error('forbidden')) })
    await tick(ports, wants(7), target)
    expect(calls).toEqual(['remember', 'intend 7', 'failed: forbidden', 'remember'])
    expect(memory().decided).toMatchObject({ refused: true })
  })

  test('an intent that cannot be journalled is not acted on', async () => {
    const { ports, calls } = written()
    const refusing = { ...ports, journal: { ...ports.journal, intend: () => Promise.reject(new Error('disk full')) } }
    await expect(tick(refusing, wants(7), target)).rejects.toThrow('disk full')
    expect(calls).toEqual(['remember'])
  })
})

describe('learning', () => {
  test('stays on the grid of the period where an object is woken between two ticks', () => {
    const seen: number[] = []
    const rules: Rules = {
      ...wants(3),
      forecaster: { name: 'f', absorb: at => void seen.push(at), predict: () => ({ abstains: 'no' }) },
    }
    for (const at of [0, 15_000, 17_000, 30_000, 44_000, 45_000, 60_000])
      learn(rules, target, { observation: observation(at), demand: 250, doubts: [] })
    expect(seen).toEqual([0, 15_000, 30_000, 44_000, 60_000])
  })
})
